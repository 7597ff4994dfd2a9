// fuzz_models [--seed S] [--first K] [--count N] [--workers W] [--seconds T] [--out DIR] [MODEL.onnx …]
// fuzz_models --try FILE …
//
// Mutates sound models and plans (its own, and the given ones) into N inputs, numbered from K on, and puts each through
// import, build, save, load and run, in child processes. Crashes, hangs, exceptions that are no Error, and errors that
// call themselves faults of the engine are told and counted, and their inputs kept in DIR. An input may take T seconds
// (30) beside running. --try puts files through the
// same, in this process, for a debugger.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "engine/base/file.h"
#include "tests/fuzz/fuzz.h"

namespace {

int try_files(const std::vector<std::filesystem::path>& files) {
  using namespace vireo::fuzz_testing;
  const std::filesystem::path scratch = std::filesystem::temp_directory_path() / "vireo_fuzz_try";
  std::filesystem::create_directories(scratch);
  int failures = 0;
  for (const std::filesystem::path& file : files) {
    bool refused = false;
    const std::string what = try_input(
        {file.extension() == ".plan", vireo::base::read_file(file)}, scratch,
        [](Stage stage) { std::printf("%s\n", name_of(stage)); }, refused);
    failures += what.empty() ? 0 : 1;
    std::printf("%s: %s\n", file.c_str(), !what.empty() ? what.c_str() : refused ? "refused" : "accepted");
  }
  return failures > 0 ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace vireo::fuzz_testing;
  Settings settings{.count = 1000, .folder = "fuzz_out"};
  std::vector<std::filesystem::path> files;
  bool only_try = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : nullptr;
    if (word == "--try") only_try = true;
    else if (word == "--seed" && value) settings.seed = std::strtoull(argv[++i], nullptr, 10);
    else if (word == "--first" && value) settings.first = std::strtoull(argv[++i], nullptr, 10);
    else if (word == "--count" && value) settings.count = std::strtoull(argv[++i], nullptr, 10);
    else if (word == "--workers" && value) settings.workers = std::max(1, std::atoi(argv[++i]));
    else if (word == "--seconds" && value) settings.seconds = static_cast<unsigned>(std::atoi(argv[++i]));
    else if (word == "--out" && value) settings.folder = argv[++i];
    else if (word.rfind("--", 0) != 0) files.emplace_back(word);
    else {
      std::fprintf(stderr,
                   "usage: fuzz_models [--seed S] [--first K] [--count N] [--workers W] [--seconds T] [--out DIR] "
                   "[MODEL.onnx …]\n"
                   "       fuzz_models --try FILE …\n");
      return 2;
    }
  }
  if (only_try) return try_files(files);
  std::filesystem::create_directories(settings.folder);
  const Seeds seeds = make_seeds(files, settings.folder);
  std::printf("%zu models and %zu plans to start from\n", seeds.models.size(), seeds.plans.size());
  const auto start = std::chrono::steady_clock::now();
  const Totals totals = fuzz(seeds, settings, [](const Failure& failure) {
    std::printf("%s: %s\n", failure.file.c_str(), failure.what.c_str());
    std::fflush(stdout);
  });
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  for (const auto& [kind, count] : totals.by_kind)
    std::printf("%6llu × %s\n", static_cast<unsigned long long>(count), kind.c_str());
  std::printf(
      "%llu inputs, %llu of them refused, %llu with long runs, %.0f inputs/s; %llu crashes, hangs and wrong errors\n",
      static_cast<unsigned long long>(totals.tried), static_cast<unsigned long long>(totals.refused),
      static_cast<unsigned long long>(totals.long_runs), static_cast<double>(totals.tried) / seconds,
      static_cast<unsigned long long>(totals.failures));
  return totals.failures > 0 ? 1 : 0;
}

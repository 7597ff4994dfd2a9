// random_graphs [--seed S] [--count N] [--print] [--shrink] [--isolate] [--dir FOLDER]
//
// Makes N networks from the seeds S, S + 1, …, runs each built, in a way drawn from its seed, and compares it with its
// references. Says for each failure the seed, the way, the first wrong output, where it comes from, and the network as
// text; --shrink makes that small first; --isolate runs each in a process of its own, so that a crash is told like any
// other failure; --print shows networks that are right, too; --dir writes each failure to a file as well.

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>

#include "engine/api/log.h"
#include "engine/base/text.h"
#include "tests/graphs/check_graph.h"
#include "tests/graphs/shrink.h"

namespace vireo::graphs_testing {
namespace {

constexpr unsigned kSeconds = 10;  // that one network may take, in a process of its own

struct Options {
  std::uint64_t seed = 1, count = 100;
  bool print = false, shrink = false, isolate = false;
  std::string folder;
};

/// Text that a function gives, computed in a child; a crash or a hang is text too.
std::string in_process(const std::function<std::string()>& function) {
  int ends[2];
  if (pipe(ends) != 0) return "crash: no pipe";
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    alarm(kSeconds);
    const std::string text = function();
    for (std::size_t at = 0; at < text.size();) {
      const ssize_t n = write(ends[1], text.data() + at, text.size() - at);
      if (n <= 0) _exit(2);
      at += static_cast<std::size_t>(n);
    }
    _exit(0);
  }
  close(ends[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t n = 0; (n = read(ends[0], buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<std::size_t>(n));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) return base::str("crash: signal ", WTERMSIG(status));
  if (WEXITSTATUS(status) != 0) return base::str("crash: exit code ", WEXITSTATUS(status));
  return text;
}

/// Wrong, refused for the same reason, or crashed.
std::string kind_of(const std::string& failure) {
  if (failure.rfind("refused: ", 0) != 0) return failure.substr(0, failure.find(':'));
  std::string kind;  // without names and numbers
  for (const char c : failure.substr(0, failure.find('(')))
    if (c < '0' || c > '9') kind += c;
  return kind.substr(0, kind.find('\''));
}

/// Failure, a line break, elements, unchecked elements.
std::string outcome_of(const Sample& sample, const Mode& mode) {
  const Verdict verdict = check_graph(sample, mode);
  return base::str(verdict.failure, "\n", verdict.elements, " ", verdict.unchecked);
}

std::string ranges_of(const Sample& sample) {
  std::string text;
  for (std::size_t i = 0; i < sample.inputs.size(); ++i) {
    const std::vector<double> values = graph::to_reals(*sample.inputs[i]);
    if (values.empty()) continue;
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    text +=
        base::str("# values of ", sample.graph.tensor(sample.graph.inputs()[i]).name, " from ", *low, " to ", *high);
    for (std::size_t k = 0; k < values.size() && values.size() <= 24; ++k) text += base::str(k ? " " : ": ", values[k]);
    text += "\n";
  }
  return text;
}

int run(const Options& options) {
  set_log_level(LogLevel::off);
  std::uint64_t failures = 0;
  std::int64_t elements = 0, unchecked = 0;
  for (std::uint64_t seed = options.seed; seed < options.seed + options.count; ++seed) {
    const Mode mode = random_mode(seed);
    Sample sample;
    const auto make_and_check = [&] {
      sample = random_graph(seed);
      return outcome_of(sample, mode);
    };
    const auto guarded = [&](const std::function<std::string()>& f) { return options.isolate ? in_process(f) : f(); };
    const std::string outcome = guarded(make_and_check);
    const std::string failure = outcome.substr(0, outcome.find('\n'));
    if (const std::size_t numbers = outcome.rfind('\n'); numbers != std::string::npos) {
      char* end = nullptr;
      elements += std::strtoll(outcome.c_str() + numbers, &end, 10);
      unchecked += std::strtoll(end, nullptr, 10);
    }
    if (failure.empty() && !options.print) continue;
    if (options.isolate) {
      if (in_process([&] { return random_graph(seed).graph.dump(); }).rfind("crash", 0) == 0) {
        ++failures;
        std::printf("seed %llu: %s while the graph is made\n", static_cast<unsigned long long>(seed), failure.c_str());
        continue;
      }
      sample = random_graph(seed);
    }
    std::string text = base::str("seed ", seed, ": ", mode.to_string(), "\n");
    if (!failure.empty()) {
      ++failures;
      if (options.shrink)
        sample = shrink(std::move(sample), [&](const Sample& smaller) {
          const std::string other = guarded([&] { return outcome_of(smaller, mode); });
          return kind_of(other.substr(0, other.find('\n'))) == kind_of(failure) && other[0] != '\n';
        });
      const std::string now = guarded([&] { return outcome_of(sample, mode); });
      text +=
          base::str(now.substr(0, now.rfind('\n')), "\ncause: ", guarded([&] { return diagnose(sample, mode); }), "\n");
    }
    text += sample.graph.dump() + ranges_of(sample) + "\n";
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
    if (!options.folder.empty() && !failure.empty())
      std::ofstream(base::str(options.folder, "/seed-", seed, ".txt")) << text;
  }
  std::printf("%llu graphs, %llu failures; %lld elements compared, %lld of them (%.2f %%) too unstable to say\n",
              static_cast<unsigned long long>(options.count), static_cast<unsigned long long>(failures),
              static_cast<long long>(elements), static_cast<long long>(unchecked),
              100.0 * static_cast<double>(unchecked) / static_cast<double>(std::max<std::int64_t>(elements, 1)));
  return failures > 0 || unchecked * 20 > elements ? 1 : 0;
}

}  // namespace
}  // namespace vireo::graphs_testing

int main(int argc, char** argv) {
  vireo::graphs_testing::Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : nullptr;
    if (word == "--print") options.print = true;
    else if (word == "--shrink") options.shrink = true;
    else if (word == "--isolate") options.isolate = true;
    else if (word == "--seed" && value) options.seed = std::strtoull(argv[++i], nullptr, 10);
    else if (word == "--count" && value) options.count = std::strtoull(argv[++i], nullptr, 10);
    else if (word == "--dir" && value) options.folder = argv[++i];
    else {
      std::fprintf(stderr,
                   "usage: random_graphs [--seed S] [--count N] [--print] [--shrink] [--isolate] [--dir FOLDER]\n");
      return 2;
    }
  }
  return vireo::graphs_testing::run(options);
}

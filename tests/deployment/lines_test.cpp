// JSON lines in files that follow each other.

#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <set>

#include "app/deployment/line_file.h"
#include "tests/deployment/harness.h"

namespace vireo::deployment {
namespace {

std::set<std::string> names_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder))
    if (!entry.path().filename().string().starts_with(".")) names.insert(entry.path().filename().string());
  return names;
}

config::DeploymentConfig lines(std::uint64_t frames, const std::string& to, config::Options properties) {
  config::DeploymentConfig config = scene(frames);
  first(config).source.fps = 25;
  add_sink(first(config), to);
  first(config).sinks.back().properties = std::move(properties);
  return config;
}

TEST(Lines, AreCutByTimeAndEachFrameIsInOneFile) {
  const Scratch scratch;
  const RunStats stats = run(lines(60, "jsonl:" + scratch.file("out-%05d.jsonl"), {{"segment", {"1s", {}}}}));
  EXPECT_TRUE(stats.failures.empty());
  EXPECT_EQ(names_in(scratch.path), (std::set<std::string>{"out-00000.jsonl", "out-00001.jsonl", "out-00002.jsonl"}));
  std::size_t frame = 0;
  for (const std::string& name : names_in(scratch.path)) {
    std::ifstream file(scratch.path / name);
    for (std::string line; std::getline(file, line); ++frame) {
      EXPECT_NE(line.find("\"frame\":" + std::to_string(frame) + ","), std::string::npos) << name << ": " << line;
      EXPECT_TRUE(line.starts_with("{\"schema\":1,")) << line;
    }
  }
  EXPECT_EQ(frame, 60u);
}

TEST(Lines, AreCutBySizeAndKeptByNumberAndALaterRunFollows) {
  const Scratch scratch;
  const config::Options properties = {{"segment", {"10kB", {}}}, {"keep", {"2", {}}}};
  for (int i = 0; i < 2; ++i) {
    const RunStats stats = run(lines(100, scratch.file("out-%05d.jsonl"), properties));
    EXPECT_TRUE(stats.failures.empty());
    const std::set<std::string> names = names_in(scratch.path);
    ASSERT_EQ(names.size(), 2u);
    EXPECT_GT(*names.begin(), i == 0 ? "out-00001.jsonl" : "out-00004.jsonl");
  }
}

TEST(Lines, OfStreamsThatShareTheSinkAreFilesOfTheirOwn) {
  const Scratch scratch;
  config::DeploymentConfig config = lines(5, "jsonl:" + scratch.file("out-%05d.jsonl"), {});
  first(config).sinks.back().shared = true;
  config.streams.push_back(first(config));
  config.streams.back().name = "other";
  EXPECT_EQ(error_of(config), "no error");
  EXPECT_EQ(names_in(scratch.path), (std::set<std::string>{"out-00000-street.jsonl", "out-00000-other.jsonl"}));
}

TEST(Lines, SayWhatTheyAccept) {
  const Scratch scratch;
  const std::string to = "jsonl:" + scratch.file("out-%05d.jsonl");
  EXPECT_NE(error_of(lines(1, to, {{"segment", {"soon", {"f:1:2"}}}})).find("f:1:2: segment"), std::string::npos);
  EXPECT_NE(error_of(lines(1, to, {{"empty", {"no", {"f:1:2"}}}})).find("true or false"), std::string::npos);
  EXPECT_NE(error_of(lines(1, to, {{"options", {"append=true", {}}}})).find("segment, keep, empty"), std::string::npos);
  EXPECT_TRUE(names_in(scratch.path).empty());
}

TEST(Lines, OfAKilledProcessAreKeptUpToTheLastWholeOne) {
  const Scratch scratch;
  std::ofstream(scratch.path / "out-00001.jsonl.part") << "{\"a\":1}\n{\"a\":2}\n{\"a\":";
  std::ofstream(scratch.path / "out-00002.jsonl.part") << "{\"a\"";
  EXPECT_EQ(error_of(lines(3, scratch.file("out-%05d.jsonl"), {})), "no error");
  EXPECT_EQ(lines_of(scratch.file("out-00001.jsonl")), 2u);
  EXPECT_EQ(fs::file_size(scratch.path / "out-00001.jsonl"), 16u);
  EXPECT_EQ(names_in(scratch.path),
            (std::set<std::string>{"out-00001.jsonl", "out-00002.jsonl.part", "out-00003.jsonl"}));
  EXPECT_EQ(lines_of(scratch.file("out-00003.jsonl")), 3u);
}

TEST(LineFiles, LeaveNothingOfALineThatDoesNotFitAndGoOnWhenItDoes) {
  const Scratch scratch;
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  LineFiles files(scratch.path / "out-%05d.jsonl", {});
  files.write("{\"a\":1}\n");
  const rlimit small{12, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  EXPECT_THROW(files.write("{\"a\":2}\n"), Error);
  ::setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(files.bytes(), 8u);
  files.write("{\"a\":3}\n");
  files.end();
  std::ifstream file(scratch.path / "out-00000.jsonl");
  const std::string all{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(all, "{\"a\":1}\n{\"a\":3}\n");
}

}  // namespace
}  // namespace vireo::deployment

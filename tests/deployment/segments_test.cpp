// Recordings in segments, and what is left of recordings of a process that is killed.

#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <set>

#include "app/deployment/recording_file.h"
#include "tests/deployment/harness.h"

extern char** environ;

namespace vireo::deployment {
namespace {

std::vector<std::string> segments_in(const fs::path& folder, const std::string& end = ".mp4") {
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().filename().string().starts_with("rec-") && entry.path().extension() == end)
      files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());
  return files;
}

config::DeploymentConfig recording(std::uint64_t frames, const std::string& to, config::Options properties) {
  config::DeploymentConfig config = scene(frames);
  first(config).source.fps = 25;
  add_sink(first(config), to);
  first(config).sinks.back().properties = std::move(properties);
  return config;
}

TEST(Segments, HoldEveryFrameOnceAndAreCutByTime) {
  for (const char* end : {".mp4", ".mkv"}) {
    Scratch scratch;
    const RunStats stats =
        run(recording(90, scratch.file("rec-%05d") + end, {{"segment", {"1s", {}}}, {"key-int-max", {"500", {}}}}));
    EXPECT_TRUE(stats.failures.empty());
    const std::vector<std::string> files = segments_in(scratch.path, end);
    ASSERT_EQ(files.size(), 4u) << end;
    std::uint64_t frames = 0;
    for (std::size_t i = 0; i < files.size(); ++i) {
      const VideoFacts facts = read_back(files[i]);
      frames += facts.frames;
      EXPECT_TRUE(facts.ordered);
      EXPECT_EQ(facts.frames, i < 3 ? 25u : 15u) << files[i];
      EXPECT_LT(facts.last_pts, std::int64_t(GST_SECOND)) << "times of each begin anew";
    }
    EXPECT_EQ(frames, 90u);
    EXPECT_TRUE(segments_in(scratch.path, ".part").empty());
    EXPECT_EQ(fs::path(files[0]).filename(), std::string("rec-00000") + end);
  }
}

TEST(Segments, AreCutBySizeAndKeptByNumber) {
  Scratch scratch;
  std::ofstream(scratch.path / "rec-00000.mp4") << "the user's";
  const RunStats stats =
      run(recording(150, scratch.file("rec-%05d.mp4"), {{"segment", {"20kB", {}}}, {"keep", {"2", {}}}}));
  EXPECT_TRUE(stats.failures.empty());
  const std::vector<std::string> files = segments_in(scratch.path);
  ASSERT_EQ(files.size(), 3u) << "two, and what was there";
  EXPECT_EQ(fs::file_size(files[0]), 10u);
  EXPECT_GT(read_back(files[1]).frames, 0u);
  EXPECT_GT(fs::file_size(files[1]), 20000u);
}

TEST(Segments, AreNamedByTheirTimeIfSoWanted) {
  Scratch scratch;
  (void)run(recording(60, scratch.file("rec-%t.mp4"), {{"segment", {"1s", {}}}}));
  const std::vector<std::string> files = segments_in(scratch.path);
  EXPECT_EQ(files.size(), 3u);
  for (const std::string& file : files) EXPECT_GT(read_back(file).frames, 0u);
}

TEST(Segments, OfALaterRunFollow) {
  Scratch scratch;
  for (int i = 0; i < 2; ++i) (void)run(recording(30, scratch.file("rec-%05d.mp4"), {{"segment", {"1s", {}}}}));
  EXPECT_EQ(segments_in(scratch.path).size(), 4u);
}

TEST(Segments, OptionsThatAreUnknownOrWrongAreRefusedWithWhatIsAccepted) {
  Scratch scratch;
  const std::string to = scratch.file("rec-%05d.mp4");
  const std::string unknown = error_of(recording(5, to, {{"segmnt", {"1s", {}}}}));
  for (const char* part : {"no property 'segmnt'", "key-int-max", "segment, keep"})
    EXPECT_NE(unknown.find(part), std::string::npos) << unknown;
  const std::string wrong = error_of(recording(5, to, {{"segment", {"soon", {"file.pbtxt:3:4"}}}}));
  EXPECT_NE(wrong.find("file.pbtxt:3:4: segment: found 'soon', accepted is a time"), std::string::npos) << wrong;
  EXPECT_NE(error_of(recording(5, scratch.file("none/rec-%05d.mp4"), {})).find("no folder"), std::string::npos);
  config::DeploymentConfig twice = recording(5, to, {});
  twice.streams.push_back(twice.streams.front());
  twice.streams.back().name = "other";
  EXPECT_NE(error_of(twice).find("the same file"), std::string::npos) << error_of(twice);
}

/// Files may not grow beyond so many bytes: the nearest thing to a full disk that a test can have.
struct Full {
  rlimit before{};
  explicit Full(rlim_t bytes) {
    ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before);
    const rlimit now{bytes, before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &now);
  }
  ~Full() { ::setrlimit(RLIMIT_FSIZE, &before); }
};

TEST(Segments, GoOnWhenTheDiskHasSpaceAgainAndTheStreamNeverStops) {
  Scratch scratch;
  config::DeploymentConfig config = recording(0, scratch.file("rec-%05d.mp4"), {{"segment", {"2s", {}}}});
  first(config).source.live = true;
  Deployment deployment;
  const auto now = [&] { return find(deployment.snapshot(), "street"); };
  deployment.apply(config);
  ASSERT_TRUE(eventually([&] { return !segments_in(scratch.path).empty(); }));
  std::uint64_t frames = 0;
  {
    Full full(3000);
    ASSERT_TRUE(eventually([&] { return !now().outputs.front().problem.empty(); }));
    EXPECT_NE(now().outputs.front().problem.find("too large"), std::string::npos) << now().outputs.front().problem;
    frames = now().frames;
    ASSERT_TRUE(eventually([&] { return now().frames > frames + 25; })) << "the stream goes on";
    EXPECT_EQ(now().outputs.front().state, OutputState::open);
    EXPECT_TRUE(eventually([&] { return now().outputs.front().dropped > 0; }));
  }
  const std::size_t before = segments_in(scratch.path).size();
  ASSERT_TRUE(eventually([&] { return segments_in(scratch.path).size() > before + 1; }));
  EXPECT_TRUE(eventually([&] { return now().outputs.front().problem.empty(); })) << now().outputs.front().problem;
  deployment.stop();
  deployment.wait();
  EXPECT_TRUE(sum_up(deployment.snapshot()).failures.empty());
  for (const std::string& file : segments_in(scratch.path)) EXPECT_GT(read_back(file).frames, 0u) << file;
  EXPECT_TRUE(segments_in(scratch.path, ".part").empty()) << "what holds nothing to play is gone";
}

TEST(Segments, OfAFileEndItsStreamWhenTheyCanNotBeWritten) {
  Scratch scratch;
  const config::DeploymentConfig config = recording(0, scratch.file("rec-%05d.mp4"), {});
  Full full(3000);
  EXPECT_NE(error_of(config), "no error");
}

// ---- killed --------------------------------------------------------------------------------------------------------

class Program {
 public:
  explicit Program(const std::string& config) {
    const std::string program = VIREO_BINARY_DIR "/bin/vireo";
    std::string run = "run", file = config;
    char* arguments[] = {const_cast<char*>(program.c_str()), run.data(), file.data(), nullptr};
    if (::posix_spawn(&id_, program.c_str(), nullptr, nullptr, arguments, environ) != 0) id_ = -1;
  }
  ~Program() { end(SIGKILL); }
  [[nodiscard]] bool runs() const { return id_ > 0 && ::kill(id_, 0) == 0; }
  int end(int signal) {
    if (id_ <= 0) return -1;
    ::kill(id_, signal);
    int status = 0;
    ::waitpid(id_, &status, 0);
    id_ = -1;
    return status;
  }

 private:
  pid_t id_ = -1;
};

TEST(Killed, ProcessesLeaveVideosThatPlayAndTheNextOneGivesSegmentsTheirNames) {
  Scratch scratch;
  std::ofstream(scratch.path / "run.pbtxt")
      << "stream { name: 'street' source { uri: 'vireoscene' live: true width: 320 height: 240 fps: 25 }\n"
         "stage { infer { model: '"
      << kDemo
      << "' build_budget: 0 plan_cache: 'off' } }\n"
         "sink { to: 'one.mp4' } sink { to: 'one.mkv' }\n"
         "sink { to: 'rec-%05d.mp4' property { key: 'segment' value: '2s' } } }\n";
  {
    Program program(scratch.file("run.pbtxt"));
    ASSERT_TRUE(program.runs());
    // Two whole segments, and a third with a fragment.
    ASSERT_TRUE(eventually([&] {
      std::error_code failed;
      const auto size = fs::file_size(scratch.path / "rec-00002.mp4.part", failed);
      return !failed && size > 20000;
    }));
    program.end(SIGKILL);
  }
  // A slow machine drops frames; what time they cover stays.
  const auto length = [&](const char* file) { return double(read_back(scratch.file(file)).last_pts) / 1e9; };
  for (const char* file : {"rec-00000.mp4", "rec-00001.mp4"}) EXPECT_NEAR(length(file), 2, 0.9) << file;
  EXPECT_GT(length("one.mp4.part"), 2);
  EXPECT_GT(length("one.mkv.part"), 3);
  EXPECT_GT(read_back(scratch.file("rec-00002.mp4.part")).frames, 0u);
  {
    Program program(scratch.file("run.pbtxt"));
    ASSERT_TRUE(eventually([&] { return fs::exists(scratch.path / "rec-00003.mp4"); }));
    EXPECT_EQ(program.end(SIGTERM), 0);
  }
  EXPECT_GT(read_back(scratch.file("rec-00002.mp4")).frames, 0u) << "what was cut off is whole as far as it goes";
  EXPECT_NEAR(length("rec-00003.mp4"), 2, 0.9);
  EXPECT_GT(length("one-recovered.mp4"), 2);
  EXPECT_GT(length("one-recovered.mkv"), 3);
  EXPECT_GT(length("one.mp4"), 1);
  EXPECT_TRUE(segments_in(scratch.path, ".part").empty());
}

TEST(Killed, FilesAreCutBehindTheirLastWholeFragmentAtAnyByte) {
  Scratch scratch;
  (void)run(recording(80, scratch.file("rec-%05d.mp4"), {}));
  std::ifstream stream(scratch.path / "rec-00000.mp4", std::ios::binary);
  const std::string all{std::istreambuf_iterator<char>(stream), {}};
  const fs::path cut = scratch.path / "cut.mp4";
  std::uint64_t last = 0;
  for (std::size_t size = 0; size <= all.size(); size += std::max<std::size_t>(1, all.size() / 23)) {
    std::ofstream(cut, std::ios::binary) << all.substr(0, size);
    const bool plays = cut_to_whole(cut);
    EXPECT_TRUE(plays || last == 0);
    if (!plays) continue;
    const std::uint64_t frames = read_back(cut.string()).frames;
    EXPECT_GE(frames, last);
    last = frames;
  }
  EXPECT_GE(last, 50u);
  std::ofstream(cut) << "no video at all, just a text";
  EXPECT_TRUE(cut_to_whole(cut));
  EXPECT_EQ(fs::file_size(cut), 28u) << "other files stay";
}

// ---- many ----------------------------------------------------------------------------------------------------------

std::set<std::string> open_files_below(const fs::path& folder) {
  std::set<std::string> found;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    const fs::path file = fs::read_symlink(entry.path(), failed);
    if (file.string().starts_with(folder.string() + "/")) found.insert(file.string());
  }
  return found;
}

TEST(Recorders, WriteNowhereButBesideTheirTargets) {
  Scratch scratch, temporary;
  ::setenv("TMPDIR", temporary.path.c_str(), 1);
  config::DeploymentConfig config = recording(0, scratch.file("rec-%05d.mp4"), {{"segment", {"1s", {}}}});
  for (const char* name : {"one.mp4", "one.mkv"}) add_sink(first(config), scratch.file(name));
  first(config).source.live = true;
  {
    Deployment deployment;
    deployment.apply(config);
    ASSERT_TRUE(eventually([&] { return segments_in(scratch.path).size() > 1; }));
    EXPECT_TRUE(fs::is_empty(temporary.path));
    for (const std::string& file : open_files_below(fs::temp_directory_path().parent_path()))
      EXPECT_EQ(file.find("(deleted)"), std::string::npos) << file;
    EXPECT_TRUE(open_files_below(temporary.path).empty());
    EXPECT_GE(open_files_below(scratch.path).size(), 3u);
    deployment.stop();
    deployment.wait();
    EXPECT_TRUE(fs::is_empty(temporary.path));
  }
  ::unsetenv("TMPDIR");
}

}  // namespace
}  // namespace vireo::deployment

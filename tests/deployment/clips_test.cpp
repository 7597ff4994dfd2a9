// Clips of events and snapshots: what causes them, what they hold, what stays in memory.

#include <algorithm>
#include <set>

#include "app/deployment/event_ring.h"
#include "app/deployment/sinks.h"
#include "plugins/gst/frame_meta.h"
#include "tests/deployment/harness.h"

namespace vireo::deployment {
namespace {

constexpr int kFps = 25;

/// Frames into an output, of which some show a person.
class Camera {
 public:
  Camera(const std::string& to, config::Options properties, bool live = false) {
    load_elements();
    sink_.to = to;
    sink_.properties = std::move(properties);
    output_ = sink_row(sink_).create(sink_, OutputContext{"north", live, true, &ledger_, {}});
    output_->check();
    GstVideoInfo video;
    gst_video_info_set_format(&video, GST_VIDEO_FORMAT_I420, 160, 120);
    video.fps_n = kFps;
    size_ = video.size;
    caps_.reset(gst_video_info_to_caps(&video));
  }
  /// `seen`: the score of a person, 0: nobody.
  void frame(float seen, bool noise = false) {
    GstBuffer* buffer = gst_buffer_new_allocate(nullptr, size_, nullptr);
    gst_buffer_memset(buffer, 0, guint8(number_ * 3), size_);
    if (noise) {
      GstMapInfo map;
      gst_buffer_map(buffer, &map, GST_MAP_WRITE);
      for (gsize i = 0; i < map.size; ++i) map.data[i] = guint8(random_() >> 16);
      gst_buffer_unmap(buffer, &map);
    }
    GST_BUFFER_PTS(buffer) = GstClockTime(number_) * GST_SECOND / kFps;
    auto note = std::make_shared<gst::FrameNote>();
    note->result.source_id = "north";
    note->result.frame_index = std::uint64_t(number_);
    note->result.utc_ns = 1795899904000000000 + std::int64_t(GST_BUFFER_PTS(buffer));
    if (seen > 0)
      note->result.detections.push_back(
          {.x = 1, .y = 2, .width = 3, .height = 4, .score = seen, .class_id = 0, .label = "person"});
    note->result.detections.push_back({.score = 0.9f, .class_id = 1, .label = "car"});
    gst::attach_note(buffer, gst::NoteKind::result, note);
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    OwnedSample sample(gst_sample_new(buffer, caps_.get(), &segment, nullptr));
    gst_buffer_unref(buffer);
    output_->push(sample.get(), Output::Frame::own);
    output_->poll();
    ++number_;
  }
  void frames(int count, float seen = 0) {
    for (int i = 0; i < count; ++i) frame(seen);
  }
  [[nodiscard]] OutputStatus status() const { return output_->status(); }
  OutputStatus finish() {
    output_->end();
    EXPECT_TRUE(eventually([&] {
      output_->poll();
      return output_->done();
    }));
    return output_->status();
  }

 private:
  Ledger ledger_;
  config::SinkConfig sink_;
  std::unique_ptr<Output> output_;
  OwnedCaps caps_;
  gsize size_ = 0;
  int number_ = 0;
  std::minstd_rand random_{7};
};

std::vector<std::string> files_in(const fs::path& folder, const std::string& end) {
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == end) files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());
  return files;
}

std::string text_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// The number behind a key.
double number_in(const std::string& json, const std::string& key) {
  const auto at = json.find("\"" + key + "\":");
  return at == std::string::npos ? -1 : std::stod(json.substr(at + key.size() + 3));
}

config::Options when(const char* what, const char* before = "2s", const char* after = "1s", const char* most = "60s") {
  return {{"when", {what, {}}}, {"before", {before, {}}}, {"after", {after, {}}}, {"at-most", {most, {}}}};
}

TEST(Clips, BeginBeforeTheEventAndGoOnAfterIt) {
  Scratch scratch;
  Camera camera("clip:" + scratch.file("door-%05d.mp4"), when("person>0.5"));
  camera.frames(10 * kFps);
  camera.frames(2 * kFps, 0.4f);  // not surely
  camera.frames(3 * kFps, 0.8f);
  camera.frames(10 * kFps);
  EXPECT_EQ(camera.finish().problem, "");
  const std::vector<std::string> clips = files_in(scratch.path, ".mp4");
  ASSERT_EQ(clips.size(), 1u);
  EXPECT_EQ(fs::path(clips[0]).filename(), "door-00000.mp4");
  const VideoFacts facts = read_back(clips[0]);
  EXPECT_TRUE(facts.ordered);
  const std::string json = text_of(scratch.path / "door-00000.json");
  EXPECT_EQ(std::count(json.begin(), json.end(), '\n'), 1);
  // From the key frame at or before two seconds before to one second behind; there is a key frame each second.
  const double seen = number_in(json, "first_seen_s");
  EXPECT_GE(seen, 2.0);
  EXPECT_LE(seen, 3.0 + 1.0 / kFps);
  EXPECT_NEAR(number_in(json, "seconds"), seen + 3 + 1, 2.0 / kFps);
  EXPECT_NEAR(double(facts.frames) / kFps, number_in(json, "seconds"), 2.0 / kFps);
  EXPECT_NEAR(number_in(json, "last_seen_s") - seen, 3, 2.0 / kFps);
  EXPECT_EQ(number_in(json, "frames_seen"), 3 * kFps);
  const double utc = (1795899904e9 + 12e9) / 1e9;  // of the first frame that shows it
  EXPECT_NEAR(number_in(json, "begin_utc_ns") / 1e9 + seen, utc, 0.01);
  for (const char* part :
       {"\"stream\":\"north\"", "\"file\":\"door-00000.mp4\"", "\"label\":\"person\"", "\"score\":0.8"})
    EXPECT_NE(json.find(part), std::string::npos) << json;
  EXPECT_EQ(json.find("car"), std::string::npos) << "it is not the cause";
}

TEST(Clips, OfEventsFarApartAreTwoAndOfCloseOnesOne) {
  Scratch scratch;
  Camera camera("clip:" + scratch.file("door-%05d.mkv"), when("person", "1s", "2s"));
  for (int i = 0; i < 3; ++i) {
    camera.frames(kFps);
    camera.frames(5, 0.9f);
  }
  camera.frames(6 * kFps);
  camera.frames(5, 0.9f);
  camera.finish();
  EXPECT_EQ(files_in(scratch.path, ".mkv").size(), 2u);
  EXPECT_EQ(files_in(scratch.path, ".json").size(), 2u);
  for (const std::string& file : files_in(scratch.path, ".mkv")) EXPECT_GT(read_back(file).frames, 20u);
}

TEST(Clips, OfAnEventWithoutEndFollowEachOther) {
  Scratch scratch;
  config::Options properties = when("*", "1s", "1s", "4s");
  properties["keep"] = {"3", {}};
  Camera camera("clip:" + scratch.file("door-%05d.mp4"), properties);
  camera.frames(20 * kFps);  // there is a car in each
  camera.finish();
  const std::vector<std::string> clips = files_in(scratch.path, ".mp4");
  ASSERT_EQ(clips.size(), 3u) << "older ones are gone";
  EXPECT_EQ(files_in(scratch.path, ".json").size(), 3u) << "with what lay beside them";
  EXPECT_GE(fs::path(clips[0]).filename().string(), "door-00002.mp4");
  for (const std::string& clip : clips) EXPECT_LE(read_back(clip).frames, unsigned(4 * kFps + 1)) << clip;
  EXPECT_GE(read_back(clips[0]).frames, unsigned(3 * kFps));
}

TEST(Clips, WriteNothingWhereNothingHappens) {
  Scratch scratch;
  Camera camera("clip:" + scratch.file("door-%05d.mp4"), when("person"));
  camera.frames(4 * kFps);
  EXPECT_EQ(camera.finish().problem, "");
  EXPECT_TRUE(fs::is_empty(scratch.path));
}

TEST(Clips, SayWhatTheyNeed) {
  Scratch scratch;
  const auto said = [&](const config::Options& properties) {
    try {
      Camera camera("clip:" + scratch.file("door-%05d.mp4"), properties);
      return std::string("no error");
    } catch (const Error& error) {
      return std::string(error.what());
    }
  };
  EXPECT_NE(said({}).find("add the property 'when'"), std::string::npos) << said({});
  EXPECT_NE(said(when("person>3")).find("a score is 0..1"), std::string::npos);
  EXPECT_NE(said(when("person", "9s", "1s", "5s")).find("at-most must be more than before"), std::string::npos);
  config::Options unknown = when("person");
  unknown["befor"] = {"5s", {}};
  EXPECT_NE(said(unknown).find("when, before, after, at-most, memory, keep"), std::string::npos) << said(unknown);
}

TEST(EventRing, BeginsWithAKeyFrameAndHoldsNoMoreThanItMay) {
  EventRing ring(4 * GST_SECOND, 10000);
  std::minstd_rand random(3);
  std::uint64_t most = 0;
  GstClockTime key = 0;
  for (int i = 0; i < 3000; ++i) {
    GstBuffer* buffer = gst_buffer_new_allocate(nullptr, 1 + random() % 900, nullptr);
    const GstClockTime at = GstClockTime(i) * GST_SECOND / kFps;
    const bool is_key = i == 0 || random() % 20 == 0;
    if (!is_key) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
    if (is_key) key = at;
    ring.add(buffer, at, is_key);
    gst_buffer_unref(buffer);
    most = std::max(most, ring.bytes());
    bool first = true;
    std::uint64_t bytes = 0;
    ring.from(0, [&](GstBuffer* held) {
      if (first) EXPECT_FALSE(GST_BUFFER_FLAG_IS_SET(held, GST_BUFFER_FLAG_DELTA_UNIT)) << i;
      first = false;
      bytes += gst_buffer_get_size(held);
      return true;
    });
    EXPECT_EQ(bytes, ring.bytes());
    if (ring.frames() > 0) EXPECT_LE(ring.from(at, [](GstBuffer*) { return true; }), key);
  }
  EXPECT_LE(most, 10000u);
  EXPECT_GT(most, 5000u);
}

TEST(EventRing, ReachesBackAsFarAsItShouldAndNotMuchFarther) {
  EventRing ring(4 * GST_SECOND, 1 << 20);
  for (int i = 0; i < 500; ++i) {
    GstBuffer* buffer = gst_buffer_new_allocate(nullptr, 10, nullptr);
    ring.add(buffer, GstClockTime(i) * GST_SECOND / kFps, i % kFps == 0);
    gst_buffer_unref(buffer);
    if (i < 5 * kFps) continue;
    EXPECT_GE(ring.frames(), std::size_t(4 * kFps)) << i;
    EXPECT_LE(ring.frames(), std::size_t(6 * kFps)) << i;
  }
  EXPECT_EQ(ring.from(17 * GST_SECOND, [](GstBuffer*) { return true; }), 17 * GST_SECOND);
  EXPECT_EQ(ring.from(17 * GST_SECOND + 1, [](GstBuffer*) { return true; }), 17 * GST_SECOND);
}

TEST(Clips, KeepTheirMemoryBoundedWhateverThePicturesHold) {
  Scratch scratch;
  config::Options properties = when("person", "10s");
  properties["memory"] = {"700kB", {}};
  Camera camera("clip:" + scratch.file("door-%05d.mp4"), properties);
  for (int i = 0; i < 8 * kFps; ++i) camera.frame(0, true);  // noise: some 250 kB a second
  camera.frame(0.9f, true);
  EXPECT_EQ(camera.finish().problem, "");
  const std::vector<std::string> clips = files_in(scratch.path, ".mp4");
  ASSERT_EQ(clips.size(), 1u);
  EXPECT_LT(fs::file_size(clips[0]), 800000u) << "what was before the event is no more than fits into the memory";
  EXPECT_GT(fs::file_size(clips[0]), 100000u);
}

// ---- snapshots -----------------------------------------------------------------------------------------------------

TEST(Snapshots, AreTakenEverySoOften) {
  for (const char* end : {".jpg", ".png"}) {
    Scratch scratch;
    Camera camera("snapshot:" + scratch.file("view-%05d") + end, {{"every", {"2s", {}}}});
    camera.frames(7 * kFps);
    EXPECT_EQ(camera.finish().problem, "");
    const std::vector<std::string> pictures = files_in(scratch.path, end);
    ASSERT_EQ(pictures.size(), 4u) << end;
    const VideoFacts facts = read_back(pictures[3]);
    EXPECT_EQ(facts.frames, 1u);
    EXPECT_EQ(facts.width, 160);
    EXPECT_EQ(facts.height, 120);
  }
}

TEST(Snapshots, AreTakenOfWhatIsWaitedForAndKeptByNumber) {
  Scratch scratch;
  std::ofstream(scratch.path / "view-00002.jpg") << "the user's";
  Camera camera("snapshot:" + scratch.file("view-%05d.jpg"),
                {{"when", {"person>0.5", {}}}, {"every", {"1s", {}}}, {"keep", {"2", {}}}, {"quality", {"40", {}}}});
  camera.frames(2 * kFps, 0.4f);
  EXPECT_EQ(files_in(scratch.path, ".jpg").size(), 1u);
  camera.frames(5 * kFps, 0.9f);
  EXPECT_EQ(camera.finish().problem, "");
  const std::vector<std::string> pictures = files_in(scratch.path, ".jpg");
  ASSERT_EQ(pictures.size(), 3u);
  EXPECT_EQ(fs::path(pictures[2]).filename(), "view-00007.jpg");
  EXPECT_EQ(text_of(pictures[0]), "the user's");
}

TEST(Snapshots, ThatCanNotBeWrittenAreToldAndTriedAgain) {
  Scratch scratch;
  fs::create_directory(scratch.path / "album");
  Camera camera("snapshot:" + scratch.file("album/view-%05d.jpg"), {{"every", {"1s", {}}}}, true);
  fs::remove(scratch.path / "album");
  camera.frame(0);
  EXPECT_TRUE(eventually([&] {
    camera.frame(0);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return !camera.status().problem.empty();
  }));
  EXPECT_NE(camera.status().problem.find("No such file"), std::string::npos) << camera.status().problem;
  fs::create_directory(scratch.path / "album");
  EXPECT_TRUE(eventually([&] {
    camera.frame(0);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return !files_in(scratch.path / "album", ".jpg").empty();
  }));
  EXPECT_TRUE(eventually([&] { return camera.status().problem.empty(); }));
  camera.finish();
}

TEST(Snapshots, OfWholeStreamsShowWhatIsInThem) {
  Scratch scratch;
  config::DeploymentConfig config = scene(100);
  add_sink(first(config), "snapshot:" + scratch.file("view-%t.jpg"));
  first(config).sinks.back().properties = {{"when", {"*>0.3", {}}}};
  add_sink(first(config), "clip:" + scratch.file("clip-%05d.mp4"));
  first(config).sinks.back().properties = {{"when", {"*>0.3", {}}}};
  const RunStats stats = run(config);
  EXPECT_TRUE(stats.failures.empty());
  EXPECT_GT(files_in(scratch.path, ".jpg").size(), 1u);
  EXPECT_EQ(files_in(scratch.path, ".mp4").size(), 1u);
  EXPECT_EQ(files_in(scratch.path, ".json").size(), 1u);
}

}  // namespace
}  // namespace vireo::deployment

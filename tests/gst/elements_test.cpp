// vireodraw, vireopublish, vireoscene and the metadata that joins them.

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "tests/gst/harness.h"

namespace vireo::gst_test {
namespace {

std::shared_ptr<const gst::FrameNote> note_with_box(float x, float y, float width, float height) {
  auto note = std::make_shared<gst::FrameNote>();
  note->result.width = 320;
  note->result.height = 240;
  sdk::Detection detection;
  detection.x = x;
  detection.y = y;
  detection.width = width;
  detection.height = height;
  detection.score = 0.9f;
  detection.class_id = 2;
  detection.label = "bicycle";
  detection.keypoints = {{x + 1, y + 1, 0.5f}, {x + 2, y + 2, 1}};
  note->result.detections.push_back(detection);
  return note;
}

std::size_t pixels_changed(GstBuffer* a, GstBuffer* b) {
  GstMapInfo left, right;
  gst_buffer_map(a, &left, GST_MAP_READ);
  gst_buffer_map(b, &right, GST_MAP_READ);
  std::size_t changed = 0;
  for (gsize i = 0; i < std::min(left.size, right.size); ++i) changed += left.data[i] != right.data[i];
  gst_buffer_unmap(a, &left);
  gst_buffer_unmap(b, &right);
  return changed;
}

TEST(FrameMeta, SurvivesCopiesAndFollowsAScaling) {
  Harness harness("videoscale ! capsfilter caps=video/x-raw,width=160,height=120");
  harness.caps(caps_text("BGR", 320, 240));
  GstBuffer* buffer = street(0, 320, 240);
  gst::attach_note(buffer, gst::NoteKind::result, note_with_box(100, 80, 40, 20));
  gst::attach_note(buffer, gst::NoteKind::truth, note_with_box(0, 0, 10, 10));
  const OwnedBuffer copy(gst_buffer_copy(buffer));
  EXPECT_EQ(result_of(copy).detections[0].x, 100);
  harness.push(buffer);
  const OwnedBuffer out = harness.pull();
  const sdk::FrameResult& scaled = result_of(out);
  EXPECT_EQ(scaled.width, 160);
  EXPECT_EQ(scaled.detections[0].x, 50);
  EXPECT_EQ(scaled.detections[0].width, 20);
  EXPECT_EQ(scaled.detections[0].keypoints[0].y, 40.5f);
  ASSERT_NE(gst::find_note(out.get(), gst::NoteKind::truth), nullptr);
}

TEST(FrameMeta, ReadsBackWhatItWritesIntoRegions) {
  load_plugin();
  const OwnedBuffer buffer(gst_buffer_new());
  const auto note = note_with_box(10.4f, 20.6f, 300, 300);
  gst::attach_regions(buffer.get(), note->result);
  const auto regions = gst::read_regions(buffer.get());
  ASSERT_EQ(regions.size(), 1u);
  EXPECT_EQ(regions[0].x, 10.4f);
  EXPECT_EQ(regions[0].y, 20.6f);
  EXPECT_EQ(regions[0].width, 300);
  gpointer state = nullptr;
  const auto* region = reinterpret_cast<GstVideoRegionOfInterestMeta*>(
      gst_buffer_iterate_meta_filtered(buffer.get(), &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE));
  ASSERT_NE(region, nullptr);
  EXPECT_EQ(region->x, 10u);
  EXPECT_EQ(region->y, 21u);
  EXPECT_EQ(region->x + region->w, 310u);
  EXPECT_EQ(region->y + region->h, 240u) << "clipped to the frame";
  EXPECT_EQ(regions[0].label, "bicycle");
  EXPECT_EQ(regions[0].keypoints.size(), 2u);
}

TEST(VireoDraw, ChangesOnlyFramesThatCarrySomething) {
  Harness harness("vireodraw");
  harness.caps(caps_text("BGR", 320, 240));
  const OwnedBuffer before(street(0, 320, 240));
  harness.push(street(0, 320, 240));
  EXPECT_EQ(pixels_changed(before.get(), harness.pull().get()), 0u);
  GstBuffer* marked = street(0, 320, 240);
  gst::attach_note(marked, gst::NoteKind::result, note_with_box(100, 80, 60, 40));
  harness.push(marked);
  const std::size_t changed = pixels_changed(before.get(), harness.pull().get());
  EXPECT_GT(changed, 200u);
  EXPECT_LT(changed, 320u * 240);
}

TEST(VireoDraw, LeavesMemoryAloneThatOthersReadAndKeepsWhatTravelsWithTheFrame) {
  Harness harness("vireodraw");
  harness.caps(caps_text("BGR", 320, 240));
  for (const int padding : {0, 20}) {
    for (int frame = 0; frame < 4; ++frame) {  // memory is used again
      const OwnedBuffer kept(street(frame, 320, 240, padding)), before(gst_buffer_copy_deep(kept.get()));
      GstBuffer* shared = gst_buffer_copy(kept.get());  // as a decoder hands out the frames that it refers to
      gst::attach_note(shared, gst::NoteKind::result, note_with_box(100, 80, 60, 40));
      harness.push(shared);
      const OwnedBuffer out = harness.pull();
      EXPECT_EQ(pixels_changed(before.get(), kept.get()), 0u);
      EXPECT_EQ(GST_BUFFER_PTS(out.get()), GST_BUFFER_PTS(kept.get()));
      EXPECT_NE(gst::find_note(out.get(), gst::NoteKind::result), nullptr);
      const OwnedBuffer plain(street(frame, 320, 240));
      const std::size_t changed = pixels_changed(plain.get(), out.get());
      EXPECT_GT(changed, 200u);
      EXPECT_LT(changed, 320u * 24);
    }
    const OwnedBuffer empty(street(9, 320, 240, padding));
    harness.push(gst_buffer_copy(empty.get()));
    const OwnedBuffer out = harness.pull();
    EXPECT_EQ(gst_buffer_peek_memory(out.get(), 0), gst_buffer_peek_memory(empty.get(), 0)) << "nothing to copy for";
  }
}

TEST(VireoDraw, DrawsRegionsOfOtherElementsInEveryFormat) {
  for (const char* format : {"NV12", "I420", "BGR", "RGB", "BGRx", "RGBx", "BGRA", "RGBA", "GRAY8", "YUY2", "UYVY"}) {
    Harness harness("vireodraw");
    harness.caps(caps_text(format, 320, 240));
    GstVideoInfo info;
    gst_video_info_set_format(&info, gst_video_format_from_string(format), 320, 240);
    GstBuffer* buffer = gst_buffer_new_allocate(nullptr, GST_VIDEO_INFO_SIZE(&info), nullptr);
    gst_buffer_memset(buffer, 0, 0x40, GST_VIDEO_INFO_SIZE(&info));
    const OwnedBuffer before(gst_buffer_copy_deep(buffer));
    gst_buffer_add_video_region_of_interest_meta(buffer, "face", 50, 60, 100, 80);
    harness.push(buffer);
    EXPECT_GT(pixels_changed(before.get(), harness.pull().get()), 200u) << format;
  }
}

TEST(VireoDraw, ConvertsNothingAndWritesStatisticsOnRequest) {
  const OwnedBuffer before(street(0, 320, 240));
  for (const bool wanted : {false, true}) {
    Harness harness(wanted ? "vireodraw show-stats=true thickness=3 labels=false" : "vireodraw labels=false");
    harness.caps(caps_text("BGR", 320, 240));
    // The figures are those of the last second, so there are none before it is over.
    std::size_t changed = 0;
    const gint64 end = g_get_monotonic_time() + (wanted ? 30 : 2) * G_TIME_SPAN_SECOND;
    while (changed == 0 && g_get_monotonic_time() < end) {
      harness.push(gst_buffer_copy_deep(before.get()));
      const OwnedBuffer out = harness.pull();
      ASSERT_EQ(gst_buffer_get_size(out.get()), 320u * 240 * 3);
      changed = pixels_changed(before.get(), out.get());
    }
    EXPECT_EQ(changed > 0, wanted);
    EXPECT_LT(changed, 320u * 240) << "a line, not the picture";
  }
}

/// A file of its own that goes with the scope.
struct TemporaryFile {
  std::string path =
      (std::filesystem::temp_directory_path() / ("vireo-publish-" + std::to_string(g_random_int()) + ".jsonl"))
          .string();
  ~TemporaryFile() { std::remove(path.c_str()); }
  [[nodiscard]] std::vector<std::string> lines() const {
    std::ifstream file(path);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }
};

TEST(VireoPublish, KeepsWhatItWroteWhenItStartsAgain) {
  const TemporaryFile file;
  std::ofstream(file.path) << "of an earlier run\n";
  load_plugin();
  const std::string launch = "vireoscene num-buffers=2 ! " + caps_text("BGR", 320, 240) + " ! " + infer() +
                             " ! vireopublish to=jsonl:" + file.path + " ! fakesink";
  for (int run = 0; run < 2; ++run) {
    GstElement* pipeline = gst_parse_launch(launch.c_str(), nullptr);
    GstBus* bus = gst_element_get_bus(pipeline);
    for (std::size_t start = 1; start <= 3; ++start) {
      gst_element_set_state(pipeline, GST_STATE_PLAYING);
      GstMessage* end = gst_bus_timed_pop_filtered(bus, 60 * GST_SECOND, GST_MESSAGE_EOS);
      ASSERT_NE(end, nullptr);
      gst_message_unref(end);
      gst_element_set_state(pipeline, GST_STATE_NULL);
      EXPECT_EQ(file.lines().size(), 2 * start) << "another run begins anew, the same one goes on";
    }
    gst_object_unref(bus);
    gst_object_unref(pipeline);
  }
  for (const auto& line : file.lines()) EXPECT_TRUE(line.starts_with("{\"schema\":1,")) << line;
}

TEST(VireoPublish, LetsTheVideoGoOnWhenResultsCannotBeWritten) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  Harness harness("vireopublish name=publish to=jsonl:/dev/full options=append=true");
  Messages messages(harness);
  harness.caps(caps_text("BGR", 320, 240));
  for (int i = 0; i < 5; ++i) {
    GstBuffer* buffer = street(i, 320, 240);
    gst::attach_note(buffer, gst::NoteKind::result, note_with_box(10, 10, 20, 20));
    ASSERT_EQ(harness.push(buffer), GST_FLOW_OK);
    EXPECT_NE(harness.pull(), nullptr);
  }
  EXPECT_NE(messages.text(GST_MESSAGE_WARNING, 0).find("/dev/full"), std::string::npos);
  EXPECT_EQ(messages.text(GST_MESSAGE_WARNING, 0), "") << "one warning, not one a frame";
  GstElement* element = harness.element("publish");
  guint64 lost = 0, published = 0;
  g_object_get(element, "lost", &lost, "published", &published, nullptr);
  EXPECT_EQ(lost, 5u);
  EXPECT_EQ(published, 0u);
  g_object_set(element, "to", "jsonl:/elsewhere", nullptr);
  EXPECT_NE(messages.text(GST_MESSAGE_WARNING).find("'to'"), std::string::npos);
  gchar* to = nullptr;
  g_object_get(element, "to", &to, nullptr);
  EXPECT_STREQ(to, "jsonl:/dev/full");
  g_free(to);
  gst_object_unref(element);
}

TEST(VireoPublish, WritesALineForEachFrameAndSharesAFile) {
  const std::string file =
      (std::filesystem::temp_directory_path() / ("vireo-publish-" + std::to_string(g_random_int()) + ".jsonl"))
          .string();
  {
    Harness a("vireopublish to=jsonl:" + file), b("vireopublish to=jsonl:" + file);
    for (Harness* harness : {&a, &b}) {
      harness->caps(caps_text("BGR", 320, 240));
      for (int i = 0; i < 3; ++i) {
        GstBuffer* buffer = street(i, 320, 240);
        gst::attach_note(buffer, gst::NoteKind::result, note_with_box(10, 10, 20, 20));
        harness->push(buffer);
        harness->pull();
      }
      harness->event(gst_event_new_eos());
    }
  }
  std::ifstream lines(file);
  std::string line;
  int count = 0;
  while (std::getline(lines, line)) {
    ++count;
    EXPECT_NE(line.find("\"label\":\"bicycle\""), std::string::npos) << line;
  }
  EXPECT_EQ(count, 6);
  std::remove(file.c_str());
}

TEST(VireoScene, GivesTheSamePixelsForTheSameSeedAndTellsTheTruth) {
  std::vector<OwnedBuffer> frames;
  for (int round = 0; round < 2; ++round) {
    Harness harness("vireoscene seed=7 first-frame=40 num-buffers=2");
    gst_harness_play(harness.get());
    harness.pull();
    frames.push_back(harness.pull());
  }
  EXPECT_EQ(pixels_changed(frames[0].get(), frames[1].get()), 0u);
  const gst::FrameNote* truth = gst::find_note(frames[0].get(), gst::NoteKind::truth);
  ASSERT_NE(truth, nullptr);
  EXPECT_FALSE(truth->result.detections.empty());
  EXPECT_EQ(truth->result.width, 640);
  EXPECT_EQ(GST_BUFFER_PTS(frames[0].get()), GST_SECOND / 30);
}

TEST(VireoScene, TakesSizeFormatAndRateFromCaps) {
  for (const char* format : {"BGR", "RGB", "BGRx", "RGBx"}) {
    Harness harness("vireoscene num-buffers=1 ! capsfilter caps=" + caps_text(format, 322, 242));
    gst_harness_play(harness.get());
    const OwnedBuffer out = harness.pull();
    GstVideoInfo info;
    gst_video_info_set_format(&info, gst_video_format_from_string(format), 322, 242);
    EXPECT_EQ(gst_buffer_get_size(out.get()), GST_VIDEO_INFO_SIZE(&info));
  }
}

TEST(VireoScene, EndsAfterNumBuffersAndCanStartAgain) {
  load_plugin();
  GstElement* pipeline =
      gst_parse_launch("vireoscene num-buffers=5 ! video/x-raw,width=64,height=64 ! fakesink", nullptr);
  for (int round = 0; round < 3; ++round) {
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    GstBus* bus = gst_element_get_bus(pipeline);
    GstMessage* message = gst_bus_timed_pop_filtered(bus, 20 * GST_SECOND, GST_MESSAGE_EOS);
    EXPECT_NE(message, nullptr);
    if (message) gst_message_unref(message);
    gst_object_unref(bus);
    gst_element_set_state(pipeline, GST_STATE_NULL);
  }
  gst_object_unref(pipeline);
}

}  // namespace
}  // namespace vireo::gst_test

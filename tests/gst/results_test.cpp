// Results as they travel: several stages in a row, regions for others, pictures that are turned, cut and scaled on the
// way.

#include <algorithm>
#include <cmath>

#include "tests/gst/harness.h"

namespace vireo::gst_test {
namespace {

using sdk::Affine;

TEST(Results, OfTwoStagesAddUp) {
  Harness alone(infer());
  alone.caps(caps_text("BGR", 640, 480));
  alone.push(street(10));
  const std::size_t count = result_of(alone.pull()).detections.size();
  ASSERT_GT(count, 0u);
  Harness harness(
      infer("stage=first") + " ! " +
      "vireoinfer name=second stage=second build-budget=0 plan-cache=off drop-policy=never max-detections=2 "
      "raw-tensors=true model=" +
      demo_model());
  harness.caps(caps_text("BGR", 640, 480));
  harness.push(street(10));
  const OwnedBuffer out = harness.pull();
  const sdk::FrameResult& result = result_of(out);
  ASSERT_EQ(result.detections.size(), count + 2);
  for (std::size_t i = 0; i < result.detections.size(); ++i) {
    EXPECT_EQ(result.detections[i].stage, i < count ? "first" : "second");
    EXPECT_EQ(result.detections[i].id, int(i));
  }
  EXPECT_EQ(result.source_id, "infer") << "the frame keeps who saw it first";
  EXPECT_FALSE(gst::find_note(out.get(), gst::NoteKind::result)->tensors.empty());
  const auto regions = gst::read_regions(out.get());
  ASSERT_EQ(regions.size(), count + 2);
  EXPECT_EQ(regions.back().stage, "second");
  EXPECT_EQ(regions.back().id, int(count + 1));
}

TEST(Results, OfAnEarlierStageStayOnFramesThatALaterOnePasses) {
  Harness harness(infer() + " ! vireoinfer name=second interval=2 hold-results=false build-budget=0 plan-cache=off " +
                  "drop-policy=never model=" + demo_model());
  harness.caps(caps_text("BGR", 640, 480));
  for (int i = 0; i < 2; ++i) harness.push(street(10));
  const std::size_t both = result_of(harness.pull()).detections.size();
  EXPECT_EQ(2 * result_of(harness.pull()).detections.size(), both);
}

/// What comes out behind `elements`, and how large it is.
struct Shown {
  gst::NotePointer note;
  int width = 0, height = 0;
};
Shown shown_behind(const std::string& elements) {
  Harness harness("vireoscene num-buffers=1 first-frame=10 ! " + caps_text("BGR", 640, 480) + " ! " + infer() +
                  (elements.empty() ? "" : " ! " + elements));
  gst_harness_play(harness.get());
  const OwnedBuffer out = harness.pull();
  GstCaps* caps = gst_pad_get_current_caps(harness.get()->sinkpad);
  GstVideoInfo info;
  gst_video_info_from_caps(&info, caps);
  gst_caps_unref(caps);
  Shown shown{nullptr, GST_VIDEO_INFO_WIDTH(&info), GST_VIDEO_INFO_HEIGHT(&info)};
  shown.note = gst::read_note(out.get(), gst::NoteKind::result, harness.get()->sinkpad, shown.width, shown.height);
  return shown;
}

TEST(Results, FollowThePictureThroughOtherElements) {
  struct Case {
    const char* elements;
    Affine map;
  };
  const Case cases[] = {
      {"videoflip video-direction=horiz", {-1, 0, 640, 0, 1, 0}},
      {"videoflip video-direction=vert", {1, 0, 0, 0, -1, 480}},
      {"videoflip video-direction=90r", {0, -1, 480, 1, 0, 0}},
      {"videoflip video-direction=90l", {0, 1, 0, -1, 0, 640}},
      {"videoflip video-direction=180", {-1, 0, 640, 0, -1, 480}},
      {"videoflip video-direction=ul-lr", {0, 1, 0, 1, 0, 0}},
      {"videoflip video-direction=ur-ll", {0, -1, 480, -1, 0, 640}},
      {"videocrop left=40 top=30 right=20", {1, 0, -40, 0, 1, -30}},
      {"videocrop left=-1 right=-1 ! capsfilter caps=video/x-raw,width=400", {1, 0, -120, 0, 1, 0}},
      {"videobox left=-16 top=8", {1, 0, 16, 0, 1, -8}},
      {"aspectratiocrop aspect-ratio=1/1", {1, 0, -80, 0, 1, 0}},
      {"videoscale ! capsfilter caps=video/x-raw,width=320,height=240", {0.5, 0, 0, 0, 0.5, 0}},
      {"videocrop left=40 ! videoscale ! capsfilter caps=video/x-raw,width=300,height=240", {0.5, 0, -20, 0, 0.5, 0}},
      {"videoscale ! capsfilter caps=video/x-raw,width=320,height=240 ! videocrop top=40", {0.5, 0, 0, 0, 0.5, -40}},
      {"queue ! videoconvert ! video/x-raw,format=NV12 ! tee name=t ! videoflip video-direction=horiz ! "
       "videocrop left=40",
       {-1, 0, 600, 0, 1, 0}},
  };
  const Shown straight = shown_behind("");
  ASSERT_NE(straight.note, nullptr);
  for (const Case& c : cases) {
    SCOPED_TRACE(c.elements);
    const Shown shown = shown_behind(c.elements);
    ASSERT_NE(shown.note, nullptr);
    sdk::FrameResult expected = straight.note->result;
    sdk::transform_result(expected, c.map, shown.width, shown.height);
    const auto& found = shown.note->result;
    EXPECT_EQ(found.width, shown.width);
    ASSERT_EQ(found.detections.size(), expected.detections.size());
    for (std::size_t i = 0; i < found.detections.size(); ++i) {
      EXPECT_NEAR(found.detections[i].x, expected.detections[i].x, 1e-3);
      EXPECT_NEAR(found.detections[i].y, expected.detections[i].y, 1e-3);
      EXPECT_NEAR(found.detections[i].width, expected.detections[i].width, 1e-3);
      EXPECT_NEAR(found.detections[i].height, expected.detections[i].height, 1e-3);
    }
  }
}

TEST(Results, AreUsedByElementsBehindACrop) {
  // The same street, cut and then looked at again: what the first stage found is where the second one finds it.
  Harness harness("vireoscene num-buffers=1 first-frame=10 ! " + caps_text("BGR", 640, 480) + " ! " + infer("stage=a") +
                  " ! videocrop left=64 top=32 ! vireoinfer name=b stage=b build-budget=0 " +
                  "plan-cache=off drop-policy=never model=" + demo_model());
  gst_harness_play(harness.get());
  const OwnedBuffer out = harness.pull();
  int sure = 0;
  for (const sdk::Detection& a : result_of(out).detections) {
    if (a.stage != "a" || a.score < 0.8f || a.x < 4 || a.y < 4) continue;
    ++sure;
    double nearest = 1e9;
    for (const sdk::Detection& b : result_of(out).detections) {
      if (b.stage == "b") nearest = std::min(nearest, std::hypot(double(a.x - b.x), double(a.y - b.y)));
    }
    EXPECT_LT(nearest, 6);
  }
  EXPECT_GT(sure, 2);
}

/// What arrives behind the elements, frame by frame, and the regions that others see.
struct Arrived {
  std::vector<gst::NotePointer> notes;
  std::vector<std::size_t> regions;
};
Arrived arrived_behind(const std::string& launch) {
  load_plugin();
  GError* error = nullptr;
  GstElement* pipeline = gst_parse_launch(launch.c_str(), &error);
  EXPECT_EQ(error, nullptr) << error->message;
  GstElement* sink = gst_bin_get_by_name(GST_BIN(pipeline), "end");
  GstPad* pad = gst_element_get_static_pad(sink, "sink");
  Arrived arrived;
  gst_pad_add_probe(
      pad, GST_PAD_PROBE_TYPE_BUFFER,
      [](GstPad* at, GstPadProbeInfo* info, gpointer data) {
        GstCaps* caps = gst_pad_get_current_caps(at);
        GstVideoInfo video;
        gst_video_info_from_caps(&video, caps);
        gst_caps_unref(caps);
        GstBuffer* buffer = GST_PAD_PROBE_INFO_BUFFER(info);
        auto& all = *static_cast<Arrived*>(data);
        all.notes.push_back(gst::read_note(buffer, gst::NoteKind::result, at, GST_VIDEO_INFO_WIDTH(&video),
                                           GST_VIDEO_INFO_HEIGHT(&video)));
        all.regions.push_back(gst::read_regions(buffer).size());
        return GST_PAD_PROBE_OK;
      },
      &arrived, nullptr);
  GstBus* bus = gst_element_get_bus(pipeline);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  GstMessage* message = gst_bus_timed_pop_filtered(
      bus, 60 * GST_SECOND, GstMessageType(GST_MESSAGE_WARNING | GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
  EXPECT_TRUE(message && GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS) << "nothing is lost, so nothing is said";
  if (message) gst_message_unref(message);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(pad);
  gst_object_unref(sink);
  gst_object_unref(bus);
  gst_object_unref(pipeline);
  return arrived;
}

TEST(Results, FollowThePictureIntoAMixture) {
  const std::string street_text =
      "vireoscene num-buffers=4 first-frame=10 ! " + caps_text("BGR", 640, 480) + " ! " + infer();
  const Arrived straight = arrived_behind(street_text + " ! vireodraw ! fakesink name=end");
  ASSERT_EQ(straight.notes.size(), 4u);
  struct Case {
    const char *pad, *behind;
    Affine map;
    int width, height;
  };
  const Case cases[] = {
      {"", "", {}, 640, 480},
      {"sink_0::xpos=100 sink_0::ypos=50", "", {1, 0, 100, 0, 1, 50}, 740, 530},
      {"sink_0::width=320 sink_0::height=120", "", {0.5, 0, 0, 0, 0.25, 0}, 320, 120},
      {"sink_0::xpos=10 sink_0::width=320 sink_0::height=480 sink_0::sizing-policy=keep-aspect-ratio",
       "",
       {0.5, 0, 10, 0, 0.5, 120},
       330,
       480},
      {"sink_0::xpos=100", " ! videocrop left=60 ! videoflip video-direction=horiz", {-1, 0, 640, 0, 1, 0}, 680, 480},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(std::string(c.pad) + c.behind);
    const Arrived mixed =
        arrived_behind(std::string("compositor name=mixer background=black ") + c.pad + " ! videoconvert" + c.behind +
                       " ! vireodraw ! fakesink name=end " + street_text + " ! mixer.");
    ASSERT_EQ(mixed.notes.size(), straight.notes.size());
    for (std::size_t i = 0; i < mixed.notes.size(); ++i) {
      ASSERT_NE(mixed.notes[i], nullptr) << "of frame " << i;
      sdk::FrameResult expected = straight.notes[i]->result;
      sdk::transform_result(expected, c.map, c.width, c.height);
      const sdk::FrameResult& found = mixed.notes[i]->result;
      EXPECT_EQ(found.width, c.width);
      EXPECT_EQ(found.height, c.height);
      EXPECT_EQ(found.frame_index, i);
      EXPECT_EQ(mixed.notes[i]->age, 0);
      ASSERT_EQ(found.detections.size(), expected.detections.size());
      for (std::size_t k = 0; k < found.detections.size(); ++k) {
        EXPECT_NEAR(found.detections[k].x, expected.detections[k].x, 1e-3);
        EXPECT_NEAR(found.detections[k].y, expected.detections[k].y, 1e-3);
        EXPECT_NEAR(found.detections[k].width, expected.detections[k].width, 1e-3);
        EXPECT_NEAR(found.detections[k].height, expected.detections[k].height, 1e-3);
      }
      if (std::string(c.behind).empty()) EXPECT_EQ(mixed.regions[i], found.detections.size());
    }
  }
}

TEST(Results, OfSeveralPicturesAddUpInTheirMixture) {
  const std::string left = "vireoscene num-buffers=3 first-frame=10 ! " + caps_text("BGR", 640, 480) + " ! " + infer();
  const std::string right =
      "vireoscene num-buffers=3 first-frame=40 ! " + caps_text("BGR", 640, 480) +
      " ! vireoinfer name=right build-budget=0 plan-cache=off drop-policy=never model=" + demo_model();
  const Arrived a = arrived_behind(left + " ! fakesink name=end"), b = arrived_behind(right + " ! fakesink name=end");
  const Arrived both = arrived_behind(
      "compositor name=mixer sink_1::xpos=640 ! videoconvert ! vireodraw ! fakesink "
      "name=end " +
      left + " ! queue ! mixer.sink_0 " + right + " ! queue ! mixer.sink_1");
  ASSERT_EQ(both.notes.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    ASSERT_NE(both.notes[i], nullptr);
    const auto& found = both.notes[i]->result.detections;
    const std::size_t count = a.notes[i]->result.detections.size();
    ASSERT_EQ(found.size(), count + b.notes[i]->result.detections.size());
    for (std::size_t k = 0; k < found.size(); ++k) {
      EXPECT_EQ(found[k].id, int(k));
      const sdk::Detection& own =
          k < count ? a.notes[i]->result.detections[k] : b.notes[i]->result.detections[k - count];
      EXPECT_NEAR(found[k].x, own.x + (k < count ? 0 : 640), 1e-3);
      EXPECT_EQ(found[k].label, own.label);
    }
  }
}

TEST(Results, OfAPictureThatIsMixedAgainAreOld) {
  // 10 frames a second become 30.
  const Arrived mixed = arrived_behind(
      "compositor name=mixer ! " + caps_text("BGR", 640, 480) + " ! fakesink name=end vireoscene num-buffers=3 ! " +
      "video/x-raw,format=BGR,width=640,height=480,framerate=10/1 ! " + infer() + " ! mixer.");
  ASSERT_GE(mixed.notes.size(), 7u);
  for (std::size_t i = 0; i < mixed.notes.size(); ++i) {
    ASSERT_NE(mixed.notes[i], nullptr);
    EXPECT_EQ(mixed.notes[i]->age, int(i % 3));
    EXPECT_EQ(mixed.notes[i]->result.frame_index, i / 3);
  }
}

TEST(Results, ThatGetLostAreNotLostSilently) {
  load_plugin();
  GstElement* pipeline = gst_parse_launch(
      ("vireoscene num-buffers=5 ! " + caps_text("BGR", 320, 240) + " ! videoconvert ! video/x-raw,format=I420 ! " +
       infer() + " ! matroskamux streamable=true ! matroskademux name=mixer ! videoconvert ! vireodraw ! fakesink")
          .c_str(),
      nullptr);
  ASSERT_NE(pipeline, nullptr);
  GstBus* bus = gst_element_get_bus(pipeline);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  GstMessage* message = gst_bus_timed_pop_filtered(
      bus, 30 * GST_SECOND, GstMessageType(GST_MESSAGE_WARNING | GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
  ASSERT_NE(message, nullptr);
  ASSERT_EQ(GST_MESSAGE_TYPE(message), GST_MESSAGE_WARNING);
  GError* error = nullptr;
  gst_message_parse_warning(message, &error, nullptr);
  EXPECT_NE(std::string(error->message).find("'mixer'"), std::string::npos) << error->message;
  g_clear_error(&error);
  gst_message_unref(message);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(bus);
  gst_object_unref(pipeline);
}

sdk::FrameResult rich_result() {
  sdk::FrameResult result;
  result.width = 320;
  result.height = 240;
  sdk::Detection ship;
  ship.x = 100.25f, ship.y = 80.5f, ship.width = 60, ship.height = 20;
  ship.rotation = 0.5f;
  ship.label = "ship";
  ship.score = 0.75f;
  ship.id = 3;
  ship.track_id = 12;
  ship.stage = "boats";
  ship.keypoints = {{110.5f, 90.25f, 0.5f}};
  ship.classes = {{2, "tanker", 0.5f, "kinds"}, {4, "red", 0.25f, ""}};
  sdk::Detection bridge;
  bridge.x = 110, bridge.y = 85, bridge.width = 10, bridge.height = 8;
  bridge.label = "bridge";
  bridge.id = 4;
  bridge.parent = 3;
  result.detections = {ship, bridge};
  return result;
}

TEST(Regions, CarryEverythingBothWays) {
  load_plugin();
  const OwnedBuffer buffer(gst_buffer_new());
  const sdk::FrameResult result = rich_result();
  gst::attach_regions(buffer.get(), result);
  const auto read = gst::read_regions(buffer.get());
  ASSERT_EQ(read.size(), 2u);
  EXPECT_EQ(read[0].x, 100.25f);
  EXPECT_EQ(read[0].width, 60);
  EXPECT_EQ(read[0].rotation, 0.5f);
  EXPECT_EQ(read[0].track_id, 12);
  EXPECT_EQ(read[0].stage, "boats");
  EXPECT_EQ(read[0].keypoints[0].x, 110.5f);
  ASSERT_EQ(read[0].classes.size(), 2u);
  EXPECT_EQ(read[0].classes[0].label, "tanker");
  EXPECT_EQ(read[0].classes[0].stage, "kinds");
  EXPECT_EQ(read[1].id, 4);
  EXPECT_EQ(read[1].parent, 3);
  gpointer state = nullptr;
  const auto* region = reinterpret_cast<GstVideoRegionOfInterestMeta*>(
      gst_buffer_iterate_meta_filtered(buffer.get(), &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE));
  EXPECT_GT(region->h, 40u) << "upright around the turned ship";
}

TEST(Regions, StayExactWhenTheyAreScaled) {
  load_plugin();
  const OwnedBuffer buffer(gst_buffer_new());
  sdk::FrameResult result = rich_result();
  result.detections[0].x = 100, result.detections[0].y = 80;
  result.detections[0].rotation = 0;
  result.detections[0].keypoints = {{110.5f, 90.25f, 0.5f}};
  gst::attach_regions(buffer.get(), result);
  gpointer state = nullptr;
  while (GstMeta* meta =
             gst_buffer_iterate_meta_filtered(buffer.get(), &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE)) {
    auto* region = reinterpret_cast<GstVideoRegionOfInterestMeta*>(meta);  // as an element does that scales by 1.5
    for (guint* number : {&region->x, &region->y, &region->w, &region->h}) *number = *number * 3 / 2;
  }
  const auto read = gst::read_regions(buffer.get());
  ASSERT_EQ(read.size(), 2u);
  ASSERT_EQ(read[0].keypoints.size(), 1u);
  EXPECT_FLOAT_EQ(read[0].x, 150);
  EXPECT_FLOAT_EQ(read[0].width, 90);
  EXPECT_FLOAT_EQ(read[0].keypoints[0].x, 165.75f);
  EXPECT_FLOAT_EQ(read[0].keypoints[0].y, 135.375f);
}

TEST(Regions, OfOtherElementsAreRead) {
  load_plugin();
  const OwnedBuffer buffer(gst_buffer_new());
  GstVideoRegionOfInterestMeta* region =
      gst_buffer_add_video_region_of_interest_meta(buffer.get(), "car", 10, 20, 30, 40);
  gst_video_region_of_interest_meta_add_param(
      region, gst_structure_new("detection", "confidence", G_TYPE_DOUBLE, 0.5, "label_id", G_TYPE_INT, 7, nullptr));
  const auto read = gst::read_regions(buffer.get());
  ASSERT_EQ(read.size(), 1u);
  EXPECT_EQ(read[0].x, 10);
  EXPECT_EQ(read[0].class_id, 7);
  EXPECT_EQ(read[0].label, "car");
  EXPECT_EQ(read[0].score, 0.5f);
}

}  // namespace
}  // namespace vireo::gst_test

// vireoinfer: what it attaches, what it accepts, how it fails.

#include <gst/allocators/gstdmabuf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmath>

#include "plugins/gst/picture_name.h"
#include "tests/gst/harness.h"

namespace vireo::gst_test {
namespace {

TEST(VireoInfer, AttachesExactResultsAndRoundedRegions) {
  Harness harness(infer());
  harness.caps(caps_text("BGR", 640, 480));
  ASSERT_EQ(harness.push(street(10)), GST_FLOW_OK);
  const OwnedBuffer out = harness.pull();
  const sdk::FrameResult& result = result_of(out);
  EXPECT_EQ(result.width, 640);
  EXPECT_EQ(result.height, 480);
  EXPECT_EQ(result.pts_ns, std::int64_t(10 * GST_SECOND / 30));
  ASSERT_FALSE(result.detections.empty());
  const auto regions = gst::read_regions(out.get());
  ASSERT_EQ(regions.size(), result.detections.size());
  for (std::size_t i = 0; i < regions.size(); ++i) {
    EXPECT_EQ(regions[i].label, result.detections[i].label);
    EXPECT_EQ(regions[i].class_id, result.detections[i].class_id);
    EXPECT_NEAR(regions[i].score, result.detections[i].score, 1e-6);
    EXPECT_EQ(regions[i].x, result.detections[i].x);
    EXPECT_EQ(regions[i].height, result.detections[i].height);
  }
  gpointer state = nullptr;
  for (const sdk::Detection& d : result.detections) {  // elements of others see whole pixels
    const auto* region = reinterpret_cast<GstVideoRegionOfInterestMeta*>(
        gst_buffer_iterate_meta_filtered(out.get(), &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE));
    ASSERT_NE(region, nullptr);
    EXPECT_EQ(region->x, std::round(d.x));
    EXPECT_LE(region->x + region->w, 640u);
    EXPECT_LE(region->y + region->h, 480u);
  }
}

TEST(VireoInfer, FindsTheSameWhereverThePlanesLie) {
  Harness harness(infer());
  harness.caps(caps_text("BGR", 640, 480));
  harness.push(street(3));
  const OwnedBuffer packed = harness.pull();
  harness.push(street(3, 640, 480, 100));
  const OwnedBuffer padded = harness.pull();
  expect_same(result_of(packed), result_of(padded));
  // This downstream never said that it takes planes anywhere, so it gets them where it expects them.
  const GstVideoMeta* meta = gst_buffer_get_video_meta(padded.get());
  EXPECT_TRUE(meta == nullptr || meta->stride[0] == 640 * 3);
  GstMapInfo a, b;
  gst_buffer_map(packed.get(), &a, GST_MAP_READ);
  gst_buffer_map(padded.get(), &b, GST_MAP_READ);
  ASSERT_EQ(a.size, b.size);
  EXPECT_EQ(std::memcmp(a.data, b.data, a.size), 0);
  gst_buffer_unmap(packed.get(), &a);
  gst_buffer_unmap(padded.get(), &b);
}

TEST(VireoInfer, FindsTheSameInMemoryOfDevicesThatCanBeMapped) {
  Harness harness(infer());
  harness.caps(caps_text("BGR", 640, 480));
  harness.push(street(3));
  const OwnedBuffer plain = harness.pull();
  // A file in memory stands for a device's: it is mapped in the same way.
  constexpr gsize kSize = gsize(640) * 480 * 3;
  const int file = ::memfd_create("frame", 0);
  ASSERT_EQ(::ftruncate(file, kSize), 0);
  const OwnedBuffer frame(street(3));
  GstMapInfo map;
  gst_buffer_map(frame.get(), &map, GST_MAP_READ);
  ASSERT_EQ(::pwrite(file, map.data, kSize, 0), ssize_t(kSize));
  gst_buffer_unmap(frame.get(), &map);
  GstAllocator* allocator = gst_dmabuf_allocator_new();
  GstBuffer* dmabuf = gst_buffer_new();
  gst_buffer_append_memory(dmabuf, gst_dmabuf_allocator_alloc(allocator, file, kSize));
  gst_object_unref(allocator);
  GST_BUFFER_PTS(dmabuf) = GST_SECOND;
  ASSERT_EQ(harness.push(dmabuf), GST_FLOW_OK);
  const OwnedBuffer mapped = harness.pull();
  const auto &a = result_of(plain).detections, &b = result_of(mapped).detections;
  ASSERT_FALSE(a.empty());
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a[i].x, b[i].x);
  EXPECT_TRUE(gst_is_dmabuf_memory(gst_buffer_peek_memory(mapped.get(), 0))) << "passed on as it came";
}

TEST(VireoInfer, RefusesMemoryThatItCantLookAtInWords) {
  Harness harness(infer());
  Messages messages(harness);
  harness.caps("video/x-raw(memory:DMABuf),format=NV12,width=640,height=480,framerate=30/1");
  EXPECT_EQ(harness.push(gst_buffer_new_allocate(nullptr, 640 * 480 * 3 / 2, nullptr)), GST_FLOW_NOT_NEGOTIATED);
  EXPECT_NE(messages.text(GST_MESSAGE_WARNING).find("memory:DMABuf"), std::string::npos);
}

TEST(VireoInfer, PassesFramesOfAnyFormatUntouched) {
  for (const char* format : {"NV12", "I420", "BGR", "RGB", "BGRx", "RGBx", "BGRA", "RGBA", "GRAY8", "YUY2", "UYVY",
                             "P010_10LE", "I420_10LE"}) {
    Harness harness("vireoscene num-buffers=2 first-frame=10 ! videoconvert ! " + caps_text(format, 640, 480) + " ! " +
                    infer());
    gst_harness_play(harness.get());
    const OwnedBuffer out = harness.pull();
    const sdk::FrameResult& result = result_of(out);
    EXPECT_EQ(result.width, 640) << format;
    if (std::string(format) != "GRAY8") {
      EXPECT_GE(result.detections.size(), 5u) << format;
    }
  }
}

TEST(VireoInfer, SeesTheSameStreetInEveryColourFormat) {
  std::vector<sdk::FrameResult> results;
  for (const char* format : {"BGR", "NV12", "I420", "RGB", "BGRx", "RGBA", "YUY2", "UYVY", "P010_10LE", "I420_10LE"}) {
    Harness harness("vireoscene num-buffers=1 first-frame=10 ! videoconvert ! " + caps_text(format, 640, 480) + " ! " +
                    infer());
    gst_harness_play(harness.get());
    results.push_back(result_of(harness.pull()));
  }
  for (const auto& result : results) {
    for (const sdk::Detection& wanted : results[0].detections) {
      if (wanted.score < 0.8f) continue;  // chroma at half resolution moves scores and boxes a little
      double nearest = 1e9;
      for (const sdk::Detection& found : result.detections) {
        if (found.class_id != wanted.class_id) continue;
        nearest = std::min(nearest, std::hypot(double(found.x - wanted.x), double(found.y - wanted.y)));
      }
      EXPECT_LT(nearest, 3.0);
    }
  }
}

TEST(VireoInfer, SharesOneEngineAndGivesEachStreamItsOwnResults) {
  Harness a(infer()), b(infer());
  a.caps(caps_text("BGR", 640, 480));
  b.caps(caps_text("BGR", 640, 480));
  std::vector<OwnedBuffer> from_a, from_b;
  for (int i = 0; i < 6; ++i) {
    a.push(street(i));
    b.push(street(100 + i));
  }
  for (int i = 0; i < 6; ++i) {
    from_a.push_back(a.pull());
    from_b.push_back(b.pull());
  }
  EXPECT_EQ(a.stat("engine-images"), 12u) << "one engine counts the images of both";
  Harness alone(infer("contexts=2"));  // another key, another engine
  alone.caps(caps_text("BGR", 640, 480));
  for (int i = 0; i < 6; ++i) {
    alone.push(street(i));
    expect_same(result_of(from_a[i]), result_of(alone.pull()));
    alone.push(street(100 + i));
    expect_same(result_of(from_b[i]), result_of(alone.pull()));
  }
}

TEST(VireoInfer, FollowsSettingsChangedWhilePlaying) {
  Harness harness(infer("score-threshold=0.05"));
  harness.caps(caps_text("BGR", 640, 480));
  harness.push(street(10));
  const std::size_t many = result_of(harness.pull()).detections.size();
  GstElement* element = harness.element("infer");
  g_object_set(element, "score-threshold", 0.9, nullptr);
  harness.push(street(10));
  const OwnedBuffer strict = harness.pull();
  EXPECT_LT(result_of(strict).detections.size(), many);
  for (const auto& detection : result_of(strict).detections) EXPECT_GE(detection.score, 0.9f);
  gst_object_unref(element);
}

TEST(VireoInfer, KeepsItsModelWhilePlayingAndSaysSo) {
  Harness harness(infer("batch-size=2"));
  Messages messages(harness);
  harness.caps(caps_text("BGR", 320, 240));
  harness.push(street(0, 320, 240));
  harness.pull();
  GstElement* element = harness.element("infer");
  g_object_set(element, "model", "/nowhere/else.onnx", nullptr);
  EXPECT_NE(messages.text(GST_MESSAGE_WARNING).find("'model'"), std::string::npos);
  g_object_set(element, "batch-size", 7, nullptr);
  EXPECT_NE(messages.text(GST_MESSAGE_WARNING).find("'batch-size'"), std::string::npos);
  gchar* model = nullptr;
  gint batch = 0;
  g_object_get(element, "model", &model, "batch-size", &batch, nullptr);
  EXPECT_EQ(model, demo_model());
  EXPECT_EQ(batch, 2);
  g_free(model);
  g_object_set(element, "score-threshold", 0.5, "interval", 2, nullptr);
  EXPECT_EQ(messages.text(GST_MESSAGE_WARNING, 0), "") << "these may change";
  gst_element_set_state(element, GST_STATE_NULL);
  g_object_set(element, "batch-size", 7, nullptr);
  g_object_get(element, "batch-size", &batch, nullptr);
  EXPECT_EQ(batch, 7);
  gst_object_unref(element);
}

TEST(VireoInfer, TellsStreamTimeCaptureTimeAndThePicturesName) {
  Harness harness(infer());
  harness.caps(caps_text("BGR", 320, 240));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  segment.start = 100 * GST_SECOND;  // a recorder's clock, not from zero
  segment.time = 0;
  ASSERT_TRUE(harness.event(gst_event_new_segment(&segment)));
  GstBuffer* buffer = street(0, 320, 240);
  GST_BUFFER_PTS(buffer) = 102 * GST_SECOND;
  GstCaps* unix_time = gst_caps_from_string("timestamp/x-unix");
  gst_buffer_add_reference_timestamp_meta(buffer, unix_time, 1700000000 * GST_SECOND, GST_CLOCK_TIME_NONE);
  gst_caps_unref(unix_time);
  gst::attach_picture_name(buffer, "/pictures/one.jpg");
  harness.push(buffer);
  const OwnedBuffer out = harness.pull();
  EXPECT_EQ(result_of(out).pts_ns, std::int64_t(2 * GST_SECOND));
  EXPECT_EQ(result_of(out).utc_ns, std::int64_t(1700000000 * GST_SECOND));
  EXPECT_EQ(result_of(out).uri, "/pictures/one.jpg");
}

TEST(VireoInfer, CarriesRawOutputsOnRequest) {
  Harness harness(infer("decoder=none raw-tensors=true"));
  harness.caps(caps_text("BGR", 640, 480));
  harness.push(street(1));
  const OwnedBuffer out = harness.pull();
  const gst::FrameNote* note = gst::find_note(out.get(), gst::NoteKind::result);
  ASSERT_NE(note, nullptr);
  ASSERT_FALSE(note->tensors.empty());
  EXPECT_TRUE(note->result.detections.empty());
  EXPECT_EQ(note->tensors[0].data.size(), byte_count(note->tensors[0].dtype, note->tensors[0].dims));
}

/// The error that a pipeline ends with.
struct Failure {
  GQuark domain = 0;
  int code = 0;
  std::string message;
};
Failure failure_of(const std::string& launch) {
  load_plugin();
  GstElement* pipeline = gst_parse_launch(launch.c_str(), nullptr);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  GstBus* bus = gst_element_get_bus(pipeline);
  GstMessage* message =
      gst_bus_timed_pop_filtered(bus, 30 * GST_SECOND, GstMessageType(GST_MESSAGE_ERROR | GST_MESSAGE_EOS));
  Failure failure;
  if (message && GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
    GError* error = nullptr;
    gst_message_parse_error(message, &error, nullptr);
    failure = {error->domain, error->code, error->message};
    g_clear_error(&error);
  }
  if (message) gst_message_unref(message);
  gst_object_unref(bus);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(pipeline);
  return failure;
}

TEST(VireoInfer, SaysWhatIsWrongWithItsModelOrSettings) {
  const std::string head = "vireoscene num-buffers=1 ! vireoinfer build-budget=0 plan-cache=off ", tail = " ! fakesink";
  Failure failure = failure_of(head + tail);
  EXPECT_EQ(failure.domain, GST_LIBRARY_ERROR);
  EXPECT_EQ(failure.code, GST_LIBRARY_ERROR_SETTINGS);
  failure = failure_of(head + "model=/nowhere/x.onnx" + tail);
  EXPECT_EQ(failure.domain, GST_RESOURCE_ERROR);
  EXPECT_EQ(failure.code, GST_RESOURCE_ERROR_NOT_FOUND);
  EXPECT_NE(failure.message.find("/nowhere/x.onnx"), std::string::npos);
  failure = failure_of(head + "model=" VIREO_SOURCE_DIR "/README.md" + tail);
  EXPECT_NE(failure.domain, 0u) << "a text file is no model";
  failure = failure_of(head + "decoder=nonsense model=" + demo_model() + tail);
  EXPECT_NE(failure.message.find("nonsense"), std::string::npos);
  failure = failure_of(head + "options=nonsense=1 model=" + demo_model() + tail);
  EXPECT_EQ(failure.domain, GST_LIBRARY_ERROR);
  EXPECT_NE(failure.message.find("nonsense"), std::string::npos);
}

TEST(VireoInfer, OffersNoPrecisionThatIsRefusedEverywhere) {
  load_plugin();
  GstElement* element = gst_element_factory_make("vireoinfer", nullptr);
  const GParamSpec* spec = g_object_class_find_property(G_OBJECT_GET_CLASS(element), "precision");
  const GEnumClass* values = G_PARAM_SPEC_ENUM(spec)->enum_class;
  for (guint i = 0; i < values->n_values; ++i) {
    const std::string name = values->values[i].value_nick;
    const Failure failure =
        failure_of("vireoscene num-buffers=1 ! vireoinfer build-budget=0 plan-cache=off precision=" + name +
                   " model=" + demo_model() + " ! fakesink");
    EXPECT_EQ(failure.message.find("not available"), std::string::npos) << failure.message;
    EXPECT_EQ(failure.message.empty(), name != "fp16") << failure.message;  // which the CPU has not
  }
  gst_object_unref(element);
}

TEST(VireoInfer, TellsWhatLoadingIsAtAndGivesItUpWhenTold) {
  load_plugin();
  GstElement* element = gst_parse_launch(infer().c_str(), nullptr);
  Messages messages(element);
  const auto next = [&] {
    GstMessage* message = messages.next(GST_MESSAGE_PROGRESS, 0);
    GstProgressType type = GST_PROGRESS_TYPE_ERROR;
    gchar* text = nullptr;
    if (message) gst_message_parse_progress(message, &type, nullptr, &text);
    std::pair<GstProgressType, std::string> told{type, text ? text : "nothing"};
    g_free(text);
    if (message) gst_message_unref(message);
    return told;
  };
  g_signal_emit_by_name(element, "cancel-load");
  EXPECT_EQ(gst_element_set_state(element, GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
  EXPECT_EQ(next(), std::pair(GST_PROGRESS_TYPE_START, std::string("loading street on cpu")));
  EXPECT_EQ(next().first, GST_PROGRESS_TYPE_CANCELED);
  gst_element_set_state(element, GST_STATE_NULL);  // from here on it is wanted again
  EXPECT_EQ(gst_element_set_state(element, GST_STATE_PAUSED), GST_STATE_CHANGE_SUCCESS);
  auto told = next();
  EXPECT_EQ(told, std::pair(GST_PROGRESS_TYPE_START, std::string("loading street on cpu")));
  bool builds = false;
  while (told.first == GST_PROGRESS_TYPE_START || told.first == GST_PROGRESS_TYPE_CONTINUE) {
    builds |= told.second.starts_with("building engine for street on cpu: ");
    told = next();
  }
  EXPECT_TRUE(builds);
  EXPECT_EQ(told.first, GST_PROGRESS_TYPE_COMPLETE);
  EXPECT_EQ(messages.next(GST_MESSAGE_ERROR, 0), nullptr) << "who cancels knows";
  gst_element_set_state(element, GST_STATE_NULL);
  gst_object_unref(element);
}

TEST(VireoInfer, DocumentsEveryPropertyWithDefaultAndMutability) {
  load_plugin();
  GstElement* element = gst_element_factory_make("vireoinfer", nullptr);
  guint count = 0;
  GParamSpec** specs = g_object_class_list_properties(G_OBJECT_GET_CLASS(element), &count);
  for (guint i = 0; i < count; ++i) {
    if (std::string(g_type_name(specs[i]->owner_type)) != "VireoInfer") continue;
    const std::string blurb = g_param_spec_get_blurb(specs[i]);
    if (!(specs[i]->flags & G_PARAM_WRITABLE)) continue;
    EXPECT_TRUE(blurb.find("efault") != std::string::npos) << specs[i]->name;
    EXPECT_TRUE(blurb.find("Changeable") != std::string::npos) << specs[i]->name;
  }
  g_free(specs);
  gst_object_unref(element);
}

}  // namespace
}  // namespace vireo::gst_test

// vireoinfer when frames come faster than its network takes them: what each kind of service does, holds and tells.
// VIREO_OVERLOAD_SECONDS says how long the camera plays (default 3).

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "tests/gst/harness.h"
#include "tests/gst/worker.h"

namespace vireo::gst_test {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

double seconds_of_play() {
  const char* text = std::getenv("VIREO_OVERLOAD_SECONDS");
  return text ? std::atof(text) : 3;
}

std::uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t all = 0, resident = 0;
  file >> all >> resident;
  return resident * 4096;
}

/// The network whose time is the measure of everything here, and one that takes next to nothing.
const Worker& slow() {
  static const Worker worker("slow", 60);
  return worker;
}
const Worker& quick() {
  static const Worker worker("quick", 1);
  return worker;
}

std::string slow_infer(const std::string& more) {
  return "vireoinfer name=infer threads=1 drop-policy=newest decoder=none raw-tensors=true model=" + slow().path() +
         " " + more;
}

GstBuffer* small_picture(int index) {
  GstBuffer* buffer = gst_buffer_new_allocate(nullptr, 64 * 64 * 3, nullptr);
  gst_buffer_memset(buffer, 0, std::uint8_t(index), 64 * 64 * 3);
  GST_BUFFER_PTS(buffer) = guint64(index) * GST_SECOND / 1000;
  GST_BUFFER_DURATION(buffer) = GST_SECOND / 1000;
  return buffer;
}

/// What a message about service says.
struct Told {
  bool overloaded = false;
  std::string network;
  int interval = 0;
};
Told service_of(GstMessage* message) {
  const GstStructure* said = gst_message_get_structure(message);
  EXPECT_TRUE(gst_structure_has_name(said, "vireoinfer-service"));
  gboolean overloaded = FALSE;
  Told told;
  gst_structure_get(said, "overloaded", G_TYPE_BOOLEAN, &overloaded, "interval", G_TYPE_INT, &told.interval, nullptr);
  told.overloaded = overloaded;
  told.network = gst_structure_get_string(said, "network");
  return told;
}

/// A stream through the slow network, fed by a camera that comes at a multiple of what the network takes.
class Camera {
 public:
  explicit Camera(const std::string& more) : harness(slow_infer(more)), messages(harness) {
    harness.caps(caps_text("BGR", 64, 64));
    // Alone: seconds of a frame.
    std::vector<double> alone;
    for (int i = 0; i < 9; ++i) {
      const auto start = Clock::now();
      push();
      pull(true);
      alone.push_back(Seconds(Clock::now() - start).count());
    }
    std::nth_element(alone.begin(), alone.begin() + 4, alone.end());
    work = alone[4];
  }

  void push() {
    ASSERT_EQ(harness.push(small_picture(index++)), GST_FLOW_OK);
    most_held = std::max(most_held, harness.stat("held"));
  }
  /// What has come out so far.
  void pull(bool wait = false) {
    GstBuffer* buffer = wait ? gst_harness_pull(harness.get()) : gst_harness_try_pull(harness.get());
    for (; buffer; buffer = gst_harness_try_pull(harness.get())) {
      const OwnedBuffer owned(buffer);
      ++out;
      const gst::FrameNote* note = gst::find_note(buffer, gst::NoteKind::result);
      if (!note) continue;
      oldest = std::max(oldest, note->age);
      if (note->age > 0) ++held_results;
      else if (!note->tensors.empty()) ++(note->tensors[0].name == "quick" ? quick_frames : slow_frames);
    }
  }
  /// What the element has said so far.
  void hear() {
    while (GstMessage* message = messages.next(GstMessageType(GST_MESSAGE_QOS | GST_MESSAGE_ELEMENT), 0)) {
      if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_QOS) ++drops_told;
      else services.push_back(service_of(message));
      gst_message_unref(message);
    }
  }
  /// Frames for so long, `load` times as many as the network takes; at least as long as it takes for some dozens.
  void play(double seconds, double load) {
    const auto start = Clock::now();
    const double between = work / load;
    seconds = std::max(seconds, 40 * work);
    for (int i = 1; Seconds(Clock::now() - start).count() < seconds; ++i) {
      push();
      pull();
      hear();  // else messages of a minute pile up
      std::this_thread::sleep_until(start + std::chrono::duration_cast<Clock::duration>(Seconds(between * i)));
    }
  }
  void finish() {
    ASSERT_TRUE(harness.event(gst_event_new_eos()));
    while (GstEvent* event = gst_harness_pull_event(harness.get())) {
      const bool end = GST_EVENT_TYPE(event) == GST_EVENT_EOS;
      gst_event_unref(event);
      if (end) break;
    }
    pull();
    EXPECT_EQ(std::uint64_t(index), out + harness.stat("dropped")) << "in = out + drops";
    EXPECT_EQ(harness.stat("late"), 0u);
    EXPECT_LE(harness.stat("most-held"), 3u);
    hear();
    EXPECT_EQ(drops_told, harness.stat("dropped")) << "each drop is told";
  }
  [[nodiscard]] double figure(const char* name) const {
    GstElement* element = harness.element("infer");
    GstStructure* stats = nullptr;
    g_object_get(element, "stats", &stats, nullptr);
    double value = -1;
    gst_structure_get_double(stats, name, &value);
    gst_structure_free(stats);
    gst_object_unref(element);
    return value;
  }

  Harness harness;
  Messages messages;
  double work = 0;  ///< seconds of a frame
  int index = 0, oldest = 0;
  std::vector<Told> services;
  std::uint64_t drops_told = 0;
  std::uint64_t out = 0, held_results = 0, slow_frames = 0, quick_frames = 0, most_held = 0;
};

TEST(VireoInferOverload, StaysAtThePresentWhateverComes) {
  Camera camera("overload=skip");
  camera.play(1, 4);
  const std::uint64_t before = resident_bytes();
  camera.play(seconds_of_play(), 4);
  EXPECT_LE(resident_bytes(), before + (4u << 20)) << "memory is flat";
  EXPECT_GT(camera.figure("load"), 1.1);
  camera.finish();
  EXPECT_GT(camera.harness.stat("dropped"), camera.out) << "most frames found no place";
  EXPECT_EQ(camera.held_results, 0u);
  // By the network's own time in this run, for the machine may be slower than it was at first.
  const double inference = 1e3 * camera.figure("engine-busy-s") / double(camera.harness.stat("engine-images"));
  EXPECT_LE(camera.figure("latency-p50-ms"), 3 * 1e3 * camera.work / 4 + 1.5 * inference);
}

TEST(VireoInferOverload, InfersEveryNthFrameAndMarksWhatIsHeldBetween) {
  Camera camera("overload=interval");
  camera.play(1, 4);
  const std::uint64_t inferred = camera.slow_frames, all = camera.index;
  camera.play(seconds_of_play(), 4);
  const double taken = double(camera.slow_frames - inferred) / double(camera.index - all);
  EXPECT_GE(camera.harness.stat("interval"), 3u);
  EXPECT_LT(taken, 0.4) << "about every fourth is inferred";
  EXPECT_GT(camera.held_results, camera.slow_frames) << "and those between come out, too";
  EXPECT_GE(camera.oldest, 2);
  camera.finish();
  ASSERT_FALSE(camera.services.empty());
  EXPECT_TRUE(camera.services[0].overloaded);
  EXPECT_GT(camera.services[0].interval, 1);
  EXPECT_EQ(camera.services[0].network, "usual");
}

TEST(VireoInferOverload, GoesToTheSmallerModelAndBack) {
  Camera camera("overload=smaller-model smaller-model=" + quick().path());
  camera.play(2, 4);
  camera.hear();
  ASSERT_EQ(camera.services.size(), 1u);
  EXPECT_TRUE(camera.services[0].overloaded);
  EXPECT_EQ(camera.services[0].network, "smaller");
  EXPECT_GT(camera.quick_frames, camera.slow_frames);
  const auto patience = Clock::now() + std::chrono::seconds(180);
  while (camera.services.size() == 1 && Clock::now() < patience) {
    camera.play(0.5, 0.1);  // now the usual one keeps up, however busy the machine is
    camera.hear();
  }
  ASSERT_EQ(camera.services.size(), 2u);
  EXPECT_EQ(camera.services[1].network, "usual");
  EXPECT_FALSE(camera.services[1].overloaded);
  const std::uint64_t quick_before = camera.quick_frames;
  camera.play(0.3, 0.1);
  EXPECT_LE(camera.quick_frames, quick_before + 1) << "the last one before";
  EXPECT_EQ(camera.harness.stat("service-changes"), 2u);
  camera.finish();
  EXPECT_EQ(camera.harness.stat("smaller"), camera.quick_frames);
}

TEST(VireoInferOverload, ShowsWhatItInfersOnASinkThatKeepsTime) {
  // Frames that are shown late are not shown, and the element hears of it: it has to tell the latency that it has.
  load_plugin();
  double work = 0;
  {
    Camera camera("overload=skip");
    work = camera.work;
  }
  const int rate = std::max(30, int(2 / work));
  const std::string launch =
      "videotestsrc is-live=true num-buffers=" + std::to_string(4 * rate) +
      " pattern=black ! video/x-raw,format=BGR,width=64,height=64,framerate=" + std::to_string(rate) + "/1 ! " +
      slow_infer("drop-policy=auto") + " ! fakesink name=sink sync=true qos=true max-lateness=20000000";
  GstElement* pipeline = gst_parse_launch(launch.c_str(), nullptr);
  ASSERT_NE(pipeline, nullptr);
  GstElement *element = gst_bin_get_by_name(GST_BIN(pipeline), "infer"),
             *sink = gst_bin_get_by_name(GST_BIN(pipeline), "sink");
  GstBus* bus = gst_element_get_bus(pipeline);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  for (bool playing = true; playing;) {
    GstMessage* message = gst_bus_timed_pop_filtered(
        bus, 60 * GST_SECOND, GstMessageType(GST_MESSAGE_EOS | GST_MESSAGE_ERROR | GST_MESSAGE_LATENCY));
    ASSERT_NE(message, nullptr);
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_LATENCY) gst_bin_recalculate_latency(GST_BIN(pipeline));
    else playing = false;
    gst_message_unref(message);
  }
  GstStructure *figures = nullptr, *shown = nullptr;
  g_object_get(element, "stats", &figures, nullptr);
  g_object_get(sink, "stats", &shown, nullptr);
  guint64 frames = 0, inferred = 0, dropped = 0, late = 0, images = 0, rendered = 0;
  gst_structure_get(figures, "frames", G_TYPE_UINT64, &frames, "inferred", G_TYPE_UINT64, &inferred, "dropped",
                    G_TYPE_UINT64, &dropped, "late", G_TYPE_UINT64, &late, "engine-images", G_TYPE_UINT64, &images,
                    nullptr);
  gst_structure_get_uint64(shown, "rendered", &rendered);
  EXPECT_EQ(frames, inferred + dropped + late);
  EXPECT_GE(double(rendered), 0.8 * double(inferred)) << "of " << frames << ", " << late << " late";
  EXPECT_GE(double(inferred), 0.8 * double(images))
      << "what is inferred is put out; " << rendered << " shown, " << dropped << " dropped, " << late << " late";
  gst_structure_free(figures);
  gst_structure_free(shown);
  gst_object_unref(bus);
  gst_object_unref(element);
  gst_object_unref(sink);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(pipeline);
}

TEST(VireoInferOverload, RefusesASmallerModelThatIsNotThere) {
  load_plugin();
  for (const auto& [settings, wanted] :
       {std::pair("overload=smaller-model", "smaller-model="), std::pair("smaller-model=/nowhere.onnx", "/nowhere")}) {
    GstElement* element = gst_parse_launch(slow_infer(settings).c_str(), nullptr);
    Messages messages(element);
    EXPECT_EQ(gst_element_set_state(element, GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
    EXPECT_NE(messages.text(GST_MESSAGE_ERROR, 0).find(wanted), std::string::npos);
    gst_element_set_state(element, GST_STATE_NULL);
    gst_element_set_bus(element, nullptr);
    gst_object_unref(element);
  }
  Harness harness(infer("drop-policy=newest"));
  Messages messages(harness);
  GstElement* element = harness.element("infer");
  gst_util_set_object_arg(G_OBJECT(element), "overload", "smaller-model");
  EXPECT_NE(messages.text(GST_MESSAGE_WARNING, 0).find("no smaller model"), std::string::npos);
  gst_util_set_object_arg(G_OBJECT(element), "overload", "interval");
  EXPECT_EQ(messages.text(GST_MESSAGE_WARNING, 0), "");
  gst_object_unref(element);
}

}  // namespace
}  // namespace vireo::gst_test

// vireoinfer on live sources and under load: how many frames it holds, what it says of those it drops, latency,
// refusals of downstream. A harness calls itself live.

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "tests/gst/harness.h"

namespace vireo::gst_test {
namespace {

/// Counts the buffers made by it that are still there.
class Counted {
 public:
  GstBuffer* street(int index) {
    GstBuffer* buffer = gst_test::street(index, 320, 240);
    gst_memory_ref(gst_buffer_peek_memory(buffer, 0));  // writable copies share the memory; its end is the frame's end
    GstMemory* memory = gst_buffer_peek_memory(buffer, 0);
    ++alive_;
    gst_mini_object_weak_ref(
        GST_MINI_OBJECT(memory), [](gpointer counter, GstMiniObject*) { --*static_cast<std::atomic<int>*>(counter); },
        &alive_);
    gst_memory_unref(memory);
    return buffer;
  }
  [[nodiscard]] int alive() const { return alive_; }

 private:
  std::atomic<int> alive_{0};
};

/// Holds what is pushed downstream until it is opened.
class Gate {
 public:
  explicit Gate(GstPad* pad) : pad_(GST_PAD(gst_object_ref(pad))) {
    id_ = gst_pad_add_probe(
        pad_, GST_PAD_PROBE_TYPE_BUFFER,
        [](GstPad*, GstPadProbeInfo*, gpointer data) {
          static_cast<Gate*>(data)->wait();
          return GST_PAD_PROBE_OK;
        },
        this, nullptr);
  }
  ~Gate() {
    open();
    gst_pad_remove_probe(pad_, id_);
    gst_object_unref(pad_);
  }
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  void open() {
    std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  /// Until a frame stands before it.
  void wait_for_frame() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_; });
  }

 private:
  void wait() {
    std::unique_lock lock(mutex_);
    waiting_ = true;
    changed_.notify_all();
    changed_.wait(lock, [&] { return open_; });
  }
  GstPad* pad_;
  gulong id_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false, waiting_ = false;
};

TEST(VireoInferLive, HoldsThreeFramesWhateverTheLoadAndCountsEveryDrop) {
  Counted counted;
  Harness harness(infer("drop-policy=newest"));
  Messages messages(harness);
  harness.caps(caps_text("BGR", 320, 240));
  constexpr int kFrames = 60;
  std::vector<OwnedBuffer> out;
  {
    Gate gate(harness.get()->sinkpad);
    for (int i = 0; i < kFrames; ++i) {
      ASSERT_EQ(harness.push(counted.street(i)), GST_FLOW_OK);
      ASSERT_LE(counted.alive(), 3) << "after frame " << i;
    }
    gate.wait_for_frame();
  }
  ASSERT_TRUE(harness.event(gst_event_new_eos()));
  for (;;) {  // until EOS is out, and so are all frames before it
    GstEvent* event = gst_harness_pull_event(harness.get());
    ASSERT_NE(event, nullptr);
    const bool end = GST_EVENT_TYPE(event) == GST_EVENT_EOS;
    gst_event_unref(event);
    if (end) break;
  }
  while (GstBuffer* buffer = gst_harness_try_pull(harness.get())) out.emplace_back(buffer);
  EXPECT_LE(harness.stat("most-held"), 3u);
  const std::uint64_t dropped = harness.stat("dropped");
  EXPECT_EQ(out.size() + dropped, std::size_t(kFrames)) << "in = out + drops";
  ASSERT_FALSE(out.empty());
  EXPECT_EQ(result_of(out.back()).frame_index, std::uint64_t(kFrames - 1)) << "the newest wins";

  std::uint64_t next = 0, reported = 0;
  for (const OwnedBuffer& buffer : out) {
    const std::uint64_t index = result_of(buffer).frame_index;
    EXPECT_EQ(GST_BUFFER_FLAG_IS_SET(buffer.get(), GST_BUFFER_FLAG_DISCONT), index != next) << index;
    next = index + 1;
  }
  while (GstMessage* message = messages.next(GST_MESSAGE_QOS, 0)) {
    gboolean live = FALSE;
    guint64 running = 0, stream = 0, timestamp = 0, duration = 0, processed = 0, lost = 0;
    GstFormat format = GST_FORMAT_UNDEFINED;
    gst_message_parse_qos(message, &live, &running, &stream, &timestamp, &duration);
    gst_message_parse_qos_stats(message, &format, &processed, &lost);
    ++reported;
    EXPECT_EQ(format, GST_FORMAT_BUFFERS);
    EXPECT_EQ(lost, reported) << "each drop is told once, in order";
    EXPECT_EQ(running, timestamp) << "the segment begins at zero";
    EXPECT_EQ(stream, timestamp);
    EXPECT_EQ(duration, GST_SECOND / 30);
    EXPECT_LT(timestamp, kFrames * GST_SECOND / 30);
    gst_message_unref(message);
  }
  EXPECT_EQ(reported, dropped);
  out.clear();
  EXPECT_EQ(counted.alive(), 0);
}

TEST(VireoInferLive, AsksAgainUntilUpstreamKnowsWhetherItIsLive) {
  Harness harness(infer("drop-policy=auto"));
  harness.caps(caps_text("BGR", 320, 240));
  const gulong mute = gst_pad_add_probe(
      harness.get()->srcpad, GST_PAD_PROBE_TYPE_QUERY_UPSTREAM,
      [](GstPad*, GstPadProbeInfo* info, gpointer) {
        const bool latency = GST_QUERY_TYPE(GST_PAD_PROBE_INFO_QUERY(info)) == GST_QUERY_LATENCY;
        return latency ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
      },
      nullptr, nullptr);
  const auto live = [&] {
    GstElement* element = harness.element("infer");
    GstStructure* stats = nullptr;
    g_object_get(element, "stats", &stats, nullptr);
    gboolean value = FALSE;
    gst_structure_get_boolean(stats, "live", &value);
    gst_structure_free(stats);
    gst_object_unref(element);
    return value != FALSE;
  };
  harness.push(street(0, 320, 240));
  harness.pull();
  EXPECT_FALSE(live()) << "not known, so every frame is kept";
  gst_pad_remove_probe(harness.get()->srcpad, mute);
  harness.push(street(1, 320, 240));
  harness.pull();
  EXPECT_TRUE(live());
}

TEST(VireoInferLive, SaysHowMuchLatencyThereIsAtLeastAndAtMost) {
  Harness harness(infer("drop-policy=auto"));
  gst_harness_set_upstream_latency(harness.get(), 10 * GST_MSECOND);
  harness.caps(caps_text("BGR", 320, 240));
  harness.push(street(0, 320, 240));
  harness.pull();
  GstQuery* query = gst_query_new_latency();
  ASSERT_TRUE(gst_pad_peer_query(harness.get()->sinkpad, query));
  gboolean live = FALSE;
  GstClockTime least = 0, most = 0;
  gst_query_parse_latency(query, &live, &least, &most);
  gst_query_unref(query);
  EXPECT_TRUE(live);
  EXPECT_GT(least, 10 * GST_MSECOND);
  ASSERT_TRUE(GST_CLOCK_TIME_IS_VALID(most));
  EXPECT_GE(most, least + 99 * GST_MSECOND) << "three frames may be held back";
  EXPECT_LT(most, 20 * GST_SECOND);
}

TEST(VireoInferLive, AsksUpstreamForAsManyFramesAsItsBatchesNeed) {
  for (const auto& [settings, least_wanted] : {std::pair("", 7u), std::pair("batch-size=4", 12u)}) {
    Harness harness(infer(settings));
    harness.caps(caps_text("BGR", 320, 240));
    GstCaps* caps = gst_caps_from_string(caps_text("BGR", 320, 240).c_str());
    GstQuery* query = gst_query_new_allocation(caps, TRUE);
    ASSERT_TRUE(gst_pad_peer_query(harness.get()->srcpad, query));
    guint least = 0;
    gst_query_parse_nth_allocation_pool(query, 0, nullptr, nullptr, &least, nullptr);
    EXPECT_GE(least, least_wanted) << settings;
    gst_query_unref(query);
    gst_caps_unref(caps);
  }
}

/// Downstream refuses every frame, without a message.
gulong refuse_frames(GstPad* pad) {
  return gst_pad_add_probe(
      pad, GST_PAD_PROBE_TYPE_BUFFER,
      [](GstPad*, GstPadProbeInfo* info, gpointer) {
        gst_buffer_unref(GST_PAD_PROBE_INFO_BUFFER(info));
        GST_PAD_PROBE_INFO_DATA(info) = nullptr;
        GST_PAD_PROBE_INFO_FLOW_RETURN(info) = GST_FLOW_NOT_NEGOTIATED;
        return GST_PAD_PROBE_HANDLED;
      },
      nullptr, nullptr);
}

TEST(VireoInferLive, EndsWithAnErrorWhenDownstreamRefusesTheLastFrames) {
  Harness harness(infer());
  Messages messages(harness);
  harness.caps(caps_text("BGR", 320, 240));
  refuse_frames(harness.get()->sinkpad);
  harness.push(street(0, 320, 240));
  ASSERT_TRUE(harness.event(gst_event_new_eos()));
  EXPECT_NE(messages.text(GST_MESSAGE_ERROR), "") << "nobody pushes after EOS, so nobody else could tell";
  for (GstEvent* event = nullptr; (event = gst_harness_pull_event(harness.get())) != nullptr;) {
    const bool end = GST_EVENT_TYPE(event) == GST_EVENT_EOS;
    gst_event_unref(event);
    if (end) return;
  }
  FAIL() << "EOS did not come out";
}

TEST(VireoInferLive, LeavesARefusalToWhoeverPushes) {
  Harness harness(infer());
  Messages messages(harness);
  harness.caps(caps_text("BGR", 320, 240));
  refuse_frames(harness.get()->sinkpad);
  GstFlowReturn result = GST_FLOW_OK;
  for (int i = 0; i < 1000 && result == GST_FLOW_OK; ++i) result = harness.push(street(i, 320, 240));
  EXPECT_EQ(result, GST_FLOW_NOT_NEGOTIATED);
  harness.event(gst_event_new_eos());
  while (GstEvent* event = gst_harness_pull_event(harness.get())) {
    const bool end = GST_EVENT_TYPE(event) == GST_EVENT_EOS;
    gst_event_unref(event);
    if (end) break;
  }
  EXPECT_EQ(messages.text(GST_MESSAGE_ERROR, 0), "");
}

TEST(VireoInferLive, FlushesWhileDownstreamBlocks) {
  Harness harness(infer());
  harness.caps(caps_text("BGR", 320, 240));
  // A blocking probe lets go when the pad is flushed.
  const gulong block = gst_pad_add_probe(
      harness.get()->sinkpad, GstPadProbeType(GST_PAD_PROBE_TYPE_BLOCK | GST_PAD_PROBE_TYPE_BUFFER),
      [](GstPad*, GstPadProbeInfo*, gpointer) { return GST_PAD_PROBE_OK; }, nullptr, nullptr);
  for (int i = 0; i < 3; ++i) ASSERT_EQ(harness.push(street(i, 320, 240)), GST_FLOW_OK);
  std::atomic<bool> refused{false};
  std::thread feeder([&] {
    int i = 3;
    while (harness.push(street(i, 320, 240)) == GST_FLOW_OK) ++i;
    refused = true;
  });
  ASSERT_TRUE(harness.event(gst_event_new_flush_start()));
  feeder.join();
  EXPECT_TRUE(refused);
  gst_pad_remove_probe(harness.get()->sinkpad, block);
  ASSERT_TRUE(harness.event(gst_event_new_flush_stop(TRUE)));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  ASSERT_TRUE(harness.event(gst_event_new_segment(&segment)));
  while (GstBuffer* stale = gst_harness_try_pull(harness.get())) gst_buffer_unref(stale);
  ASSERT_EQ(harness.push(street(500, 320, 240)), GST_FLOW_OK);
  EXPECT_EQ(GST_BUFFER_PTS(harness.pull().get()), 500 * GST_SECOND / 30);
}

TEST(VireoInferLive, KeepsEveryFrameOfAFileHoweverLateTheSinkFindsThem) {
  load_plugin();
  GstElement* pipeline =
      gst_parse_launch(("vireoscene num-buffers=40 ! video/x-raw,format=BGR,width=320,height=240,framerate=1000/1 ! " +
                        infer("drop-policy=auto") + " ! fakesink sync=true qos=true max-lateness=0")
                           .c_str(),
                       nullptr);
  ASSERT_NE(pipeline, nullptr);
  GstBus* bus = gst_element_get_bus(pipeline);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  GstMessage* message =
      gst_bus_timed_pop_filtered(bus, 60 * GST_SECOND, GstMessageType(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
  ASSERT_NE(message, nullptr);
  EXPECT_EQ(GST_MESSAGE_TYPE(message), GST_MESSAGE_EOS);
  gst_message_unref(message);
  GstElement* element = gst_bin_get_by_name(GST_BIN(pipeline), "infer");
  GstStructure* stats = nullptr;
  g_object_get(element, "stats", &stats, nullptr);
  guint64 inferred = 0, late = 1;
  gst_structure_get_uint64(stats, "inferred", &inferred);
  gst_structure_get_uint64(stats, "late", &late);
  EXPECT_EQ(inferred, 40u);
  EXPECT_EQ(late, 0u);
  gst_structure_free(stats);
  gst_object_unref(element);
  gst_object_unref(bus);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(pipeline);
}

TEST(VireoInferLive, GoesWhileItsNeighboursPlay) {
  load_plugin();
  GstElement* pipeline = gst_parse_launch(
      ("vireoscene is-live=true ! " + caps_text("BGR", 320, 240) + " ! tee name=tee ! queue ! fakesink sync=false")
          .c_str(),
      nullptr);
  ASSERT_NE(pipeline, nullptr);
  GstElement* tee = gst_bin_get_by_name(GST_BIN(pipeline), "tee");
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  for (int round = 0; round < 10; ++round) {
    GstElement* branch = gst_parse_bin_from_description(
        ("queue max-size-buffers=2 leaky=downstream ! " + infer() + " ! fakesink name=out sync=false async=false")
            .c_str(),
        TRUE, nullptr);
    ASSERT_NE(branch, nullptr);
    gst_bin_add(GST_BIN(pipeline), branch);
    GstPad *src = gst_element_request_pad_simple(tee, "src_%u"), *sink = gst_element_get_static_pad(branch, "sink");
    gst_element_sync_state_with_parent(branch);
    ASSERT_EQ(gst_pad_link(src, sink), GST_PAD_LINK_OK);
    if (round % 2 == 0) {  // wait for a frame; the other rounds go at once
      GstElement* out = gst_bin_get_by_name(GST_BIN(branch), "out");
      GstSample* sample = nullptr;
      const gint64 end = g_get_monotonic_time() + 30 * G_TIME_SPAN_SECOND;
      while (!sample && g_get_monotonic_time() < end) {
        g_object_get(out, "last-sample", &sample, nullptr);
        if (!sample) std::this_thread::yield();
      }
      ASSERT_NE(sample, nullptr);
      gst_sample_unref(sample);
      gst_object_unref(out);
    }
    gst_pad_unlink(src, sink);
    gst_element_release_request_pad(tee, src);
    gst_object_unref(src);
    gst_object_unref(sink);
    gst_element_set_state(branch, GST_STATE_NULL);
    ASSERT_TRUE(gst_bin_remove(GST_BIN(pipeline), branch));
  }
  GstBus* bus = gst_element_get_bus(pipeline);
  EXPECT_EQ(gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR), nullptr);
  gst_object_unref(bus);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(tee);
  gst_object_unref(pipeline);
}

}  // namespace
}  // namespace vireo::gst_test

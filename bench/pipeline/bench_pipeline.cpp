// One measurement of the pipeline: frames a second of N streams beside each other, each a GStreamer pipeline of its
// own.
//   vireo_bench_pipeline --video FILE [--model PLAN] [--streams N] [--from memory|file] [--draw] [--seconds S]
//                        [--set NAME=VALUE]... [--threads N]
// --from memory: frames that were decoded before, so that nothing but inference and what belongs to it is measured;
// file: decoded as they go, again and again. Without a model: decoding alone. Prints one line of JSON: fps, seconds,
// frames by stream, resident megabytes at the end, processor seconds used, share of the time in which the engine ran.
// run.py calls it in turns with others.

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "app/deployment/decoder_threads.h"
#include "app/deployment/elements.h"
#include "app/deployment/gst_objects.h"

namespace {

using namespace vireo::deployment;
using Time = std::chrono::steady_clock;

struct Options {
  std::string model, video, from = "memory", set;
  int streams = 1, threads = 0;
  double seconds = 8;
  bool draw = false;
};

OwnedPipeline parse_pipeline(const std::string& text) {
  GError* error = nullptr;
  GstElement* made = gst_parse_launch(text.c_str(), &error);
  if (!made || error) throw std::runtime_error(error ? error->message : "no pipeline");
  return OwnedPipeline(made);
}

/// The video's first frames as its decoder puts them out.
struct Clip {
  std::vector<OwnedSample> samples;
  Clip(const std::string& uri, int most) {
    OwnedPipeline pipeline =
        parse_pipeline("uridecodebin uri=" + uri + " ! video/x-raw ! appsink name=out sync=false max-buffers=4");
    Owned<GstElement> out(gst_bin_get_by_name(GST_BIN(pipeline.get()), "out"));
    gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
    while (int(samples.size()) < most) {
      OwnedSample sample(gst_app_sink_pull_sample(GST_APP_SINK(out.get())));
      if (!sample) break;
      // A copy: the decoder's pool is not to be emptied.
      GstBuffer* copy = gst_buffer_copy_deep(gst_sample_get_buffer(sample.get()));
      samples.emplace_back(gst_sample_new(copy, gst_sample_get_caps(sample.get()), nullptr, nullptr));
      gst_buffer_unref(copy);
    }
    if (samples.empty()) throw std::runtime_error("no frame in " + uri);
  }
};

class OneStream {
 public:
  OneStream(const Options& options, const std::string& uri, Clip* clip) : clip_(clip) {
    std::string text = clip ? "appsrc name=in format=time block=true max-buffers=3 max-bytes=0"
                            : "uridecodebin name=decode uri=" + uri;
    if (!options.model.empty()) {
      text += " ! vireoinfer name=infer drop-policy=never model=" + options.model;
      if (options.threads > 0) text += " threads=" + std::to_string(options.threads);
      text += " " + options.set;
    }
    if (options.draw) text += " ! vireodraw";
    pipeline_ = parse_pipeline(text + " ! fakesink name=out sync=false enable-last-sample=false");
    Owned<GstElement> out(gst_bin_get_by_name(GST_BIN(pipeline_.get()), "out"));
    Owned<GstPad> pad(gst_element_get_static_pad(out.get(), "sink"));
    gst_pad_add_probe(
        pad.get(), GST_PAD_PROBE_TYPE_BUFFER,
        [](GstPad*, GstPadProbeInfo*, gpointer count) {
          ++*static_cast<std::atomic<std::uint64_t>*>(count);
          return GST_PAD_PROBE_OK;
        },
        &frames_, nullptr);
    share_decoder_threads(GST_BIN(pipeline_.get()));
    if (clip) in_.reset(gst_bin_get_by_name(GST_BIN(pipeline_.get()), "in"));
    else gst_pad_add_probe(pad.get(), GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, &OneStream::at_end, this, nullptr);
    if (!options.model.empty()) infer_.reset(gst_bin_get_by_name(GST_BIN(pipeline_.get()), "infer"));
    gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
    if (clip) feeder_ = std::thread([this] { feed(); });
    else feeder_ = std::thread([this] { repeat(); });
  }
  ~OneStream() {
    stop_ = true;
    gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
    feeder_.join();
  }
  [[nodiscard]] std::uint64_t frames() const { return frames_; }
  [[nodiscard]] double busy() const {
    if (!infer_) return 0;
    GstStructure* stats = nullptr;
    g_object_get(infer_.get(), "stats", &stats, nullptr);
    double seconds = 0;
    gst_structure_get_double(stats, "engine-busy-s", &seconds);
    gst_structure_free(stats);
    return seconds;
  }

 private:
  void feed() {
    for (std::uint64_t i = 0; !stop_; ++i) {
      GstSample* sample = clip_->samples[i % clip_->samples.size()].get();
      GstBuffer* buffer = gst_buffer_copy(gst_sample_get_buffer(sample));
      GST_BUFFER_PTS(buffer) = i * GST_SECOND / 30;
      OwnedSample own(gst_sample_new(buffer, gst_sample_get_caps(sample), nullptr, nullptr));
      gst_buffer_unref(buffer);
      if (gst_app_src_push_sample(GST_APP_SRC(in_.get()), own.get()) != GST_FLOW_OK) return;
    }
  }
  /// The end stays before the sink; the thread below plays the file again.
  static GstPadProbeReturn at_end(GstPad*, GstPadProbeInfo* info, gpointer self) {
    if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) != GST_EVENT_EOS) return GST_PAD_PROBE_OK;
    static_cast<OneStream*>(self)->again_ = true;
    return GST_PAD_PROBE_DROP;
  }
  void repeat() {
    while (!stop_) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      if (again_.exchange(false))
        gst_element_seek_simple(pipeline_.get(), GST_FORMAT_TIME,
                                GstSeekFlags(GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_KEY_UNIT), 0);
    }
  }

  Clip* clip_;
  OwnedPipeline pipeline_;
  Owned<GstElement> in_, infer_;
  std::atomic<std::uint64_t> frames_{0};
  std::atomic<bool> stop_{false}, again_{false};
  std::thread feeder_;
};

double processor_seconds() {
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  return double(use.ru_utime.tv_sec + use.ru_stime.tv_sec) + double(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

double resident_megabytes() {
  std::ifstream file("/proc/self/statm");
  double all = 0, resident = 0;
  file >> all >> resident;
  return resident * double(sysconf(_SC_PAGESIZE)) / 1e6;
}

void measure(const Options& options) {
  load_elements();
  const std::string uri = take(gst_filename_to_uri(options.video.c_str(), nullptr));
  std::unique_ptr<Clip> clip;
  if (options.from == "memory") clip = std::make_unique<Clip>(uri, 60);
  std::vector<std::unique_ptr<OneStream>> streams;
  for (int i = 0; i < options.streams; ++i) streams.push_back(std::make_unique<OneStream>(options, uri, clip.get()));
  const auto all = [&] {
    std::uint64_t frames = 0;
    for (const auto& stream : streams) frames += stream->frames();
    return frames;
  };
  const auto sleep = [](double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); };
  for (const auto& stream : streams)
    while (stream->frames() < 3) sleep(0.01);
  sleep(std::min(1.0, options.seconds / 4));
  const std::uint64_t first = all();
  const double busy = streams[0]->busy(), used = processor_seconds();
  const auto start = Time::now();
  sleep(options.seconds);
  const std::uint64_t frames = all() - first;
  const double seconds = std::chrono::duration<double>(Time::now() - start).count();
  std::printf(
      "{\"fps\": %.4f, \"seconds\": %.3f, \"frames\": %llu, \"rss_mb\": %.1f, \"cpu_ms_per_frame\": %.4f, "
      "\"engine_share\": %.4f}\n",
      double(frames) / seconds, seconds, static_cast<unsigned long long>(frames), resident_megabytes(),
      1e3 * (processor_seconds() - used) / double(frames), (streams[0]->busy() - busy) / seconds);
}

bool parse(int argc, char** argv, Options& o) {
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--draw") {
      o.draw = true;
      continue;
    }
    if (i + 1 == argc) return false;
    const char* value = argv[++i];
    if (name == "--model") o.model = value;
    else if (name == "--video") o.video = value;
    else if (name == "--from") o.from = value;
    else if (name == "--streams") o.streams = std::atoi(value);
    else if (name == "--threads") o.threads = std::atoi(value);
    else if (name == "--seconds") o.seconds = std::atof(value);
    else if (name == "--set") o.set += std::string(" ") + value;
    else return false;
  }
  return !o.video.empty() && (o.from == "memory" || o.from == "file");
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse(argc, argv, options)) {
    std::fprintf(stderr, "vireo_bench_pipeline --video FILE [--model PLAN] ...: see its source\n");
    return 2;
  }
  try {
    measure(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}

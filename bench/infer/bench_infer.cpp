// How long the host is busy with a batch of video, and how many frames a second come of it: frames into a model's
// lanes, inferences, what the decoder makes of them. One thread drives all lanes in turns.
//   vireo_bench_infer MODEL [--device D] [--precision P] [--batch N] [--lanes N] [--frame WxH] [--format F] [--batches
//   N]
//                     [--budget S] [--score S] [--host-input] [--whole-outputs]
// --host-input: the CPU preprocesses, as before there was a kernel for it; --whole-outputs: all of each output comes
// back. Of each step: median, 99th percentile and longest, in microseconds. Where none blocks, put and enqueue take the
// same whatever the device is busy with, and wait takes the rest.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "plugins/infer/session.h"

namespace {

using namespace vireo;
using Time = std::chrono::steady_clock;

struct Options {
  infer::ModelOptions model;
  sdk::PixelFormat format = sdk::PixelFormat::nv12;
  int width = 1920, height = 1080, batches = 400;
  std::string score = "0.25";
  bool host_input = false, whole_outputs = false;
};

class Steps {
 public:
  explicit Steps(const char* name) : name_(name) {}
  template <typename Work>
  auto time(Work&& work) {
    const auto begin = Time::now();
    struct Add {
      std::vector<double>& to;
      Time::time_point begin;
      ~Add() { to.push_back(std::chrono::duration<double, std::micro>(Time::now() - begin).count()); }
    } add{micros_, begin};
    return work();
  }
  void print() {
    if (micros_.empty()) return;
    std::ranges::sort(micros_);
    std::printf("%-9s median %9.1f  p99 %9.1f  max %9.1f us  (%zu)\n", name_, micros_[micros_.size() / 2],
                micros_[micros_.size() * 99 / 100], micros_.back(), micros_.size());
  }
  void clear() { micros_.clear(); }

 private:
  const char* name_;
  std::vector<double> micros_;
};

struct Frame {
  sdk::Image image;
  std::vector<std::uint8_t> bytes;
  Frame(const Options& options, unsigned seed) {
    image.format = options.format;
    image.width = options.width;
    image.height = options.height;
    const int row = image.width * sdk::bytes_per_pixel(image.format), half = (image.width + 1) / 2;
    const int lines = (image.height + 1) / 2;
    bytes.resize(std::size_t(row) * std::size_t(image.height) + 2 * std::size_t(half) * std::size_t(lines));
    std::mt19937 random(seed);
    for (auto& byte : bytes) byte = std::uint8_t(random());
    const std::uint8_t* chroma = bytes.data() + std::size_t(row) * std::size_t(image.height);
    image.planes[0] = {bytes.data(), row};
    image.planes[1] = {chroma, image.format == sdk::PixelFormat::nv12 ? 2 * half : half};
    image.planes[2] = {chroma + std::size_t(half) * std::size_t(lines), half};
  }
};

void check(const Status& status) {
  if (!status.ok()) throw Error(status.code(), status.message());
}

/// All lanes in turns: a lane is filled and enqueued while those before it run.
void measure(infer::Model& model, infer::Session& session, const Options& options) {
  infer::EngineBackend& backend = model.backend();
  const int batch = backend.max_batch(), lanes = backend.lanes();
  std::vector<Frame> frames;
  for (unsigned i = 0; i < 8; ++i) frames.emplace_back(options, i);
  preprocess::Preprocessor preprocessor(session.input());
  std::vector<sdk::Geometry> geometry(static_cast<std::size_t>(lanes * batch));
  Steps put("put"), enqueue("enqueue"), wait("wait"), decode("decode");
  std::size_t detections = 0;
  const auto outputs = options.whole_outputs ? infer::Session::Outputs::whole : infer::Session::Outputs::as_decoded;
  const auto begin_batch = [&](int lane) {
    for (int i = 0; i < batch; ++i) {
      const sdk::Image& image = frames[std::size_t(lane + i) % frames.size()].image;
      const infer::Slot slot{&backend, lane, i};
      geometry[std::size_t(lane * batch + i)] = put.time([&] {
        return options.host_input ? preprocessor.run(image, slot.memory()) : session.prepare(image, slot, 0, outputs);
      });
    }
    check(enqueue.time([&] { return backend.lane(lane).enqueue(batch); }));
  };
  const auto end_batch = [&](int lane) {
    check(wait.time([&] { return backend.lane(lane).wait(); }));
    for (int i = 0; i < batch; ++i)
      decode.time([&] {
        sdk::FrameResult result;
        session.decode(backend.outputs(lane, i, batch), geometry[std::size_t(lane * batch + i)], result, lane);
        detections += result.detections.size();
      });
  };
  // Each lane's first frames of this size take memory.
  for (int lane = 0; lane < lanes; ++lane) begin_batch(lane);
  for (int lane = 0; lane < lanes; ++lane) end_batch(lane);
  for (Steps* steps : {&put, &enqueue, &wait, &decode}) steps->clear();
  detections = 0;
  const auto begin = Time::now();
  for (int b = 0; b < options.batches + lanes; ++b) {
    if (b >= lanes) end_batch(b % lanes);
    if (b < options.batches) begin_batch(b % lanes);
  }
  const double seconds = std::chrono::duration<double>(Time::now() - begin).count();
  for (Steps* steps : {&put, &enqueue, &wait, &decode}) steps->print();
  const double images = double(batch) * options.batches;
  std::printf("%.0f frames/s, %.3f ms a batch of %d, %.1f detections a frame\n", images / seconds,
              1e3 * seconds / options.batches, batch, double(detections) / images);
}

/// The first batch of each size right after loading, beside the second.
void measure_first(infer::Model& model, infer::Session& session, const Options& options) {
  infer::EngineBackend& backend = model.backend();
  const Frame frame(options, 1);
  const int last = backend.lanes() - 1;
  (void)session.prepare(frame.image, {&backend, last, 0}, 0);
  for (int count = 1; count <= backend.max_batch(); count = count < backend.max_batch() / 2 ? 2 * count : count + 1) {
    double micros[2][2];
    for (auto& row : micros) {
      for (int i = 0; i < count; ++i) (void)session.prepare(frame.image, {&backend, last, i}, 0);
      const auto begin = Time::now();
      check(backend.lane(last).enqueue(count));
      const auto enqueued = Time::now();
      check(backend.lane(last).wait());
      row[0] = std::chrono::duration<double, std::micro>(enqueued - begin).count();
      row[1] = std::chrono::duration<double, std::micro>(Time::now() - begin).count();
    }
    if (count <= 2 || count == backend.max_batch())
      std::printf("batch %3d: first enqueue %7.1f us, run %8.1f us; second %7.1f, %8.1f\n", count, micros[0][0],
                  micros[0][1], micros[1][0], micros[1][1]);
  }
}

bool parse(int argc, char** argv, Options& o) {
  o.model.batch = 8;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--host-input") o.host_input = true;
    else if (name == "--whole-outputs") o.whole_outputs = true;
    else if (name.rfind("--", 0) != 0) o.model.path = name;
    else if (i + 1 == argc) return false;
    else {
      const char* value = argv[++i];
      if (name == "--device") o.model.device = value;
      else if (name == "--precision")
        o.model.precision = std::strcmp(value, "fp16") == 0 ? Precision::fp16 : Precision::fp32;
      else if (name == "--batch") o.model.batch = std::atoi(value);
      else if (name == "--lanes") o.model.contexts = std::atoi(value);
      else if (name == "--batches") o.batches = std::atoi(value);
      else if (name == "--budget") o.model.build_budget_s = std::atof(value);
      else if (name == "--score") o.score = value;
      else if (name == "--frame") std::sscanf(value, "%dx%d", &o.width, &o.height);
      else if (name == "--format") o.format = sdk::pixel_format_from(value).value_or(sdk::PixelFormat::nv12);
      else return false;
    }
  }
  return !o.model.path.empty();
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse(argc, argv, options)) {
    std::fprintf(stderr, "vireo_bench_infer MODEL [--device D] [--precision P] [--batch N] ...: see its source\n");
    return 2;
  }
  try {
    const auto model = infer::Model::open(options.model);
    infer::Session session(model, "auto", {{"score", options.score}});
    std::printf("%s\n%s, batch %d, %d lanes, %s %dx%d, loaded in %.2f s\n", session.summary().c_str(),
                options.model.device.c_str(), model->backend().max_batch(), model->backend().lanes(),
                std::string(sdk::to_string(options.format)).c_str(), options.width, options.height,
                model->load_seconds());
    measure_first(*model, session, options);
    measure(*model, session, options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}

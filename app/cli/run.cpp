#include <fmt/core.h>

#include "app/cli/command.h"
#include "app/cli/play.h"
#include "config/deployment.pb.h"
#include "config/loader.h"

namespace vireo::cli {
namespace {

struct RunFlags {
  std::string model, decoder, labels, precision, device, input_size, model_config, json;
  std::vector<std::string> sources, sinks, properties;
  double score = -1, iou = -1;
  int threads = 0, batch = 0;
  std::uint64_t max_frames = 0;
  bool no_draw = false;
};

/// `files` gets the files that are read for it.
deployment::PipelineConfig make_config(const RunFlags& f, Outputs& files) {
  deployment::PipelineConfig config;
  if (config::is_text_config(f.model)) {
    config::Deployment deployment;
    config::load(f.model, deployment);
    files.read("the deployment", f.model);
    const std::string& model = deployment.inference().model();
    if (config::is_text_config(model)) files.read("the model file", model);
    config = deployment::from_deployment(deployment);
  } else {
    config.infer["model"] = f.model;
  }
  if (!f.sources.empty()) {
    config.sources.clear();
    for (const std::string& uri : f.sources) {
      deployment::SourceConfig source;
      source.uri = uri;
      config.sources.push_back(std::move(source));
    }
  }
  if (config.sources.empty())
    throw Error(ErrorCode::invalid_argument,
                "there is no source; give --source FILE, /dev/video0, rtsp://… or vireoscene");
  if (!f.sinks.empty()) config.sinks = f.sinks;
  if (f.max_frames) config.max_frames = f.max_frames;
  const auto set = [&](const char* name, const std::string& value) {
    if (!value.empty()) config.infer[name] = value;
  };
  set("decoder", f.decoder);
  set("labels", f.labels);
  set("precision", f.precision);
  set("device", f.device);
  set("input-size", f.input_size);
  if (f.score >= 0) set("score-threshold", fmt::format("{}", f.score));
  if (f.iou >= 0) set("iou-threshold", fmt::format("{}", f.iou));
  if (f.threads > 0) set("threads", std::to_string(f.threads));
  if (f.batch > 0) set("batch-size", std::to_string(f.batch));
  for (const std::string& item : f.properties) {
    const std::size_t equals = item.find('=');
    if (equals == std::string::npos)
      throw Error(ErrorCode::invalid_argument, fmt::format("--set '{}' is not NAME=VALUE", item));
    config.infer[item.substr(0, equals)] = item.substr(equals + 1);
  }
  if (f.no_draw) config.draw = false;
  return config;
}

int run(const RunFlags& f) {
  Outputs files;
  const deployment::PipelineConfig config = make_config(f, files);
  files.write("--json", f.json);
  add_files(files, config);
  files.check();
  bool stdout_taken = f.json == "-";
  for (const std::string& sink : config.sinks) stdout_taken |= sink == "jsonl:-" || sink == "jsonl";
  const deployment::RunStats stats = play(config);
  report(stats, f.json, stdout_taken);
  for (const std::string& sentence : stats.cut_short) fmt::print(stderr, "vireo: {}\n", sentence);
  return stats.cut_short.empty() ? 0 : 1;
}

}  // namespace

void add_run(Program& program) {
  Command c = program.add("run", "run a model, or a deployment file, on live or recorded video");
  c.footer(
      "The exit code is 1 after an error, and when a video file ended before its time: its frames are processed,\n"
      "and the message (\"cut_short\" in --json) says which file and where it ends.");
  auto f = std::make_shared<RunFlags>();
  c.option("MODEL", f->model, "ONNX model, Vireo plan, or deployment (.pbtxt)").required();
  c.option("--source", f->sources,
           "file, directory or glob of pictures, /dev/videoN, rtsp://…, vireoscene (repeatable)");
  c.option("--sink", f->sinks, "display | FILE.mp4 | FILE.mkv | jsonl:FILE | jsonl:- | none (repeatable)");
  c.option("--device", f->device, "device of the engine, as `vireo devices` names it (default cpu)");
  c.option("--precision", f->precision,
           "precision of the engine (default fp32; bf16 on the cpu, fp16 on OpenCL devices)");
  c.option("--threads", f->threads, "workers of the engine; 0: all cores");
  c.option("--batch", f->batch, "most frames in one inference");
  c.option("--max-frames", f->max_frames, "stop behind so many frames of each source");
  c.option("--decoder", f->decoder, "decoder, where the automatic choice is wrong (`vireo list decoders`)");
  c.option("--labels", f->labels, "class names: a file, one a line");
  c.option("--input-size", f->input_size, "WxH of a model whose input is dynamic");
  c.option("--score", f->score, "least score of a detection, 0..1").between(0.0, 1.0);
  c.option("--iou", f->iou, "overlap above which the weaker of two boxes goes, 0..1").between(0.0, 1.0);
  c.option("--set", f->properties,
           "any property of vireoinfer, NAME=VALUE (repeatable; see gst-inspect-1.0 vireoinfer)");
  c.flag("--no-draw", f->no_draw, "leave the pictures as they are");
  c.option("--json", f->json, "write the final figures to this file; - for stdout");
  c.run([f] { return run(*f); });
}

}  // namespace vireo::cli

#include <fmt/core.h>

#include <filesystem>

#include "app/cli/command.h"
#include "app/cli/play.h"
#include "app/control/controller.h"
#include "app/control/server.h"
#include "app/deployment/elements.h"
#include "app/deployment/files.h"
#include "app/deployment/gst_objects.h"
#include "app/deployment/sinks.h"
#include "config/loader.h"

namespace vireo::cli {
namespace {

struct RunFlags {
  std::string model, decoder, labels, precision, device, input_size, model_config, json, control, token_file;
  std::vector<std::string> sources, sinks, properties;
  double score = -1, iou = -1;
  int threads = 0, batch = 0;
  std::uint64_t max_frames = 0;
  bool no_draw = false, check = false;
};

/// A typing mistake in an address is an error; a camera that was there once may come back at any time.
constexpr double kFirstFrame = 60;

/// Each source becomes a stream like the first one of the file, or like a plain one.
void set_sources(config::DeploymentConfig& config, const std::vector<std::string>& sources) {
  config::StreamConfig like = config.streams.empty() ? config.defaults : config.streams.front();
  if (like.stages.empty()) throw Error(ErrorCode::invalid_argument, "--source: the deployment names no model for it");
  like.source = {};
  like.source.first_frame_s = kFirstFrame;
  config.streams.clear();
  for (std::size_t i = 0; i < sources.size(); ++i) {
    config.streams.push_back(like);
    config::StreamConfig& stream = config.streams.back();
    stream.name = "source" + std::to_string(i);
    stream.source.uri = sources[i];
    for (config::SinkConfig& sink : stream.sinks) sink.shared = sources.size() > 1;
  }
}

config::Options infer_options(const RunFlags& f) {
  config::Options options;
  const auto set = [&](const char* name, const std::string& value, const char* flag) {
    if (!value.empty()) options[name] = {value, {flag}};
  };
  set("decoder", f.decoder, "--decoder");
  set("labels", f.labels, "--labels");
  set("precision", f.precision, "--precision");
  set("device", f.device, "--device");
  set("input-size", f.input_size, "--input-size");
  if (f.score >= 0) set("score-threshold", fmt::format("{}", f.score), "--score");
  if (f.iou >= 0) set("iou-threshold", fmt::format("{}", f.iou), "--iou");
  if (f.threads > 0) set("threads", std::to_string(f.threads), "--threads");
  if (f.batch > 0) set("batch-size", std::to_string(f.batch), "--batch");
  for (const std::string& item : f.properties) {
    const std::size_t equals = item.find('=');
    if (equals == std::string::npos)
      throw Error(ErrorCode::invalid_argument, fmt::format("--set '{}' is not NAME=VALUE", item));
    set(item.substr(0, equals).c_str(), item.substr(equals + 1), "--set");
    if (equals + 1 == item.size()) options[item.substr(0, equals)] = {"", {"--set"}};
  }
  return options;
}

/// What the command line says about every stream.
void set_flags(const RunFlags& f, const config::Options& options, bool shared, config::StreamConfig& stream) {
  for (const auto& [name, option] : options) stream.stages.front().properties[name] = option;
  if (f.max_frames) stream.max_frames = f.max_frames;
  if (f.no_draw) stream.draw = false;
  if (f.sinks.empty()) return;
  stream.sinks.clear();
  for (const std::string& to : f.sinks) {
    config::SinkConfig sink;
    sink.to = to;
    sink.shared = shared;
    stream.sinks.push_back(sink);
  }
}

config::DeploymentConfig make_config(const RunFlags& f) {
  config::DeploymentConfig config;
  if (config::is_text_config(f.model)) {
    deployment::load_elements();
    config = config::load_deployment(f.model, deployment::element_knobs(),
                                     f.control.empty() ? config::NoStreams::refused : config::NoStreams::accepted);
  } else {
    config.defaults.stages.resize(1);
    config.defaults.stages.front().properties["model"] = {f.model, {}};
  }
  if (!f.control.empty()) config.control = config::ControlConfig{f.control, {"--control"}, "", {}};
  if (!f.token_file.empty()) {
    if (!config.control) throw UsageError("--control-token-file needs --control");
    config.control->token_file = f.token_file;
    config.control->token_place = {"--control-token-file"};
  }
  if (!f.sources.empty()) set_sources(config, f.sources);
  if (config.streams.empty() && !config.control)
    throw Error(ErrorCode::invalid_argument,
                "there is no source; give --source FILE, /dev/video0, rtsp://… or vireoscene");
  const config::Options options = infer_options(f);
  for (config::StreamConfig& stream : config.streams) set_flags(f, options, config.streams.size() > 1, stream);
  if (!config.defaults.stages.empty()) set_flags(f, options, true, config.defaults);
  return config;
}

/// Checked before anything is opened: what is written is not what is read.
void check_files(const RunFlags& f, const config::DeploymentConfig& config) {
  Outputs files;
  files.write("--json", f.json);
  deployment::add_files(files, deployment::resolved(config));
  files.check();
}

int check(const RunFlags& f, const config::DeploymentConfig& config) {
  check_files(f, config);
  deployment::Deployment::check(config);
  deployment::Ledger ledger;
  for (const config::StreamConfig& stream : deployment::resolved(config).streams)
    const deployment::Stream made(stream, ledger, {});  // makes all elements, sets all properties, opens nothing
  control::check_models(config);
  if (config.control) control::Server::check(*config.control);
  fmt::print("{}: {} stream{}, nothing wrong\n", f.model, config.streams.size(), config.streams.size() == 1 ? "" : "s");
  return 0;
}

int run(const RunFlags& f) {
  const config::DeploymentConfig config = make_config(f);
  if (f.check) return check(f, config);
  check_files(f, config);
  bool stdout_taken = f.json == "-";
  for (const config::StreamConfig& stream : config.streams)
    for (const config::SinkConfig& sink : stream.sinks) stdout_taken |= deployment::sink_address(sink).file == "-";
  const Reload reload = config::is_text_config(f.model) ? Reload([&f] { return make_config(f); }) : Reload();
  if (config.control) {  // before anything plays
    control::Server::check(*config.control);
    config::DeploymentConfig later;
    later.streams = {config.defaults};
    control::check_models(later);
  }
  const std::filesystem::path folder = reload ? std::filesystem::absolute(f.model).parent_path() : ".";
  const deployment::RunStats stats = play(config, reload, {}, folder);
  report(stats, f.json, stdout_taken);
  return verdict(stats);
}

}  // namespace

void add_run(Program& program) {
  Command c = program.add("run", "run a model, or a deployment file, on live or recorded video");
  c.footer(
      "A live source (camera, rtsp://…) that fails, stalls or is not there yet is opened again and again; other "
      "streams\n"
      "go on. SIGHUP reads a deployment file again: streams that did not change go on untouched.\n"
      "With --control streams are listed, added, changed, removed and looked at over HTTP (app/control/README.md), "
      "and\n"
      "the run goes on until it is told to end; the file wins when it is read again.\n"
      "The exit code is 1 after an error, when a stream or a sink failed or was down at the end, and when a video "
      "file\n"
      "ended before its time: its frames are processed, and the message (\"cut_short\", \"failures\" in --json) says "
      "which.");
  auto f = std::make_shared<RunFlags>();
  c.option("MODEL", f->model, "ONNX model, Vireo plan, or deployment (.pbtxt)").required();
  c.option("--source", f->sources,
           "file, directory or glob of pictures or videos, /dev/videoN, rtsp://…, screen, vireoscene (repeatable)");
  c.option("--sink", f->sinks,
           "display | FILE.mp4 | FILE.mkv | FILE-%05d.mp4 | clip:FILE-%05d.mp4 | snapshot:FILE-%05d.jpg | "
           "rtsp://:PORT/NAME | jsonl:FILE | jsonl:FILE-%05d.jsonl | jsonl:- | none (repeatable)");
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
  c.option("--control", f->control, "serve HTTP at [HOST:]PORT; without a host, for this machine alone");
  c.option("--control-token-file", f->token_file, "who asks must know what is in this file (Authorization: Bearer)");
  c.flag("--check", f->check, "only say whether all of this is good: nothing is opened");
  c.flag("--no-draw", f->no_draw, "leave the pictures as they are");
  c.option("--json", f->json, "write the final figures to this file; - for stdout");
  c.run([f] { return run(*f); });
}

}  // namespace vireo::cli

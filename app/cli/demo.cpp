#include <fmt/core.h>

#include <mutex>

#include "app/cli/command.h"
#include "app/cli/embedded.h"
#include "app/cli/play.h"
#include "app/cli/score.h"
#include "app/deployment/files.h"
#include "app/deployment/sinks.h"

namespace vireo::cli {
namespace {

struct DemoFlags {
  bool headless = false;
  std::string out, json, device, precision;
  std::uint64_t max_frames = 0, seed = 1;
  int threads = 0;
};

// Enough to score by; 500 frames are 17 seconds of street.
constexpr std::uint64_t kScoredFrames = 500;

int demo(const DemoFlags& f) {
  const EmbeddedFile model = embedded_model();
  config::StreamConfig street;
  street.name = "street";
  config::Options& infer = street.stages.emplace_back().properties;
  const auto set = [](config::Options& options, const char* name, const std::string& value) {
    if (!value.empty()) options[name] = {value, {}};
  };
  set(infer, "model", model.path());
  set(infer, "plan-cache", "off");  // the model is a new file in memory each time
  // Scoring wants weak detections too; drawing shows only the sure ones.
  set(infer, "score-threshold", "0.05");
  set(street.draw_properties, "min-score", "0.4");
  if (f.threads > 0) set(infer, "threads", std::to_string(f.threads));
  set(infer, "device", f.device);
  set(infer, "precision", f.precision);
  street.source.uri = "vireoscene";
  set(street.source.properties, "seed", std::to_string(f.seed));
  const bool window = !f.headless && f.out.empty() && !deployment::find_display_sink().empty();
  if (!f.headless && f.out.empty() && !window)
    fmt::print(stderr, "no display is reachable: running without a window (--out FILE.mp4 writes a video)\n");
  if (window) street.sinks.emplace_back().to = "display";
  if (!f.out.empty()) street.sinks.emplace_back().to = f.out;
  street.source.live = window;
  street.max_frames = f.max_frames ? f.max_frames : window ? 3 * kScoredFrames : kScoredFrames;
  config::DeploymentConfig config;
  config.streams.push_back(std::move(street));
  Outputs files;
  files.write("--json", f.json);
  deployment::add_files(files, deployment::resolved(config));
  files.check();
  Score score(0.5f);
  std::mutex mutex;
  const deployment::RunStats stats = play(config, {}, [&](const deployment::FrameView& view) {
    if (view.age != 0 || !view.result || !view.truth) return;
    const std::lock_guard lock(mutex);
    score.add(*view.result, *view.truth);
  });
  for (const Score::ClassScore& c : score.by_class())
    fmt::print("  {:<12} AP@0.5 {:.3f}  ({} objects)\n", c.label, c.average_precision, c.objects);
  fmt::print("mAP@0.5 {:.3f} over {} frames of an unseen street\n", score.mean(), score.frames());
  report(stats, f.json, false);
  if (!f.out.empty()) fmt::print("video: {}\n", f.out);
  return verdict(stats);
}

}  // namespace

void add_demo(Program& program) {
  Command c = program.add("demo", "the embedded detector on a synthetic street, scored against its ground truth");
  auto f = std::make_shared<DemoFlags>();
  c.flag("--headless", f->headless, "no window (also without this flag where there is no display)");
  c.option("--out", f->out, "write the video with detections, FILE.mp4");
  c.option("--max-frames", f->max_frames, "frames to show (default 500, 1500 in a window)");
  c.option("--seed", f->seed, "which street; the detector was trained on seeds from 1000000 on").show_default();
  c.option("--device", f->device, "device of the engine, as `vireo devices` names it (default cpu)");
  c.option("--precision", f->precision, "precision of the engine (default fp32; fp16 on OpenCL devices)");
  c.option("--threads", f->threads, "workers of the engine; 0: all cores");
  c.option("--json", f->json, "write the final figures to this file; - for stdout");
  c.run([f] { return demo(*f); });
}

}  // namespace vireo::cli

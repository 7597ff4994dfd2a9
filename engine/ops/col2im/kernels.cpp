// A tile is the image of one channel, which stays in cache while its columns are added.
#include <algorithm>

#include "engine/ops/col2im/col2im.h"

namespace vireo::ops {
namespace {

void run(const TileArgs& args) noexcept {
  const auto& s = *static_cast<const Col2Im*>(args.state);
  float* image = static_cast<float*>(args.outputs[0]) + args.tile * s.pixels;
  std::fill(image, image + s.pixels, 0.0f);
  col2im_plane(s, static_cast<const float*>(args.inputs[0]) + args.tile * s.taps * s.places, image);
}

std::string refuse(const Problem& p) {
  if (p.inputs[0].dtype != DataType::float32) return "takes float32";
  if (!p.inputs[1].constant || !p.inputs[2].constant) return "the extents are not known when building";
  if (!p.inputs[0].dense() || !p.outputs[0].dense()) return "takes dense tensors only";
  return p.outputs[0].count() == 0 ? "nothing to do" : "";
}

Launch prepare(const Problem& p) {
  CpuLaunch launch;
  launch.state = std::make_shared<Col2Im>(
      plan_col2im(*p.attributes, to_integers(*p.inputs[1].constant), to_integers(*p.inputs[2].constant)));
  launch.phases = {{run, p.outputs[0].dims[0] * p.outputs[0].dims[1]}};
  launch.unread_inputs = 0b110;
  return launch;
}

constexpr Tactic kTactics[] = {{.name = "col2im_planes_portable", .refuse = refuse, .prepare = prepare}};

}  // namespace

std::span<const Tactic> col2im_tactics() { return kTactics; }

}  // namespace vireo::ops

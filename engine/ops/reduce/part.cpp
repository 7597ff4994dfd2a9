// reduce over all pixels of channels-last pictures as a part of plan kernels (part.cl).
#include <algorithm>
#include <cmath>

#include "engine/ops/reduce/opencl.h"
#include "engine/ops/shared/opencl_words.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

constexpr std::int64_t kBlocks = 4;  // of 8 channels in a piece
constexpr std::int64_t kMostParts = 32;
constexpr std::int64_t kTogether = 8;  // loads of an item

/// Pixels of a picture: all axes but the first and the last are reduced, or all but the last where the first is 1; 0:
/// something else.
std::int64_t pixels_of(const Problem& p) {
  const Dims& dims = p.inputs[0].dims;
  const Ints axes = p.inputs.size() > 1 && p.inputs[1].present() ? to_integers(*p.inputs[1].constant) : Ints{};
  if (dims.size() < 3 || axes.empty()) return 0;
  std::vector<bool> reduced(dims.size(), false);
  for (const std::int64_t axis : axes) reduced[wrap_axis(axis, dims.size())] = true;
  if (reduced.back() || (reduced[0] && dims[0] != 1)) return 0;
  std::int64_t pixels = 1;
  for (std::size_t i = 1; i + 1 < dims.size(); ++i) {
    if (!reduced[i] && dims[i] != 1) return 0;
    pixels *= dims[i];
  }
  return pixels;
}

std::int64_t column_pieces(const Problem& p) {
  return (p.inputs[0].dims[0] * p.inputs[0].dims.back() / 8 + kBlocks - 1) / kBlocks;
}

/// Of the pixels: enough that an item loads all of its own together, where there are groups for them.
std::int64_t pixel_parts(const Problem& p) {
  const std::int64_t groups = std::max(8, p.target->opencl.resident_groups);
  const std::int64_t wanted = (pixels_of(p) + 256 / kBlocks * kTogether - 1) / (256 / kBlocks * kTogether);
  return std::clamp<std::int64_t>(std::min(wanted, groups / column_pieces(p)), 1, kMostParts);
}

std::int64_t loads(const Problem& p) {
  const std::int64_t chunk = (pixels_of(p) + pixel_parts(p) - 1) / pixel_parts(p);
  return (chunk + 256 / kBlocks - 1) / (256 / kBlocks);
}

}  // namespace

std::string refuse_reduce_part(const Problem& p) {
  if (std::string why = refuse_words(p, {0, -1}); !why.empty()) return why;
  if (p.inputs.size() > 1 && p.inputs[1].present() && !p.inputs[1].constant)
    return "the axes are not known when building";
  const std::string mode = p.attributes->text("mode", "sum");
  if (mode != "sum" && mode != "mean") return "makes sums and means only";
  return pixels_of(p) == 0 ? "takes all pixels of channels-last pictures" : "";
}

double predict_reduce_part(const Problem& p) {
  return word_seconds(p, 1, std::ceil(static_cast<double>(loads(p)) / kTogether)) +
         (pixel_parts(p) > 1 ? 1.5e-6 : 0.5e-6);
}

Launch prepare_reduce_part(const Problem& p) {
  const std::int64_t pixels = pixels_of(p), parts = pixel_parts(p);
  KernelCall call("reduce/part.cl", "reduce_part");
  call.before("shared/opencl/words.cl").before("shared/opencl/part_end.cl").define("RESIDUAL", 0).activation({});
  call.define("BLOCKS", p.inputs[0].dims.back() / 8).define("PIXELS", pixels).define("IMAGES", p.inputs[0].dims[0]);
  call.define("X_PITCH", p.inputs[0].pitch).define("Y_PITCH", p.outputs[0].pitch);
  call.define("WB", kBlocks).define("PARTS", parts).define("TOGETHER", std::min(loads(p), kTogether));
  const bool mean = p.attributes->text("mode", "sum") == "mean";
  call.define_real("FACTOR", mean ? 1.0 / static_cast<double>(pixels) : 1.0);
  call.input(0).output(0);
  OpenclLaunch launch;
  launch.unread_inputs = 0b10;
  launch.kernels.push_back(word_part(call.done(), column_pieces(p) * parts, 16384));
  launch.kernels[0].exchanges = parts > 1;
  launch.marks = true;
  return launch;
}

}  // namespace vireo::ops

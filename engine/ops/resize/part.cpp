// resize to whole multiples by nearest neighbours as a part of plan kernels (part.cl).
#include "engine/ops/resize/kernels.h"
#include "engine/ops/resize/plan.h"
#include "engine/ops/shared/opencl_words.h"

namespace vireo::ops {
namespace {

constexpr std::int64_t kMostScale = 4;

/// How often each element of the axis comes, one after the other; 0: something else.
std::int64_t repeats(const ResizeAxis& axis) {
  if (axis.identity) return 1;
  const std::int64_t scale = axis.out / axis.in;
  if (axis.taps != 1 || !axis.weights.empty() || !axis.outside.empty() || axis.out % axis.in != 0) return 0;
  for (std::int64_t o = 0; o < axis.out; ++o)
    if (axis.indices[static_cast<std::size_t>(o)] != o / scale) return 0;
  return scale;
}

}  // namespace

std::string refuse_resize_part(const Problem& p) {
  if (std::string why = refuse_words(p, {0, -1}); !why.empty()) return why;
  for (std::size_t k = 1; k < p.inputs.size(); ++k)
    if (p.inputs[k].present() && !p.inputs[k].constant) return "the scales are not known when building";
  if (p.inputs[0].dims.size() != 4) return "takes pictures";
  if (p.attributes->text("mode", "nearest") != "nearest") return "takes nearest neighbours only";
  const std::vector<ResizeAxis> outline = resize_outline(*p.attributes, resize_request_of(p));
  for (const std::size_t axis : {0, 3})
    if (!outline[axis].identity) return "changes pixels only";
  for (const ResizeAxis& axis : outline)
    if (axis.out > kMostScale * axis.in) return "a large scale";
  const std::vector<ResizeAxis> axes = resize_axes(*p.attributes, resize_request_of(p));
  return repeats(axes[1]) == 0 || repeats(axes[2]) == 0 ? "takes whole scales" : "";
}

Launch prepare_resize_part(const Problem& p) {
  const Dims &x = p.inputs[0].dims, &y = p.outputs[0].dims;
  const std::int64_t words = p.inputs[0].count() / 8, items = word_items(p, words);
  KernelCall call("resize/part.cl", "resize_part");
  call.before("shared/opencl/words.cl").define("BLOCKS", x[3] / 8).define("IMAGES", x[0]);
  call.define("HEIGHT", x[1]).define("WIDTH", x[2]).define("SCALE_H", y[1] / x[1]).define("SCALE_W", y[2] / x[2]);
  call.define("X_PITCH", p.inputs[0].pitch).define("Y_PITCH", p.outputs[0].pitch).define("ITEMS", items);
  call.input(0).output(0);
  OpenclLaunch launch;
  launch.unread_inputs = 0b1110;
  launch.kernels.push_back(word_part(call.done(), (words + items - 1) / items));
  launch.marks = true;
  return launch;
}

}  // namespace vireo::ops

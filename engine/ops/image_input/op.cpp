// Images in their usual forms, prepared for a first convolution: each channel is converted to float32, scaled and
// shifted, and the channels go last. y[n, h, w, c] = x * scale[c] + shift[c]. Written by the pass of this name. With
// `to` "float16" the result is of that type.
#include "engine/ops/image_input/kernels.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

void image_input_reference(const EvalContext&);
std::span<const Tactic> image_input_tactics();

namespace {

void infer(InferContext& c) {
  const std::string layout = c.attributes().text("layout", "nchw");
  c.require(layout == "nchw" || layout == "nhwc", "layout is \"" + layout + "\"; accepted: nchw, nhwc");
  require_rank(c, 0, 4, 4);
  c.require(c.dtype(0) == DataType::uint8 || c.dtype(0) == DataType::float32,
            "images are " + std::string(to_string(c.dtype(0))) + "; accepted: uint8, float32");
  const Dims& x = c.dims(0);
  const Dims y = layout == "nhwc" ? x : Dims{x[0], x[2], x[3], x[1]};
  for (const int k : {1, 2}) {
    c.require(c.dtype(k) == DataType::float32, "scale and shift are float32");
    require_rank(c, k, 1, 1);
    require_extent(c, k, 0, y[3], "one scale and one shift for each channel");
  }
  const std::string to = c.attributes().text("to", "float32");
  c.require(to == "float32" || to == "float16", "to is \"" + to + "\"; accepted: float32, float16");
  c.output(0, data_type_from(to), y);
}

double flops(const Problem& p) { return 2 * static_cast<double>(p.outputs[0].count()); }

}  // namespace

extern const Operator image_input_operator;
const Operator image_input_operator{.name = "image_input",
                                    .min_inputs = 3,
                                    .max_inputs = 3,
                                    .infer = infer,
                                    .reference = image_input_reference,
                                    .flops = flops,
                                    .tactics = image_input_tactics};

}  // namespace vireo::ops

#include "engine/ops/conv/conv.h"

#include "engine/base/text.h"

namespace vireo::ops {

std::string refuse_conv(const graph::Problem& p) {
  for (const graph::Desc& d : p.inputs)
    if (d.present() && d.dtype != DataType::float32) return base::str("an input is ", d.dtype, ", not float32");
  if (p.attributes->text("layout", "nchw") != "nhwc") return "the layout is nchw";
  if (p.inputs[0].dims.size() > 4) return "three spatial axes";
  if (!p.inputs[1].constant) return "the weights are not constant";
  if (!p.inputs[1].dense()) return "the weights are not dense";
  if (p.inputs.size() > 2 && p.inputs[2].present() && !p.inputs[2].constant) return "the bias is not constant";
  if (p.outputs[0].count() == 0) return "the output is empty";
  if (p.inputs[0].count() == 0) return "the input is empty";
  if (std::string why = refuse_extents(p); !why.empty()) return why;
  if (p.outputs[0].dims.back() > kMostColumns) return "more columns than panels are made for";
  return {};
}

std::string refuse_narrow_residual(const graph::Problem& p) {
  if (p.inputs.size() > 3 && p.inputs[3].present() && p.inputs[3].dims != p.outputs[0].dims)
    return "the residual has fewer channels";
  return {};
}

ConvProblem read_conv(const graph::Problem& p) {
  ConvProblem c;
  c.g = conv_geometry(*p.attributes, p.inputs[0].dims, p.inputs[1].dims, Direction::forward);
  c.x_pitch = p.inputs[0].pitch;
  c.y_pitch = p.outputs[0].pitch;
  c.weights = p.inputs[1].constant.get();
  if (p.inputs.size() > 2 && p.inputs[2].present()) c.bias = p.inputs[2].constant.get();
  if (p.inputs.size() > 3 && p.inputs[3].present()) {
    c.has_residual = true;
    c.residual_before = p.attributes->text("residual", "") == "before";
    c.r_pitch = p.inputs[3].pitch;
    c.residual_channels = p.inputs[3].dims.back();
  }
  c.activation = activation_of(*p.attributes);
  c.workers = p.workers;
  return c;
}

}  // namespace vireo::ops

// unary on OpenCL devices: reals, integers and tests of them, row by row.
#include <algorithm>
#include <cmath>

#include "engine/ops/shared/loop_plan.h"
#include "engine/ops/shared/opencl_rows.h"
#include "engine/ops/unary/functions.h"
#include "engine/ops/unary/kernels.h"

namespace vireo::ops {
namespace {

/// Its name in elements.cl or shared/opencl/functions.cl; empty where there is none for elements of this type.
std::string function_name(const Problem& p) {
  const UnaryParameters u = unary_parameters(*p.attributes);
  const DataType type = p.inputs[0].dtype;
  const std::string name = p.attributes->text("function", "");
  switch (u.function) {
    case UnaryFunction::unknown: return {};
    case UnaryFunction::logical_not:
    case UnaryFunction::isnan:
    case UnaryFunction::isinf: return "t_" + name;
    case UnaryFunction::identity: return is_float(type) ? "f_identity" : "i_identity";
    default: break;
  }
  if (is_float(type)) {
    if (u.function == UnaryFunction::bitwise_not) return {};
    if (u.function == UnaryFunction::silu) return u.a == 1 ? "f_silu" : "f_swish";
    if (u.function == UnaryFunction::gelu && u.tanh_gelu) return "f_gelu_tanh";
    return "f_" + name;
  }
  switch (u.function) {
    case UnaryFunction::relu:
    case UnaryFunction::neg:
    case UnaryFunction::abs:
    case UnaryFunction::sign:
    case UnaryFunction::bitwise_not: return "i_" + name;
    case UnaryFunction::floor:
    case UnaryFunction::ceil:
    case UnaryFunction::round: return "i_identity";
    case UnaryFunction::clip:  // a bound between two integers clips to another number than it compares with
      return (std::isfinite(u.a) && u.a != std::floor(u.a)) || (std::isfinite(u.b) && u.b != std::floor(u.b))
                 ? ""
                 : "i_clip";
    default: return {};
  }
}

/// What elements of the type can be: from first to second.
std::pair<double, double> range_of(DataType type) {
  const bool is_signed = without_sign(type) != type;
  const double end = std::ldexp(1.0, static_cast<int>(size_of(type)) * 8 - (is_signed ? 1 : 0));
  return {is_signed ? -end : 0.0, end - 1};
}

/// Bounds that bind become LOW and HIGH.
void define_bounds(KernelCall& call, DataType type, const UnaryParameters& u) {
  const auto [low, high] = range_of(type);
  if (u.a > low) call.define("LOW", static_cast<std::int64_t>(std::min(u.a, high)));
  if (u.b < high) call.define("HIGH", static_cast<std::int64_t>(std::max(u.b, low)));
}

bool plan(const Problem& p, OpenclRows& rows) {
  const Dims strides[] = {strides_of(p.inputs[0]), strides_of(p.outputs[0])};
  return plan_opencl_rows(p.outputs[0].dims, strides, opencl_width({p.inputs[0].dtype, p.outputs[0].dtype}), rows);
}

}  // namespace

std::string refuse_unary_opencl(const Problem& p) {
  if (std::string why = refuse_opencl(p, kOpenclTypes); !why.empty()) return why;
  OpenclRows rows;
  if (!plan(p, rows)) return "too many axes";
  const std::string function = function_name(p);
  if (function == "i_clip") {  // to what a double and a literal can say
    const UnaryParameters u = unary_parameters(*p.attributes);
    if ((std::isfinite(u.a) && std::abs(u.a) > 0x1p53) || (std::isfinite(u.b) && std::abs(u.b) > 0x1p53))
      return "clips integers to smaller numbers only";
  }
  return function.empty() ? "no kernel of this function" : "";
}

Launch prepare_unary_opencl(const Problem& p) {
  const UnaryParameters u = unary_parameters(*p.attributes);
  const DataType type = p.inputs[0].dtype;
  const std::string function = function_name(p);
  OpenclRows rows;
  (void)plan(p, rows);
  KernelCall call("unary/elements.cl", "unary_elements");
  call.define_type("TX", type).define_type("TY", p.outputs[0].dtype).define_text("FUNCTION", function);
  call.define("WIDTH", opencl_width({type, p.outputs[0].dtype}));
  if (is_float(type)) call.define_real("ALPHA", u.a).define_real("BETA", u.b);
  else call.define_type("U", without_sign(type));
  if (function == "i_clip") define_bounds(call, type, u);
  call.input(0).output(0);
  add_rows(call, rows);
  OpenclLaunch launch;
  launch.kernels.push_back(call.done());
  return launch;
}

}  // namespace vireo::ops

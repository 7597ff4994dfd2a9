// binary on OpenCL devices, row by row.
#include "engine/ops/binary/functions.h"
#include "engine/ops/binary/kernels.h"
#include "engine/ops/shared/loop_plan.h"
#include "engine/ops/shared/opencl_rows.h"

namespace vireo::ops {
namespace {

BinaryFunction asked_function(const Problem& p) { return binary_function_from(p.attributes->text("function", "")); }

/// pow by a number that is known; empty where a quicker way isn't.
std::string power_name(const Problem& p) {
  if (!p.inputs[1].constant || p.inputs[1].count() != 1) return "r_pow";
  const double exponent = to_reals(*p.inputs[1].constant)[0];
  return exponent == 2     ? "r_square"
         : exponent == 3   ? "r_cube"
         : exponent == 0.5 ? "r_root"
         : exponent == -1  ? "r_inverse"
         : exponent == 1   ? "r_same"
                           : "r_pow";
}

/// Its name in elements.cl; empty where there is none for these types.
std::string function_name(const Problem& p) {
  const BinaryFunction f = asked_function(p);
  const std::string name = p.attributes->text("function", "");
  if (f == BinaryFunction::unknown) return {};
  if (is_comparison(f) || is_logical(f)) return "t_" + name;
  if (p.inputs[0].dtype == DataType::boolean) return {};
  if (f == BinaryFunction::pow) return is_float(p.inputs[0].dtype) ? power_name(p) : "";
  if (is_float(p.inputs[0].dtype)) return f < BinaryFunction::bitshift_left ? "r_" + name : "";
  return "i_" + name;
}

int width_of(const Problem& p) { return opencl_width({p.inputs[0].dtype, p.inputs[1].dtype, p.outputs[0].dtype}); }

bool plan(const Problem& p, OpenclRows& rows) {
  const Dims& out = p.outputs[0].dims;
  const Dims strides[] = {broadcast_strides(p.inputs[0], out), broadcast_strides(p.inputs[1], out),
                          strides_of(p.outputs[0])};
  return plan_opencl_rows(out, strides, width_of(p), rows);
}

}  // namespace

std::string refuse_binary_opencl(const Problem& p) {
  if (std::string why = refuse_opencl(p, kOpenclTypes); !why.empty()) return why;
  if (p.inputs[0].dtype != p.inputs[1].dtype && asked_function(p) != BinaryFunction::pow)
    return "takes two tensors of one type";
  if (function_name(p).empty()) return "no kernel of this function for elements of this type";
  OpenclRows rows;
  return plan(p, rows) ? "" : "too many axes";
}

Launch prepare_binary_opencl(const Problem& p) {
  const BinaryFunction f = asked_function(p);
  const DataType type = p.inputs[0].dtype;
  OpenclRows rows;
  (void)plan(p, rows);
  KernelCall call("binary/elements.cl", "binary_elements");
  call.define_type("TX", type).define_type("TY", p.inputs[1].dtype).define_type("TZ", p.outputs[0].dtype);
  call.define_text("FUNCTION", function_name(p)).define("WIDTH", width_of(p));
  if (is_integer(type) && !is_comparison(f)) call.define_type("U", without_sign(type));
  call.input(0).input(1).output(0);
  add_rows(call, rows);
  OpenclLaunch launch;
  launch.kernels.push_back(call.done());
  return launch;
}

}  // namespace vireo::ops

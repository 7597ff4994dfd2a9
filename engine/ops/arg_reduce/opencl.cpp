// arg_reduce on OpenCL devices.
#include "engine/ops/arg_reduce/opencl.h"

#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

bool opencl_lines(const Problem& p, Lines& lines) {
  const graph::Desc &in = p.inputs[0], &out = p.outputs[0];
  const std::size_t axis = wrap_axis(p.attributes->integer("axis", 0), in.dims.size());
  Dims to = strides_of(out);
  if (to.size() < in.dims.size()) to.insert(to.begin() + static_cast<std::ptrdiff_t>(axis), 0);
  std::vector<bool> along(in.dims.size());
  along[axis] = true;
  const Dims strides[] = {strides_of(in), to};
  return plan_lines(in.dims, along, strides, lines);
}

}  // namespace

std::string refuse_arg_reduce_opencl(const Problem& p) {
  const std::string why = refuse_opencl(
      p, {DataType::float32, DataType::float16, DataType::int8, DataType::uint8, DataType::int32, DataType::int64});
  Lines lines;
  return !why.empty() ? why : opencl_lines(p, lines) ? "" : "too many axes";
}

template <LineForm kForm>
Launch prepare_arg_reduce_opencl(const Problem& p) {
  Lines lines;
  (void)opencl_lines(p, lines);
  KernelCall call = line_call(p, "arg_reduce/lines.cl", "arg_reduce_lines", lines, kForm);
  call.define_type("T", p.inputs[0].dtype).define_text("A", is_float(p.inputs[0].dtype) ? "float" : "long");
  call.define("GREATER", p.attributes->text("mode", "max") == "max" ? 1 : 0);
  call.define("LAST", p.attributes->integer("select_last_index", 0) != 0 ? 1 : 0);
  call.input(0).output(0);
  add_lines(call, lines, kForm);
  OpenclLaunch launch;
  launch.kernels.push_back(call.done());
  return launch;
}

template <LineForm kForm>
double predict_arg_reduce_opencl(const Problem& p) {
  Lines lines;
  return opencl_lines(p, lines) ? predict_lines(p, lines, kForm) : 1;
}

template Launch prepare_arg_reduce_opencl<LineForm::shared>(const Problem&);
template Launch prepare_arg_reduce_opencl<LineForm::serial>(const Problem&);
template double predict_arg_reduce_opencl<LineForm::shared>(const Problem&);
template double predict_arg_reduce_opencl<LineForm::serial>(const Problem&);

}  // namespace vireo::ops

// cumsum on OpenCL devices: an item a line, which is what it takes for the short or many lines that networks have.
#include "engine/ops/shared/opencl_lines.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

bool opencl_lines(const Problem& p, Lines& lines) {
  const Dims& dims = p.inputs[0].dims;
  std::vector<bool> along(dims.size());
  along[wrap_axis(to_integers(*p.inputs[1].constant).at(0), dims.size())] = true;
  const Dims strides[] = {strides_of(p.inputs[0]), strides_of(p.outputs[0])};
  return plan_lines(dims, along, strides, lines);
}

}  // namespace

std::string refuse_cumsum_opencl(const Problem& p) {
  Problem data = p;  // the axis has a type of its own
  data.inputs.resize(1);
  if (std::string why = refuse_opencl(data, {DataType::float32, DataType::float16, DataType::int32, DataType::int64});
      !why.empty())
    return why;
  if (p.attributes->text("function", "sum") != "sum") return "sums only";
  if (!p.inputs[1].constant) return "the axis is not known when building";
  if (p.inputs[0].dims.empty()) return "has no axis";
  Lines lines;
  return opencl_lines(p, lines) ? "" : "too many axes";
}

Launch prepare_cumsum_opencl(const Problem& p) {
  Lines lines;
  (void)opencl_lines(p, lines);
  KernelCall call = line_call(p, "cumsum/lines.cl", "cumsum_lines", lines, LineForm::serial);
  call.define_type("T", p.inputs[0].dtype).define_text("A", is_float(p.inputs[0].dtype) ? "float" : "long");
  call.input(0).output(0).integer(p.attributes->integer("exclusive", 0) != 0);
  call.integer(p.attributes->integer("reverse", 0) != 0);
  add_lines(call, lines, LineForm::serial);
  OpenclLaunch launch;
  launch.unread_inputs = 0b10;
  launch.kernels.push_back(call.done());
  return launch;
}

}  // namespace vireo::ops

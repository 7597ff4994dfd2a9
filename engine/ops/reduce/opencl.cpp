// reduce on OpenCL devices: any axes, any mode.
#include "engine/ops/reduce/opencl.h"

#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

struct OpenclMode {
  std::string_view name;
  int mode, finish;  ///< numbers of lines.cl
};

constexpr OpenclMode kModes[] = {{"sum", 0, 0},         {"mean", 0, 1},      {"max", 1, 0}, {"min", 2, 0},
                                 {"prod", 3, 0},        {"l1", 4, 0},        {"l2", 5, 2},  {"log_sum", 0, 3},
                                 {"log_sum_exp", 6, 0}, {"sum_square", 5, 0}};

const OpenclMode* opencl_mode(const Problem& p) {
  const std::string name = p.attributes->text("mode", "sum");
  for (const OpenclMode& mode : kModes)
    if (mode.name == name) return &mode;
  return nullptr;
}

std::string type_refusal(const Problem& p) {
  Problem data = p;  // the axes have a type of their own
  data.inputs.resize(1);
  const std::string why = refuse_opencl(data, kReals);
  if (why.empty() || is_float(p.inputs[0].dtype)) return why;
  const std::string integers = refuse_opencl(data, {DataType::int8, DataType::uint8, DataType::int16, DataType::uint16,
                                                    DataType::int32, DataType::int64, DataType::boolean});
  const std::string mode = p.attributes->text("mode", "sum");
  if (!integers.empty()) return integers;
  return mode == "l2" || mode.starts_with("log") ? "takes this mode of real numbers only" : "";
}

bool opencl_lines(const Problem& p, Lines& lines) {
  const graph::Desc &in = p.inputs[0], &out = p.outputs[0];
  const Ints axes = p.inputs.size() > 1 && p.inputs[1].present() ? to_integers(*p.inputs[1].constant) : Ints{};
  std::vector<bool> reduced(in.dims.size(), axes.empty() && p.attributes->integer("noop_with_empty_axes", 0) == 0);
  for (std::int64_t axis : axes) reduced[wrap_axis(axis, in.dims.size())] = true;
  const bool keeps = out.dims.size() == in.dims.size();
  const Dims own = strides_of(out);
  Dims to(in.dims.size());
  std::size_t at = 0;
  for (std::size_t i = 0; i < in.dims.size(); ++i) {
    if (!reduced[i]) to[i] = own[at];
    if (!reduced[i] || keeps) ++at;
  }
  const Dims strides[] = {strides_of(in), to};
  return plan_lines(in.dims, reduced, strides, lines);
}

}  // namespace

std::string refuse_reduce_opencl(const Problem& p) {
  if (std::string why = type_refusal(p); !why.empty()) return why;
  if (p.inputs.size() > 1 && p.inputs[1].present() && !p.inputs[1].constant)
    return "the axes are not known when building";
  if (p.inputs[0].count() == 0) return "nothing to reduce";
  Lines lines;
  return !opencl_lines(p, lines) ? "too many axes" : !opencl_mode(p) ? "no kernel of this mode" : "";
}

template <LineForm kForm>
Launch prepare_reduce_opencl(const Problem& p) {
  Lines lines;
  (void)opencl_lines(p, lines);
  const bool real = is_float(p.inputs[0].dtype);
  KernelCall call = line_call(p, "reduce/lines.cl", "reduce_lines", lines, kForm);
  call.define_type("T", p.inputs[0].dtype)
      .define_text("A", real ? "float" : "long")
      .define("MODE", opencl_mode(p)->mode);
  if (real) call.define("REAL", 1);
  call.define_text("LOWEST", real ? "(-INFINITY)" : "LONG_MIN").define_text("HIGHEST", real ? "INFINITY" : "LONG_MAX");
  call.input(0).output(0).integer(opencl_mode(p)->finish);
  add_lines(call, lines, kForm);
  OpenclLaunch launch;
  launch.unread_inputs = 0b10;
  launch.kernels.push_back(call.done());
  return launch;
}

template <LineForm kForm>
double predict_reduce_opencl(const Problem& p) {
  Lines lines;
  return opencl_lines(p, lines) ? predict_lines(p, lines, kForm) : 1;
}

template Launch prepare_reduce_opencl<LineForm::shared>(const Problem&);
template Launch prepare_reduce_opencl<LineForm::serial>(const Problem&);
template double predict_reduce_opencl<LineForm::shared>(const Problem&);
template double predict_reduce_opencl<LineForm::serial>(const Problem&);

}  // namespace vireo::ops

// reduce on OpenCL devices: any axes, any mode.
#include "engine/ops/reduce/opencl.h"

#include <algorithm>

#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

struct OpenclMode {
  std::string_view name;
  int mode, of, finish;  ///< numbers of lines.cl
};

constexpr OpenclMode kModes[] = {
    {"sum", 0, 0, 0}, {"mean", 0, 0, 1}, {"max", 1, 0, 0},     {"min", 2, 0, 0},         {"prod", 3, 0, 0},
    {"l1", 0, 1, 0},  {"l2", 0, 2, 2},   {"log_sum", 0, 0, 3}, {"log_sum_exp", 4, 0, 0}, {"sum_square", 0, 2, 0}};

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

namespace {

KernelCall reduce_call(const Problem& p, const Lines& lines, LineForm form, DataType from, DataType to, int mode) {
  const bool real = is_float(from);
  KernelCall call = line_call(p, "reduce/lines.cl", "reduce_lines", lines, form);
  call.define_type("T", from).define_type("Y", to).define_text("A", real ? "float" : "long").define("MODE", mode);
  if (real) call.define("REAL", 1);
  call.define_text("LOWEST", real ? "(-INFINITY)" : "LONG_MIN").define_text("HIGHEST", real ? "INFINITY" : "LONG_MAX");
  return call;
}

/// Into how many parts lines must be cut for work-groups everywhere; 1: there are enough as it is.
std::int64_t parts_of(const Lines& lines) {
  constexpr std::int64_t kGroups = 512, kLeast = 4;  // entries of a lane
  const std::int64_t wanted = kGroups / line_groups(lines), most = lines.length / (kLeast * line_lanes(lines));
  return std::max<std::int64_t>(std::min({wanted, most, std::int64_t{256}}), 1);
}

}  // namespace

template <LineForm kForm>
Launch prepare_reduce_opencl(const Problem& p) {
  Lines lines;
  (void)opencl_lines(p, lines);
  const OpenclMode& mode = *opencl_mode(p);
  KernelCall call = reduce_call(p, lines, kForm, p.inputs[0].dtype, p.outputs[0].dtype, mode.mode);
  call.input(0).output(0).integer(mode.of).integer(mode.finish).integer(lines.length).integer(lines.length).integer(0);
  add_lines(call, lines, kForm);
  OpenclLaunch launch;
  launch.unread_inputs = 0b10;
  launch.kernels.push_back(call.done());
  return launch;
}

std::string refuse_reduce_parts(const Problem& p) {
  if (std::string why = refuse_reduce_opencl(p); !why.empty()) return why;
  if (!is_float(p.inputs[0].dtype)) return "takes real numbers only";
  if (opencl_mode(p)->mode == 4) return "logarithms of sums don't add up";
  Lines lines;
  (void)opencl_lines(p, lines);
  return parts_of(lines) < 2 ? "there are enough work-groups without parts" : "";
}

Launch prepare_reduce_parts(const Problem& p) {
  Lines lines;
  (void)opencl_lines(p, lines);
  const OpenclMode& mode = *opencl_mode(p);
  const std::int64_t chunk = (lines.length + parts_of(lines) - 1) / parts_of(lines),
                     parts = (lines.length + chunk - 1) / chunk;
  // Results of the parts lie as [parts][lines]; what is across lines there is in the order of the output.
  Lines partial = lines, last = lines;
  std::int64_t step = 1;
  for (int i = kLoopRank - 1; i >= 0; --i) {
    if (i >= lines.outer.rank) continue;
    partial.outer.strides[1][i] = last.outer.strides[0][i] = step;
    step *= lines.outer.dims[i];
  }
  last.inner = Loop{.dims = {parts}, .strides = {{lines.count}, {0}}, .chunk = parts};
  last.length = parts;
  KernelCall first = reduce_call(p, partial, LineForm::shared, p.inputs[0].dtype, DataType::float32, mode.mode);
  first.input(0).workspace().integer(mode.of).integer(0).integer(1).integer(chunk).integer(lines.count);
  add_lines(first, partial, LineForm::shared);
  KernelCall second = reduce_call(p, last, LineForm::shared, DataType::float32, p.outputs[0].dtype, mode.mode);
  second.workspace().output(0).integer(0).integer(mode.finish).integer(lines.length).integer(parts).integer(0);
  add_lines(second, last, LineForm::shared);
  OpenclLaunch launch;
  launch.unread_inputs = 0b10;
  launch.workspace_bytes = static_cast<std::size_t>(parts * lines.count) * sizeof(float);
  launch.kernels.push_back(first.done());
  launch.kernels[0].groups[1] = static_cast<std::size_t>(parts);
  launch.kernels.push_back(second.done());
  return launch;
}

double predict_reduce_parts(const Problem& p) {
  Lines lines;
  (void)opencl_lines(p, lines);
  const double whole = predict_lines(p, lines, LineForm::shared);
  return p.target->opencl.on_processor ? 2 * whole : 5e-6 + whole / static_cast<double>(parts_of(lines));
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

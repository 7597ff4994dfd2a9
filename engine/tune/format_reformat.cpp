#include "engine/tune/format_reformat.h"

#include "engine/ops/table.h"

namespace vireo::tune {

using graph::Desc;
using graph::Format;
using graph::Layout;

passes::Perm from_last(std::size_t rank) {
  passes::Perm perm{0, static_cast<std::int64_t>(rank) - 1};
  for (std::size_t i = 2; i < rank; ++i) perm.push_back(static_cast<std::int64_t>(i) - 1);
  return perm;
}

Dims last_dims(const Dims& dims) {
  Dims turned;
  for (const std::int64_t axis : passes::inverse(from_last(dims.size())))
    turned.push_back(dims[static_cast<std::size_t>(axis)]);
  return turned;
}

Desc dense(DataType dtype, Dims dims) {
  Desc desc{dtype, std::move(dims), 1, nullptr};
  if (!desc.dims.empty()) desc.pitch = desc.dims.back();
  return desc;
}

namespace {

std::unique_ptr<OwnProblem> problem(std::string_view op, Desc input, Desc output) {
  auto own = std::make_unique<OwnProblem>();
  own->problem.op = ops::find_operator(op);
  own->problem.inputs.push_back(std::move(input));
  own->problem.outputs.push_back(std::move(output));
  return own;
}

std::unique_ptr<OwnProblem> transpose(DataType dtype, const Dims& dims, bool to_last) {
  auto own = problem("transpose", dense(dtype, to_last ? dims : last_dims(dims)),
                     dense(dtype, to_last ? last_dims(dims) : dims));
  own->attributes.set("perm", to_last ? passes::inverse(from_last(dims.size())) : from_last(dims.size()));
  return own;
}

std::unique_ptr<OwnProblem> cast(DataType from, DataType to, const Dims& dims) {
  auto own = problem("cast", dense(from, dims), dense(to, dims));
  own->attributes.set("to", std::string(to_string(to)));
  return own;
}

/// Float32 to int8 (quantize_linear) or back.
std::unique_ptr<OwnProblem> scaled(bool to_int8, double scale, const Dims& dims) {
  const DataType wide = DataType::float32, narrow = DataType::int8;
  auto own = problem(to_int8 ? "quantize_linear" : "dequantize_linear", dense(to_int8 ? wide : narrow, dims),
                     dense(to_int8 ? narrow : wide, dims));
  own->problem.inputs.push_back(dense(wide, {}));
  own->problem.inputs.back().constant = graph::make_constant(std::vector<float>{static_cast<float>(scale)}, {});
  own->problem.inputs.push_back(dense(narrow, {}));
  own->problem.inputs.back().constant = graph::new_constant(narrow, {}).constant;
  return own;
}

/// Channels stand elsewhere in the other layout.
bool turns(const Dims& dims) {
  if (dims.size() < 3 || dims[0] == 0 || dims[1] <= 1) return false;
  std::int64_t rest = 1;
  for (std::size_t i = 2; i < dims.size(); ++i) rest *= dims[i];
  return rest > 1;
}

}  // namespace

double Reformats::scale_of(graph::TensorId id, const Format& format) const {
  const auto it = space_.scales.find(id);
  return it != space_.scales.end() ? it->second : format.scale;
}

bool Reformats::can_be(graph::TensorId id, const Format& format) const {
  return type_in(graph_.tensor(id), format) != DataType::int8 || graph_.tensor(id).dtype == DataType::int8 ||
         scale_of(id, format) > 0;
}

Reformat Reformats::between(graph::TensorId id, const Format& from, const Format& to) const {
  Reformat reformat;
  reformat.possible = can_be(id, from) && can_be(id, to);
  if (!reformat.possible) return reformat;
  const graph::Tensor& t = graph_.tensor(id);
  const bool choice = t.dtype == DataType::float32, turn = from.layout != to.layout && turns(t.dims);
  const DataType start = type_in(t, from), end = type_in(t, to);
  const bool to_last = to.layout == Layout::nhwc;
  // Elements move while they are small.
  const bool turn_first = turn && size_of(start) <= size_of(end);
  const auto now = [&](bool turned) {
    const bool last = (from.layout == Layout::nhwc) != turned;
    return last && t.dims.size() >= 3 ? last_dims(t.dims) : t.dims;
  };
  const Dims dims = now(turn_first);
  if (turn_first) reformat.steps.push_back(transpose(start, t.dims, to_last));
  DataType type = start;
  if (choice && (type != end || (end == DataType::int8 && scale_of(id, from) != scale_of(id, to)))) {
    if (type == DataType::int8) {
      reformat.steps.push_back(scaled(false, scale_of(id, from), dims));
      type = DataType::float32;
    }
    const DataType before = end == DataType::int8 ? DataType::float32 : end;
    if (type != before) reformat.steps.push_back(cast(type, before, dims));
    if (end == DataType::int8) reformat.steps.push_back(scaled(true, scale_of(id, to), dims));
  }
  if (turn && !turn_first) reformat.steps.push_back(transpose(end, t.dims, to_last));
  return reformat;
}

}  // namespace vireo::tune

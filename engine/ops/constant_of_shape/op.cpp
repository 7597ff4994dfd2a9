// A tensor of the shape given by input 0, every element attribute `value`, of type `dtype`.
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void constant_of_shape_reference(const EvalContext&);
std::span<const Tactic> constant_of_shape_tactics();

namespace {

void infer(InferContext& c) {
  const std::string name = c.attributes().text("dtype", "float32");
  const DataType type = data_type_from(name);
  c.require(size_of(type) > 0 && type != DataType::string, "unknown element type '" + name + "'");
  Ints shape;
  if (!c.integers(0, shape)) {
    const std::int64_t rank = length_of(c, 0);
    if (rank == kUnknown) return c.output_unranked(0, type);
    return c.output(0, type, Dims(static_cast<std::size_t>(rank), kUnknown));
  }
  for (std::int64_t extent : shape) c.require(extent >= 0, "negative extent in the shape " + to_string(shape));
  c.output(0, type, shape);
}

bool varying(VaryingContext& c) {
  std::vector<Count> shape;
  if (!c.counts(0, shape)) return false;
  std::vector<int> axes;
  Dims dims;
  for (const Count& count : shape) {
    axes.push_back(count.varying);
    dims.push_back(count.varying ? kUnknown : count.number);
  }
  c.output(0, std::move(axes));
  c.output_dims(0, std::move(dims));
  return true;
}

}  // namespace

extern const Operator constant_of_shape_operator;
const Operator constant_of_shape_operator{.name = "constant_of_shape",
                                          .infer = infer,
                                          .reference = constant_of_shape_reference,
                                          .tactics = constant_of_shape_tactics,
                                          .varying = varying};

}  // namespace vireo::ops

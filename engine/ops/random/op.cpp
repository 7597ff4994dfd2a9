// Random numbers of the shape given by input 0: `distribution` uniform in [low, high) or normal (mean, scale), element
// type `dtype`. An element is a function of `seed` and its index, so that every run and every way to compile gives the
// same numbers, and longer extents keep those of shorter ones.
#include "engine/ops/random/random.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

namespace {

void infer(InferContext& c) {
  const std::string name = c.attributes().text("dtype", "float32"),
                    distribution = c.attributes().text("distribution", "uniform");
  const DataType type = data_type_from(name);
  c.require(is_float(type), "random numbers of type '" + name + "'; accepted are floating-point types");
  c.require(distribution == "uniform" || distribution == "normal", "unknown distribution '" + distribution + "'");
  for (const char* parameter : {"low", "high", "mean", "scale"}) (void)c.attributes().real(parameter, 0);
  (void)c.attributes().integer("seed", 0);
  Ints shape;
  if (!c.integers(0, shape)) {
    const std::int64_t rank = length_of(c, 0);
    if (rank == kUnknown) return c.output_unranked(0, type);
    return c.output(0, type, Dims(static_cast<std::size_t>(rank), kUnknown));
  }
  for (const std::int64_t extent : shape) c.require(extent >= 0, "negative extent in the shape " + to_string(shape));
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
  c.output_no_copies(0);
  return true;
}

double flops(const Problem& p) { return 40 * static_cast<double>(p.outputs[0].count()); }

}  // namespace

extern const Operator random_operator;
const Operator random_operator{.name = "random",
                               .infer = infer,
                               .reference = random_reference,
                               .flops = flops,
                               .tactics = random_tactics,
                               .costly = true,
                               .varying = varying};

}  // namespace vireo::ops

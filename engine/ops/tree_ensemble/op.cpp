// Forests of decision trees: what the leaves that the rows of input 0 [rows, features] reach say of each of `targets`.
// Output [rows, targets], of the type of input 0, which is that of all reals here. `aggregate`, over trees: sum,
// average (the sum over their number), min, max; a target of which no leaf says anything is 0.
//   1  nodes [nodes, 4], int64: feature, mode, the next node where the comparison holds, and where it doesn't. Modes
//      compare the feature to the node's threshold: 0 <=, 1 <, 2 >=, 3 >, 4 ==, 5 !=, 6 one of a set; + 16: NaN counts
//      as true. 7 is a leaf: its next nodes are the first of its entries in inputs 4 and 5, and how many it has.
//   2  thresholds [nodes]; of a set where it begins in input 6
//   3  roots [trees], int64: the first node of each tree
//   4  targets [entries], int64, and  5  weights [entries]: what leaves say
//   6  sets: the elements of each, and NaN behind them
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void tree_ensemble_reference(const EvalContext&);
std::span<const Tactic> tree_ensemble_tactics();

namespace {

void infer(InferContext& c) {
  c.require(c.dtype(0) == DataType::float32 || c.dtype(0) == DataType::float64,
            "takes float32 and float64, found " + std::string(to_string(c.dtype(0))));
  require_rank(c, 0, 2, 2);
  require_rank(c, 1, 2, 2);
  require_extent(c, 1, 1, 4, "feature, mode and two next nodes");
  for (const int k : {1, 3, 4}) c.require(c.dtype(k) == DataType::int64, "nodes, roots and targets are int64");
  for (const int k : {2, 5, 6})
    if (c.has_input(k)) require_same_type(c, k);
  for (int k = 2; k < c.input_count(); ++k)
    if (c.has_input(k)) require_rank(c, k, 1, 1);
  require_extent(c, 2, 0, c.dims(1)[0], "one threshold for each node");
  require_extent(c, 5, 0, c.dims(4)[0], "one weight for each target of a leaf");
  const std::int64_t targets = c.attributes().integer("targets", 1);
  c.require(targets >= 0 && targets < std::int64_t{1} << 31, "attribute 'targets' is out of range");
  const std::string aggregate = c.attributes().text("aggregate", "sum");
  c.require(aggregate == "sum" || aggregate == "average" || aggregate == "min" || aggregate == "max",
            "unknown aggregate '" + aggregate + "'");
  c.output(0, c.dtype(0), {c.dims(0)[0], targets});
}

/// A comparison for each of twelve levels of each tree, about.
double flops(const Problem& p) {
  return 12 * static_cast<double>(p.inputs[0].dims[0]) * static_cast<double>(p.inputs[3].count());
}

bool varying(VaryingContext& c) {
  if (!fixed_from(c, 1) || c.axes(0)[1] != 0) return false;
  c.output(0, {c.axes(0)[0], 0});
  return true;
}

}  // namespace

extern const Operator tree_ensemble_operator;
const Operator tree_ensemble_operator{.name = "tree_ensemble",
                                      .min_inputs = 6,
                                      .max_inputs = 7,
                                      .infer = infer,
                                      .reference = tree_ensemble_reference,
                                      .flops = flops,
                                      .tactics = tree_ensemble_tactics,
                                      .keeps = KeptExtents::batch,
                                      .varying = varying};

}  // namespace vireo::ops

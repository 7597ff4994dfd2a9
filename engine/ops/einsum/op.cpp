// Sums of products over named axes: attribute `equation`, numpy's rules.
#include <algorithm>
#include <map>

#include "engine/ops/einsum/equation.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

void einsum_reference(const EvalContext&);
std::span<const Tactic> einsum_tactics();

namespace {

void infer(InferContext& c) {
  std::vector<std::size_t> ranks;
  for (int k = 0; k < c.input_count(); ++k) {
    ranks.push_back(c.dims(k).size());
    c.require(c.dtype(k) == c.dtype(0) && (is_float(c.dtype(k)) || is_integer(c.dtype(k))),
              "the inputs must be numbers of one type");
  }
  Equation equation;
  try {
    equation = parse_equation(c.attributes().text("equation", ""), ranks);
  } catch (const Error& error) {
    c.fail(error.what());
  }
  std::map<char, std::int64_t> extents;
  for (int k = 0; k < c.input_count(); ++k)
    for (std::size_t i = 0; i < ranks[static_cast<std::size_t>(k)]; ++i) {
      const std::int64_t extent = c.dims(k)[i];
      const auto [entry, fresh] = extents.try_emplace(equation.inputs[static_cast<std::size_t>(k)][i], extent);
      if (fresh || entry->second == extent || extent == 1 || extent == kUnknown) continue;
      c.require(entry->second == 1 || entry->second == kUnknown,
                "an axis has the extents " + std::to_string(entry->second) + " and " + std::to_string(extent));
      entry->second = extent;
    }
  Dims out;
  for (char label : equation.output) out.push_back(extents.at(label));
  c.output(0, c.dtype(0), out);
}

/// One multiplication for each input and one addition, at each point of the space of all axes.
double flops(const Problem& p) {
  std::vector<std::size_t> ranks;
  for (const graph::Desc& input : p.inputs) ranks.push_back(input.dims.size());
  const Equation equation = parse_equation(p.attributes->text("equation", ""), ranks);
  std::map<char, std::int64_t> extents;
  for (std::size_t k = 0; k < p.inputs.size(); ++k)
    for (std::size_t i = 0; i < ranks[k]; ++i) {
      std::int64_t& extent = extents.try_emplace(equation.inputs[k][i], 1).first->second;
      extent = std::max(extent, p.inputs[k].dims[i]);
    }
  auto points = static_cast<double>(p.inputs.size());
  for (const auto& [label, extent] : extents) points *= static_cast<double>(extent);
  return points;
}

}  // namespace

extern const Operator einsum_operator;
const Operator einsum_operator{.name = "einsum",
                               .min_inputs = 1,
                               .max_inputs = -1,
                               .infer = infer,
                               .reference = einsum_reference,
                               .flops = flops,
                               .tactics = einsum_tactics,
                               .costly = true};

}  // namespace vireo::ops

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/ops/attention/geometry.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

constexpr double kHidden = -std::numeric_limits<double>::infinity();

/// What is added to the scores, for every (batch, head, query, key).
std::vector<double> mask_values(const EvalContext& c, const Dims& scores) {
  if (!has_input(c, 3)) return {};
  const View& mask = c.inputs[3];
  const std::vector<double> given = to_doubles(mask);
  std::vector<double> values;
  values.reserve(static_cast<std::size_t>(element_count(scores)));
  walk<1>(scores, {broadcast_strides(mask.dims, scores)}, [&](const auto& at) {
    const double m = given[static_cast<std::size_t>(at[0])];
    values.push_back(mask.dtype == DataType::boolean ? (m != 0 ? 0 : kHidden) : m);
  });
  return values;
}

void softmax_row(std::vector<double>& row) {
  const double top = *std::max_element(row.begin(), row.end());
  double sum = 0;
  for (double& v : row) sum += v = top == kHidden ? 0 : std::exp(v - top);
  for (double& v : row) v = sum > 0 ? v / sum : 0;
}

}  // namespace

AttentionGeometry attention_geometry(const graph::Attributes& attributes, const Dims& q, const Dims& k, const Dims& v) {
  if (q.size() == 4)
    return {
        .batch = q[0], .heads = q[1], .key_heads = k[1], .queries = q[2], .keys = k[2], .depth = q[3], .width = v[3]};
  const std::int64_t heads = attributes.integer("q_num_heads", 1), key_heads = attributes.integer("kv_num_heads", 1);
  return {.batch = q[0],
          .heads = heads,
          .key_heads = key_heads,
          .queries = q[1],
          .keys = k[1],
          .depth = q[2] / heads,
          .width = v[2] / key_heads,
          .flat = true};
}

double attention_scale(const graph::Attributes& attributes, const AttentionGeometry& g) {
  return attributes.real("scale", 1 / std::sqrt(static_cast<double>(std::max<std::int64_t>(g.depth, 1))));
}

void attention_reference(const EvalContext& c) {
  const AttentionGeometry g = attention_geometry(c.attributes, c.inputs[0].dims, c.inputs[1].dims, c.inputs[2].dims);
  const double scale = attention_scale(c.attributes, g), cap = c.attributes.real("softcap", 0);
  const bool causal = c.attributes.integer("is_causal", 0) != 0;
  if (c.outputs[0].count() == 0) return;
  const std::vector<double> mask = mask_values(c, {g.batch, g.heads, g.queries, g.keys});
  std::vector<double> row(static_cast<std::size_t>(g.keys));
  if (g.keys == 0)
    return from_doubles(std::vector<double>(static_cast<std::size_t>(c.outputs[0].count())), c.outputs[0]);
  const auto steps = [&](std::int64_t heads, std::int64_t rows, std::int64_t columns) {
    return g.steps(heads, rows, columns, g.flat ? heads * columns : columns);
  };
  const AttentionSteps q = steps(g.heads, g.queries, g.depth), k = steps(g.key_heads, g.keys, g.depth),
                       v = steps(g.key_heads, g.keys, g.width), y = steps(g.heads, g.queries, g.width);
  dispatch_real(c.inputs[0].dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (std::int64_t r = 0; r < g.batch * g.heads * g.queries; ++r) {
      const std::int64_t at = r % g.queries, head = r / g.queries % g.heads, batch = r / g.queries / g.heads,
                         group = head / (g.heads / g.key_heads);
      const T* query = c.inputs[0].as<T>() + q.at(batch, head, at);
      for (std::int64_t j = 0; j < g.keys; ++j) {
        const T* key = c.inputs[1].as<T>() + k.at(batch, group, j);
        double score = 0;
        for (std::int64_t d = 0; d < g.depth; ++d) score += static_cast<double>(query[d]) * static_cast<double>(key[d]);
        score *= scale;
        if (cap > 0) score = cap * std::tanh(score / cap);
        if (!mask.empty()) score += mask[static_cast<std::size_t>(r * g.keys + j)];
        row[static_cast<std::size_t>(j)] = causal && j > at ? kHidden : score;
      }
      softmax_row(row);
      for (std::int64_t d = 0; d < g.width; ++d) {
        double sum = 0;
        for (std::int64_t j = 0; j < g.keys; ++j)
          sum += row[static_cast<std::size_t>(j)] * static_cast<double>(c.inputs[2].as<T>()[v.at(batch, group, j) + d]);
        c.outputs[0].as<T>()[y.at(batch, head, at) + d] = static_cast<T>(sum);
      }
    }
  });
}

}  // namespace vireo::ops

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/ops/attention/geometry.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

constexpr double kHidden = -std::numeric_limits<double>::infinity();

/// What is added to the scores, for every (batch, head, query, column of the mask).
std::vector<double> mask_values(const EvalContext& c, const AttentionGeometry& g) {
  if (!has_input(c, kAttentionMask)) return {};
  const View& mask = c.inputs[kAttentionMask];
  const Dims extents = attention_mask_extents(g, mask.dims);
  if (element_count(extents) == 0) return {};
  const std::vector<double> given = to_doubles(mask);
  std::vector<double> values;
  values.reserve(static_cast<std::size_t>(element_count(extents)));
  walk<1>(extents, {broadcast_strides(mask.dims, extents)}, [&](const auto& at) {
    const double m = given[static_cast<std::size_t>(at[0])];
    values.push_back(mask.dtype == DataType::boolean ? (m != 0 ? 0 : kHidden) : m);
  });
  return values;
}

/// Scores become weights; those of a row that is hidden wholly are 0. `sink`: a score without a key.
void softmax_row(std::vector<double>& row, double sink) {
  const double top = std::max(*std::max_element(row.begin(), row.end()), sink);
  double sum = sink == kHidden ? 0 : std::exp(sink - top);
  for (double& v : row) sum += v = top == kHidden || v == kHidden ? 0 : std::exp(v - top);
  for (double& v : row) v = sum > 0 ? v / sum : sum == 0 ? 0 : sum;
}

struct Layer {
  AttentionGeometry g;
  AttentionLimits limits;
  double scale = 1, cap = 0;
  std::vector<double> mask, sinks;
  const std::int64_t *offsets = nullptr, *lengths = nullptr;
  std::int64_t shown = 0;  ///< what output 1 holds
};

/// One row of scores up to stage `shown`, copied to `shown_row`, then of weights.
void weigh(const Layer& layer, std::int64_t r, std::vector<double>& row, std::vector<double>& shown_row) {
  const AttentionGeometry& g = layer.g;
  const std::int64_t columns = layer.limits.keys;
  const AttentionRange seen = layer.limits.seen(r / g.queries / g.heads, r % g.queries, layer.offsets, layer.lengths);
  for (std::int64_t j = 0; j < g.keys; ++j) {
    double& score = row[static_cast<std::size_t>(j)];
    score *= layer.scale;
    if (layer.shown == 0) shown_row[static_cast<std::size_t>(j)] = score;
    if (layer.cap > 0) score = layer.cap * std::tanh(score / layer.cap);
    if (layer.shown == 1) shown_row[static_cast<std::size_t>(j)] = score;
    const double bias = j < seen.first || j >= seen.end ? kHidden
                        : layer.mask.empty()            ? 0
                                                        : layer.mask[static_cast<std::size_t>(r * columns + j)];
    score = bias == kHidden ? kHidden : score + bias;
    if (layer.shown == 2) shown_row[static_cast<std::size_t>(j)] = score;
  }
  softmax_row(row, layer.sinks.empty() ? kHidden : layer.sinks[static_cast<std::size_t>(r / g.queries % g.heads)]);
  if (layer.shown == 3) shown_row = row;
}

template <typename T>
void run(const EvalContext& c, const Layer& layer) {
  const AttentionGeometry& g = layer.g;
  const auto last = [&](std::size_t k) { return c.inputs[k].dims.back(); };
  const AttentionSteps q = g.q_steps(last(0)), k = g.k_steps(last(1)), v = g.v_steps(last(2)),
                       y = g.y_steps(c.outputs[0].dims.back());
  std::vector<double> row(static_cast<std::size_t>(g.keys)), shown(row.size());
  for (std::int64_t r = 0; r < g.batch * g.heads * g.queries; ++r) {
    const std::int64_t at = r % g.queries, head = r / g.queries % g.heads, batch = r / g.queries / g.heads,
                       group = head / (g.heads / g.key_heads);
    for (std::int64_t j = 0; j < g.keys; ++j) {
      const T *query = c.inputs[0].as<T>() + q.at(batch, head, at), *key = c.inputs[1].as<T>() + k.at(batch, group, j);
      double score = 0;
      for (std::int64_t d = 0; d < g.depth; ++d) score += static_cast<double>(query[d]) * static_cast<double>(key[d]);
      row[static_cast<std::size_t>(j)] = score;
    }
    weigh(layer, r, row, shown);
    for (std::int64_t j = 0; j < g.keys && has_output(c, 1); ++j)
      c.outputs[1].as<T>()[r * g.keys + j] = static_cast<T>(shown[static_cast<std::size_t>(j)]);
    for (std::int64_t d = 0; d < g.width && has_output(c, 0); ++d) {
      double sum = 0;
      for (std::int64_t j = 0; j < g.keys; ++j)
        if (const double weight = row[static_cast<std::size_t>(j)]; weight != 0)
          sum += weight * static_cast<double>(c.inputs[2].as<T>()[v.at(batch, group, j) + d]);
      c.outputs[0].as<T>()[y.at(batch, head, at) + d] = static_cast<T>(sum);
    }
  }
}

}  // namespace

void attention_reference(const EvalContext& c) {
  Layer layer{.g = attention_geometry(c.attributes, c.inputs[0].dims, c.inputs[1].dims, c.inputs[2].dims)};
  std::vector<const Dims*> inputs;
  for (const View& view : c.inputs) inputs.push_back(view.present() ? &view.dims : nullptr);
  const AttentionGeometry& g = layer.g;
  layer.limits = attention_limits(c.attributes, g, inputs);
  layer.scale = attention_scale(c.attributes, g);
  layer.cap = c.attributes.real("softcap", 0);
  layer.shown = c.attributes.integer("scores", 0);
  if (g.batch * g.heads * g.queries == 0) return;
  if (g.keys == 0) {
    if (has_output(c, 0))
      from_doubles(std::vector<double>(static_cast<std::size_t>(c.outputs[0].count())), c.outputs[0]);
    return;
  }
  if (layer.limits.offsets) layer.offsets = c.inputs[kAttentionOffsets].as<std::int64_t>();
  if (layer.limits.lengths) layer.lengths = c.inputs[kAttentionLengths].as<std::int64_t>();
  if (!layer.limits.right_lengths(layer.lengths, g.batch, g.keys))
    throw Error(ErrorCode::invalid_argument,
                "attention: a length is not between 0 and " + std::to_string(g.keys) + ", the number of keys");
  layer.mask = mask_values(c, g);
  if (has_input(c, kAttentionSinks)) layer.sinks = to_doubles(c.inputs[kAttentionSinks]);
  dispatch_real(c.inputs[0].dtype, [&](auto tag) { run<typename decltype(tag)::type>(c, layer); });
}

}  // namespace vireo::ops

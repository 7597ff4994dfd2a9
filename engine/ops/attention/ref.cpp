#include <algorithm>
#include <cmath>
#include <limits>

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

void attention_reference(const EvalContext& c) {
  const Dims &q = c.inputs[0].dims, &k = c.inputs[1].dims, &v = c.inputs[2].dims;
  const std::int64_t queries = q[2], keys = k[2], depth = q[3], width = v[3];
  const double scale = c.attributes.real("scale", 1 / std::sqrt(static_cast<double>(std::max<std::int64_t>(depth, 1))));
  const double cap = c.attributes.real("softcap", 0);
  const bool causal = c.attributes.integer("is_causal", 0) != 0;
  const std::vector<double> mask = mask_values(c, {q[0], q[1], queries, keys});
  std::vector<double> row(static_cast<std::size_t>(keys));
  if (keys == 0) return from_doubles(std::vector<double>(static_cast<std::size_t>(c.outputs[0].count())), c.outputs[0]);
  dispatch_real(c.inputs[0].dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (std::int64_t r = 0; r < q[0] * q[1] * queries; ++r) {
      const std::int64_t head = r / queries % q[1], group = r / queries / q[1] * k[1] + head / (q[1] / k[1]);
      const T* query = c.inputs[0].as<T>() + r * depth;
      for (std::int64_t j = 0; j < keys; ++j) {
        const T* key = c.inputs[1].as<T>() + (group * keys + j) * depth;
        double score = 0;
        for (std::int64_t d = 0; d < depth; ++d) score += static_cast<double>(query[d]) * static_cast<double>(key[d]);
        score *= scale;
        if (cap > 0) score = cap * std::tanh(score / cap);
        if (!mask.empty()) score += mask[static_cast<std::size_t>(r * keys + j)];
        row[static_cast<std::size_t>(j)] = causal && j > r % queries ? kHidden : score;
      }
      softmax_row(row);
      for (std::int64_t d = 0; d < width; ++d) {
        double sum = 0;
        for (std::int64_t j = 0; j < keys; ++j)
          sum += row[static_cast<std::size_t>(j)] *
                 static_cast<double>(c.inputs[2].as<T>()[(group * keys + j) * width + d]);
        c.outputs[0].as<T>()[r * width + d] = static_cast<T>(sum);
      }
    }
  });
}

}  // namespace vireo::ops

#include "engine/ops/shared/bf16_error.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "engine/base/text.h"
#include "engine/graph/packed_weights.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

constexpr std::int64_t kColumns = 16, kRows = 16;  // measured columns; inputs of each kind
constexpr std::int64_t kLeastCentred = 4;          // fewer weights than this are not centred: little would be left
constexpr double kDead = 1e-24;                    // so much of the longest column's square is nothing beside it
constexpr double kVaries = 0.125;                  // of a positive input's level

/// As the processor multiplies it: to nearest even, and no subnormals.
double rounded(float value) {
  const auto narrow = static_cast<float>(BFloat(value));
  return std::abs(narrow) < std::numeric_limits<float>::min() ? 0.0 : static_cast<double>(narrow);
}

/// [k][row]: kRows centred inputs, then kRows positive ones.
std::vector<float> sample_inputs(std::int64_t depth) {
  std::minstd_rand random(20261124);
  const auto below_one = [&] { return static_cast<double>(random() % 65536) / 65536; };
  std::vector<double> uniform(static_cast<std::size_t>(depth * 2 * kRows));
  for (double& u : uniform) u = 2 * below_one() - 1;
  double mean[2 * kRows] = {}, level[2 * kRows];
  for (double& l : level) l = 1 + below_one();
  if (depth >= kLeastCentred)
    for (std::int64_t k = 0; k < depth; ++k)
      for (std::int64_t r = 0; r < kRows; ++r)
        mean[r] += uniform[static_cast<std::size_t>(k * 2 * kRows + r)] / static_cast<double>(depth);
  std::vector<float> x(uniform.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t r = i % (2 * kRows);
    x[i] = static_cast<float>(r < kRows ? uniform[i] - mean[r] : level[r] * (1 + kVaries * uniform[i]));
  }
  return x;
}

double ratio(double error, double norm) {
  if (error == 0) return 0;
  const double r = std::sqrt(error / norm);
  return std::isnan(r) ? std::numeric_limits<double>::infinity() : r;
}

bool in_range(const WeightColumns& w) {
  // Of all weights: whatever rounds to infinity, and what is no number.
  constexpr float kMost = 3.38e38f;
  bool fine = true;
  for (std::int64_t i = 0; i < w.matrices; ++i) {
    const float* from = w.data + i * w.matrix_step;
    for (std::int64_t n = 0; n < w.columns * w.depth; ++n) fine &= std::abs(from[n]) <= kMost;
  }
  return fine;
}

}  // namespace

Bf16Error bf16_error(const WeightColumns& w) {
  constexpr double kNever = std::numeric_limits<double>::infinity();
  if (!in_range(w)) return {kNever, kNever};
  const std::int64_t all = w.matrices * w.columns, count = std::min(all, kColumns);
  const float* column[kColumns] = {};
  for (std::int64_t j = 0; j < count; ++j) {
    const std::int64_t which = j * all / count;
    column[j] = w.data + which / w.columns * w.matrix_step + which % w.columns * w.column_step;
  }
  const std::vector<float> x = sample_inputs(w.depth);
  double sums[2 * kRows][kColumns] = {}, errors[2 * kRows][kColumns] = {};
  double length[kColumns] = {}, exact[kColumns] = {}, narrow[kColumns] = {};
  for (std::int64_t k = 0; k < w.depth; ++k) {
    for (std::int64_t j = 0; j < count; ++j) {
      exact[j] = static_cast<double>(column[j][k * w.depth_step]);
      narrow[j] = rounded(column[j][k * w.depth_step]);
      length[j] += exact[j] * exact[j];
    }
    for (std::int64_t r = 0; r < 2 * kRows; ++r) {
      const float value = x[static_cast<std::size_t>(k * 2 * kRows + r)];
      const double wide = static_cast<double>(value), cut = rounded(value);
      for (std::int64_t j = 0; j < kColumns; ++j) {
        sums[r][j] += wide * exact[j];
        errors[r][j] += cut * narrow[j] - wide * exact[j];
      }
    }
  }
  Bf16Error found;
  const double longest = *std::max_element(length, length + count);
  double error_of_all = 0, norm_of_all = 0;
  for (std::int64_t j = 0; j < count; ++j) {
    if (length[j] <= kDead * longest) continue;
    double error[2] = {}, norm[2] = {};
    for (std::int64_t r = 0; r < 2 * kRows; ++r) {
      error[r / kRows] += errors[r][j] * errors[r][j];
      norm[r / kRows] += sums[r][j] * sums[r][j];
    }
    found.centred = std::max(found.centred, ratio(error[0], norm[0]));
    error_of_all += error[1] / length[j];
    norm_of_all += norm[1] / length[j];
  }
  found.positive = ratio(error_of_all, norm_of_all);
  return found;
}

std::string admit_bf16(const graph::Problem& problem, std::size_t input, const WeightColumns& weights) {
  const std::string layout =
      base::str("bf16_error ", weights.matrices, "x", weights.columns, "x", weights.depth, " s", weights.column_step);
  const auto block = graph::packed(problem, layout, DataType::float64, {input}, 2 * sizeof(double), [&](std::byte* to) {
    WeightColumns read = weights;
    read.data = problem.inputs[input].constant->as<float>();
    const Bf16Error error = bf16_error(read);
    const double both[] = {error.centred, error.positive};
    std::memcpy(to, both, sizeof both);
  });
  double both[2] = {};
  std::memcpy(both, block.get(), sizeof both);
  const Bf16Error error{both[0], both[1]};
  if (error.worst() <= kBf16Error) return {};
  const bool centred = error.centred > kBf16Error;
  return base::str("rounded to bfloat16, the relative error with these weights is ", error.worst(), " for ",
                   centred ? "centred" : "positive", " inputs, more than ", kBf16Error);
}

}  // namespace vireo::ops

#include <algorithm>
#include <cmath>

#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

/// Improves p, one class after the other, until all are as probable as their pairs say.
void couple(const std::vector<double>& q, std::vector<double>& p) {
  const std::size_t k = p.size();
  const double enough = 0.005 / static_cast<double>(k);
  std::fill(p.begin(), p.end(), 1 / static_cast<double>(k));
  std::vector<double> qp(k);
  for (std::size_t round = 0; round < std::max<std::size_t>(100, k); ++round) {
    double pqp = 0, error = 0;
    for (std::size_t t = 0; t < k; ++t) {
      qp[t] = 0;
      for (std::size_t j = 0; j < k; ++j) qp[t] += q[t * k + j] * p[j];
      pqp += p[t] * qp[t];
    }
    for (const double v : qp) error = std::max(error, std::abs(v - pqp));
    if (error < enough) return;
    for (std::size_t t = 0; t < k; ++t) {
      const double diagonal = q[t * k + t], diff = (pqp - qp[t]) / diagonal;
      p[t] += diff;
      pqp = (pqp + diff * (diff * diagonal + 2 * qp[t])) / (1 + diff) / (1 + diff);
      for (std::size_t j = 0; j < k; ++j) {
        qp[j] = (qp[j] + diff * q[t * k + j]) / (1 + diff);
        p[j] /= 1 + diff;
      }
    }
  }
}

}  // namespace

void pairwise_probabilities_reference(const EvalContext& c) {
  if (c.outputs[0].count() == 0) return;
  const auto k = static_cast<std::size_t>(c.outputs[0].dims[1]);
  const std::vector<double> x = to_doubles(c.inputs[0]);
  std::vector<double> y, r(k * k), q(k * k), p(k);
  for (std::size_t at = 0; at < x.size();) {
    for (std::size_t i = 0; i < k; ++i)
      for (std::size_t j = i + 1; j < k; ++j) {
        const double v = x[at++];
        r[i * k + j] = v;
        r[j * k + i] = 1 - v;
      }
    for (std::size_t t = 0; t < k; ++t) {
      double& diagonal = q[t * k + t];
      diagonal = 0;
      for (std::size_t j = 0; j < k; ++j) {
        if (j == t) continue;
        diagonal += r[j * k + t] * r[j * k + t];
        q[t * k + j] = -r[j * k + t] * r[t * k + j];
      }
    }
    couple(q, p);
    y.insert(y.end(), p.begin(), p.end());
  }
  from_doubles(y, c.outputs[0]);
}

}  // namespace vireo::ops

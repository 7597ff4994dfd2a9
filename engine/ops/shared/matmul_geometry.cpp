#include "engine/ops/shared/matmul_geometry.h"

#include "engine/base/text.h"

namespace vireo::ops {
namespace {

[[noreturn]] void wrong(const std::string& why) { throw Error(ErrorCode::invalid_model, why); }

Dims broadcast_batches(const Dims& a, const Dims& b) {
  Dims out(std::max(a.size(), b.size()), 1);
  for (std::size_t i = 0; i < out.size(); ++i) {  // from the last axis
    const std::int64_t x = i < a.size() ? a[a.size() - 1 - i] : 1;
    const std::int64_t y = i < b.size() ? b[b.size() - 1 - i] : 1;
    std::int64_t& extent = out[out.size() - 1 - i];
    if (x == 1)
      extent = y;
    else if (y == 1 || x == y)
      extent = x;
    else if (x == kUnknown || y == kUnknown)
      extent = x == kUnknown ? y : x;
    else
      wrong(base::str("the batch extents ", a, " and ", b, " do not broadcast"));
  }
  return out;
}

}  // namespace

Dims MatmulGeometry::output_dims() const {
  Dims dims = batch;
  if (!a_vector) dims.push_back(m);
  if (!b_vector) dims.push_back(n);
  return dims;
}

MatmulGeometry matmul_geometry(const Attributes& attributes, const Dims& a, const Dims& b) {
  MatmulGeometry g;
  if (a.empty() || b.empty()) wrong(base::str("operands are ", a, " and ", b, "; scalars have no product"));
  g.a_vector = a.size() == 1;
  g.b_vector = b.size() == 1;
  g.trans_a = !g.a_vector && attributes.integer("trans_a", 0) != 0;
  g.trans_b = !g.b_vector && attributes.integer("trans_b", 0) != 0;
  g.alpha = attributes.real("alpha", 1.0);
  std::int64_t ka = a.back(), kb = b[0];
  if (!g.a_vector) {
    const std::int64_t rows = a[a.size() - 2], columns = a.back();
    g.m = g.trans_a ? columns : rows;
    ka = g.trans_a ? rows : columns;
    g.a_batch.assign(a.begin(), a.end() - 2);
  }
  if (!g.b_vector) {
    const std::int64_t rows = b[b.size() - 2], columns = b.back();
    g.n = g.trans_b ? rows : columns;
    kb = g.trans_b ? columns : rows;
    g.b_batch.assign(b.begin(), b.end() - 2);
  }
  if (ka != kUnknown && kb != kUnknown && ka != kb)
    wrong(base::str("inner extents differ: ", a, " gives ", ka, ", ", b, " gives ", kb));
  g.k = ka == kUnknown ? kb : ka;
  g.batch = broadcast_batches(g.a_batch, g.b_batch);
  return g;
}

}  // namespace vireo::ops

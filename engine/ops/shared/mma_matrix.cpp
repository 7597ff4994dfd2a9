#include "engine/ops/shared/mma_matrix.h"

#include "engine/api/half.h"
#include "engine/base/text.h"
#include "engine/ops/shared/hopper.h"
#include "engine/ops/shared/hopper_matrix.h"

namespace vireo::ops {
namespace {

/// Without what has to be packed.
MmaProduct mma_matrix_of(const Problem& p, const OpenclProduct& g) {
  MmaProduct product;
  const bool folded = is_one_product(g);
  product.m = folded ? g.m * g.batch.dims[0] : g.m;
  product.n = g.n;
  product.channels = g.k;
  product.a_pitch = g.a_row;
  product.y_pitch = g.c_row;
  product.activation = g.activation;
  if (g.residual >= 0) {
    product.residual = g.residual_before ? 1 : 2;
    product.residual_input = g.residual;
    product.residual_width = g.n;
    product.residual_pitch = g.residual_row;
  }
  if (!p.inputs[1].constant) {
    product.w_input = 1;
    product.w_rows = g.b_step != 1;
    product.w_pitch = product.w_rows ? g.b_step : g.b_column;
    product.w_depth = g.k;
    product.scale = static_cast<float>(g.alpha);
  }
  if (!folded) {
    product.batches = g.batches();
    product.batch_dims = loop_dims(g.batch);
    for (int t = 0; t < 4; ++t) product.batch_strides[t] = loop_strides(g.batch, t);
  }
  return product;
}

bool in_eights(const OpenclProduct& g, int tensor) {
  for (int i = 0; i < g.batch.rank; ++i)
    if (g.batch.strides[tensor][i] % 8 != 0) return false;
  return true;
}

}  // namespace

std::string refuse_mma_matrix(const Problem& p, const OpenclProduct& g, const MmaTile& tile) {
  if (g.k == 0) return "the sums are empty";
  if (std::string why = refuse_mma_operand(p.inputs[0]); !why.empty()) return why;
  if (g.a_step != 1 || g.c_column != 1 || (g.residual >= 0 && g.residual_column != 1)) return "columns that lie apart";
  if (g.a_row % 8 != 0 || !in_eights(g, 0)) return "rows that are no multiple of 8 elements apart";
  if (p.inputs[1].constant) {
    if (!is_one_product(g)) return "several known second operands";
  } else {
    if (std::string why = refuse_mma_operand(p.inputs[1]); !why.empty()) return why;
    if (!in_eights(g, 1)) return "second operands that are no multiple of 8 elements apart";
    const bool rows = g.b_column == 1 && g.b_step % 8 == 0, columns = g.b_step == 1 && g.b_column % 8 == 0;
    if (!rows && !columns) return "a second operand of other strides";
  }
  if (g.addend >= 0) {
    const graph::Desc& addend = p.inputs[static_cast<std::size_t>(g.addend)];
    if (!addend.constant || g.addend_row != 0 || g.addend_column != 1 || g.beta != 1)
      return "takes a known bias by column";
  }
  return refuse_mma_product(p, mma_matrix_of(p, g), tile);
}

double predict_mma_matrix(const Problem& p, const OpenclProduct& g, const MmaTile& tile) {
  return mma_seconds(p, mma_matrix_of(p, g), tile);
}

Launch prepare_mma_matrix(const Problem& p, const OpenclProduct& g, const MmaTile& tile) {
  MmaProduct product = mma_matrix_of(p, g);
  std::uint64_t unread = g.addend >= 0 ? std::uint64_t{1} << g.addend : 0;
  if (product.w_input < 0) {
    product.w = hopper_matrix_weights(p, g);
    product.w_pitch = product.w_depth = (g.k + 63) / 64 * 64;
    unread |= 0b10;
  }
  product.bias = hopper_bias(p, g.addend, g.n);
  OpenclLaunch launch = *mma_launch(p, product, tile).as<OpenclLaunch>();
  launch.unread_inputs = unread;
  return launch;
}

}  // namespace vireo::ops

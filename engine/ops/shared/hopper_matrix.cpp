#include "engine/ops/shared/hopper_matrix.h"

#include "engine/api/half.h"
#include "engine/base/text.h"
#include "engine/graph/packed_weights.h"

namespace vireo::ops {
namespace {

std::int64_t rows_of(const OpenclProduct& g) { return g.m * g.batch.dims[0]; }
std::int64_t chunks_of(const OpenclProduct& g) { return (g.k + 63) / 64; }

}  // namespace

bool is_one_product(const OpenclProduct& g) {
  if (g.batch.rank != 1) return false;
  if (g.batch.dims[0] == 1) return true;
  const auto stride = [&](int tensor) { return g.batch.strides[tensor][0]; };
  return stride(0) == g.m * g.a_row && stride(1) == 0 && stride(2) == g.m * g.c_row &&
         (g.residual < 0 || stride(3) == g.m * g.residual_row);
}

device::OpenclState hopper_matrix_weights(const Problem& p, const OpenclProduct& g) {
  const std::int64_t width = chunks_of(g) * 64;
  device::OpenclState state;
  state.bytes = static_cast<std::size_t>(g.n * width) * 2;
  const std::string layout = base::str("hopper_matrix ", g.n, "x", g.k, " ", g.b_step, " ", g.b_column, " ", g.alpha);
  auto block = graph::packed(p, layout, DataType::float16, {1}, state.bytes, [&](std::byte* bytes) {
    auto* to = reinterpret_cast<std::uint16_t*>(bytes);
    const auto* from = p.inputs[1].constant->as<std::uint16_t>();
    const auto alpha = static_cast<float>(g.alpha);
    for (std::int64_t n = 0; n < g.n; ++n)
      for (std::int64_t k = 0; k < g.k; ++k) {
        const std::uint16_t value = from[k * g.b_step + n * g.b_column];
        to[n * width + k] = alpha == 1 ? value : half_from_float(alpha * half_to_float(value));
      }
  });
  state.data = block.get();
  state.owner = std::move(block);
  return state;
}

namespace {

/// What neither kind of kernel takes.
std::string refuse_matrix(const Problem& p, const OpenclProduct& g) {
  if (std::string why = refuse_hopper(p, {0, -1}); !why.empty()) return why;
  if (g.residual >= 0)
    if (std::string why = refuse_hopper(p, {g.residual}); !why.empty()) return why;
  if (!p.inputs[1].constant) return "takes a known second operand";
  if (!is_one_product(g)) return "takes one product, or a batch that is as good as one";
  if (g.a_step != 1 || g.c_column != 1 || (g.residual >= 0 && g.residual_column != 1)) return "columns that lie apart";
  if (g.a_row % 8 != 0 || g.c_row % 8 != 0 || (g.residual >= 0 && g.residual_row % 8 != 0))
    return "rows that are no multiple of 8 elements apart";
  if (g.k < 16) return "a short sum";
  if (g.addend >= 0) {
    const graph::Desc& addend = p.inputs[static_cast<std::size_t>(g.addend)];
    if (!addend.constant || g.addend_row != 0 || g.addend_column != 1 || g.beta != 1)
      return "takes a known bias by column";
  }
  return {};
}

SlabProduct slab_of(const OpenclProduct& g) {
  SlabProduct product;
  product.channels = g.k;
  product.columns = g.n;
  product.x = {rows_of(g), rows_of(g), 1, 1, 1, 0};
  product.x_pitch = g.a_row;
  product.y_pitch = g.c_row;
  if (g.residual >= 0) {
    product.residual = g.residual_before ? 1 : 2;
    product.residual_input = g.residual;
    product.residual_pitch = g.residual_row;
  }
  product.activation = g.activation;
  return product;
}

}  // namespace

std::string refuse_hopper_matrix(const Problem& p, const OpenclProduct& g, const HopperTile& tile) {
  if (std::string why = refuse_matrix(p, g); !why.empty()) return why;
  return refuse_split(p, rows_of(g), g.n, chunks_of(g), tile);
}

std::string refuse_slab_matrix(const Problem& p, const OpenclProduct& g, const SlabTile& tile) {
  if (std::string why = refuse_matrix(p, g); !why.empty()) return why;
  return refuse_slab(p, slab_of(g), tile, {0, -1});
}

double predict_slab_matrix(const Problem& p, const OpenclProduct& g, const SlabTile& tile) {
  return slab_seconds(p, slab_of(g), tile);
}

Launch prepare_slab_matrix(const Problem& p, const OpenclProduct& g, const SlabTile& tile) {
  const auto* from = p.inputs[1].constant->as<std::uint16_t>();
  const auto alpha = static_cast<float>(g.alpha);
  const std::string layout =
      base::str("matrix ", g.n, "x", g.k, " ", g.b_step, " ", g.b_column, " ", g.alpha, g.addend >= 0 ? " +" : "");
  OpenclLaunch launch = *slab_launch(p, slab_of(g), tile, layout, g.addend,
                                     [=](std::int64_t column, std::int64_t /*tap*/, std::int64_t k) {
                                       const std::uint16_t value = from[k * g.b_step + column * g.b_column];
                                       return alpha == 1 ? value : half_from_float(alpha * half_to_float(value));
                                     })
                             .as<OpenclLaunch>();
  launch.unread_inputs = 0b10 | (g.addend >= 0 ? std::uint64_t{1} << g.addend : 0);
  return launch;
}

double predict_hopper_matrix(const Problem& p, const OpenclProduct& g, const HopperTile& tile) {
  return hopper_seconds(p, rows_of(g), g.n, chunks_of(g), tile);
}

Launch prepare_hopper_matrix(const Problem& p, const OpenclProduct& g, const HopperTile& tile) {
  HopperProduct product;
  product.m = rows_of(g);
  product.n = g.n;
  product.a.chunks = chunks_of(g);
  product.a.map.dims = {static_cast<std::uint64_t>(g.k), static_cast<std::uint64_t>(product.m)};
  product.a.map.strides = {static_cast<std::uint64_t>(g.a_row) * 2};
  product.a.map.steps = {1, 1};
  product.w = hopper_matrix_weights(p, g);
  product.bias = hopper_bias(p, g.addend, g.n);
  product.y_pitch = g.c_row;
  if (g.residual >= 0) {
    product.residual = g.residual_before ? 1 : 2;
    product.residual_input = g.residual;
    product.residual_width = g.n;
    product.residual_pitch = g.residual_row;
  }
  product.activation = g.activation;
  OpenclLaunch launch = *hopper_launch(p, product, tile).as<OpenclLaunch>();
  launch.unread_inputs = 0b10 | (g.addend >= 0 ? std::uint64_t{1} << g.addend : 0);
  return launch;
}

}  // namespace vireo::ops

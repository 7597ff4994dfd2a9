#include "engine/ops/shared/opencl_product.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/base/text.h"
#include "engine/graph/packed_weights.h"

namespace vireo::ops {
namespace {

constexpr std::int64_t kPanel = 32;  ///< columns

struct Tile {
  std::int64_t m, n;
};

Tile tile_of(const OpenclProduct& g, ProductForm form) {
  switch (form) {
    case ProductForm::tiles128: return {128, 128};
    case ProductForm::tiles64: return {64, 64};
    case ProductForm::tiles32: return {32, 64};
    case ProductForm::blocks: return {g.m == 1 ? 1 : 4, kPanel};
    case ProductForm::rows: return {g.m == 1 ? 1 : 4, 16};
  }
  return {1, 1};
}

std::int64_t groups_of(const OpenclProduct& g, Tile tile) {
  return g.batches() * ((g.m + tile.m - 1) / tile.m) * ((g.n + tile.n - 1) / tile.n);
}

bool packs(const Problem& p, const OpenclProduct& g) {
  return g.packs && p.inputs[1].constant && p.inputs[1].dense() && p.inputs[1].count() % (g.n * g.k) == 0;
}

/// B as panels of 32 columns, all products of one after the other, zeros beyond the last column.
template <typename T>
void pack_panels(const OpenclProduct& g, std::int64_t matrices, const T* from, T* to) {
  const std::int64_t panels = (g.n + kPanel - 1) / kPanel;
  for (std::int64_t b = 0; b < matrices; ++b, from += g.n * g.k)
    for (std::int64_t p = 0; p < panels; ++p)
      for (std::int64_t l = 0; l < g.k; ++l, to += kPanel)
        for (std::int64_t j = 0, most = std::min(kPanel, g.n - p * kPanel); j < most; ++j)
          to[j] = from[l * g.b_step + (p * kPanel + j) * g.b_column];
}

/// Reads B from a state from here on.
void pack(const Problem& p, OpenclProduct& g, std::int64_t& panel, OpenclLaunch& launch) {
  const graph::Constant& b = *p.inputs[1].constant;
  const std::int64_t matrices = b.count() / (g.n * g.k), matrix = (g.n + kPanel - 1) / kPanel * g.k * kPanel;
  const std::size_t bytes = static_cast<std::size_t>(matrices * matrix) * size_of(b.dtype);
  const std::string layout = base::str("opencl product ", kPanel, g.b_column == 1 ? " rows" : " columns");
  const auto memory = graph::packed(p, layout, b.dtype, {1}, bytes, [&](std::byte* to) {
    if (size_of(b.dtype) == 2) pack_panels(g, matrices, b.as<std::uint16_t>(), reinterpret_cast<std::uint16_t*>(to));
    else pack_panels(g, matrices, b.as<std::uint32_t>(), reinterpret_cast<std::uint32_t*>(to));
  });
  for (std::int64_t& stride : g.batch.strides[1]) stride = stride / (g.n * g.k) * matrix;
  g.b_step = kPanel;
  g.b_column = 1;
  panel = g.k * kPanel;
  launch.states.push_back({memory, memory.get(), bytes});
  launch.state_bytes = bytes;
  launch.unread_inputs = 0b10;
}

}  // namespace

std::int64_t OpenclProduct::batches() const {
  std::int64_t all = 1;
  for (int i = 0; i < batch.rank; ++i) all *= batch.dims[i];
  return all;
}

std::string refuse_product(const Problem& p, const OpenclProduct& g, ProductForm form) {
  if (g.k == 0) return "the sums are empty";
  if (form == ProductForm::rows && g.m > 16) return "more than 16 rows";
  if (form < ProductForm::blocks && g.m <= 4) return "at most four rows";
  if (form < ProductForm::tiles32 && (g.m <= tile_of(g, form).m / 2 || g.n <= tile_of(g, form).n / 2))
    return "most of each tile would be empty";
  if (form == ProductForm::blocks && !p.target->opencl.on_processor) return "the device is no processor";
  const std::int64_t matrix = (g.n + kPanel - 1) / kPanel * g.k * kPanel;
  if (packs(p, g) && p.inputs[1].count() / (g.n * g.k) > (std::int64_t{1} << 31) / matrix - 1)
    return "the panels have more elements than an int counts";
  return groups_of(g, tile_of(g, form)) > std::int64_t{1} << 30 ? "too many tiles" : "";
}

Launch prepare_product(const Problem& p, const OpenclProduct& given, ProductForm form) {
  OpenclProduct g = given;
  OpenclLaunch launch;
  std::int64_t panel = kPanel * g.b_column;
  const bool packed = packs(p, g);
  if (packed) pack(p, g, panel, launch);
  const bool tiles = form < ProductForm::blocks, blocks = form == ProductForm::blocks;
  const char* path = tiles    ? "shared/opencl/product_tiles.cl"
                     : blocks ? "shared/opencl/product_blocks.cl"
                              : "shared/opencl/product_rows.cl";
  KernelCall call(path, tiles ? "product_tiles" : blocks ? "product_blocks" : "product_rows");
  call.before("shared/opencl/product.cl").define_type("T", p.inputs[0].dtype).activation(g.activation);
  const Tile tile = tile_of(g, form);
  if (!blocks && p.target->opencl.on_processor) call.define("ON_PROCESSOR", 1).compiled_quickly();
  if (tiles) call.define("WM", tile.m / 16).define("WN", tile.n / 16);
  else call.define("ROWS", tile.m);
  call.input(0);
  if (packed) call.state(0);
  else call.input(1);
  call.input(std::max(g.addend, 0)).input(std::max(g.residual, 0)).output(0);
  call.integer(g.m).integer(g.n).integer(g.k).integer(g.a_row).integer(g.a_step).integer(g.b_step).integer(panel);
  call.integer(g.b_column).integer(g.c_row).integer(g.c_column);
  const auto narrow = [](std::int64_t number) { return static_cast<std::int32_t>(number); };  // of a tensor's extents
  call.value(Int8{{narrow(g.addend_row), narrow(g.addend_column), narrow(g.residual_row), narrow(g.residual_column),
                   g.addend >= 0,
                   g.residual < 0      ? 0
                   : g.residual_before ? 1
                                       : 2}});
  call.value(static_cast<float>(g.alpha)).value(static_cast<float>(g.beta)).value(loop_dims(g.batch));
  for (int t = 0; t < 4; ++t) call.value(loop_strides(g.batch, t));
  const std::int64_t across = (g.n + tile.n - 1) / tile.n, groups = groups_of(g, tile);
  call.integer(g.batches() > 1).integer(across).integer(across * ((g.m + tile.m - 1) / tile.m));
  if (blocks) call.over({groups, 1, 1}, {1, 1, 1});
  else call.over({groups * 256, 1, 1}, {256, 1, 1});
  launch.kernels.push_back(call.done());
  return launch;
}

double predict_product(const Problem& p, const OpenclProduct& g, ProductForm form) {
  const Tile tile = tile_of(g, form);
  const auto groups = static_cast<double>(groups_of(g, tile)), depth = static_cast<double>(g.k);
  const double products = groups * static_cast<double>(tile.m * tile.n) * depth;
  if (p.target->opencl.on_processor) return products * (form == ProductForm::blocks ? 0.03e-9 : 1e-9);
  // A GPU of about a hundred units: whole rounds of work-groups, the larger tiles with more arithmetic for each byte.
  constexpr double kUnits = 132;
  const double rounds = std::ceil(groups / kUnits);
  switch (form) {
    case ProductForm::tiles128: return 4e-6 + rounds * depth * (128 * 128) / 140e9;
    case ProductForm::tiles64: return 4e-6 + std::max(rounds * depth * (64 * 64) / 100e9, depth * 25e-9);
    case ProductForm::tiles32: return 4e-6 + std::max(rounds * depth * (32 * 64) / 65e9, depth * 25e-9);
    case ProductForm::blocks: return 1;
    case ProductForm::rows:
      return 4e-6 +
             std::max(products * static_cast<double>(size_of(p.inputs[0].dtype)) / 2e12 / static_cast<double>(tile.m),
                      depth / 16 * 60e-9);
  }
  return 1;
}

}  // namespace vireo::ops

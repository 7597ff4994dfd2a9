// Both operands are packed into panels (shared/integer_product.h), known ones once; then tiles of panels are
// multiplied.
#include <algorithm>

#include "engine/base/text.h"
#include "engine/graph/packed_weights.h"
#include "engine/ops/shared/integer_product.h"
#include "engine/ops/shared/integer_shape.h"
#include "engine/ops/shared/matmul_geometry.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

constexpr std::int64_t kRowPanels = 8, kColumnPanels = 4;  // of a tile, where there are enough tiles

/// Panels of one operand: those of each matrix of its batch, then the sums of all their rows or columns.
struct Panels {
  std::int64_t matrices = 1, count = 0, width = 0;  ///< panels of a matrix, rows or columns of a panel
  std::int64_t words = 0;                           ///< of a panel
  std::size_t sums = 0, bytes = 0;                  ///< where the sums begin; all
  std::size_t place = 0;                            ///< in the workspace

  Panels() = default;
  Panels(std::int64_t all, std::int64_t extent, std::int64_t depth, std::int64_t panel)
      : matrices(all), count((extent + panel - 1) / panel), width(panel), words(depth * panel) {
    sums = static_cast<std::size_t>(matrices * count * words + kWordSlack) * sizeof(std::uint32_t);
    bytes = sums + static_cast<std::size_t>(matrices * count * width + kWordSlack) * sizeof(std::int32_t);
    bytes = (bytes + 63) / 64 * 64;
  }
  [[nodiscard]] std::uint32_t* panel(std::byte* block, std::int64_t i) const {
    return reinterpret_cast<std::uint32_t*>(block) + i * words;
  }
  [[nodiscard]] std::int32_t* sum(std::byte* block, std::int64_t i) const {
    return reinterpret_cast<std::int32_t*>(block + sums) + i * width;
  }
};

struct State {
  const IntegerKernels* kernels = nullptr;
  std::int64_t m = 0, n = 0, k = 0, depth = 0, batch = 1;
  std::vector<std::int64_t> a_index, b_index;  ///< by product: the matrices of the operands
  bool a_signed = false, b_signed = false;
  std::int64_t a_zeros = 0, b_zeros = 0;  ///< zero points: none, one, or one for each row or column
  Panels a, b;
  std::shared_ptr<const std::byte> known;                                       ///< panels of b
  std::int64_t row_tiles = 0, column_tiles = 0, row_step = 1, column_step = 1;  ///< steps in panels
};

void pack_a(const State& s, const std::uint8_t* a, std::byte* block, std::int64_t i) {
  const std::int64_t matrix = i / s.a.count, first = i % s.a.count * s.a.width;
  std::uint32_t* to = s.a.panel(block, i);
  pack_rows(*s.kernels, a + (matrix * s.m + first) * s.k, s.k, std::min(s.a.width, s.m - first), s.k, s.a_signed, to);
  s.kernels->sum_rows(to, s.depth, s.a.sum(block, i));
}

void pack_b(const State& s, const std::uint8_t* b, std::byte* block, std::int64_t i) {
  const std::int64_t matrix = i / s.b.count, first = i % s.b.count * s.b.width;
  std::uint32_t* to = s.b.panel(block, i);
  pack_columns(*s.kernels, b + matrix * s.k * s.n + first, s.n, std::min(s.b.width, s.n - first), s.k, s.b_signed, to);
  s.kernels->sum_columns(to, s.b.width, s.depth, s.b.sum(block, i));
}

void run_pack(const TileArgs& args) noexcept {
  const auto& s = *static_cast<const State*>(args.state);
  const std::int64_t rows = s.a.matrices * s.a.count;
  if (args.tile < rows)
    pack_a(s, static_cast<const std::uint8_t*>(args.inputs[0]), args.workspace + s.a.place, args.tile);
  else pack_b(s, static_cast<const std::uint8_t*>(args.inputs[1]), args.workspace + s.b.place, args.tile - rows);
}

/// Zero points [first, first + count) as numbers of the panels' values; 0 behind them.
void read_zeros(const void* from, std::int64_t given, std::int64_t first, std::int64_t count, bool is_signed,
                std::int32_t shift, std::int32_t* to) {
  const auto* zeros = static_cast<const std::uint8_t*>(from);
  for (std::int64_t i = 0; i < count; ++i)
    to[i] = (given == 0 ? 0 : byte_number(zeros[given == 1 ? 0 : first + i], is_signed)) + shift;
}

constexpr std::int64_t kMostLanes = 64;

void run_products(const TileArgs& args) noexcept {
  const auto& s = *static_cast<const State*>(args.state);
  const IntegerKernels& kernels = *s.kernels;
  const std::int64_t tiles = s.row_tiles * s.column_tiles, product = args.tile / tiles, rest = args.tile % tiles;
  const std::int64_t row_begin = rest % s.row_tiles * s.row_step, column_begin = rest / s.row_tiles * s.column_step;
  const std::int64_t row_end = std::min(row_begin + s.row_step, s.a.count),
                     column_end = std::min(column_begin + s.column_step, s.b.count);
  std::byte* rows = args.workspace + s.a.place;
  std::byte* columns = s.known ? const_cast<std::byte*>(s.known.get()) : args.workspace + s.b.place;
  auto* y = static_cast<std::int32_t*>(args.outputs[0]) + product * s.m * s.n;
  const void *a_zero = s.a_zeros ? args.inputs[2] : nullptr, *b_zero = s.b_zeros ? args.inputs[3] : nullptr;
  for (std::int64_t j = column_begin; j < column_end; ++j) {
    const std::int64_t n = j * s.b.width, panel_b = s.b_index[static_cast<std::size_t>(product)] * s.b.count + j;
    const std::int64_t count = std::min(s.b.width, s.n - n);
    std::int32_t column_factor[kMostLanes] = {}, column_sum[kMostLanes] = {};
    read_zeros(b_zero, s.b_zeros, n, count, s.b_signed, kernels.column_shift(s.b_signed), column_factor);
    const std::int32_t* sums = s.b.sum(columns, panel_b);
    for (std::int64_t c = 0; c < count; ++c) {
      column_factor[c] = -column_factor[c];
      column_sum[c] =
          static_cast<std::int32_t>(static_cast<std::uint32_t>(sums[c]) +
                                    static_cast<std::uint32_t>(s.k) * static_cast<std::uint32_t>(column_factor[c]));
    }
    for (std::int64_t i = row_begin; i < row_end; ++i) {
      const std::int64_t m = i * s.a.width, panel_a = s.a_index[static_cast<std::size_t>(product)] * s.a.count + i;
      std::int32_t row_factor[kMostLanes] = {};
      static constexpr std::int32_t kNothing[kMostLanes] = {};
      IntegerTile tile{.rows = s.a.panel(rows, panel_a),
                       .columns = s.b.panel(columns, panel_b),
                       .column_step = s.b.width,
                       .depth = s.depth,
                       .to = y + m * s.n + n,
                       .pitch = s.n,
                       .row_count = static_cast<int>(std::min(s.a.width, s.m - m)),
                       .column_count = static_cast<int>(count),
                       .row_add = kNothing,
                       .row_factor = row_factor,
                       .column_sum = column_sum,
                       .column_factor = column_factor,
                       .row_sum = s.a.sum(rows, panel_a)};
      read_zeros(a_zero, s.a_zeros, m, tile.row_count, s.a_signed, kernels.row_shift(s.a_signed), row_factor);
      for (int r = 0; r < tile.row_count; ++r) row_factor[r] = -row_factor[r];
      kernels.run(tile);
    }
  }
}

std::string refuse(const Problem& p) {
  for (const graph::Desc& d : p.inputs)
    if (d.present() && !d.dense()) return "an input has gaps";
  if (!p.outputs[0].dense()) return "the output has gaps";
  const MatmulGeometry g = matmul_geometry({}, p.inputs[0].dims, p.inputs[1].dims);
  if (p.outputs[0].count() == 0 || g.k == 0) return "an extent is 0";
  if (std::string why = refuse_extents(p); !why.empty()) return why;
  if (g.n > kMostColumns || g.m > kMostColumns || g.k > kMostDepth || element_count(g.batch) > kMostColumns)
    return "more columns or products, or a longer sum, than panels are made for";
  return {};
}

std::int64_t zeros_of(const Problem& p, std::size_t input) {
  return input < p.inputs.size() && p.inputs[input].present() ? p.inputs[input].count() : 0;
}

template <const IntegerKernels& (*kSet)()>
Launch prepare(const Problem& p) {
  auto state = std::make_shared<State>();
  State& s = *state;
  s.kernels = &kSet();
  const MatmulGeometry g = matmul_geometry({}, p.inputs[0].dims, p.inputs[1].dims);
  s.m = g.m, s.n = g.n, s.k = g.k;
  s.depth = (g.k + s.kernels->values - 1) / s.kernels->values;
  s.a_signed = p.inputs[0].dtype == DataType::int8, s.b_signed = p.inputs[1].dtype == DataType::int8;
  s.a_zeros = zeros_of(p, 2), s.b_zeros = zeros_of(p, 3);
  walk<2>(g.batch, {broadcast_strides(g.a_batch, g.batch), broadcast_strides(g.b_batch, g.batch)}, [&](const auto& at) {
    s.a_index.push_back(at[0]);
    s.b_index.push_back(at[1]);
  });
  s.batch = static_cast<std::int64_t>(s.a_index.size());
  s.a = Panels(element_count(g.a_batch), s.m, s.depth, s.kernels->rows);
  s.b = Panels(element_count(g.b_batch), s.n, s.depth, s.kernels->columns);
  graph::CpuLaunch launch;
  std::int64_t packs = s.a.matrices * s.a.count;
  launch.workspace_bytes = s.a.bytes;
  if (p.inputs[1].constant) {
    const std::string layout = base::str("integer_columns ", s.kernels->columns, "x", s.kernels->values, " ",
                                         s.kernels->bytes, " ", s.n, "x", s.k);
    s.known = graph::packed(p, layout, p.inputs[1].dtype, {1}, s.b.bytes, [&](std::byte* to) {
      for (std::int64_t i = 0; i < s.b.matrices * s.b.count; ++i)
        pack_b(s, p.inputs[1].constant->as<std::uint8_t>(), to, i);
    });
    launch.state_bytes = s.b.bytes;
    launch.unread_inputs = 0b10;
  } else {
    s.b.place = s.a.bytes;
    launch.workspace_bytes += s.b.bytes;
    packs += s.b.matrices * s.b.count;
  }
  s.row_step = std::min(kRowPanels, s.a.count), s.column_step = std::min(kColumnPanels, s.b.count);
  const auto tiles = [&s] {
    s.row_tiles = (s.a.count + s.row_step - 1) / s.row_step;
    s.column_tiles = (s.b.count + s.column_step - 1) / s.column_step;
    return s.batch * s.row_tiles * s.column_tiles;
  };
  while (tiles() < 4 * p.workers && s.column_step > 1) s.column_step /= 2;
  while (tiles() < 4 * p.workers && s.row_step > 1) s.row_step /= 2;
  launch.phases = {{run_pack, packs}, {run_products, tiles()}};
  launch.state = std::move(state);
  return launch;
}

constexpr Tactic kTactics[] = {
#if defined(__x86_64__)
    {.name = "matmul_integer_panels_avx512_vnni",
     .isa = graph::Isa::avx512_vnni,
     .refuse = refuse,
     .prepare = prepare<integer_kernels_avx512_vnni>},
    {.name = "matmul_integer_panels_avx512",
     .isa = graph::Isa::avx512,
     .refuse = refuse,
     .prepare = prepare<integer_kernels_avx512>},
    {.name = "matmul_integer_panels_avx2",
     .isa = graph::Isa::avx2,
     .refuse = refuse,
     .prepare = prepare<integer_kernels_avx2>},
#endif
    {.name = "matmul_integer_panels_portable", .refuse = refuse, .prepare = prepare<integer_kernels_portable>},
};

}  // namespace

std::span<const Tactic> matmul_integer_tactics() { return kTactics; }

}  // namespace vireo::ops

// A tile is a block of sequences, through all steps: their states are quantised, packed, and multiplied with the packed
// recurrent weights (shared/integer_product.h), panel by panel. The input part of the gates, which is most of the work
// of long sequences, is a layer of its own before this one.
#include "engine/ops/dynamic_quantize_lstm/kernels.h"

#include <algorithm>
#include <cstring>

#include "engine/base/text.h"
#include "engine/graph/packed_weights.h"
#include "engine/ops/shared/dynamic_range.h"
#include "engine/ops/shared/integer_product.h"
#include "engine/ops/shared/integer_shape.h"
#include "engine/ops/shared/quantization_kernels.h"

namespace vireo::ops {
namespace {

constexpr std::int64_t kMostColumnsOfPanel = 64, kMostRowsOfPanel = 16;

struct State {
  const IntegerKernels* products = nullptr;
  const QuantizationKernels* quantization = nullptr;
  LstmUnits units = nullptr;
  std::int64_t sequence = 0, batch = 0, hidden = 0, depth = 0, row_panels = 0, column_panels = 0;
  bool reversed = false, lengths = false, h0 = false, c0 = false, outputs[3] = {};
  std::vector<float> scale;                 ///< one for each column of whole panels
  std::vector<std::int32_t> factor;         ///< minus its zero point, in the panels' numbers
  std::shared_ptr<const std::byte> memory;  ///< panels of r, then the sums of their columns
  std::size_t h = 0, c = 0, bytes = 0, rows = 0, row_sums = 0, gates = 0, scratch = 0;  ///< places in scratch

  [[nodiscard]] const std::uint32_t* panel(std::int64_t j) const {
    return reinterpret_cast<const std::uint32_t*>(memory.get()) + j * depth * products->columns;
  }
  [[nodiscard]] const std::int32_t* sums(std::int64_t j) const {
    return reinterpret_cast<const std::int32_t*>(panel(column_panels)) + kWordSlack + j * products->columns;
  }
};

std::int64_t length_of(const State& s, const TileArgs& args, std::int64_t n) {
  if (!s.lengths) return s.sequence;
  return std::clamp<std::int64_t>(static_cast<const std::int32_t*>(args.inputs[4])[n], 0, s.sequence);
}

/// The sequences of a tile, and what they have in scratch.
struct Block {
  std::int64_t first = 0, count = 0;
  float *h = nullptr, *c = nullptr, *gates = nullptr;
  std::uint8_t* bytes = nullptr;
  std::uint32_t* rows = nullptr;
  std::int32_t* row_sums = nullptr;
  DynamicRange ranges[kMostRowsOfPanel];

  Block(const State& s, const TileArgs& args)
      : first(args.tile * s.products->rows),
        count(std::min<std::int64_t>(s.products->rows, s.batch - first)),
        h(reinterpret_cast<float*>(args.scratch + s.h)),
        c(reinterpret_cast<float*>(args.scratch + s.c)),
        gates(reinterpret_cast<float*>(args.scratch + s.gates)),
        bytes(reinterpret_cast<std::uint8_t*>(args.scratch + s.bytes)),
        rows(reinterpret_cast<std::uint32_t*>(args.scratch + s.rows)),
        row_sums(reinterpret_cast<std::int32_t*>(args.scratch + s.row_sums)) {}
};

void quantize_states(const State& s, Block& b) {
  const Quantize quantize = s.quantization->quantize(DataType::float32, DataType::uint8);
  for (std::int64_t r = 0; r < b.count; ++r) {
    float least = 0, greatest = 0;
    s.quantization->range(b.h + r * s.hidden, s.hidden, least, greatest);
    b.ranges[r] = dynamic_range(least, greatest);
    const DynamicRange& range = b.ranges[r];
    quantize(b.h + r * s.hidden, b.bytes + r * s.hidden, s.hidden, {&range.scale, &range.zero, true, true, false});
  }
  pack_rows(*s.products, b.bytes, s.hidden, b.count, s.hidden, false, b.rows);
  s.products->sum_rows(b.rows, s.depth, b.row_sums);
}

/// The recurrent part of the gates alone.
void multiply(const State& s, const Block& b) {
  const IntegerKernels& k = *s.products;
  const std::int64_t columns = s.column_panels * k.columns;
  std::int32_t row_factor[kMostRowsOfPanel] = {}, column_sum[kMostColumnsOfPanel] = {},
               sums[kMostRowsOfPanel * kMostColumnsOfPanel];
  static constexpr std::int32_t kNothing[kMostRowsOfPanel] = {};
  for (std::int64_t r = 0; r < b.count; ++r) row_factor[r] = -(b.ranges[r].zero + k.row_shift(false));
  for (std::int64_t j = 0; j < s.column_panels; ++j) {
    const std::int32_t* factor = s.factor.data() + j * k.columns;
    for (int c = 0; c < k.columns; ++c) column_sum[c] = s.sums(j)[c] + static_cast<std::int32_t>(s.hidden) * factor[c];
    const IntegerTile tile{.rows = b.rows,
                           .columns = s.panel(j),
                           .column_step = k.columns,
                           .depth = s.depth,
                           .to = sums,
                           .pitch = k.columns,
                           .row_count = static_cast<int>(b.count),
                           .column_count = k.columns,
                           .row_add = kNothing,
                           .row_factor = row_factor,
                           .column_sum = column_sum,
                           .column_factor = factor,
                           .row_sum = b.row_sums};
    k.run(tile);
    const float* scale = s.scale.data() + j * k.columns;
    for (std::int64_t r = 0; r < b.count; ++r)
      for (int c = 0; c < k.columns; ++c)
        b.gates[r * columns + j * k.columns + c] =
            static_cast<float>(sums[r * k.columns + c]) * (b.ranges[r].scale * scale[c]);
  }
}

void advance(const State& s, const TileArgs& args, const Block& b, std::int64_t step) {
  const std::int64_t columns = s.column_panels * s.products->columns;
  for (std::int64_t r = 0; r < b.count; ++r) {
    const std::int64_t n = b.first + r, length = length_of(s, args, n);
    if (step >= length) continue;
    const std::int64_t row = (s.reversed ? length - 1 - step : step) * s.batch + n;
    const float* input = static_cast<const float*>(args.inputs[0]) + row * 4 * s.hidden;
    float* own = b.gates + r * columns;
    for (std::int64_t i = 0; i < 4 * s.hidden; ++i) own[i] += input[i];
    s.units(own, s.hidden, b.h + r * s.hidden, b.c + r * s.hidden);
    if (s.outputs[0]) std::copy_n(b.h + r * s.hidden, s.hidden, static_cast<float*>(args.outputs[0]) + row * s.hidden);
  }
}

void run_tile(const TileArgs& args) noexcept {
  const auto& s = *static_cast<const State*>(args.state);
  Block b(s, args);
  const std::int64_t count = b.count * s.hidden, place = b.first * s.hidden;
  const auto begin = [&](float* to, bool given, std::size_t input) {
    if (given) std::copy_n(static_cast<const float*>(args.inputs[input]) + place, count, to);
    else std::fill(to, to + count, 0.0f);
  };
  begin(b.h, s.h0, 5);
  begin(b.c, s.c0, 6);
  for (std::int64_t step = 0; step < s.sequence && s.lengths && s.outputs[0]; ++step)
    std::fill_n(static_cast<float*>(args.outputs[0]) + step * s.batch * s.hidden + place, count, 0.0f);
  for (std::int64_t step = 0; step < s.sequence; ++step) {
    quantize_states(s, b);
    multiply(s, b);
    advance(s, args, b, step);
  }
  if (s.outputs[1]) std::copy_n(b.h, count, static_cast<float*>(args.outputs[1]) + place);
  if (s.outputs[2]) std::copy_n(b.c, count, static_cast<float*>(args.outputs[2]) + place);
}

bool is_given(const Problem& p, std::size_t k) { return k < p.inputs.size() && p.inputs[k].present(); }

std::string refuse(const Problem& p) {
  for (const auto* list : {&p.inputs, &p.outputs})
    for (const graph::Desc& d : *list)
      if (d.present() && !d.dense()) return "takes dense tensors only";
  for (const std::size_t k : {1, 2, 3})
    if (is_given(p, k) && !p.inputs[k].constant) return "the weights are not known when building";
  if (is_given(p, 4) && p.inputs[4].dtype != DataType::int32) return "takes lengths of int32";
  if (is_given(p, 7)) return "has no peepholes";
  const Attributes& a = *p.attributes;
  if (a.real("clip", 0) != 0 || a.integer("input_forget", 0) != 0) return "has neither clip nor coupled gates";
  const std::string names = a.text("activations", "");
  if (!names.empty() && names != "Sigmoid,Tanh,Tanh") return "takes the default activations only";
  return p.inputs[0].count() == 0 || p.inputs[1].count() == 0 ? "nothing to do" : refuse_extents(p);
}

void place(State& s) {
  const auto next = [&s](std::int64_t count) {
    const std::size_t at = s.scratch;
    s.scratch += (static_cast<std::size_t>(count) * 4 + 63) / 64 * 64;
    return at;
  };
  const std::int64_t rows = s.products->rows;
  s.h = next(rows * s.hidden);
  s.c = next(rows * s.hidden);
  s.bytes = next(rows * s.hidden);
  s.rows = next(rows * s.depth);
  s.row_sums = next(rows);
  s.gates = next(s.products->rows * s.column_panels * s.products->columns);
}

template <const IntegerKernels& (*kSet)(), const QuantizationKernels& (*kQuantization)(), LstmUnits (*kUnits)()>
Launch prepare(const Problem& p) {
  auto state = std::make_shared<State>();
  State& s = *state;
  s.products = &kSet();
  s.quantization = &kQuantization();
  s.units = kUnits();
  const IntegerKernels& k = *s.products;
  s.sequence = p.inputs[0].dims[0], s.batch = p.inputs[0].dims[1], s.hidden = p.inputs[1].dims[0];
  s.depth = (s.hidden + k.values - 1) / k.values;
  s.row_panels = (s.batch + k.rows - 1) / k.rows, s.column_panels = (4 * s.hidden + k.columns - 1) / k.columns;
  s.reversed = p.attributes->text("direction", "forward") == "reverse";
  s.lengths = is_given(p, 4), s.h0 = is_given(p, 5), s.c0 = is_given(p, 6);
  for (std::size_t i = 0; i < 3; ++i) s.outputs[i] = i < p.outputs.size() && p.outputs[i].present();
  const bool is_signed = p.inputs[1].dtype == DataType::int8;
  const std::vector<double> scale = to_reals(*p.inputs[2].constant);
  const std::vector<std::int64_t> zero =
      is_given(p, 3) ? to_integers(*p.inputs[3].constant) : std::vector<std::int64_t>{0};
  for (std::int64_t i = 0; i < s.column_panels * k.columns; ++i) {
    const auto at = static_cast<std::size_t>(std::min(i, 4 * s.hidden - 1));
    s.scale.push_back(static_cast<float>(scale[scale.size() == 1 ? 0 : at]));
    s.factor.push_back(-static_cast<std::int32_t>(zero[zero.size() == 1 ? 0 : at]) - k.column_shift(is_signed));
  }
  const auto bytes = static_cast<std::size_t>(s.column_panels * k.columns * (s.depth + 1) + 2 * kWordSlack) * 4;
  const std::string layout = base::str("recurrent_columns ", k.columns, "x", k.values, " ", k.bytes, " ", s.hidden);
  s.memory = graph::packed(p, layout, p.inputs[1].dtype, {1}, bytes, [&](std::byte* to) {
    const auto* r = p.inputs[1].constant->as<std::uint8_t>();
    auto* words = reinterpret_cast<std::uint32_t*>(to);
    auto* sums = reinterpret_cast<std::int32_t*>(words + s.column_panels * s.depth * k.columns + kWordSlack);
    for (std::int64_t j = 0; j < s.column_panels; ++j, words += s.depth * k.columns, sums += k.columns) {
      pack_columns(k, r + j * k.columns, 4 * s.hidden, std::min<std::int64_t>(k.columns, 4 * s.hidden - j * k.columns),
                   s.hidden, is_signed, words);
      k.sum_columns(words, k.columns, s.depth, sums);
    }
  });
  place(s);
  graph::CpuLaunch launch;
  launch.phases = {{run_tile, s.row_panels}};
  launch.scratch_bytes = s.scratch;
  launch.state_bytes = bytes;
  launch.unread_inputs = 0b1110;
  launch.state = std::move(state);
  return launch;
}

constexpr Tactic kTactics[] = {
#if defined(__x86_64__)
    {.name = "dynamic_quantize_lstm_steps_avx512_vnni",
     .isa = graph::Isa::avx512_vnni,
     .refuse = refuse,
     .prepare = prepare<integer_kernels_avx512_vnni, quantization_kernels_avx512, lstm_units_avx512>},
    {.name = "dynamic_quantize_lstm_steps_avx512",
     .isa = graph::Isa::avx512,
     .refuse = refuse,
     .prepare = prepare<integer_kernels_avx512, quantization_kernels_avx512, lstm_units_avx512>},
    {.name = "dynamic_quantize_lstm_steps_avx2",
     .isa = graph::Isa::avx2,
     .refuse = refuse,
     .prepare = prepare<integer_kernels_avx2, quantization_kernels_avx2, lstm_units_avx2>},
#endif
    {.name = "dynamic_quantize_lstm_steps_portable",
     .refuse = refuse,
     .prepare = prepare<integer_kernels_portable, quantization_kernels_portable, lstm_units_portable>},
};

}  // namespace

std::span<const Tactic> dynamic_quantize_lstm_tactics() { return kTactics; }

}  // namespace vireo::ops

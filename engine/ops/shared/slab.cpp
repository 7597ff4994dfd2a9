#include "engine/ops/shared/slab.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/api/half.h"
#include "engine/base/text.h"
#include "engine/graph/packed_weights.h"
#include "engine/ops/shared/hopper.h"

namespace vireo::ops {
namespace {

// As in the plan kernel (device/opencl/plan_text.cpp).
constexpr std::int64_t kSlab = 65536, kSlot = 37376;
constexpr std::int64_t kMostSlabTaps = 64;

std::int64_t slab_parts(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }
std::int64_t slab_floor(std::int64_t a, std::int64_t b) { return (a >= 0 ? a : a - b + 1) / b; }

/// One axis of the window: which phases of the picture its taps read, how many whole steps away, and the extent that
/// output positions are numbered in.
struct SlabWalk {
  std::vector<std::int64_t> phase, steps;  ///< by tap
  std::int64_t first = 0, last = 0;        ///< least and most steps
  std::int64_t padded = 0;
};

SlabWalk slab_walk(const SlabAxis& axis) {
  SlabWalk walk;
  walk.first = std::numeric_limits<std::int64_t>::max();
  walk.last = std::numeric_limits<std::int64_t>::min();
  for (std::int64_t t = 0; t < axis.taps; ++t) {
    const std::int64_t at = t * axis.dilation - axis.pad;
    const std::int64_t steps = slab_floor(at, axis.stride);
    walk.phase.push_back(at - steps * axis.stride);
    walk.steps.push_back(steps);
    walk.first = std::min(walk.first, steps);
    walk.last = std::max(walk.last, steps);
  }
  // Places from `first` on: zeros before the picture, the picture, zeros behind it. Those behind a row may be the ones
  // before the next.
  const std::int64_t picture = slab_parts(axis.in, axis.stride);
  const std::int64_t reached = axis.out + walk.last;  // one behind the last place that is read
  const std::int64_t before = std::max<std::int64_t>(0, -walk.first);
  const std::int64_t behind = std::max<std::int64_t>(0, reached - picture);
  walk.padded = std::max(axis.out, std::min(picture, reached) + std::max(before, behind));
  return walk;
}

struct SlabPlan {
  SlabWalk x, y;
  std::vector<std::pair<std::int64_t, std::int64_t>> phases;  ///< x, y
  std::vector<std::int64_t> taps;                             ///< offsets in a row of the slab
  std::int64_t positions = 0;                                 ///< of a phase
  std::int64_t row = 0;
  std::int64_t blocks = 0;  ///< of 8 channels, of a chunk
  std::int64_t chunks = 0;
  std::int64_t column_tiles = 0, row_tiles = 0;

  [[nodiscard]] std::int64_t slot_bytes(const SlabTile& tile) const {
    return static_cast<std::int64_t>(taps.size()) * blocks * tile.columns * 16 + tile.columns * 4;
  }
  [[nodiscard]] std::int64_t pieces(const SlabTile& tile) const { return row_tiles * column_tiles * tile.split; }
};

/// chunks 0: does not fit.
SlabPlan slab_plan(const SlabProduct& p, const SlabTile& tile) {
  SlabPlan plan;
  plan.x = slab_walk(p.x);
  plan.y = slab_walk(p.y);
  for (std::size_t v = 0; v < plan.y.steps.size(); ++v)
    for (std::size_t h = 0; h < plan.x.steps.size(); ++h) {
      const std::pair<std::int64_t, std::int64_t> phase{plan.x.phase[h], plan.y.phase[v]};
      if (std::find(plan.phases.begin(), plan.phases.end(), phase) == plan.phases.end()) plan.phases.push_back(phase);
    }
  plan.positions = tile.rows + (plan.y.last - plan.y.first) * plan.x.padded + plan.x.last - plan.x.first;
  for (std::size_t v = 0; v < plan.y.steps.size(); ++v)
    for (std::size_t h = 0; h < plan.x.steps.size(); ++h) {
      const std::pair<std::int64_t, std::int64_t> phase{plan.x.phase[h], plan.y.phase[v]};
      const auto number = std::find(plan.phases.begin(), plan.phases.end(), phase) - plan.phases.begin();
      plan.taps.push_back(number * plan.positions + (plan.y.steps[v] - plan.y.first) * plan.x.padded + plan.x.steps[h] -
                          plan.x.first);
    }
  plan.row = static_cast<std::int64_t>(plan.phases.size()) * plan.positions | 1;
  const std::int64_t m = ((p.images - 1) * plan.y.padded + p.y.out - 1) * plan.x.padded + p.x.out;
  plan.row_tiles = slab_parts(m, tile.rows);
  plan.column_tiles = slab_parts(p.columns, tile.columns);
  // Two blocks together, 16 channels; four where each of two warpgroups has its own.
  const std::int64_t together = tile.halves == 0 ? 4 : 2;
  const std::int64_t all = slab_parts(slab_parts(p.channels, 8), tile.split);
  const std::int64_t fit =
      std::min({kSlab / (plan.row * 16),
                (kSlot - tile.columns * 4) / (static_cast<std::int64_t>(plan.taps.size()) * tile.columns * 16),
                std::int64_t{64}}) /
      together * together;
  if (fit == 0) return plan;
  plan.chunks = slab_parts(slab_parts(all, together) * together, fit);
  plan.blocks = slab_parts(slab_parts(all, plan.chunks), together) * together;
  return plan;
}

std::string slab_list(const std::vector<std::int64_t>& numbers) {
  std::string text = "{";
  for (const std::int64_t number : numbers) text += base::str(text.size() > 1 ? "," : "", number);
  return text + "}";
}

/// [column tile][part][chunk]: [tap][block of 8 channels][column][8], then the columns' bias as floats.
device::OpenclState slab_weights(const Problem& problem, const SlabProduct& p, const SlabTile& tile,
                                 const SlabPlan& plan, std::string_view layout, int bias, const SlabWeights& weights) {
  const auto taps = static_cast<std::int64_t>(plan.taps.size());
  const std::int64_t slots = plan.column_tiles * tile.split * plan.chunks, bytes = plan.slot_bytes(tile);
  const auto b = static_cast<std::size_t>(bias < 0 ? 0 : bias);
  const bool biased = bias >= 0 && b < problem.inputs.size() && problem.inputs[b].present();
  const graph::Constant* shift = biased ? problem.inputs[b].constant.get() : nullptr;
  device::OpenclState state;
  state.bytes = static_cast<std::size_t>(slots * bytes);
  const std::string name =
      base::str("slab ", layout, " ", tile.columns, " ", tile.split, " ", plan.chunks, " ", plan.blocks);
  const std::size_t of_bias = biased ? b : problem.inputs.size();  // packed() knows absent ones
  auto block = graph::packed(problem, name, DataType::float16, {1, of_bias}, state.bytes, [&](std::byte* to) {
    for (std::int64_t s = 0; s < slots; ++s) {
      const std::int64_t chunk = s % (tile.split * plan.chunks),
                         first_column = s / (tile.split * plan.chunks) * tile.columns;
      auto* halfs = reinterpret_cast<std::uint16_t*>(to + s * bytes);
      auto* floats = reinterpret_cast<float*>(to + s * bytes + taps * plan.blocks * tile.columns * 16);
      for (std::int64_t c = 0; c < tile.columns; ++c) {
        const std::int64_t column = first_column + c;
        if (column >= p.columns) break;
        floats[c] = shift ? half_to_float(shift->as<std::uint16_t>()[column]) : 0.0f;
        for (std::int64_t t = 0; t < taps; ++t)
          for (std::int64_t k = 0; k < plan.blocks * 8; ++k) {
            const std::int64_t channel = chunk * plan.blocks * 8 + k;
            if (channel >= p.channels) break;
            halfs[((t * plan.blocks + k / 8) * tile.columns + c) * 8 + k % 8] = weights(column, t, channel);
          }
      }
    }
  });
  state.data = block.get();
  state.owner = std::move(block);
  return state;
}

}  // namespace

std::string refuse_slab(const Problem& problem, const SlabProduct& p, const SlabTile& tile,
                        std::initializer_list<int> tensors) {
  if (problem.target->opencl.resident_groups < 1) return "needs groups that may wait for each other";
  if (std::string why = refuse_opencl(problem, {DataType::float16}); !why.empty()) return why;
  if (std::string why = refuse_hopper(problem, tensors); !why.empty()) return why;
  if (p.channels % 8 != 0 || p.columns % 8 != 0) return "takes channels in multiples of 8";
  for (const SlabAxis* axis : {&p.x, &p.y})
    if (axis->stride < 1 || axis->pad < 0 || axis->stride > 4) return "a window that moves otherwise";
  if (p.x.taps * p.y.taps > kMostSlabTaps) return "a large window";
  // What the batches after this one would be: tiles of a launch pay there.
  const std::int64_t positions = p.images * p.y.out * p.x.out;
  if (positions > std::int64_t{1} << 20) return "too large a picture";
  const SlabPlan plan = slab_plan(p, tile);
  if (plan.chunks == 0) return "a window too large for the slab";
  if (plan.row >= 1 << 14) return "a window too large for the slab";
  if (tile.split > 1) {
    if (slab_parts(p.channels, 32) < tile.split) return "too little depth to be split";
    if (plan.pieces(tile) > 2 * problem.target->opencl.resident_groups) return "enough tiles without splitting";
  }
  return {};
}

double slab_seconds(const Problem& problem, const SlabProduct& p, const SlabTile& tile) {
  const SlabPlan plan = slab_plan(p, tile);
  if (plan.chunks == 0) return 1;
  const double groups = std::max(1, problem.target->opencl.resident_groups);
  const double rounds = std::ceil(static_cast<double>(plan.pieces(tile)) / groups);
  const auto slab = static_cast<double>(plan.row * 16 * plan.blocks), slot = static_cast<double>(plan.slot_bytes(tile));
  const auto steps = static_cast<double>(plan.taps.size()) * static_cast<double>(plan.blocks) / 2;
  // Latency of the loads and their bytes, weights that come while others are worked on, products, sums through local
  // memory.
  const double chunk = 0.45e-6 + slab / 60e9 + std::max(0.0, slot / 25e9 * rounds - 1e-6) / rounds +
                       steps * tile.rows * tile.columns / 64.0 / 64.0 * 20e-9 / 2;
  const double finish = 0.35e-6 + tile.rows * tile.columns * 0.08e-9 + (tile.split > 1 ? 0.9e-6 : 0.0);
  return rounds * (static_cast<double>(plan.chunks) * chunk + finish);
}

Launch slab_launch(const Problem& problem, const SlabProduct& p, const SlabTile& tile, std::string_view layout,
                   int bias, const SlabWeights& weights) {
  const SlabPlan plan = slab_plan(p, tile);
  OpenclLaunch launch;
  launch.states = {slab_weights(problem, p, tile, plan, layout, bias, weights)};
  std::vector<std::int64_t> phase_x, phase_y;
  for (const auto& [x, y] : plan.phases) {
    phase_x.push_back(x);
    phase_y.push_back(y);
  }
  KernelCall call("shared/opencl/slab.cl", "slab_product");
  call.before("shared/opencl/hopper.cl").before("shared/opencl/part_end.cl").define("FAST_FUNCTIONS", 1);
  call.define("CHANNELS", p.channels).define("COUT", p.columns).define("IMAGES", p.images);
  call.define("WIDTH", p.x.in).define("HEIGHT", p.y.in).define("X_PITCH", p.x_pitch);
  call.define("OUT_W", p.x.out).define("OUT_H", p.y.out).define("Y_PITCH", p.y_pitch);
  call.define("WP", plan.x.padded).define("HP", plan.y.padded).define("STRIDE_X", p.x.stride);
  call.define("STRIDE_Y", p.y.stride).define("FIRST_X", plan.x.first).define("FIRST_Y", plan.y.first);
  call.define("PHASES", static_cast<std::int64_t>(plan.phases.size()));
  call.define_text("PHASE_X", slab_list(phase_x)).define_text("PHASE_Y", slab_list(phase_y));
  call.define("TAPS", static_cast<std::int64_t>(plan.taps.size())).define_text("TAP", slab_list(plan.taps));
  call.define("ROWS", tile.rows).define("BN", tile.columns).define("SPLIT", tile.split).define("CHUNKS", plan.chunks);
  call.define("KC", plan.blocks).define("LP", plan.positions).define("ROW", plan.row).define("HALVES", tile.halves);
  call.define("RESIDUAL", p.residual).define("R_PITCH", p.residual_pitch).activation(p.activation);
  call.define("COLUMNS", tile.halves == 1 ? tile.columns / 2 : tile.columns);
  call.input(0).output(0);
  if (p.residual) call.input(p.residual_input);
  else call.output(0);
  OpenclKernel kernel = call.done();
  kernel.part = OpenclKernel::Part::resident;
  kernel.hopper = true;
  kernel.pieces = plan.pieces(tile);
  kernel.ahead = {0, static_cast<std::uint32_t>(plan.slot_bytes(tile)),
                  static_cast<std::uint32_t>(plan.column_tiles * tile.split), static_cast<std::uint32_t>(plan.chunks)};
  kernel.exchanges = tile.split > 1;
  launch.kernels.push_back(std::move(kernel));
  launch.state_bytes = launch.states[0].bytes;
  launch.marks = true;
  return launch;
}

}  // namespace vireo::ops

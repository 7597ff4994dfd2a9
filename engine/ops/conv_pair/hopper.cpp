// conv_pair as one product: the pixels and filters of the second convolution follow those of the first in the depth
// (shared/hopper_conv.h), so that the sum of both is the accumulators' and no residual goes through memory.
#include "engine/graph/packed_weights.h"
#include "engine/ops/conv_pair/pair.h"
#include "engine/ops/shared/hopper_conv.h"

namespace vireo::ops {
namespace {

struct Pair {
  ConvGeometry first, second;

  [[nodiscard]] std::int64_t pixels() const { return first.batch * first.out_pixels(); }
  [[nodiscard]] std::int64_t depth() const { return hopper_depth(first) + hopper_depth(second); }
};

Pair pair_of(const Problem& p) {
  return {pair_geometry(*p.attributes, 1, p.inputs[0].dims, p.inputs[1].dims),
          pair_geometry(*p.attributes, 2, p.inputs[2].dims, p.inputs[3].dims)};
}

bool has_bias(const Problem& p) { return p.inputs.size() > 4 && p.inputs[4].present(); }

/// [channel][weights of the first, then of the second], halfs.
device::OpenclState weights_of(const Problem& p, const Pair& pair) {
  const std::int64_t row = pair.depth() * 64;
  device::OpenclState state;
  state.bytes = static_cast<std::size_t>(pair.first.cout * row) * 2;
  auto block = graph::packed(p, "conv_pair_hopper", DataType::float16, {1, 3}, state.bytes, [&](std::byte* bytes) {
    auto* to = reinterpret_cast<std::uint16_t*>(bytes);
    pack_hopper_weights(pair.first, p.inputs[1].constant->as<std::uint16_t>(), to, row);
    pack_hopper_weights(pair.second, p.inputs[3].constant->as<std::uint16_t>(), to + hopper_depth(pair.first) * 64,
                        row);
  });
  state.data = block.get();
  state.owner = std::move(block);
  return state;
}

}  // namespace

std::string refuse_conv_pair_hopper(const Problem& p, std::size_t tile) {
  if (std::string why = refuse_opencl(p, {DataType::float16, DataType::float32}); !why.empty()) return why;
  if (std::string why = refuse_hopper(p, {0, 2, -1}); !why.empty()) return why;
  if (!p.inputs[1].constant || !p.inputs[3].constant || (has_bias(p) && !p.inputs[4].constant))
    return "weights that are not known";
  const Pair pair = pair_of(p);
  for (const ConvGeometry* g : {&pair.first, &pair.second})
    if (std::string why = refuse_hopper_pixels(*g); !why.empty()) return why;
  return refuse_split(p, pair.pixels(), pair.first.cout, pair.depth(), kHopperTiles[tile]);
}

double predict_conv_pair_hopper(const Problem& p, std::size_t tile) {
  const Pair pair = pair_of(p);
  return hopper_seconds(p, pair.pixels(), pair.first.cout, pair.depth(), kHopperTiles[tile]);
}

Launch prepare_conv_pair_hopper(const Problem& p, std::size_t tile) {
  const Pair pair = pair_of(p);
  HopperProduct product;
  product.m = pair.pixels();
  product.n = pair.first.cout;
  product.a = hopper_pixels(pair.first, 0, p.inputs[0].pitch);
  product.b = hopper_pixels(pair.second, 2, p.inputs[2].pitch);
  product.w = weights_of(p, pair);
  product.bias = hopper_bias(p, 4, product.n);
  product.y_pitch = p.outputs[0].pitch;
  product.activation = activation_of(*p.attributes);
  product.out_width = static_cast<std::int32_t>(pair.first.out[2]);
  product.out_height = static_cast<std::int32_t>(pair.first.out[1]);
  OpenclLaunch launch = *hopper_launch(p, product, kHopperTiles[tile]).as<OpenclLaunch>();
  launch.unread_inputs = 0b11010;
  return launch;
}

}  // namespace vireo::ops

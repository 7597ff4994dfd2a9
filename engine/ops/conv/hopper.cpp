// conv as a product of pixels and filters (shared/hopper_conv.h).
#include "engine/ops/conv/hopper.h"

#include "engine/graph/packed_weights.h"
#include "engine/ops/shared/hopper_conv.h"

namespace vireo::ops {
namespace {

bool given(const Problem& p, std::size_t k) { return k < p.inputs.size() && p.inputs[k].present(); }

}  // namespace

ConvGeometry conv_hopper_geometry(const Problem& p) {
  return conv_geometry(*p.attributes, p.inputs[0].dims, p.inputs[1].dims, Direction::forward);
}

device::OpenclState conv_hopper_weights(const Problem& p, const ConvGeometry& g) {
  const std::int64_t row = hopper_depth(g) * 64;
  device::OpenclState state;
  state.bytes = static_cast<std::size_t>(g.cout * row) * 2;
  auto block = graph::packed(p, "conv_hopper", DataType::float16, {1}, state.bytes, [&](std::byte* bytes) {
    pack_hopper_weights(g, p.inputs[1].constant->as<std::uint16_t>(), reinterpret_cast<std::uint16_t*>(bytes), row);
  });
  state.data = block.get();
  state.owner = std::move(block);
  return state;
}

std::string refuse_conv_hopper_tensors(const Problem& p) {
  if (std::string why = refuse_opencl(p, {DataType::float16}); !why.empty()) return why;
  if (std::string why = refuse_hopper(p, {0, -1}); !why.empty()) return why;
  if (given(p, 3))
    if (std::string why = refuse_hopper(p, {3}); !why.empty()) return why;
  if (!p.inputs[1].constant || (given(p, 2) && !p.inputs[2].constant)) return "weights that are not known";
  return refuse_hopper_pixels(conv_hopper_geometry(p));
}

std::string refuse_conv_hopper(const Problem& p, std::size_t tile) {
  if (std::string why = refuse_conv_hopper_tensors(p); !why.empty()) return why;
  const ConvGeometry g = conv_hopper_geometry(p);
  return refuse_split(p, g.batch * g.out_pixels(), g.cout, hopper_depth(g), kHopperTiles[tile]);
}

double predict_conv_hopper(const Problem& p, std::size_t tile) {
  const ConvGeometry g = conv_hopper_geometry(p);
  return hopper_seconds(p, g.batch * g.out_pixels(), g.cout, hopper_depth(g), kHopperTiles[tile]);
}

Launch prepare_conv_hopper(const Problem& p, std::size_t tile) {
  const ConvGeometry g = conv_hopper_geometry(p);
  HopperProduct product;
  product.m = g.batch * g.out_pixels();
  product.n = g.cout;
  product.a = hopper_pixels(g, 0, p.inputs[0].pitch);
  product.w = conv_hopper_weights(p, g);
  product.bias = hopper_bias(p, 2, g.cout);
  product.y_pitch = p.outputs[0].pitch;
  if (given(p, 3)) {
    product.residual = p.attributes->text("residual", "before") == "before" ? 1 : 2;
    product.residual_input = 3;
    product.residual_width = p.inputs[3].dims.back();
    product.residual_pitch = p.inputs[3].pitch;
  }
  product.activation = activation_of(*p.attributes);
  product.out_width = static_cast<std::int32_t>(g.out[2]);
  product.out_height = static_cast<std::int32_t>(g.out[1]);
  OpenclLaunch launch = *hopper_launch(p, product, kHopperTiles[tile]).as<OpenclLaunch>();
  launch.unread_inputs = 0b110;
  return launch;
}

}  // namespace vireo::ops

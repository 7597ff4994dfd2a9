// conv as a part of plan kernels.
#include "engine/ops/shared/slab.h"
#include "engine/base/text.h"
#include "engine/ops/conv/hopper.h"
#include "engine/ops/shared/conv_geometry.h"

namespace vireo::ops {
namespace {

bool slab_given(const Problem& p, std::size_t k) { return k < p.inputs.size() && p.inputs[k].present(); }

ConvGeometry slab_geometry(const Problem& p) {
  return conv_geometry(*p.attributes, p.inputs[0].dims, p.inputs[1].dims, Direction::forward);
}

SlabProduct product_of(const Problem& p, const ConvGeometry& g) {
  SlabProduct product;
  product.images = g.batch;
  product.channels = g.cin;
  product.columns = g.cout;
  const auto axis = [&](std::size_t d) {
    return SlabAxis{g.in[d], g.out[d], g.kernel[d], g.stride[d], g.dilation[d], g.pad_begin[d]};
  };
  product.y = axis(1);
  product.x = axis(2);
  product.x_pitch = p.inputs[0].pitch;
  product.y_pitch = p.outputs[0].pitch;
  if (slab_given(p, 3)) {
    product.residual = p.attributes->text("residual", "before") == "before" ? 1 : 2;
    product.residual_input = 3;
    product.residual_pitch = p.inputs[3].pitch;
  }
  product.activation = activation_of(*p.attributes);
  return product;
}

}  // namespace

std::string refuse_conv_slab(const Problem& p, std::size_t tile) {
  if (!p.inputs[1].constant || (slab_given(p, 2) && !p.inputs[2].constant)) return "weights that are not known";
  const ConvGeometry g = slab_geometry(p);
  if (!g.nhwc || g.rank != 2) return "takes channels-last pictures";
  if (g.groups != 1) return "takes one group";
  const SlabProduct product = product_of(p, g);
  return slab_given(p, 3) ? refuse_slab(p, product, kSlabTiles[tile], {0, 3, -1})
                          : refuse_slab(p, product, kSlabTiles[tile], {0, -1});
}

double predict_conv_slab(const Problem& p, std::size_t tile) {
  return slab_seconds(p, product_of(p, slab_geometry(p)), kSlabTiles[tile]);
}

Launch prepare_conv_slab(const Problem& p, std::size_t tile) {
  const ConvGeometry g = slab_geometry(p);
  const auto* from = p.inputs[1].constant->as<std::uint16_t>();
  const std::int64_t taps = g.taps(), channels = g.cin;
  OpenclLaunch launch = *slab_launch(p, product_of(p, g), kSlabTiles[tile], "conv", 2,
                                     [=](std::int64_t column, std::int64_t tap, std::int64_t channel) {
                                       return from[(column * channels + channel) * taps + tap];
                                     })
                             .as<OpenclLaunch>();
  launch.unread_inputs = 0b110;
  return launch;
}

}  // namespace vireo::ops

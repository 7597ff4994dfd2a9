#include <algorithm>

#include "engine/ops/col2im/col2im.h"

namespace vireo::ops {

Col2Im plan_col2im(const Attributes& a, const Ints& image, const Ints& block) {
  const std::size_t axes = image.size();
  const Ints strides = a.integers("strides", Ints(axes, 1)), dilations = a.integers("dilations", Ints(axes, 1)),
             pads = a.integers("pads", Ints(2 * axes, 0));
  Col2Im s;
  for (std::size_t i = 0; i < axes; ++i) {
    const std::int64_t room = image[i] + pads[i] + pads[i + axes] - dilations[i] * (block[i] - 1) - 1;
    s.axes.push_back({.image = image[i],
                      .block = block[i],
                      .places = room < 0 ? 0 : room / strides[i] + 1,
                      .stride = strides[i],
                      .dilation = dilations[i],
                      .pad = pads[i]});
  }
  for (std::size_t i = axes; i-- > 0;) {
    s.axes[i].step = s.pixels;
    s.pixels *= s.axes[i].image;
    s.taps *= s.axes[i].block;
    s.places *= s.axes[i].places;
  }
  return s;
}

void col2im_reference(const EvalContext& c) {
  const View &in = c.inputs[0], &out = c.outputs[0];
  const Col2Im s = plan_col2im(c.attributes, read_integers(c.inputs[1]), read_integers(c.inputs[2]));
  if (out.count() == 0) return;
  dispatch_number(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    std::vector<Wide<T>> image(static_cast<std::size_t>(s.pixels));
    for (std::int64_t plane = 0; plane < out.dims[0] * out.dims[1]; ++plane) {
      std::fill(image.begin(), image.end(), Wide<T>(0));
      col2im_plane(s, in.as<T>() + plane * s.taps * s.places, image.data());
      T* y = out.as<T>() + plane * s.pixels;
      for (std::int64_t i = 0; i < s.pixels; ++i) y[i] = static_cast<T>(image[static_cast<std::size_t>(i)]);
    }
  });
}

}  // namespace vireo::ops

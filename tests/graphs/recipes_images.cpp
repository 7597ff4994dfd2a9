// Layers of images: convolutions with what surrounds them, pooling, resizing, normalisation.

#include "tests/graphs/generator.h"

namespace vireo::graphs_testing {
namespace {

std::int64_t window(Generator& g) { return g.one_of<std::int64_t>({1, 1, 3, 3, 3, 2, 5, 7}); }

Ints pads_of(Generator& g, const Ints& kernel) {
  Ints pads(2 * kernel.size(), 0);
  if (g.chance(0.3)) return pads;
  for (std::size_t i = 0; i < pads.size(); ++i)
    pads[i] = g.chance(0.75) ? kernel[i % kernel.size()] / 2 : g.below(kernel[i % kernel.size()] + 1);
  return pads;
}

/// A convolution of any kind, of a tensor of rank 3 to 5.
TensorId convolution(Generator& g, TensorId x) {
  const std::int64_t cin = g.dims(x)[1];
  if (cin == 0) throw Rejected("no channels");
  const std::size_t rank = g.rank(x) - 2;
  std::int64_t groups = 1, cout = g.channels();
  if (g.chance(0.25)) {
    groups = cin;  // depthwise
    cout = cin * g.one_of<std::int64_t>({1, 1, 1, 2});
  } else if (g.chance(0.2)) {
    for (const std::int64_t n : {4, 3, 2})
      if (cin % n == 0 && groups == 1) groups = n;
    cout = groups * g.between(1, 9);
  }
  Ints kernel, strides, dilations;
  const bool square = g.chance(0.8), pointwise = g.chance(0.3);
  for (std::size_t i = 0; i < rank; ++i) {
    kernel.push_back(pointwise ? 1 : square && i > 0 ? kernel[0] : window(g));
    strides.push_back(square && i > 0 ? strides[0] : g.one_of<std::int64_t>({1, 1, 1, 2, 3}));
    dilations.push_back(g.chance(0.9) ? 1 : 2);
  }
  Dims w{cout, cin / groups};
  w.insert(w.end(), kernel.begin(), kernel.end());
  Attributes a;
  a.set("strides", strides);
  if (g.chance(0.12)) a.set("auto_pad", std::string(g.name_of({"SAME_UPPER", "SAME_LOWER", "VALID"})));
  else a.set("pads", pads_of(g, kernel));
  a.set("dilations", dilations);
  a.set("group", groups);
  std::vector<TensorId> inputs{x, g.weight(w)};
  if (g.chance(0.6)) inputs.push_back(g.weight({cout}));
  return g.layer("conv", inputs, std::move(a));
}

TensorId batch_norm(Generator& g, TensorId x) {
  const std::int64_t c = g.dims(x)[1];
  return g.layer("batch_norm", {x, g.weight({c}, 0.3, 2), g.weight({c}), g.floats({c}), g.floats({c}, 0.05, 2)},
                 {{"epsilon", g.one_of({1e-5, 1e-3, 0.1, 0.0})}});
}

TensorId image(Generator& g) { return g.pick(DataType::float32, g.chance(0.1) ? 3 : 4, g.chance(0.05) ? 5 : 4); }

TensorId block(Generator& g, TensorId x) {
  TensorId y = convolution(g, x);
  if (g.chance(0.35)) y = batch_norm(g, y);
  if (g.chance(0.15)) y = g.either_way(g.name_of({"mul", "add"}), y, g.floats({g.dims(y)[1], 1, 1}, 0.2, 2));
  if (g.chance(0.6)) y = g.activation(y);
  return y;
}

void conv(Generator& g) { (void)block(g, image(g)); }

void residual(Generator& g) {
  const TensorId x = image(g);
  TensorId y = block(g, x);
  TensorId other = g.pick_like(DataType::float32, g.dims(y), y);
  if (other == kNone && g.rank(x) == 4) {  // a path that fits: a pointwise convolution of x, where the planes agree
    other = g.layer("conv", {x, g.weight({g.dims(y)[1], g.dims(x)[1], 1, 1})});
  }
  if (other == kNone) throw Rejected("no partner");
  y = g.either_way("add", y, other);
  if (g.chance(0.5)) y = g.activation(y);
}

/// Several convolutions one behind the other, as chains want them.
void tower(Generator& g) {
  TensorId x = image(g);
  for (std::int64_t n = g.between(2, 4); n > 0; --n) x = block(g, x);
}

void padded(Generator& g) {
  const TensorId x = g.pick(DataType::float32, 3, 4);
  Ints pads(2 * g.rank(x), 0);
  for (std::size_t i = 2; i < g.rank(x); ++i) pads[i] = g.below(3), pads[i + g.rank(x)] = g.below(3);
  if (g.chance(0.1)) pads[1] = 1;
  std::vector<TensorId> inputs{x, g.ints(pads)};
  if (g.chance(0.6)) inputs.push_back(g.constant({}, {g.one_of({0.0, -0.0, 0.0, 1.0, -1e30})}));
  const TensorId y =
      g.layer("pad", inputs, {{"mode", std::string(g.chance(0.8) ? "constant" : g.name_of({"reflect", "edge"}))}});
  if (g.chance(0.6)) (void)block(g, y);
  else {
    Ints kernel(g.rank(x) - 2, 3);
    Attributes a;
    a.set("mode", std::string(g.name_of({"max", "average"})));
    a.set("kernel_shape", kernel);
    if (g.chance(0.5)) a.set("count_include_pad", std::int64_t{1});
    if (g.chance(0.5)) a.set("pads", Ints(2 * kernel.size(), 1));
    (void)g.layer("pool", {y}, std::move(a));
  }
}

void conv_transpose(Generator& g) {
  const TensorId x = image(g);
  const std::int64_t cin = g.dims(x)[1];
  if (cin == 0) throw Rejected("no channels");
  std::int64_t groups = 1;
  if (g.chance(0.15)) groups = cin;
  Dims w{cin, groups == 1 ? g.between(1, 17) : 1};
  Ints kernel, strides;
  for (std::size_t i = 2; i < g.rank(x); ++i) {
    kernel.push_back(g.between(1, 4));
    strides.push_back(g.between(1, 3));
  }
  w.insert(w.end(), kernel.begin(), kernel.end());
  Attributes a;
  a.set("strides", strides);
  a.set("group", groups);
  if (g.chance(0.5)) a.set("pads", pads_of(g, Ints(kernel.size(), 2)));
  if (g.chance(0.2) && strides[0] > 1)
    a.set("output_padding", Ints(kernel.size(), strides.size() > 1 && strides[1] == 1 ? 0 : 1));
  std::vector<TensorId> inputs{x, g.weight(w)};
  if (g.chance(0.5)) inputs.push_back(g.weight({w[1] * groups}));
  TensorId y = g.layer("conv_transpose", inputs, std::move(a));
  if (g.chance(0.3)) y = batch_norm(g, y);
  if (g.chance(0.4)) (void)g.activation(y);
}

void pool(Generator& g) {
  const TensorId x = g.pick(g.chance(0.95) ? DataType::float32 : DataType::uint8, 3, 5);
  const std::size_t rank = g.rank(x) - 2;
  Ints kernel, strides;
  for (std::size_t i = 0; i < rank; ++i) {
    kernel.push_back(g.between(1, 3));
    strides.push_back(g.between(1, 3));
  }
  Attributes a;
  const char* mode = g.name_of({"max", "max", "average", "average", "lp"});
  a.set("mode", std::string(mode));
  a.set("kernel_shape", kernel);
  a.set("strides", strides);
  if (g.chance(0.6)) {
    Ints pads(2 * rank);
    for (std::size_t i = 0; i < pads.size(); ++i) pads[i] = g.below(kernel[i % rank]);
    a.set("pads", pads);
  }
  if (g.chance(0.4)) a.set("ceil_mode", std::int64_t{1});
  if (g.chance(0.4)) a.set("count_include_pad", std::int64_t{1});
  if (g.chance(0.1)) a.set("dilations", Ints(rank, 2));
  const bool indices = std::string_view(mode) == "max" && g.chance(0.25);
  (void)g.layers("pool", {x}, std::move(a), indices ? 2 : 1);
}

/// Squeeze and excitation: a global mean decides how much of each channel stays.
void gate(Generator& g) {
  const TensorId x = g.pick(DataType::float32, 4, 4);
  const std::int64_t c = g.dims(x)[1], inner = g.between(1, 8);
  TensorId y = g.layer("reduce", {x, g.ints({2, 3})}, {{"mode", std::string("mean")}});
  y = g.activation(g.layer("conv", {y, g.floats({inner, c, 1, 1})}));
  y = g.unary(g.name_of({"sigmoid", "hard_sigmoid"}), g.layer("conv", {y, g.floats({c, inner, 1, 1}), g.floats({c})}));
  (void)g.either_way("mul", x, y);
}

void resize(Generator& g) {
  const TensorId x = g.pick(DataType::float32, 3, 4);
  Attributes a;
  a.set("mode", std::string(g.name_of({"nearest", "nearest", "linear", "linear", "cubic"})));
  a.set("coordinate_transformation_mode",
        std::string(g.name_of({"half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"})));
  if (a.text("mode", "") == "nearest")
    a.set("nearest_mode", std::string(g.name_of({"floor", "round_prefer_floor", "ceil"})));
  const auto spatial = static_cast<std::int64_t>(g.rank(x) - 2);
  if (g.chance(0.6)) {
    std::vector<double> scales{1, 1};
    for (std::int64_t i = 0; i < spatial; ++i) scales.push_back(g.one_of({2.0, 2.0, 1.0, 0.5, 1.5, 3.0}));
    (void)g.layer("resize", {x, kNone, g.constant({spatial + 2}, scales)}, std::move(a));
    return;
  }
  Ints sizes(g.dims(x).begin(), g.dims(x).begin() + 2);
  for (std::int64_t i = 0; i < spatial; ++i) sizes.push_back(g.between(1, 13));
  (void)g.layer("resize", {x, kNone, kNone, g.ints(sizes)}, std::move(a));
}

void norms(Generator& g) {
  const TensorId x = g.pick(DataType::float32, 3, 4);
  const std::int64_t c = g.dims(x)[1];
  switch (g.below(6)) {
    case 0:
      (void)g.layer("instance_norm", {x, g.weight({c}), g.weight({c})}, {{"epsilon", g.one_of({1e-5, 0.1})}});
      break;
    case 1: {
      std::int64_t groups = 1;
      for (const std::int64_t n : {4, 3, 2})
        if (c % n == 0 && g.chance(0.5)) groups = n;
      (void)g.layer("group_norm", {x, g.weight({c}), g.weight({c})}, {{"num_groups", groups}, {"epsilon", 1e-3}});
      break;
    }
    case 2: (void)g.layer("lrn", {x}, {{"size", g.between(1, 5)}, {"alpha", 0.1}}); break;
    case 3: (void)g.layer("lp_normalize", {x}, {{"axis", g.between(0, 2)}, {"p", g.between(1, 2)}}); break;
    case 4:
      (void)g.layer("layer_norm", {x, g.weight({g.dims(x).back()}), g.weight({g.dims(x).back()})},
                    {{"epsilon", g.one_of({1e-5, 0.1})}});
      break;
    default: (void)batch_norm(g, x);
  }
}

void depth_and_space(Generator& g) {
  const TensorId x = g.pick(DataType::float32, 4, 4);
  const std::int64_t block_size = g.between(1, 3);
  if (g.chance(0.5)) (void)g.layer("space_to_depth", {x}, {{"blocksize", block_size}});
  else
    (void)g.layer("depth_to_space", {x}, {{"blocksize", block_size}, {"mode", std::string(g.name_of({"DCR", "CRD"}))}});
}

/// Bytes or numbers to a first convolution, with means and deviations.
void camera(Generator& g) {
  TensorId x = kNone;
  const bool last = g.chance(0.4);
  const std::int64_t c = g.one_of<std::int64_t>({1, 3, 3, 4}), h = g.between(4, 12), w = g.between(4, 19);
  x = g.input(g.chance(0.7) ? DataType::uint8 : DataType::float32, last ? Dims{1, h, w, c} : Dims{1, c, h, w},
              g.chance(0.1));
  if (g.dtype(x) == DataType::uint8) x = g.layer("cast", {x}, {{"to", std::string("float32")}});
  const Dims shape = last ? Dims{c} : Dims{1, c, 1, 1};
  const bool early = last && g.chance(0.5);
  if (early) x = g.transpose(x, {0, 3, 1, 2});
  const Dims now = early ? Dims{1, c, 1, 1} : shape;
  if (g.chance(0.5)) x = g.binary("div", x, g.scalar(255));
  if (g.chance(0.6)) x = g.binary("sub", x, g.floats(now, 0, 1));
  if (g.chance(0.6)) x = g.binary(g.name_of({"div", "mul"}), x, g.floats(now, 0.2, 2));
  if (last && !early) x = g.transpose(x, {0, 3, 1, 2});
  (void)block(g, x);
}

/// Every second pixel, four times, joined: what a first layer of some detectors does.
void focus(Generator& g) {
  const TensorId x = g.pick(DataType::float32, 4, 4);
  std::vector<TensorId> parts;
  const std::int64_t high = 1 << 30;
  for (const auto& [row, column] : {std::pair{0, 0}, {1, 0}, {0, 1}, {1, 1}})
    parts.push_back(g.layer("slice", {x, g.ints({row, column}), g.ints({high, high}), g.ints({2, 3}), g.ints({2, 2})}));
  if (g.chance(0.2)) std::swap(parts[1], parts[2]);
  (void)block(g, g.layer("concat", parts, {{"axis", std::int64_t{1}}}));
}

void sampling(Generator& g) {
  const TensorId x = g.pick(DataType::float32, 4, 4);
  const std::int64_t n = g.dims(x)[0], h = g.between(1, 5), w = g.between(1, 9);
  const TensorId grid = g.chance(0.5) ? g.shaped({n, h, w, 2})
                                      : g.layer("affine_grid", {g.floats({n, 2, 3}), g.ints({n, g.dims(x)[1], h, w})});
  (void)g.layer("grid_sample", {x, grid},
                {{"mode", std::string(g.name_of({"linear", "nearest", "cubic"}))},
                 {"padding_mode", std::string(g.name_of({"zeros", "border", "reflection"}))},
                 {"align_corners", g.below(2)}});
}

}  // namespace

std::vector<Recipe> image_recipes() {
  return {{"conv", 12, conv},
          {"residual", 8, residual},
          {"tower", 4, tower},
          {"padded", 4, padded},
          {"conv_transpose", 4, conv_transpose},
          {"pool", 6, pool},
          {"gate", 3, gate},
          {"resize", 4, resize},
          {"norms", 5, norms},
          {"depth_and_space", 3, depth_and_space},
          {"camera", 2, camera},
          {"focus", 3, focus},
          {"sampling", 1, sampling}};
}

}  // namespace vireo::graphs_testing

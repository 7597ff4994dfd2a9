// Layers that move elements: views, views of views, and the patterns that passes know.

#include "tests/graphs/generator.h"

namespace vireo::graphs_testing {
namespace {

TensorId any(Generator& g, std::size_t low = 0, std::size_t high = 5) {
  return g.pick(g.one_of({DataType::float32, DataType::float32, DataType::float32, DataType::float32, DataType::int64,
                          DataType::uint8, DataType::boolean}),
                low, high);
}

std::int64_t axis_of(Generator& g, TensorId x) {
  const auto rank = static_cast<std::int64_t>(g.rank(x));
  if (rank == 0) throw Rejected("a scalar");
  return g.below(rank) - (g.chance(0.3) ? rank : 0);
}

void reshape(Generator& g) {
  const TensorId x = any(g);
  // Factors of the extents, put together anew.
  Ints factors;
  for (std::int64_t extent : g.dims(x)) {
    for (const std::int64_t p : {2, 3, 5, 7})
      if (extent % p == 0 && extent > p && g.chance(0.4)) {
        factors.push_back(p);
        extent /= p;
      }
    factors.push_back(extent);
  }
  Ints shape;
  for (const std::int64_t f : factors)
    if (!shape.empty() && g.chance(0.45)) shape.back() *= f;
    else shape.push_back(f);
  if (shape.size() > 5) throw Rejected("rank");
  if (g.chance(0.15)) shape.insert(shape.begin() + g.below(static_cast<std::int64_t>(shape.size()) + 1), 1);
  if (!shape.empty() && g.chance(0.5))
    shape[static_cast<std::size_t>(g.below(static_cast<std::int64_t>(shape.size())))] = -1;
  for (std::size_t i = 0; i < shape.size() && i < g.rank(x); ++i)
    if (shape[i] == g.dims(x)[i] && g.chance(0.3)) shape[i] = 0;
  TensorId y = g.reshape(x, shape);
  if (g.chance(0.2)) (void)g.reshape(y, g.dims(x));
}

void transpose(Generator& g) {
  TensorId x = any(g, 1);
  for (std::int64_t n = g.one_of<std::int64_t>({1, 1, 2, 3}); n > 0; --n) {
    if (g.rank(x) == 4 && g.chance(0.6)) x = g.transpose(x, g.chance(0.5) ? Ints{0, 2, 3, 1} : Ints{0, 3, 1, 2});
    else x = g.transpose(x, g.permutation(g.rank(x)));
    if (g.dtype(x) == DataType::float32 && g.chance(0.3)) x = g.activation(x);
  }
}

void squeeze(Generator& g) {
  const TensorId x = any(g, 1);
  Ints ones;
  for (std::size_t i = 0; i < g.rank(x); ++i)
    if (g.dims(x)[i] == 1) ones.push_back(static_cast<std::int64_t>(i));
  if (ones.empty() || g.chance(0.3)) (void)g.layer("squeeze", {x});
  else
    (void)g.layer("squeeze",
                  {x, g.ints({ones[static_cast<std::size_t>(g.below(static_cast<std::int64_t>(ones.size())))]})});
}

void unsqueeze(Generator& g) {
  const TensorId x = any(g, 0, 4);
  const auto rank = static_cast<std::int64_t>(g.rank(x));
  (void)g.layer("unsqueeze", {x, g.ints({g.below(rank + 1) - (g.chance(0.3) ? rank + 1 : 0)})});
}

void flatten(Generator& g) { (void)g.layer("flatten", {any(g, 1)}, {{"axis", g.between(0, 2)}}); }

void concat(Generator& g) {
  const TensorId x = any(g, 1);
  const std::int64_t axis = axis_of(g, x);
  std::vector<TensorId> parts{x};
  for (std::int64_t n = g.between(1, 3); n > 0; --n) {
    const TensorId other = g.chance(0.6) ? g.pick_like(g.dtype(x), g.dims(x)) : kNone;
    if (other != kNone) parts.push_back(other);
    else if (g.dtype(x) == DataType::float32 && g.chance(0.4)) {
      Dims dims = g.dims(x);
      dims[static_cast<std::size_t>(axis < 0 ? axis + static_cast<std::int64_t>(dims.size()) : axis)] = g.extent();
      parts.push_back(g.floats(dims));
    } else parts.push_back(x);
  }
  if (g.chance(0.5)) std::swap(parts.front(), parts.back());
  TensorId y = g.layer("concat", parts, {{"axis", axis}});
  if (g.dtype(y) == DataType::float32 && g.chance(0.4)) (void)g.activation(y);
}

std::vector<TensorId> cut(Generator& g, TensorId x, std::int64_t axis) {
  const auto rank = static_cast<std::int64_t>(g.rank(x));
  const std::int64_t extent = g.dims(x)[static_cast<std::size_t>(axis < 0 ? axis + rank : axis)];
  const std::int64_t parts = g.between(2, 4);
  Ints sizes;
  std::int64_t rest = extent;
  for (std::int64_t k = 1; k < parts; ++k) {
    sizes.push_back(g.chance(0.9) && rest > 1 ? g.between(1, rest - 1) : g.below(rest + 1));
    rest -= sizes.back();
  }
  sizes.push_back(rest);
  if (extent % parts == 0 && g.chance(0.5)) sizes.assign(static_cast<std::size_t>(parts), extent / parts);
  if (g.chance(0.5)) return g.layers("split", {x}, {{"axis", axis}, {"split", sizes}}, static_cast<int>(parts));
  if (g.chance(0.3)) return g.layers("split", {x, g.ints(sizes)}, {{"axis", axis}}, static_cast<int>(parts));
  std::vector<TensorId> made;  // as slices
  std::int64_t at = 0;
  for (const std::int64_t size : sizes) {
    made.push_back(g.layer("slice", {x, g.ints({at}), g.ints({at + size}), g.ints({axis})}));
    at += size;
  }
  return made;
}

void split(Generator& g) {
  const TensorId x = any(g, 1);
  (void)cut(g, x, axis_of(g, x));
}

/// Parts that go their ways and are joined again.
void split_and_join(Generator& g) {
  const TensorId x = g.pick(DataType::float32, 2, 4);
  const std::int64_t axis = g.chance(0.6) ? 1 : axis_of(g, x);
  std::vector<TensorId> parts = cut(g, x, axis);
  for (TensorId& part : parts)
    if (g.chance(0.4)) part = g.activation(part);
  if (g.chance(0.3)) std::swap(parts[0], parts[1]);
  if (g.chance(0.2)) parts.push_back(parts[0]);
  if (g.chance(0.2)) parts.erase(parts.begin());
  (void)g.layer("concat", parts, {{"axis", axis}});
}

void slice(Generator& g) {
  const TensorId x = any(g, 1);
  Ints starts, ends, axes, steps;
  for (std::size_t i = 0; i < g.rank(x); ++i) {
    if (g.chance(0.5)) continue;
    const std::int64_t extent = g.dims(x)[i];
    axes.push_back(static_cast<std::int64_t>(i));
    steps.push_back(g.one_of<std::int64_t>({1, 1, 1, 2, 3, -1, -2}));
    const std::int64_t a = g.below(extent + 1), b = g.chance(0.3) ? 1 << 30 : g.below(extent + 1);
    starts.push_back(steps.back() < 0 ? std::max(a, b) : std::min(a, b));
    ends.push_back(steps.back() < 0 ? (g.chance(0.3) ? -(1 << 30) : std::min(a, b)) : std::max(a, b));
    if (g.chance(0.2) && starts.back() < extent) starts.back() -= extent;
  }
  if (axes.empty()) throw Rejected("nothing to cut");
  (void)g.layer("slice", {x, g.ints(starts), g.ints(ends), g.ints(axes), g.ints(steps)});
}

void pad(Generator& g) {
  const TensorId x = g.pick(DataType::float32, 1, 4);
  Ints pads;
  for (std::size_t i = 0; i < 2 * g.rank(x); ++i) pads.push_back(g.chance(0.6) ? 0 : g.between(-1, 3));
  std::vector<TensorId> inputs{x, g.ints(pads)};
  if (g.chance(0.5)) inputs.push_back(g.constant({}, {g.awkward()}));
  (void)g.layer("pad", inputs, {{"mode", std::string(g.name_of({"constant", "constant", "reflect", "edge", "wrap"}))}});
}

void expand(Generator& g) {
  const TensorId x = any(g, 0, 3);
  Ints shape(g.dims(x));
  for (std::int64_t& extent : shape)
    if (extent == 1) extent = g.extent();
  if (g.chance(0.4)) shape.insert(shape.begin(), g.between(1, 4));
  if (shape.empty()) shape = {g.extent()};
  (void)g.layer("expand", {x, g.ints(shape)});
}

void tile(Generator& g) {
  const TensorId x = any(g, 1, 4);
  Ints repeats;
  for (std::size_t i = 0; i < g.rank(x); ++i) repeats.push_back(g.one_of<std::int64_t>({1, 1, 2, 3}));
  (void)g.layer("tile", {x, g.ints(repeats)});
}

void channel_shuffle(Generator& g) {
  const TensorId x = g.pick(DataType::float32, 4, 4);
  const Dims d = g.dims(x);
  std::int64_t groups = 0;
  for (const std::int64_t n : {2, 3, 4})
    if (d[1] % n == 0 && (groups == 0 || g.chance(0.5))) groups = n;
  if (groups == 0) throw Rejected("channels");
  TensorId y = g.reshape(x, {g.chance(0.5) ? d[0] : -1, groups, d[1] / groups, d[2], d[3]});
  y = g.transpose(y, g.chance(0.85) ? Ints{0, 2, 1, 3, 4} : g.permutation(5));
  y = g.reshape(y, {g.chance(0.5) ? d[0] : -1, d[1], d[2], d[3]});
  if (g.chance(0.6)) {
    const std::vector<TensorId> parts = cut(g, y, 1);
    if (g.chance(0.5)) (void)g.activation(parts.back());
  }
}

/// Windows of a plane, and back.
void windows(Generator& g) {
  const TensorId x = g.pick(DataType::float32, 4, 4);
  const Dims d = g.dims(x);
  std::int64_t s = 2;
  if (d[1] % 2 != 0 || d[2] % 2 != 0) s = d[1] % 3 == 0 && d[2] % 3 == 0 ? 3 : 1;
  TensorId y = g.reshape(x, {d[0], d[1] / s, s, d[2] / s, s, d[3]});
  y = g.transpose(y, {0, 1, 3, 2, 4, 5});
  y = g.reshape(y, {-1, s * s, d[3]});
  if (g.chance(0.5)) y = g.activation(y);
  if (g.chance(0.5)) return;
  y = g.transpose(g.reshape(y, {d[0], d[1] / s, d[2] / s, s, s, d[3]}), {0, 1, 3, 2, 4, 5});
  (void)g.reshape(y, d);
}

/// Shapes that layers compute: what exporters write for view(x.size(0), -1).
void computed_shape(Generator& g) {
  const TensorId x = g.pick(DataType::float32, 2, 4);
  const TensorId shape = g.layer("shape", {x});
  const std::int64_t at = g.below(static_cast<std::int64_t>(g.rank(x)));
  TensorId extent;
  if (g.chance(0.5)) {
    extent =
        g.layer("unsqueeze",
                {g.layer("gather", {shape, g.constant({}, {static_cast<double>(at)}, DataType::int64)}), g.ints({0})});
  } else {
    extent = g.layer("slice", {shape, g.ints({at}), g.ints({at + 1})});
  }
  if (g.chance(0.15)) extent = g.binary("mul", extent, g.ints({1}));
  const TensorId wanted =
      g.layer("concat",
              g.chance(0.5) ? std::vector<TensorId>{extent, g.ints({-1})} : std::vector<TensorId>{g.ints({-1}), extent},
              {{"axis", std::int64_t{0}}});
  (void)g.layer("reshape", {x, wanted});
}

void filled(Generator& g) {
  const TensorId x = g.pick(DataType::float32, 1, 4);
  const TensorId shape = g.layer("shape", {x});
  const TensorId y = g.layer("constant_of_shape", {shape}, {{"value", g.one_of({0.0, 1.0, -1.0, 1e-6})}});
  if (g.chance(0.7)) (void)g.either_way(g.name_of({"add", "mul", "max"}), x, y);
}

}  // namespace

std::vector<Recipe> movement_recipes() {
  return {{"reshape", 8, reshape},
          {"transpose", 8, transpose},
          {"squeeze", 3, squeeze},
          {"unsqueeze", 3, unsqueeze},
          {"flatten", 2, flatten},
          {"concat", 8, concat},
          {"split", 5, split},
          {"split_and_join", 5, split_and_join},
          {"slice", 6, slice},
          {"pad", 3, pad},
          {"expand", 3, expand},
          {"tile", 2, tile},
          {"channel_shuffle", 4, channel_shuffle},
          {"windows", 3, windows},
          {"computed_shape", 4, computed_shape},
          {"filled", 2, filled}};
}

}  // namespace vireo::graphs_testing

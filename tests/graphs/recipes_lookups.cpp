// Layers that look at values: reductions, orders, indices, and those whose extents depend on data.

#include "tests/graphs/generator.h"

namespace vireo::graphs_testing {
namespace {

std::int64_t axis_of(Generator& g, TensorId x) {
  const auto rank = static_cast<std::int64_t>(g.rank(x));
  if (rank == 0) throw Rejected("a scalar");
  return g.below(rank) - (g.chance(0.3) ? rank : 0);
}

void reduce(Generator& g) {
  const TensorId x = g.pick(g.chance(0.9) ? DataType::float32 : DataType::int64);
  const char* mode = g.name_of(
      {"sum", "mean", "max", "min", "prod", "l1", "l2", "log_sum", "log_sum_exp", "sum_square", "mean", "max"});
  std::vector<TensorId> inputs{x};
  if (g.chance(0.85)) {
    Ints axes;
    for (std::size_t i = 0; i < g.rank(x); ++i)
      if (g.chance(0.5))
        axes.push_back(static_cast<std::int64_t>(i) - (g.chance(0.2) ? static_cast<std::int64_t>(g.rank(x)) : 0));
    inputs.push_back(g.ints(axes));
  }
  Attributes a;
  a.set("mode", std::string(mode));
  a.set("keepdims", g.below(2));
  if (g.chance(0.15)) a.set("noop_with_empty_axes", std::int64_t{1});
  (void)g.layer("reduce", inputs, std::move(a));
}

void global_pool(Generator& g) {
  const TensorId x = g.pick(DataType::float32, 4, 4);
  TensorId y = g.layer("reduce", {x, g.ints({2, 3})},
                       {{"mode", std::string(g.name_of({"mean", "max"}))}, {"keepdims", g.below(2)}});
  if (g.rank(y) == 4 && g.chance(0.6)) y = g.layer("flatten", {y});
  if (g.rank(y) == 2) (void)g.layer("gemm", {y, g.weight({g.dims(y)[1], g.between(1, 20)})});
}

void softmax(Generator& g) {
  const TensorId x = g.pick(DataType::float32, 1, 4);
  (void)g.layer("softmax", {x},
                {{"axis", axis_of(g, x)},
                 {"mode", std::string(g.name_of({"softmax", "softmax", "softmax", "log_softmax", "hardmax"}))}});
}

void arg_reduce(Generator& g) {
  const TensorId x = g.pick(DataType::float32, 1, 4);
  (void)g.layer("arg_reduce", {x},
                {{"axis", axis_of(g, x)},
                 {"mode", std::string(g.name_of({"max", "min"}))},
                 {"keepdims", g.below(2)},
                 {"select_last_index", g.below(2)}});
}

void top_k(Generator& g) {
  const TensorId x = g.pick(g.chance(0.9) ? DataType::float32 : DataType::int64, 1, 4);
  const std::int64_t axis = axis_of(g, x),
                     extent = g.dims(
                         x)[static_cast<std::size_t>(axis < 0 ? axis + static_cast<std::int64_t>(g.rank(x)) : axis)];
  const std::vector<TensorId> parts = g.layers("top_k", {x, g.ints({g.between(1, std::max<std::int64_t>(extent, 1))})},
                                               {{"axis", axis}, {"largest", g.below(2)}}, 2);
  if (g.chance(0.3)) (void)g.layer("gather_elements", {x, parts[1]}, {{"axis", axis}});
}

Ints indices_into(Generator& g, std::int64_t extent, std::int64_t count) {
  if (extent == 0) throw Rejected("empty");
  Ints indices;
  for (std::int64_t i = 0; i < count; ++i) indices.push_back(g.chance(0.8) ? g.below(extent) : -1 - g.below(extent));
  return indices;
}

void gather(Generator& g) {
  const TensorId x = g.pick(g.chance(0.85) ? DataType::float32 : DataType::int64, 1, 4);
  const std::int64_t axis = axis_of(g, x),
                     extent = g.dims(
                         x)[static_cast<std::size_t>(axis < 0 ? axis + static_cast<std::int64_t>(g.rank(x)) : axis)];
  if (g.chance(0.15)) {
    (void)g.layer("gather", {x, g.pick(DataType::int64, 0, 2)}, {{"axis", axis}});
    return;
  }
  const Ints all = indices_into(g, extent, g.between(1, 6));
  TensorId indices = g.ints(all);
  if (g.chance(0.3)) indices = g.constant({}, {static_cast<double>(all[0])}, DataType::int64);
  (void)g.layer("gather", {x, indices}, {{"axis", axis}});
}

void gather_nd(Generator& g) {
  const TensorId x = g.pick(DataType::float32, 1, 4);
  const std::int64_t depth = g.between(1, static_cast<std::int64_t>(g.rank(x))), count = g.between(1, 5);
  std::vector<double> indices;
  for (std::int64_t i = 0; i < count; ++i)
    for (std::int64_t k = 0; k < depth; ++k)
      indices.push_back(static_cast<double>(indices_into(g, g.dims(x)[static_cast<std::size_t>(k)], 1)[0]));
  const TensorId at = g.constant({count, depth}, indices, DataType::int64);
  if (g.chance(0.5)) {
    (void)g.layer("gather_nd", {x, at});
    return;
  }
  Dims updates{count};
  updates.insert(updates.end(), g.dims(x).begin() + depth, g.dims(x).end());
  (void)g.layer("scatter_nd", {x, at, g.weight(updates)},
                {{"reduction", std::string(g.name_of({"none", "add", "max"}))}});
}

void scatter(Generator& g) {
  const TensorId x = g.pick(DataType::float32, 1, 3);
  const auto rank = static_cast<std::int64_t>(g.rank(x));
  const std::int64_t axis = g.below(rank);
  std::vector<double> indices;
  for (const std::int64_t i : indices_into(g, g.dims(x)[static_cast<std::size_t>(axis)], g.count(x)))
    indices.push_back(static_cast<double>(i));
  if (indices.empty()) throw Rejected("empty");
  (void)g.layer("scatter_elements", {x, g.constant(g.dims(x), indices, DataType::int64), g.weight(g.dims(x))},
                {{"axis", axis}, {"reduction", std::string(g.name_of({"add", "max", "min"}))}});
}

void sums_and_triangles(Generator& g) {
  const TensorId x = g.pick(DataType::float32, 2, 4);
  if (g.chance(0.5))
    (void)g.layer(
        "cumsum",
        {x, g.constant({}, {static_cast<double>(g.below(static_cast<std::int64_t>(g.rank(x))))}, DataType::int64)},
        {{"exclusive", g.below(2)}, {"reverse", g.below(2)}});
  else
    (void)g.layer("trilu", {x, g.constant({}, {static_cast<double>(g.between(-2, 2))}, DataType::int64)},
                  {{"upper", g.below(2)}});
}

void one_hot(Generator& g) {
  const TensorId x = g.pick(DataType::int64, 0, 3);
  (void)g.layer("one_hot",
                {x, g.constant({}, {static_cast<double>(g.between(1, 7))}, DataType::int64), g.constant({2}, {0, 1})},
                {{"axis", std::int64_t{-1}}});
}

/// NonZero and what follows it: extents that only a run knows.
void non_zero(Generator& g) {
  const TensorId x = g.pick(DataType::float32, 1, 3);
  const TensorId positions =
      g.layer("non_zero", {g.chance(0.5) ? g.unary("relu", x) : g.binary("greater", x, g.scalar(0.5))});
  if (g.chance(0.3)) return;
  const TensorId rows = g.layer("transpose", {positions}, {{"perm", Ints{1, 0}}});
  const TensorId found = g.layer("gather_nd", {x, rows});
  if (g.chance(0.5)) (void)g.unary("exp", found);
}

void compress(Generator& g) {
  const TensorId x = g.pick(DataType::float32, 1, 3);
  const std::int64_t axis = g.below(static_cast<std::int64_t>(g.rank(x)));
  TensorId condition = g.pick_like(DataType::boolean, {g.dims(x)[static_cast<std::size_t>(axis)]});
  if (condition == kNone)
    condition = g.constant({g.dims(x)[static_cast<std::size_t>(axis)]}, {1, 0, 1}, DataType::boolean);
  (void)g.layer("compress", {x, condition}, {{"axis", axis}});
}

void boxes(Generator& g) {
  const std::int64_t n = g.between(2, 12), classes = g.between(1, 3);
  const TensorId x = g.shaped({1, n, 4}), scores = g.shaped({1, classes, n});
  const TensorId chosen = g.layer("non_max_suppression",
                                  {x, g.unary("sigmoid", scores), g.ints({g.between(1, 5)}), g.constant({1}, {0.5}),
                                   g.constant({1}, {g.one_of({0.0, 0.3})})},
                                  {{"center_point_box", g.below(2)}});
  if (g.chance(0.5)) return;
  const TensorId at = g.layer("slice", {chosen, g.ints({2}), g.ints({3}), g.ints({1})});
  const TensorId kept = g.layer("gather", {x, g.layer("squeeze", {at, g.ints({1})})}, {{"axis", std::int64_t{1}}});
  if (g.chance(0.4)) (void)g.layer("non_zero", {g.unary("relu", kept)});
}

void quantised(Generator& g) {
  const TensorId x = g.pick(DataType::float32, 1, 4);
  const double s = g.one_of({0.01, 0.05, 1.0});
  const TensorId q = g.layer("quantize_linear", {x, g.constant({}, {s}),
                                                 g.constant({}, {static_cast<double>(g.below(128))}, DataType::uint8)});
  if (g.chance(0.8)) (void)g.layer("dequantize_linear", {q, g.constant({}, {s}), g.constant({}, {3}, DataType::uint8)});
}

}  // namespace

std::vector<Recipe> lookup_recipes() {
  return {{"reduce", 7, reduce},
          {"global_pool", 3, global_pool},
          {"softmax", 4, softmax},
          {"arg_reduce", 2, arg_reduce},
          {"top_k", 2, top_k},
          {"gather", 4, gather},
          {"gather_nd", 2, gather_nd},
          {"scatter", 1, scatter},
          {"sums_and_triangles", 2, sums_and_triangles},
          {"one_hot", 1, one_hot},
          {"non_zero", 1, non_zero},
          {"compress", 1, compress},
          {"boxes", 1, boxes},
          {"quantised", 2, quantised}};
}

}  // namespace vireo::graphs_testing

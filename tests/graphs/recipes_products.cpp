// Products of matrices: gemm, matmul, einsum, attention in the forms that exporters write, recurrent layers.

#include <cmath>

#include "tests/graphs/generator.h"

namespace vireo::graphs_testing {
namespace {

std::int64_t width(Generator& g) { return g.one_of<std::int64_t>({1, 3, 7, 8, 12, 16, 17, 24, 32, 33}); }

/// x times weights, with what usually follows.
TensorId dense(Generator& g, TensorId x, std::int64_t n) {
  TensorId y = g.layer("matmul", {x, g.weight({g.dims(x).back(), n})});
  if (g.chance(0.6)) y = g.either_way("add", y, g.weight({n}));
  return y;
}

void matmul(Generator& g) {
  const TensorId x = g.pick(DataType::float32, 2, 4);
  TensorId y = dense(g, x, width(g));
  if (g.chance(0.2)) y = g.either_way("mul", y, g.scalar(g.awkward()));
  if (g.chance(0.5)) y = g.activation(y);
  const TensorId other = g.pick_like(DataType::float32, g.dims(y), y);
  if (other != kNone && g.chance(0.7)) y = g.either_way("add", y, other);
}

void product_of_two(Generator& g) {
  const TensorId a = g.pick(DataType::float32, 2, 4), b = g.pick(DataType::float32, 1, 4);
  if (g.chance(0.5) && g.rank(a) >= 2) {
    Ints perm;
    for (std::size_t i = 0; i < g.rank(a); ++i) perm.push_back(static_cast<std::int64_t>(i));
    std::swap(perm[perm.size() - 1], perm[perm.size() - 2]);
    (void)g.layer("matmul", {a, g.transpose(a, perm)});
  } else {
    (void)g.layer("matmul", {a, b});
  }
}

void gemm(Generator& g) {
  TensorId x = g.pick(DataType::float32, 1, 4);
  if (g.rank(x) != 2) x = g.layer("flatten", {x}, {{"axis", g.one_of<std::int64_t>({1, 1, 0, -1})}});
  const bool ta = g.chance(0.15), tb = g.chance(0.5);
  const std::int64_t k = g.dims(x)[ta ? 0 : 1], m = g.dims(x)[ta ? 1 : 0], n = width(g);
  Attributes a;
  if (ta) a.set("transA", std::int64_t{1});
  if (tb) a.set("transB", std::int64_t{1});
  if (g.chance(0.2)) a.set("alpha", g.one_of({0.5, -1.0, 2.0, 0.0}));
  if (g.chance(0.2)) a.set("beta", g.one_of({0.5, -1.0, 2.0, 0.0}));
  std::vector<TensorId> inputs{x, g.weight(tb ? Dims{n, k} : Dims{k, n})};
  if (g.chance(0.6)) inputs.push_back(g.weight(g.one_of<Dims>({{n}, {n}, {1, n}, {m, 1}, {m, n}, {1}, {}})));
  TensorId y = g.layer("gemm", inputs, std::move(a));
  if (g.chance(0.5)) y = g.activation(y);
  if (g.chance(0.3)) y = g.either_way("add", y, g.weight({n}));
}

void einsum(Generator& g) {
  const TensorId x = g.pick(DataType::float32, 2, 4);
  const Dims d = g.dims(x);
  const std::int64_t n = width(g);
  Attributes a;
  if (d.size() == 2) {
    a.set("equation", std::string(g.chance(0.5) ? "ij,jk->ik" : "ij,jk->ki"));
    (void)g.layer("einsum", {x, g.weight({d[1], n})}, std::move(a));
  } else if (d.size() == 3) {
    a.set("equation", std::string(g.name_of({"bij,jk->bik", "bij,bkj->bik", "bij,bij->b"})));
    const std::string e = a.text("equation", "");
    (void)g.layer("einsum",
                  {x, e[4] == 'j'       ? g.weight({d[2], n})
                      : e.back() == 'k' ? g.shaped({d[0], n, d[2]})
                                        : x},
                  std::move(a));
  } else {
    a.set("equation", std::string(g.name_of({"bhqd,bhkd->bhqk", "bchw,ck->bkhw", "bhid,bhjd->bhij"})));
    const bool channels = a.text("equation", "")[1] == 'c';
    (void)g.layer("einsum", {x, channels ? g.weight({d[1], n}) : g.shaped({d[0], d[1], n, d[3]})}, std::move(a));
  }
}

/// Attention over tokens: projections, heads, two products around a softmax.
void attention(Generator& g) {
  TensorId x = g.pick(DataType::float32, 3, 3);
  const std::int64_t batch = g.dims(x)[0], tokens = g.dims(x)[1], heads = g.between(1, 3),
                     depth = g.one_of<std::int64_t>({1, 4, 7, 8, 16});
  const std::int64_t all = heads * depth;
  const auto project = [&](TensorId t) { return dense(g, t, all); };
  TensorId q, k, v;
  if (g.chance(0.35)) {  // one product for all three
    const TensorId joint = dense(g, x, 3 * all);
    if (g.chance(0.5)) {
      const TensorId parted = g.transpose(g.reshape(joint, {batch, tokens, 3, heads, depth}), {2, 0, 3, 1, 4});
      const auto part = [&](double i) {
        return g.layer("gather", {parted, g.constant({}, {i}, DataType::int64)}, {{"axis", std::int64_t{0}}});
      };
      q = part(0), k = part(1), v = part(2);
    } else {
      const std::vector<TensorId> parts =
          g.layers("split", {joint}, {{"axis", std::int64_t{2}}, {"split", Ints{all, all, all}}}, 3);
      const auto headed = [&](TensorId t) { return g.transpose(g.reshape(t, {0, -1, heads, depth}), {0, 2, 1, 3}); };
      q = headed(parts[0]), k = headed(parts[1]), v = headed(parts[2]);
    }
  } else {
    const auto headed = [&](TensorId t) { return g.transpose(g.reshape(t, {batch, -1, heads, depth}), {0, 2, 1, 3}); };
    q = headed(project(x)), k = headed(project(x)), v = headed(project(x));
  }
  const double factor = g.one_of({1.0 / std::sqrt(static_cast<double>(depth)), 0.125, 1.0, -0.5});
  const int where = static_cast<int>(g.below(4));
  if (where == 0) q = g.either_way("mul", q, g.scalar(factor));
  TensorId scores;
  if (g.chance(0.15)) scores = g.layer("einsum", {q, k}, {{"equation", std::string("bhqd,bhkd->bhqk")}});
  else scores = g.layer("matmul", {q, g.transpose(k, {0, 1, 3, 2})});
  if (where == 1) scores = g.either_way("mul", scores, g.scalar(factor));
  if (where == 2) scores = g.binary("div", scores, g.scalar(1 / factor));
  if (g.chance(0.3))
    scores = g.either_way(
        "add", scores,
        g.floats(g.one_of<Dims>({{tokens, tokens}, {1, heads, tokens, tokens}, {batch, 1, 1, tokens}, {1}})));
  scores = g.layer("softmax", {scores}, {{"axis", g.chance(0.9) ? std::int64_t{-1} : std::int64_t{2}}});
  TensorId y = g.layer("matmul", {scores, v});
  y = g.transpose(y, {0, 2, 1, 3});
  if (g.chance(0.8)) y = g.reshape(y, {batch, tokens, all});
  if (g.rank(y) == 3 && g.chance(0.6)) y = dense(g, y, g.dims(x)[2]);
  if (g.dims(y) == g.dims(x) && g.chance(0.8)) (void)g.either_way("add", y, x);
}

void attention_layer(Generator& g) {
  const std::int64_t batch = g.between(1, 2), heads = g.between(1, 3), queries = width(g), keys = width(g),
                     depth = width(g);
  // Heads apart from the start, or of tokens that hold all of them.
  const auto operand = [&](std::int64_t rows, std::int64_t columns) {
    if (g.chance(0.5)) return g.shaped({batch, heads, rows, columns});
    return g.transpose(g.reshape(g.shaped({batch, rows, heads * columns}), {batch, rows, heads, columns}),
                       {0, 2, 1, 3});
  };
  const TensorId q = operand(queries, depth), k = operand(keys, depth), v = operand(keys, width(g));
  std::vector<TensorId> inputs{q, k, v};
  if (g.chance(0.4)) inputs.push_back(g.floats({queries, keys}));
  if (g.chance(0.4)) {
    inputs.resize(5, kNone);
    inputs[4] = g.ints({g.between(-2, keys)});
    if (g.chance(0.5)) inputs.push_back(g.ints({g.between(0, keys)}));
  }
  Attributes a;
  if (g.chance(0.3)) a.set("is_causal", std::int64_t{1});
  if (g.chance(0.2)) a.set("left_window", g.between(0, 9));
  if (g.chance(0.2)) a.set("right_window", g.between(0, 9));
  if (g.chance(0.3)) a.set("softcap", 2.0);
  if (g.chance(0.5)) a.set("scale", g.one_of({0.5, -0.3}));
  (void)g.layer("attention", inputs, std::move(a));
}

void recurrent(Generator& g) {
  const TensorId x = g.pick(DataType::float32, 3, 3);
  const Dims d = g.dims(x);
  const char* op = g.name_of({"lstm", "lstm", "gru", "rnn"});
  const std::int64_t gates = op[0] == 'l'   ? 4
                             : op[0] == 'g' ? 3
                                            : 1,
                     hidden = g.between(1, 9), directions = g.between(1, 2);
  Attributes a;
  a.set("hidden_size", hidden);
  a.set("direction", std::string(directions == 2 ? "bidirectional" : g.name_of({"forward", "reverse"})));
  if (op[0] == 'g') a.set("linear_before_reset", g.below(2));
  std::vector<TensorId> inputs{x, g.floats({directions, gates * hidden, d[2]}, -0.5, 0.5),
                               g.floats({directions, gates * hidden, hidden}, -0.5, 0.5)};
  if (g.chance(0.6)) inputs.push_back(g.floats({directions, 2 * gates * hidden}));
  if (inputs.size() == 4 && g.chance(0.4)) {
    inputs.push_back(kNone);
    inputs.push_back(g.floats({directions, d[1], hidden}));
  }
  (void)g.layers(op, inputs, std::move(a), op[0] == 'l' ? 3 : 2);
}

}  // namespace

std::vector<Recipe> product_recipes() {
  return {{"matmul", 7, matmul},      {"product_of_two", 3, product_of_two}, {"gemm", 5, gemm},
          {"einsum", 3, einsum},      {"attention", 6, attention},           {"attention_layer", 1, attention_layer},
          {"recurrent", 2, recurrent}};
}

}  // namespace vireo::graphs_testing

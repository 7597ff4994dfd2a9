// Every tactic of conv, conv_transpose, gemm and matmul on every case and on random problems, against the reference.
// Tolerance: relative L2 error 2e-6 for exact tactics (float32 sums of up to some thousand terms), 3e-5 for the others.
// Tactics of bfloat16 products sum in float32 too: they are held to the 2e-6 against the reference of rounded operands.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "engine/graph/evaluate.h"
#include "engine/ops/cases.h"
#include "engine/ops/table.h"
#include "tests/kernels/run_launch.h"
#include "tests/support/bf16_operands.h"

namespace {

using namespace vireo;
using ops::Case;

constexpr double kExact = 2e-6, kInexact = 3e-5;

struct Totals {
  int runs = 0, refusals = 0, bf16_runs = 0;
  void print() const { std::printf("%d runs (%d of bfloat16), %d refusals\n", runs, bf16_runs, refusals); }
};

/// Infers the case, computes the reference, and runs every accepting tactic with these numbers of workers and gaps.
void check(const graph::Operator& op, const Case& c, std::mt19937& random, Totals& totals) {
  if (!c.dtypes.empty()) return;  // other types are the reference's own
  graph::Graph g;
  std::vector<graph::TensorId> ids;
  std::vector<std::vector<float>> values;
  std::uniform_real_distribution<float> uniform(-1.0f, 1.0f);
  for (std::size_t i = 0; i < c.inputs.size(); ++i) {
    std::vector<float> v(static_cast<std::size_t>(element_count(c.inputs[i])));
    const auto known = c.constants.find(static_cast<int>(i));
    for (std::size_t k = 0; k < v.size(); ++k)
      v[k] = known != c.constants.end() ? static_cast<float>(known->second[k]) : uniform(random);
    ids.push_back(known != c.constants.end() ? g.add_constant("c", graph::make_constant(v, c.inputs[i]))
                                             : g.add_input("x", DataType::float32, c.inputs[i]));
    values.push_back(std::move(v));
  }
  const graph::LayerId id = g.add_layer(op, "layer", ids, c.attributes);
  const graph::Tensor& out = g.tensor(g.layer(id).outputs[0]);
  const auto reference = [&](const std::vector<std::vector<float>>& of) {
    std::vector<float> y(static_cast<std::size_t>(element_count(out.dims)));
    graph::Problem problem{.op = &op, .attributes = &g.layer(id).attributes};
    std::vector<const void*> from;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      problem.inputs.push_back({.dtype = DataType::float32, .dims = c.inputs[i]});
      from.push_back(of[i].data());
    }
    problem.outputs = {{.dtype = DataType::float32, .dims = out.dims}};
    void* to = y.data();
    graph::run_reference(problem, from.data(), &to);
    return y;
  };
  const std::vector<float> expected_fp32 = reference(values);
  std::vector<std::vector<float>> rounded = values;
  const bool product = op.name == "gemm" || op.name == "matmul";
  for (std::size_t i = 0; i < rounded.size(); ++i)
    for (float& x : rounded[i]) x = vireo::testing::as_bf16_operand(c.attributes, product, i, x);
  const std::vector<float> expected_bf16 = reference(rounded);

  for (const graph::Tactic& tactic : op.tactics()) {
    if (!tests::available(tactic)) continue;
    const bool bf16 = tactic.arithmetic == Precision::bf16;
    const std::vector<float>& expected = bf16 ? expected_bf16 : expected_fp32;
    double norm = 0;
    for (const float y : expected) norm += static_cast<double>(y) * y;
    for (const int workers : {1, 3})
      for (const std::int64_t gap : {0, 5}) {
        graph::Problem problem{.op = &op, .attributes = &g.layer(id).attributes, .workers = workers};
        std::vector<tests::Strided> tensors;
        for (std::size_t i = 0; i < ids.size(); ++i) {
          const graph::Tensor& t = g.tensor(ids[i]);
          tensors.emplace_back(t.dims, t.constant || t.dims.empty() ? 0 : gap);
          tensors.back().spread(values[i].data());
          problem.inputs.push_back({t.dtype, t.dims, tensors.back().pitch, t.constant});
        }
        tests::Strided y(out.dims, out.dims.empty() ? 0 : gap);
        problem.outputs.push_back({DataType::float32, out.dims, y.pitch, nullptr});
        SCOPED_TRACE(std::string(op.name) + " " + std::string(c.name) + " " + std::string(tactic.name) + " workers " +
                     std::to_string(workers) + " gap " + std::to_string(gap) + "\n" + problem.key());
        if (tactic.refuse && !tactic.refuse(problem).empty()) {
          ++totals.refusals;
          continue;
        }
        ++totals.runs;
        totals.bf16_runs += bf16;
        std::vector<const void*> inputs;
        for (const tests::Strided& t : tensors) inputs.push_back(t.memory.data());
        std::vector<void*> outputs{y.memory.data()};
        if (tactic.predict) {
          const double seconds = tactic.predict(problem);
          ASSERT_TRUE(seconds > 0 && seconds < 100);
        }
        tests::run_launch(tactic.prepare(problem), inputs, outputs, random);
        ASSERT_TRUE(y.gaps_untouched());
        const std::vector<float> got = y.dense();
        double error = 0;
        for (std::size_t i = 0; i < got.size(); ++i)
          error += (static_cast<double>(got[i]) - expected[i]) * (static_cast<double>(got[i]) - expected[i]);
        const double relative = std::sqrt(error / std::max(norm, 1e-12));
        ASSERT_LE(relative, tactic.exact || bf16 ? kExact : kInexact);
      }
  }
}

class DenseKernels : public ::testing::TestWithParam<const char*> {};

TEST_P(DenseKernels, agree_with_the_reference_on_the_operators_cases) {
  const graph::Operator& op = *ops::find_operator(GetParam());
  std::mt19937 random(1);
  Totals totals;
  for (const Case& c : ops::cases_of(op)) {
    check(op, c, random, totals);
    if (HasFatalFailure()) return;
  }
  totals.print();
  EXPECT_GT(totals.runs, 0);
}
INSTANTIATE_TEST_SUITE_P(, DenseKernels, ::testing::Values("conv", "conv_transpose", "gemm", "matmul"),
                         [](const auto& p) { return std::string(p.param); });

std::int64_t pick(std::mt19937& random, std::initializer_list<std::int64_t> from) {
  return from.begin()[random() % from.size()];
}

const char* kActivations[] = {"",           "relu", "clip",    "silu", "hard_swish",
                              "leaky_relu", "gelu", "sigmoid", "tanh", "mish"};

enum class Kind { conv, depthwise, transposed };

Case random_conv(std::mt19937& r, Kind kind) {
  const bool transposed = kind == Kind::transposed;
  Case c{.name = "random"};
  const std::int64_t kh = pick(r, {1, 1, 2, 3, 3, 3, 4, 5, 7}), kw = r() % 4 ? kh : pick(r, {1, 2, 3, 5});
  std::int64_t groups = pick(r, {1, 1, 1, 2, 4}), cin = pick(r, {1, 3, 4, 7, 8, 15, 16, 17, 31, 33, 64, 128}),
               cout = pick(r, {1, 2, 7, 8, 9, 15, 16, 17, 24, 33, 48, 65, 100});
  const bool depthwise = kind == Kind::depthwise || r() % 4 == 0;
  if (depthwise) {
    groups = cin;
    cout = kind != Kind::conv || r() % 3 ? cin : cin * 2;
  } else if (groups > 1) {
    cin = cin * groups > 64 ? 16 : cin * groups;
    cout = std::max<std::int64_t>(cout / groups, 1) * groups;
  }
  const std::vector<std::int64_t> pads{pick(r, {0, 1, kh - 1}), pick(r, {0, 1, kw - 1}), pick(r, {0, 1, kh / 2}),
                                       pick(r, {0, 1, kw / 2})};
  const std::vector<std::int64_t> strides{pick(r, {1, 1, 1, 2, 2, 3}), pick(r, {1, 1, 1, 2, 2, 3})};
  const std::vector<std::int64_t> dilations{pick(r, {1, 1, 1, 2}), pick(r, {1, 1, 1, 2})};
  const std::int64_t h = (kh - 1) * dilations[0] + 1 + pick(r, {0, 1, 4, 7, 12}),
                     w = (kw - 1) * dilations[1] + 1 + pick(r, {0, 1, 6, 8, 13, 27, 40});
  c.attributes.set("layout", std::string("nhwc"));
  c.attributes.set("group", groups);
  c.attributes.set("strides", strides);
  c.attributes.set("dilations", dilations);
  if (!transposed || (strides[0] * (h - 1) + (kh - 1) * dilations[0] >= pads[0] + pads[2] &&
                      strides[1] * (w - 1) + (kw - 1) * dilations[1] >= pads[1] + pads[3]))
    c.attributes.set("pads", pads);
  const std::string activation = kActivations[r() % std::size(kActivations)];
  c.attributes.set("activation", activation);
  if (activation == "clip") {
    c.attributes.set("alpha", -0.5);
    c.attributes.set("beta", 2.0);
  }
  const std::int64_t batch = pick(r, {1, 1, 1, 2});
  const Dims weights = transposed ? Dims{cin, cout / groups, kh, kw} : Dims{cout, cin / groups, kh, kw};
  c.inputs = {{batch, h, w, cin}, weights};
  std::uniform_real_distribution<double> uniform(-1, 1);
  // Sums of variance one, whatever their depth: activations would cut the size of larger ones, but not their error.
  const double scale = 3 / std::sqrt(static_cast<double>(cin / groups * kh * kw));
  for (std::int64_t i = 0; i < element_count(weights); ++i) c.constants[1].push_back(scale * uniform(r));
  const bool residual = r() % 3 == 0;
  if (residual || r() % 2) {
    c.inputs.push_back({cout});
    for (std::int64_t i = 0; i < cout; ++i) c.constants[2].push_back(uniform(r));
  }
  if (residual) {
    graph::Graph g;
    const auto x = g.add_input("x", DataType::float32, c.inputs[0]),
               w_id = g.add_input("w", DataType::float32, weights);
    const auto id =
        g.add_layer(*ops::find_operator(transposed ? "conv_transpose" : "conv"), "shape", {x, w_id}, c.attributes);
    c.inputs.push_back(g.tensor(g.layer(id).outputs[0]).dims);
    c.attributes.set("residual", std::string(r() % 2 ? "before" : "after"));
  }
  return c;
}

/// Cases and the order of their tiles come from two streams: how kernels cut tiles doesn't change the cases.
void check_random_convolutions(const char* op, Kind kind, unsigned seed, int count) {
  std::printf("seed %u\n", seed);
  std::mt19937 cases(seed), random(seed + 1);
  Totals totals;
  for (int i = 0; i < count; ++i) {
    check(*ops::find_operator(op), random_conv(cases, kind), random, totals);
    if (::testing::Test::HasFatalFailure()) return;
  }
  totals.print();
}

TEST(RandomConvolutions, agree_with_the_reference) { check_random_convolutions("conv", Kind::conv, 20261121, 150); }
TEST(RandomDepthwise, agrees_with_the_reference) { check_random_convolutions("conv", Kind::depthwise, 5, 200); }
TEST(RandomTransposedConvolutions, agree_with_the_reference) {
  check_random_convolutions("conv_transpose", Kind::transposed, 7, 60);
}

TEST(RandomProducts, agree_with_the_reference) {
  const unsigned seed = 11;
  std::printf("seed %u\n", seed);
  std::mt19937 r(seed);
  Totals totals;
  for (int i = 0; i < 120; ++i) {
    Case c{.name = "random"};
    const std::int64_t m = pick(r, {1, 1, 2, 3, 7, 14, 15, 31, 64}), n = pick(r, {1, 2, 7, 15, 16, 17, 33, 64, 130}),
                       k = pick(r, {1, 3, 4, 5, 16, 33, 129, 700});
    const bool ta = r() % 3 == 0, tb = r() % 2 == 0;
    const Dims batch = r() % 2 ? Dims{} : Dims{pick(r, {1, 2, 3}), 2};
    Dims a = batch, b = r() % 2 ? batch : Dims{};
    for (const std::int64_t extent : ta ? Dims{k, m} : Dims{m, k}) a.push_back(extent);
    for (const std::int64_t extent : tb ? Dims{n, k} : Dims{k, n}) b.push_back(extent);
    c.inputs = {a, b};
    c.attributes.set("trans_a", std::int64_t{ta});
    c.attributes.set("trans_b", std::int64_t{tb});
    if (r() % 3 == 0) c.attributes.set("alpha", 0.125);
    c.attributes.set("activation", std::string(kActivations[r() % std::size(kActivations)]));
    if (c.attributes.text("activation", "") == "clip") c.attributes.set("activation", std::string("relu6"));
    if (r() % 2) {
      std::uniform_real_distribution<double> uniform(-1, 1);
      for (std::int64_t j = 0; j < element_count(b); ++j) c.constants[1].push_back(uniform(r));
    }
    const bool residual = r() % 3 == 0;
    if (residual || r() % 2) c.inputs.push_back({n});
    if (residual) {
      Dims out = batch;
      out.push_back(m);
      out.push_back(n);
      c.inputs.push_back(out);
      c.attributes.set("residual", std::string(r() % 2 ? "before" : "after"));
    }
    check(*ops::find_operator("matmul"), c, r, totals);
    if (HasFatalFailure()) return;
  }
  totals.print();
}

}  // namespace

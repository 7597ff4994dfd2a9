// Adders called with anything at all: nothing is thrown, and build() gives a plan or says what is wrong.

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "tests/network/trial.h"

namespace vireo::testing_network {
namespace {

class Caller {
 public:
  explicit Caller(std::uint32_t seed) : random_(seed) {
    for (const DataType type : {DataType::float32, DataType::float32, DataType::int64, DataType::boolean})
      known_.push_back(n.add_input("x" + std::to_string(known_.size()), type, dims()));
    const std::int64_t numbers[] = {0, 1, 2, -1};
    known_.push_back(n.add_constant("c", DataType::int64, {4}, numbers, sizeof numbers));
    known_.push_back({});
    known_.push_back({static_cast<std::int32_t>(pick(100)) - 10, static_cast<std::uint32_t>(pick(3))});
  }

  void call() {
    switch (pick(38)) {
      case 0:
        return add(
            n.add_convolution(any(), any(), any(), {some(), some(), some(), number(), kind<Network::AutoPad>(3)}));
      case 1: return add(n.add_deconvolution(any(), any(), any(), {some(), some(), some(), some(), number()}));
      case 2: return add(n.add_fully_connected(any(), any(), any(), number()));
      case 3: return add(n.add_matrix_multiply(any(), kind<Network::MatrixOp>(3), any(), kind<Network::MatrixOp>(3)));
      case 4: return add(n.add_einsum({any(), any()}, pick(2) ? "ab,bc->ac" : "a,->,"));
      case 5: return add(n.add_activation(any(), kind<Network::Activation>(18), {real(), real()}));
      case 6: return add(n.add_parametric_relu(any(), any()));
      case 7: return add(n.add_unary(any(), kind<Network::Unary>(25)));
      case 8: return add(n.add_elementwise(any(), any(), kind<Network::Elementwise>(17)));
      case 9: return add(n.add_scale(any(), {any(), any(), any(), kind<Network::ScaleMode>(3), number()}));
      case 10: return add(n.add_select(any(), any(), any()));
      case 11: return add(n.add_cast(any(), static_cast<DataType>(pick(18))));
      case 12:
        return add(n.add_pooling(any(), {kind<Network::PoolingKind>(3), some(), some(), some(), some(), pick(2) == 0,
                                         pick(2) == 0, value()}));
      case 13: return add(n.add_reduce(any(), kind<Network::Reduction>(10), {some(), pick(2) == 0}));
      case 14: return add(n.add_softmax(any(), number()));
      case 15: return add(n.add_ragged_softmax(any(), any()));
      case 16: return add(n.add_lrn(any(), {number(), value(), value(), value()}));
      case 17:
        return add(n.add_normalization(any(), any(), any(),
                                       {kind<Network::NormalizationKind>(4), number(), number(), value()}));
      case 18: return add(n.add_batch_normalization(any(), any(), any(), any(), any(), value()));
      case 19: return add(n.add_cumulative(any(), {number(), pick(2) == 0, pick(2) == 0}));
      case 20: return add(n.add_top_k(any(), {number(), any(), number(), pick(2) == 0}).indices);
      case 21: return add(n.add_gather(any(), any(), {kind<Network::IndexMode>(3), number(), number()}));
      case 22:
        return add(n.add_scatter(any(), any(), any(),
                                 {kind<Network::IndexMode>(3), number(), kind<Network::ScatterReduction>(5)}));
      case 23: return add(n.add_shuffle(any(), {some(), some(), any(), pick(2) == 0, some()}));
      case 24: return add(n.add_squeeze(any(), some()));
      case 25: return add(n.add_unsqueeze(any(), some()));
      case 26: return add(n.add_slice(any(), {some(), some(), some(), some()}));
      case 27: return add(n.add_slice(any(), {some(), some(), some(), some(), any(), any(), any()}));
      case 28: return add(n.add_concatenation({any(), any()}, number()));
      case 29: {
        for (const Tensor part : n.add_split(any(), number(), some())) known_.push_back(part);
        return;
      }
      case 30: return add(n.add_padding(any(), {some(), some(), some(), kind<Network::PadMode>(4), value()}));
      case 31:
        return add(n.add_resize(any(), {kind<Network::Interpolation>(3),
                                        some(),
                                        {value(), value()},
                                        any(),
                                        any(),
                                        some(),
                                        kind<Network::Coordinates>(6),
                                        kind<Network::Rounding>(4),
                                        value()}));
      case 32: return add(n.add_one_hot(any(), any(), {number(), any(), number()}));
      case 33: return add(n.add_non_zero(any()));
      case 34:
        return add(n.add_fill(
            {kind<Network::FillKind>(2), some(), any(), value(), {value()}, static_cast<DataType>(pick(18))}));
      case 35: return add(n.add_grid_sample(any(), any()));
      case 36: return add(n.add_quantize(any(), any(), any(), number()));
      default: return edit();
    }
  }

  void mark() { n.mark_output(any(), "y"); }

  Network n;

 private:
  std::uint32_t pick(std::uint32_t count) { return random_() % count; }
  template <typename T>
  T kind(std::uint32_t count) {
    return static_cast<T>(pick(count));
  }
  Tensor any() {
    const Tensor tensor = known_[pick(static_cast<std::uint32_t>(known_.size()))];
    const bool odd = tensor.id < 0 || tensor.id >= n.graph().tensor_count();
    return odd && pick(4) ? known_[pick(5)] : tensor;
  }
  void add(Tensor tensor) { known_.push_back(tensor); }
  std::int64_t number() {
    constexpr std::int64_t kFew[] = {INT64_MIN, INT64_MAX, std::int64_t{1} << 40, -(std::int64_t{1} << 33)};
    return pick(20) == 0 ? kFew[pick(4)] : static_cast<std::int64_t>(pick(7)) - 2;
  }
  double value() {
    constexpr double kFew[] = {1e300, -1e300, NAN, INFINITY};
    return pick(20) == 0 ? kFew[pick(4)] : static_cast<double>(pick(9)) / 2 - 1;
  }
  std::optional<double> real() { return pick(2) ? std::optional(value()) : std::nullopt; }
  Dims some() {
    Dims list(pick(4));
    for (std::int64_t& one : list) one = number();
    return list;
  }
  Dims dims() {
    static const Dims kShapes[] = {{}, {4}, {2, 3}, {1, 2, 4, 4}, {1, 2, 4, 4}, {2, 2, 3, 3}, {kUnknown, 3}};
    return kShapes[pick(7)];
  }
  void edit() {
    if (pick(2)) return n.replace(any(), any());
    for (Network::Layer layer : n.layers()) {
      if (pick(4)) continue;
      switch (pick(5)) {
        case 0: return layer.set_input(pick(3), any());
        case 1: return layer.set_output_type(pick(2), static_cast<DataType>(pick(18)));
        case 2: return layer.set_attribute("axis", number());
        case 3: return layer.set_precision(kind<Precision>(5));
        default: return layer.remove();
      }
    }
  }

  std::mt19937 random_;
  std::vector<Tensor> known_;
};

TEST(RandomCalls, give_a_plan_or_say_what_is_wrong) {
  const char* const given = std::getenv("VIREO_SEED");
  const std::uint32_t first =
      given ? static_cast<std::uint32_t>(std::strtoul(given, nullptr, 10)) : std::random_device{}();
  const char* const count = std::getenv("VIREO_COUNT");
  const std::uint32_t networks = count ? static_cast<std::uint32_t>(std::strtoul(count, nullptr, 10)) : 10000;
  std::uint32_t plans = 0;
  for (std::uint32_t seed = first; seed < first + networks; ++seed) {
    SCOPED_TRACE("VIREO_SEED=" + std::to_string(seed));
    Caller caller(seed);
    for (std::uint32_t i = 0; i < 1 + seed % 6; ++i) ASSERT_NO_THROW(caller.call());
    caller.mark();
    BuildOptions options;
    options.budget_s = 0;
    options.threads = 1;
    options.limits = {std::uint64_t{32} << 20, std::uint64_t{128} << 20, 5};
    try {
      (void)build(caller.n, options);
      ++plans;
    } catch (const Error& error) {
      ASSERT_NE(error.code(), ErrorCode::internal) << error.what();
    }
  }
  EXPECT_GT(plans, networks / 50);
}

}  // namespace
}  // namespace vireo::testing_network

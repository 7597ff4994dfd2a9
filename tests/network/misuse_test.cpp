// Bad use is refused with the layer's name, what was found and what is accepted; all of it at once.

#include <gtest/gtest.h>

#include <functional>

#include "tests/network/trial.h"

namespace vireo::testing_network {
namespace {

std::string build_error(const Network& network) {
  BuildOptions options;
  options.budget_s = 0;
  try {
    (void)build(network, options);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

int count(const std::string& text, const std::string& part) {
  int found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

/// x [1,4,8,8] float32 and a 1-D one, w [8,4,3,3].
struct Some {
  Network n;
  Tensor x = n.add_input("x", DataType::float32, {1, 4, 8, 8});
  Tensor whole = n.add_input("whole", DataType::int64, {4});
  Tensor flags = n.add_input("flags", DataType::boolean, {1});
  std::vector<float> zeros = std::vector<float>(8 * 4 * 9);
  Tensor w = n.add_constant("w", DataType::float32, {8, 4, 3, 3}, zeros.data(), zeros.size() * 4);
};

TEST(Misuse, each_kind_is_refused_with_the_layers_name) {
  struct Row {
    const char* what;
    std::function<void(Some&)> make;
    std::vector<const char*> said;
  };
  using N = Network;
  const Row rows[] = {
      {"an operator that there is not",
       [](Some& s) { (void)s.n.add_layer("nothing", {s.x}, {}, "L"); },
       {"no operator 'nothing'"}},
      {"a custom layer without its library",
       [](Some& s) { (void)s.n.add_custom("d", "n", {s.x}, {}, 1, "L"); },
       {"d::n"}},
      {"channels that differ",
       [](Some& s) {
         s.n.add_convolution(s.x, s.n.add_fill({.dims = {8, 3, 3, 3}}), {}, {}, "L");
       },
       {"4 channels", "8x3x3x3"}},
      {"a kernel larger than the input",
       [](Some& s) {
         s.n.add_convolution(s.x, s.w, {}, {.dilations = {9, 9}}, "L");
       },
       {"spans 19"}},
      {"pads and auto_pad",
       [](Some& s) {
         s.n.add_convolution(s.x, s.w, {}, {.pads = {1, 1, 1, 1}, .auto_pad = N::AutoPad::same_upper}, "L");
       },
       {"auto_pad"}},
      {"strides of another rank",
       [](Some& s) {
         s.n.add_deconvolution(s.x, s.n.add_fill({.dims = {4, 8, 3, 3}}), {}, {.strides = {1}}, "L");
       },
       {"strides", "2 spatial"}},
      {"no weights", [](Some& s) { s.n.add_convolution(s.x, {}, {}, {}, "L"); }, {"accepts 2"}},
      {"weights of another width",
       [](Some& s) {
         s.n.add_fully_connected(s.x, s.n.add_fill({.dims = {10, 5}}), {}, 1, "L");
       },
       {"256 and 5"}},
      {"matrices that don't fit",
       [](Some& s) {
         s.n.add_matrix_multiply(s.x, N::MatrixOp::none, s.n.add_fill({.dims = {7, 2}}), N::MatrixOp::none, "L");
       },
       {"7"}},
      {"an equation of two for one", [](Some& s) { s.n.add_einsum({s.x}, "ab,bc->ac", "L"); }, {}},
      {"a parameter that relu hasn't",
       [](Some& s) { s.n.add_activation(s.x, N::Activation::relu, {.alpha = 1}, "L"); },
       {"alpha = 1"}},
      {"exp of booleans", [](Some& s) { s.n.add_unary(s.flags, N::Unary::exp, "L"); }, {"boolean"}},
      {"not of numbers", [](Some& s) { s.n.add_unary(s.x, N::Unary::logical_not, "L"); }, {"float32"}},
      {"two types", [](Some& s) { s.n.add_elementwise(s.x, s.whole, N::Elementwise::sum, "L"); }, {"float32", "int64"}},
      {"shapes that don't broadcast",
       [](Some& s) { s.n.add_elementwise(s.x, s.n.add_fill({.dims = {3}}), N::Elementwise::sum, "L"); },
       {"3"}},
      {"a scale of other channels",
       [](Some& s) { s.n.add_scale(s.x, {.scale = s.n.add_fill({.dims = {3}}), .mode = N::ScaleMode::channel}, "L"); },
       {"the scale is 3", "accepted: 4"}},
      {"a scale for all with many elements",
       [](Some& s) { s.n.add_scale(s.x, {.shift = s.n.add_fill({.dims = {8}})}, "L"); },
       {"the shift is 8", "one element"}},
      {"a condition of numbers", [](Some& s) { s.n.add_select(s.x, s.x, s.x, "L"); }, {"boolean"}},
      {"a cast to nothing", [](Some& s) { s.n.add_cast(s.x, DataType::undefined, "L"); }, {}},
      {"a pool without window", [](Some& s) { s.n.add_pooling(s.x, {}, "L"); }, {"no window"}},
      {"a pool of another rank", [](Some& s) { s.n.add_pooling(s.x, {.window = {2}}, "L"); }, {}},
      {"a blend beyond 1",
       [](Some& s) {
         s.n.add_pooling(s.x, {.kind = N::PoolingKind::max_average_blend, .window = {2, 2}, .blend = 2}, "L");
       },
       {"blend is 2"}},
      {"an axis outside", [](Some& s) { s.n.add_reduce(s.x, N::Reduction::sum, {.axes = {4}}, "L"); }, {"axis 4"}},
      {"softmax of integers", [](Some& s) { s.n.add_softmax(s.whole, -1, "L"); }, {"int64"}},
      {"bounds of reals", [](Some& s) { s.n.add_ragged_softmax(s.x, s.x, "L"); }, {"bounds are float32"}},
      {"groups that don't divide",
       [](Some& s) {
         s.n.add_normalization(s.x, s.n.add_fill({.dims = {4}}), s.n.add_fill({.dims = {4}}),
                               {.kind = N::NormalizationKind::group, .groups = 3}, "L");
       },
       {"num_groups"}},
      {"a bias of rms",
       [](Some& s) {
         s.n.add_normalization(s.x, s.n.add_fill({.dims = {8}}), s.n.add_fill({.dims = {8}}),
                               {.kind = N::NormalizationKind::rms}, "L");
       },
       {"no bias"}},
      {"more than there are", [](Some& s) { s.n.add_top_k(s.x, {.k = 9}, "L"); }, {"9", "8"}},
      {"indices of reals", [](Some& s) { s.n.add_gather(s.x, s.x, {}, "L"); }, {"integers"}},
      {"batch_dims of elements",
       [](Some& s) { s.n.add_gather(s.whole, s.whole, {.mode = N::IndexMode::elements, .batch_dims = 1}, "L"); },
       {"batch_dims"}},
      {"a scatter along an axis",
       [](Some& s) { s.n.add_scatter(s.x, s.whole, s.x, {.mode = N::IndexMode::axis}, "L"); },
       {"elements, nd"}},
      {"a reshape to other counts", [](Some& s) { s.n.add_shuffle(s.whole, {.reshape = Dims{3}}, "L"); }, {"3"}},
      {"a transpose of other axes",
       [](Some& s) {
         s.n.add_shuffle(s.x, {.first_transpose = {0, 1}}, "L");
       },
       {}},
      {"a stride of 0",
       [](Some& s) { s.n.add_slice(s.whole, {.start = {0}, .size = {1}, .stride = {0}}, "L"); },
       {"stride 0"}},
      {"fewer sizes than starts",
       [](Some& s) {
         s.n.add_slice(s.x, {.start = {0, 0}, .size = {1}}, "L");
       },
       {"2 starts, 1 sizes"}},
      {"concatenation of other extents",
       [](Some& s) {
         s.n.add_concatenation({s.x, s.w}, 1, "L");
       },
       {}},
      {"parts that don't add up",
       [](Some& s) {
         s.n.add_split(s.x, 1, {1, 2}, "L");
       },
       {"3", "4"}},
      {"begins without ends", [](Some& s) { s.n.add_padding(s.x, {.begins = {1}}, "L"); }, {"1 begins and 0 ends"}},
      {"sizes and scales",
       [](Some& s) {
         s.n.add_resize(s.x, {.sizes = {1, 4, 2, 2}, .scales = {1, 1, 1, 1}}, "L");
       },
       {"given 2 of"}},
      {"neither sizes nor scales", [](Some& s) { s.n.add_resize(s.x, {}, "L"); }, {"given 0 of"}},
      {"a negative extent to fill", [](Some& s) { s.n.add_fill({.dims = {-1}}, "L"); }, {"extent -1"}},
      {"a value that the type can't hold",
       [](Some& s) {
         s.n.add_padding(s.n.add_cast(s.x, DataType::int8), {.begins = {1}, .ends = {1}, .value = 300}, "L");
       },
       {"300", "int8"}},
      {"deltas of another rank",
       [](Some& s) {
         s.n.add_fill({.kind = N::FillKind::linspace, .dims = {2, 2}, .deltas = {1}}, "L");
       },
       {"1 deltas"}},
      {"a grid of another batch",
       [](Some& s) {
         s.n.add_grid_sample(s.x, s.n.add_fill({.dims = {2, 1, 1, 2}}), {}, "L");
       },
       {}},
      {"boxes without a number of them",
       [](Some& s) { s.n.add_non_max_suppression(s.x, s.x, {}, "L"); },
       {"most_per_class is 0"}},
      {"quantised integers",
       [](Some& s) { s.n.add_quantize(s.whole, s.n.add_fill({.dims = {}}), {}, 1, "L"); },
       {"int64"}},
      {"a condition that is missing", [](Some& s) { (void)s.n.add_if({}, "L").finish(); }, {"no condition"}},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    Some s;
    EXPECT_NO_THROW(row.make(s));
    s.n.mark_output(s.x, "y");
    const std::string error = build_error(s.n);
    const std::vector<std::string> errors = s.n.errors();
    ASSERT_EQ(errors.size(), 1u);
    EXPECT_EQ(error, errors[0]);
    EXPECT_NE(error.find("'L"), std::string::npos) << error;
    for (const char* said : row.said) EXPECT_NE(error.find(said), std::string::npos) << said << " in: " << error;
  }
}

TEST(Misuse, all_errors_come_at_once_and_what_follows_from_one_is_not_another) {
  Some s;
  const Tensor a = s.n.add_convolution(s.x, s.n.add_fill({.dims = {8, 3, 3, 3}}), {}, {}, "first");
  const Tensor b = s.n.add_activation(a, Network::Activation::relu, {}, "behind it");
  const Tensor c = s.n.add_elementwise(b, s.whole, Network::Elementwise::sum, "behind that");
  const auto [values, indices] = s.n.add_top_k(c, {.k = 1000}, "also behind");
  const std::vector<Tensor> parts = s.n.add_split(values, 1, {1, 2}, "parts");
  ASSERT_EQ(parts.size(), 2u);
  (void)s.n.add_softmax(s.whole, -1, "second");
  (void)s.n.add_reduce(s.x, Network::Reduction::sum, {.axes = {7}}, "third");
  s.n.add_constant("short", DataType::float32, {4}, s.zeros.data(), 12);
  s.n.add_input("x", DataType::float32, {1});
  s.n.mark_output(parts[1], "y");
  s.n.mark_output(s.whole, "x");
  const std::string error = build_error(s.n);
  EXPECT_NE(error.find("the network has 6 errors:"), std::string::npos) << error;
  for (const char* name : {"'first'", "'second'", "'third'", "'short'", "input 'x'", "output 'x'"})
    EXPECT_EQ(count(error, name), 1) << name << " in: " << error;
  for (const char* name : {"behind", "parts"}) EXPECT_EQ(count(error, name), 0) << name << " in: " << error;
}

TEST(Misuse, handles_of_other_networks_are_known) {
  Some s, other;
  (void)s.n.add_identity(other.x, "L");
  s.n.mark_output(other.x, "y");
  EXPECT_EQ(s.n.errors().size(), 2u);
  EXPECT_NE(build_error(s.n).find("identity 'L': input 0 is a tensor of another network"), std::string::npos)
      << build_error(s.n);
  EXPECT_THROW((void)s.n.info(other.x), Error);
  EXPECT_THROW((void)s.n.info({1000}), Error);
  // Clones have the same tensors.
  Some third;
  Network clone = third.n.clone();
  (void)clone.add_identity(third.x);
  EXPECT_TRUE(clone.errors().empty());
}

TEST(Misuse, a_network_without_output_and_one_with_a_gap_are_refused) {
  Some s;
  EXPECT_NE(build_error(s.n).find("no output"), std::string::npos);
  const Tensor y = s.n.add_activation(s.x, Network::Activation::relu, {}, "gone");
  const Tensor z = s.n.add_activation(y, Network::Activation::tanh, {}, "left");
  s.n.mark_output(z, "z");
  s.n.mark_output(y, "y");
  s.n.find_layer("gone").remove();
  const std::string error = build_error(s.n);
  EXPECT_NE(error.find("'left': nothing makes its input 0"), std::string::npos) << error;
  EXPECT_NE(error.find("output 'y': nothing makes"), std::string::npos) << error;
}

TEST(Misuse, inputs_and_constants_that_cannot_be_are_refused_by_name) {
  Network n;
  const auto refused = [&](const char* said) {
    const std::vector<std::string> errors = n.errors();
    EXPECT_NE(errors.back().find(said), std::string::npos) << errors.back();
  };
  n.add_input("", DataType::float32, {1}), refused("needs a name");
  n.add_input("a", DataType::undefined, {1}), refused("'a'");
  n.add_input("b", DataType::float32, {-2}), refused("extent -2");
  n.add_input("c", DataType::float32, {1, 2}, {"batch"}), refused("1 names for 2");
  n.add_constant("d", DataType::float32, {2}, nullptr, 4), refused("takes 8 bytes, got 4");
  n.share_constant("e", DataType::float32, {2}, nullptr, 8), refused("'e'");
  n.add_constant("f", DataType::float32, {-1}, nullptr, 4), refused("'f'");
  EXPECT_EQ(n.errors().size(), 7u);
}

}  // namespace
}  // namespace vireo::testing_network

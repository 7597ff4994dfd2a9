// What shape rules say of layers that can't be: which value, and what is accepted. Each of these once crashed, looped,
// overflowed or read outside of its memory; and layers that leave an output out, which can be.
#include <gtest/gtest.h>

#include "engine/graph/operator.h"
#include "engine/ops/cases.h"
#include "engine/ops/shared/reference.h"
#include "engine/ops/shared/shape.h"
#include "engine/ops/table.h"

namespace vireo {
namespace {

using graph::Attributes;
using graph::Graph;
using ops::attributes;
using ops::Ints;

struct Input {
  Dims dims;
  DataType dtype = DataType::float32;
  bool known = false;  ///< a list of integers, known
  Ints values = {};
};
Input list(Ints values) { return {{static_cast<std::int64_t>(values.size())}, DataType::int64, true, values}; }

std::string refusal(std::string_view op, const std::vector<Input>& inputs, const Attributes& attributes = {}) {
  Graph g;
  std::vector<graph::TensorId> ids;
  for (const Input& input : inputs)
    ids.push_back(input.known ? g.add_constant("c", graph::make_constant(input.values))
                              : g.add_input("x", input.dtype, input.dims));
  try {
    g.add_layer(*ops::find_operator(op), "layer", ids, attributes);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_model);
    return error.what();
  }
  return "";
}

constexpr std::int64_t kHuge = std::int64_t{1} << 62;

void expect_refused(std::string_view text, std::string_view op, const std::vector<Input>& inputs,
                    const Attributes& attributes = {}) {
  const std::string why = refusal(op, inputs, attributes);
  EXPECT_NE(why.find(text), std::string::npos) << op << ": " << (why.empty() ? "accepted" : why);
}

TEST(Refusals, NameExtentsThatDontFit63Bits) {
  const Input wide{{kHuge, 2}}, empty{{kHuge, kHuge, 0}};
  expect_refused("63 bits", "tile", {wide, list({1, kHuge})});
  expect_refused("63 bits", "concat", {wide, wide});
  expect_refused("63 bits", "flatten", {empty}, attributes({{"axis", std::int64_t{2}}}));
  expect_refused("63 bits", "depth_to_space", {{{0, 4, kHuge, 3}}}, attributes({{"blocksize", std::int64_t{2}}}));
  const std::int64_t most = std::int64_t{1} << 60;  // of one pad
  expect_refused("63 bits", "pad", {{{6 * most, 0}}, list({most, 0, most, 0})});
}

TEST(Refusals, NameInputsOfAWrongTypeOrExtent) {
  const Input f{{2, 3}}, i{{2, 3}, DataType::uint64}, b{{2, 3}, DataType::int8};
  expect_refused("one type", "binary", {i, b}, attributes({{"function", "bitshift_left"}}));
  expect_refused("the type of input 0", "pad", {f, list({0, 0, 0, 0}), {{}, DataType::uint8}});
  expect_refused("the type of input 0", "gemm", {f, {{3, 4}}, {{4}, DataType::uint8}});
  expect_refused("share the batch", "gather_nd", {{{2, 3, 4}}, {{1, 1}, DataType::int64}},
                 attributes({{"batch_dims", std::int64_t{1}}}));
  expect_refused("must be one value", "trilu", {f, {{0}, DataType::int64}});
}

TEST(Refusals, NameAttributesOutOfRange) {
  const std::vector<Input> regions{{{1, 2, 8, 8}}, {{1, 4}}, {{1}, DataType::int64}};
  expect_refused("up to 1024", "roi_align", regions, attributes({{"sampling_ratio", kHuge}}));
  expect_refused("unknown nearest_mode", "resize", {{{1, 4}}, {{0}}, {{2}}}, attributes({{"nearest_mode", "up"}}));
  expect_refused("expected real", "gemm", {{{2, 3}}, {{3, 4}}}, attributes({{"alpha", "text"}}));
  expect_refused("accepted: 0 or more", "expand", {{{1, 3}}, list({-2, 3})});
  expect_refused("up to 1024", "constant_of_shape", {{{kHuge}, DataType::int64}});
  EXPECT_EQ(refusal("expand", {{{1, 3}}, list({-1, 3})}), "");
}

/// Outputs of a float32 layer that leaves some out.
std::vector<std::vector<float>> outputs_of(std::string_view name, const Dims& dims, const Attributes& attributes,
                                           const std::vector<bool>& present) {
  const graph::Operator& op = *ops::find_operator(name);
  Graph g;
  const graph::TensorId x = g.add_input("x", DataType::float32, dims);
  const graph::LayerId layer = g.add_layer(op, "layer", {x}, attributes, static_cast<int>(present.size()));
  std::vector<float> values(static_cast<std::size_t>(element_count(dims)));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  std::vector<std::vector<float>> results;
  std::vector<graph::View> in{{DataType::float32, dims, values.data()}}, out;
  for (std::size_t k = 0; k < present.size(); ++k) {
    const graph::Tensor& tensor = g.tensor(g.layer(layer).outputs[k]);
    results.emplace_back(present[k] ? static_cast<std::size_t>(element_count(tensor.dims)) : 0);
    out.push_back(present[k] ? graph::View{tensor.dtype, tensor.dims, results.back().data()} : graph::View{});
  }
  op.reference({attributes, in, out});
  return results;
}

TEST(AbsentOutputs, LeaveTheOthersWhatTheyAre) {
  EXPECT_EQ(outputs_of("split", {5}, attributes({{"split", Ints{1, 2, 2}}}), {true, false, true})[2],
            (std::vector<float>{3, 4}));
  EXPECT_EQ(outputs_of("split", {5}, {}, {true, false, true})[2], std::vector<float>{4});
  EXPECT_EQ(outputs_of("channel_shuffle", {1, 6}, attributes({{"groups", std::int64_t{2}}}), {false, true, true})[1],
            (std::vector<float>{1, 4}));
}

TEST(Refusals, OfTacticsCostNothingHoweverLargeTheExtents) {
  const graph::Operator& op = *ops::find_operator("resize");
  Graph g;
  const graph::TensorId x = g.add_input("x", DataType::float32, {1, 3, std::int64_t{1} << 31, 8});
  const graph::TensorId none = g.add_constant("none", graph::make_constant(std::vector<float>{}, {0}));
  const graph::TensorId scales = g.add_constant("scales", graph::make_constant(std::vector<float>{1, 1, 2, 2}, {4}));
  const graph::LayerId layer = g.add_layer(op, "layer", {x, none, scales}, attributes({{"mode", "linear"}}));
  graph::Problem p{.op = &op, .attributes = &g.layer(layer).attributes};
  for (const graph::TensorId id : {x, none, scales}) {
    const graph::Tensor& tensor = g.tensor(id);
    p.inputs.push_back({tensor.dtype, tensor.dims, tensor.dims.back(), tensor.constant});
  }
  const Dims& dims = g.tensor(g.layer(layer).outputs[0]).dims;
  p.outputs.push_back({DataType::float32, dims, dims.back(), nullptr});
  EXPECT_EQ(dims, (Dims{1, 3, std::int64_t{1} << 32, 16}));
  for (const graph::Tactic& tactic : op.tactics()) (void)tactic.refuse(p);  // once it built 2^32 taps here
}

TEST(EmptyImages, AreSampledAsNothingWhateverTheMemoryBesideThemHolds) {
  const graph::Operator& op = *ops::find_operator("grid_sample");
  for (const char* padding : {"zeros", "border", "reflection"})
    for (const char* mode : {"linear", "nearest", "cubic"}) {
      std::vector<float> beside(64, 7.0f), grid(2 * 1 * 5 * 2, 0.3f), result(2 * 3 * 1 * 5, 9.0f);
      const graph::View inputs[] = {{DataType::float32, {2, 3, 0, 16}, beside.data() + 32},
                                    {DataType::float32, {2, 1, 5, 2}, grid.data()}};
      graph::View outputs[] = {{DataType::float32, {2, 3, 1, 5}, result.data()}};
      const auto how = attributes({{"mode", mode}, {"padding_mode", padding}});
      op.reference({how, inputs, outputs});
      EXPECT_EQ(result, std::vector<float>(result.size(), 0.0f)) << mode << " " << padding;
    }
}

}  // namespace
}  // namespace vireo

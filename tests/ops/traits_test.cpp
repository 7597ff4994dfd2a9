// What operators say about themselves (the traits of graph::Operator) holds for all of their cases: passes, compilation
// and the importer rely on it without knowing the operators.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <random>
#include <set>

#include "engine/graph/evaluate.h"
#include "engine/graph/operator.h"
#include "engine/ops/cases.h"
#include "engine/ops/table.h"
#include "tests/support/texts.h"

namespace vireo {
namespace {

using graph::AxisOrder;
using graph::ConstantPtr;
using graph::Graph;
using graph::Operator;
using ops::Case;

using Axes = std::vector<std::size_t>;

ConstantPtr random_value(DataType type, const Dims& dims, const std::vector<double>* given, std::mt19937& random) {
  const graph::MutableConstant value = graph::new_constant(type, dims);
  std::uniform_real_distribution<double> uniform(-2, 2);
  for (std::int64_t i = 0; i < element_count(dims); ++i) {
    const double v = given ? (*given)[static_cast<std::size_t>(i)] : uniform(random);
    switch (type) {
      case DataType::float32: value.as<float>()[i] = static_cast<float>(v); break;
      case DataType::float64: value.as<double>()[i] = v; break;
      case DataType::int64: value.as<std::int64_t>()[i] = static_cast<std::int64_t>(v); break;
      case DataType::int32: value.as<std::int32_t>()[i] = static_cast<std::int32_t>(v); break;
      case DataType::int8:
      case DataType::uint8: value.as<std::int8_t>()[i] = static_cast<std::int8_t>(static_cast<int>(v)); break;
      case DataType::boolean: value.as<std::uint8_t>()[i] = v > 0 ? 1 : 0; break;
      case DataType::string: value.as<std::uint64_t>()[i] = testing::sample_text(given ? v : 8 * v); break;
      default: break;  // zeros
    }
  }
  return value.constant;
}

/// One layer of constants and what its reference makes of them.
struct Sample {
  Graph graph;
  graph::LayerId layer = graph::kNone;
  std::vector<ConstantPtr> inputs, outputs;

  Sample(const Operator& op, const graph::Attributes& attributes, std::vector<ConstantPtr> values, int count)
      : inputs(std::move(values)) {
    std::vector<graph::TensorId> ids;
    for (const ConstantPtr& value : inputs) ids.push_back(graph.add_constant("x", value));
    layer = graph.add_layer(op, "layer", ids, attributes, count);
    for (const graph::TensorId id : graph.layer(layer).outputs)
      if (op.data_dependent_axis && id == graph.layer(layer).outputs[0])
        graph.tensor(id).dims = graph.bound_dims(layer);
    outputs = graph::evaluate_layer(graph, layer, std::size_t{1} << 30);
  }

  [[nodiscard]] graph::Problem problem() const {
    graph::Problem p{.op = graph.layer(layer).op, .attributes = &graph.layer(layer).attributes};
    for (const ConstantPtr& x : inputs) p.inputs.push_back({.dtype = x->dtype, .dims = x->dims, .constant = x});
    for (const ConstantPtr& y : outputs) p.outputs.push_back({.dtype = y->dtype, .dims = y->dims});
    return p;
  }
};

/// Element by element: the offset of `dims` at the index of `of` under these axes, and f is called with both.
void walk(const Dims& dims, const std::function<void(const Dims&)>& f) {
  if (element_count(dims) == 0) return;
  Dims index(dims.size(), 0);
  for (;;) {
    f(index);
    std::size_t axis = dims.size();
    for (;;) {
      if (axis-- == 0) return;
      if (++index[axis] < dims[axis]) break;
      index[axis] = 0;
    }
  }
}

std::size_t offset_of(const Dims& dims, const Dims& index) {
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < dims.size(); ++i) offset = offset * dims[i] + index[i];
  return static_cast<std::size_t>(offset);
}

/// Axis i of the result is axis axes[i] of the value.
ConstantPtr permuted(const ConstantPtr& value, const Axes& axes) {
  Dims dims;
  for (const std::size_t axis : axes) dims.push_back(value->dims[axis]);
  const graph::MutableConstant moved = graph::new_constant(value->dtype, dims);
  const std::size_t size = size_of(value->dtype);
  walk(dims, [&](const Dims& index) {
    Dims source(index.size());
    for (std::size_t i = 0; i < axes.size(); ++i) source[axes[i]] = index[i];
    std::memcpy(moved.data + offset_of(dims, index) * size, value->read() + offset_of(value->dims, source) * size,
                size);
  });
  return moved.constant;
}

/// With leading extents of 1 up to that rank, as broadcasting sees it.
ConstantPtr padded(const ConstantPtr& value, std::size_t rank) {
  Dims dims(rank - value->dims.size(), 1);
  dims.insert(dims.end(), value->dims.begin(), value->dims.end());
  return graph::make_constant(value->dtype, dims, value->read(), value->bytes());
}

void expect_equal(const graph::Constant& found, const graph::Constant& expected) {
  ASSERT_EQ(found.dtype, expected.dtype);
  ASSERT_EQ(found.dims, expected.dims);
  if (!is_float(found.dtype)) {
    EXPECT_EQ(std::memcmp(found.read(), expected.read(), found.bytes()), 0);
    return;
  }
  const std::vector<double> a = graph::to_reals(found), b = graph::to_reals(expected);
  for (std::size_t i = 0; i < a.size(); ++i)
    ASSERT_TRUE(a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i])) ||
                std::abs(a[i] - b[i]) <= 1e-5 * (1 + std::abs(b[i])))
        << i << ": " << a[i] << " instead of " << b[i];
}

/// f(operator, case, sample) for every case of the operators that `wanted` holds for. Returns how many there were.
int for_each_case(const std::function<bool(const Operator&)>& wanted,
                  const std::function<void(const Operator&, const Case&, const Sample&)>& f) {
  std::mt19937 random(11);
  int count = 0;
  for (const Operator* op : ops::all_operators()) {
    if (!wanted(*op)) continue;
    for (const Case& c : ops::cases_of(*op)) {
      SCOPED_TRACE(std::string(op->name) + " " + std::string(c.name));
      std::vector<ConstantPtr> inputs;
      for (std::size_t k = 0; k < c.inputs.size(); ++k) {
        const auto given = c.constants.find(static_cast<int>(k));
        inputs.push_back(random_value(k < c.dtypes.size() ? c.dtypes[k] : DataType::float32, c.inputs[k],
                                      given == c.constants.end() ? nullptr : &given->second, random));
      }
      const Sample sample(*op, c.attributes, inputs, c.outputs);
      if (sample.outputs.empty()) continue;
      f(*op, c, sample);
      ++count;
    }
  }
  return count;
}

TEST(Traits, kept_extents_are_those_of_the_input) {
  const auto keeps = [](const Operator& op) { return op.keeps != graph::KeptExtents::none; };
  const int cases = for_each_case(keeps, [](const Operator& op, const Case&, const Sample& s) {
    const Dims &x = s.inputs[0]->dims, &y = s.outputs[0]->dims;
    if (op.keeps == graph::KeptExtents::all) EXPECT_EQ(y, x);
    else EXPECT_EQ(y.at(0), x.at(0));
  });
  EXPECT_GT(cases, 80);
}

TEST(Traits, what_only_moves_gives_elements_of_its_input) {
  const int cases = for_each_case(
      [](const Operator& op) { return op.moves; },
      [](const Operator& op, const Case& c, const Sample& s) {
        // Numbered elements of another type: each is found in the output where its value was.
        const bool all = op.axis_order == AxisOrder::free_together;
        std::vector<ConstantPtr> numbered = s.inputs;
        std::vector<std::pair<std::size_t, std::int64_t>> places;
        for (std::size_t k = 0; k < (all ? numbered.size() : 1); ++k) {
          const graph::MutableConstant numbers = graph::new_constant(DataType::int64, s.inputs[k]->dims);
          for (std::int64_t i = 0; i < s.inputs[k]->count(); ++i) {
            numbers.as<std::int64_t>()[i] = static_cast<std::int64_t>(places.size());
            places.emplace_back(k, i);
          }
          numbered[k] = numbers.constant;
        }
        const Sample moved(op, c.attributes, numbered, c.outputs);
        ASSERT_EQ(moved.outputs.size(), s.outputs.size());
        for (std::size_t k = 0; k < s.outputs.size(); ++k) {
          ASSERT_EQ(moved.outputs[k]->dims, s.outputs[k]->dims);
          const std::size_t size = size_of(s.outputs[k]->dtype);
          for (std::int64_t i = 0; i < s.outputs[k]->count(); ++i) {
            const auto [input, place] = places.at(static_cast<std::size_t>(moved.outputs[k]->as<std::int64_t>()[i]));
            ASSERT_EQ(std::memcmp(s.outputs[k]->read() + static_cast<std::size_t>(i) * size,
                                  s.inputs[input]->read() + static_cast<std::size_t>(place) * size, size),
                      0);
          }
        }
      });
  EXPECT_GT(cases, 50);
}

/// The part of `whole` that starts there and has the extents of `part` is `part`.
void expect_part(const graph::Constant& whole, const graph::Constant& part, std::size_t axis, std::int64_t start) {
  const std::size_t size = size_of(whole.dtype);
  walk(part.dims, [&](const Dims& index) {
    Dims outer = index;
    outer[axis] += start;
    EXPECT_EQ(std::memcmp(whole.read() + offset_of(whole.dims, outer) * size,
                          part.read() + offset_of(part.dims, index) * size, size),
              0);
  });
}

TEST(Traits, parts_are_where_they_are_said_to_be) {
  int parts_of_output = 0, parts_of_input = 0;
  const auto has = [](const Operator& op) { return op.parts_of_output || op.parts_of_input; };
  for_each_case(has, [&](const Operator& op, const Case&, const Sample& s) {
    if (op.parts_of_output) {
      const graph::Parts parts = op.parts_of_output(s.problem());
      ASSERT_EQ(parts.starts.size(), s.inputs.size());
      for (std::size_t k = 0; k < s.inputs.size(); ++k)
        expect_part(*s.outputs[0], *s.inputs[k], parts.axis, parts.starts[k]);
      ++parts_of_output;
    } else if (const auto parts = op.parts_of_input(s.problem())) {
      ASSERT_EQ(parts->starts.size(), s.outputs.size());
      for (std::size_t k = 0; k < s.outputs.size(); ++k)
        expect_part(*s.inputs[0], *s.outputs[k], parts->axis, parts->starts[k]);
      ++parts_of_input;
    }
  });
  EXPECT_GE(parts_of_output, 6);
  EXPECT_GE(parts_of_input, 8);
}

TEST(Traits, permuted_inputs_give_permuted_outputs) {
  std::set<std::string_view> seen;
  const auto general = [](const Operator& op) {
    return op.axis_order == AxisOrder::free || op.axis_order == AxisOrder::free_together ||
           op.axis_order == AxisOrder::along_axis;
  };
  for_each_case(general, [&](const Operator& op, const Case& c, const Sample& s) {
    const std::size_t rank = s.outputs[0]->dims.size();
    if (rank < 2) return;
    const bool joins = op.parts_of_output != nullptr, together = op.axis_order == AxisOrder::free_together;
    Axes axes;  // one that is not its own inverse where there are three
    for (std::size_t i = 0; i < rank; ++i) axes.push_back((i + 1) % rank);
    std::vector<ConstantPtr> inputs = s.inputs;
    for (std::size_t k = 0; k < (together ? inputs.size() : 1); ++k)
      inputs[k] = permuted(joins ? inputs[k] : padded(inputs[k], rank), axes);
    graph::Attributes attributes = c.attributes;
    if (op.axis_order == AxisOrder::along_axis || joins) {
      std::int64_t axis = attributes.integer("axis", op.default_axis);
      if (axis < 0) axis += static_cast<std::int64_t>(rank);
      const auto moved = std::find(axes.begin(), axes.end(), static_cast<std::size_t>(axis));
      attributes.set("axis", static_cast<std::int64_t>(moved - axes.begin()));
    }
    const Sample other(op, attributes, inputs, c.outputs);
    ASSERT_EQ(other.outputs.size(), s.outputs.size());
    for (std::size_t k = 0; k < s.outputs.size(); ++k)
      if (s.outputs[k]->dims.size() == rank) expect_equal(*other.outputs[k], *permuted(s.outputs[k], axes));
    seen.insert(op.name);
  });
  for (const std::string_view name : {"unary", "binary", "where", "concat", "split", "softmax", "batch_norm", "top_k"})
    EXPECT_TRUE(seen.contains(name)) << name;
}

TEST(Traits, either_layout_gives_the_same) {
  std::set<std::string_view> seen;
  const auto has = [](const Operator& op) {
    return op.axis_order == AxisOrder::layout || op.axis_order == AxisOrder::chosen_layout;
  };
  const Axes to_last{0, 2, 3, 1}, to_first{0, 3, 1, 2};
  for_each_case(has, [&](const Operator& op, const Case& c, const Sample& s) {
    if (s.inputs[0]->dims.size() != 4 || c.outputs != 1) return;
    const bool last = c.attributes.text("layout", "nchw") == "nhwc";
    const Axes& axes = last ? to_first : to_last;
    std::vector<ConstantPtr> inputs = s.inputs;
    inputs[0] = permuted(inputs[0], axes);
    if (const int k = op.residual_input; k >= 0 && k < static_cast<int>(inputs.size()))
      inputs[static_cast<std::size_t>(k)] = permuted(inputs[static_cast<std::size_t>(k)], axes);
    graph::Attributes attributes = c.attributes;
    attributes.set("layout", std::string(last ? "nchw" : "nhwc"));
    const Sample other(op, attributes, inputs, c.outputs);
    ASSERT_EQ(other.outputs.size(), 1U);
    expect_equal(*other.outputs[0], *permuted(s.outputs[0], axes));
    seen.insert(op.name);
  });
  EXPECT_EQ(seen.size(), 8U);
}

TEST(Tactics, names_read_operator_variant_and_instruction_set) {
  for (const Operator* op : ops::all_operators()) {
    std::set<std::string_view> names;
    for (const graph::Tactic& tactic : op->tactics ? op->tactics() : std::span<const graph::Tactic>{}) {
      const std::string isa(tactic.device != "cpu"             ? tactic.device
                            : tactic.isa == graph::Isa::scalar ? "portable"
                                                               : name_of(tactic.isa));
      EXPECT_TRUE(tactic.name.ends_with("_" + isa)) << tactic.name;
      // Operators that only rename extents share one.
      EXPECT_TRUE(tactic.name.starts_with(std::string(op->name) + "_") || op->alias) << tactic.name;
      EXPECT_TRUE(names.insert(tactic.name).second) << tactic.name;
    }
  }
}

}  // namespace
}  // namespace vireo

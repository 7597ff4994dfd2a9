#pragma once
// A network with values for its inputs: what it gives by the references and what an engine of it gives, against values
// that were worked out by hand.

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "engine/api/builder.h"
#include "engine/api/control_flow.h"
#include "engine/api/engine.h"
#include "engine/api/half.h"
#include "engine/api/network.h"
#include "engine/graph/evaluate.h"
#include "engine/graph/graph.h"

namespace vireo::testing_network {

using Tensor = Network::Tensor;
using Values = std::vector<double>;

inline graph::ConstantPtr constant_of(DataType dtype, const Dims& dims, const Values& values) {
  const graph::MutableConstant made = graph::new_constant(dtype, dims);
  for (std::size_t i = 0; i < values.size(); ++i) {
    switch (dtype) {
      case DataType::float32: made.as<float>()[i] = static_cast<float>(values[i]); break;
      case DataType::float16: made.as<std::uint16_t>()[i] = half_from_float(static_cast<float>(values[i])); break;
      case DataType::int64: made.as<std::int64_t>()[i] = static_cast<std::int64_t>(values[i]); break;
      case DataType::int32: made.as<std::int32_t>()[i] = static_cast<std::int32_t>(values[i]); break;
      case DataType::int8: made.as<std::int8_t>()[i] = static_cast<std::int8_t>(values[i]); break;
      case DataType::boolean: made.as<std::uint8_t>()[i] = values[i] != 0; break;
      default: ADD_FAILURE() << "no values of " << to_string(dtype);
    }
  }
  return made.constant;
}

class Trial {
 public:
  Network n;

  /// An input; `declared`: the extents that the network knows, where they are fewer.
  Tensor input(const Dims& dims, const Values& values, DataType dtype = DataType::float32, const Dims& declared = {}) {
    const std::string name = "x" + std::to_string(given_.size());
    given_.push_back(constant_of(dtype, dims, values));
    return n.add_input(name, dtype, declared.empty() ? dims : declared);
  }
  Tensor constant(const Dims& dims, const Values& values, DataType dtype = DataType::float32) {
    const graph::ConstantPtr made = constant_of(dtype, dims, values);
    return n.add_constant("c" + std::to_string(constants_++), dtype, dims, made->read(), made->bytes());
  }
  /// Another value for input k, from the next expectation on.
  void change(std::size_t k, const Values& values) {
    given_[k] = constant_of(given_[k]->dtype, given_[k]->dims, values);
  }

  /// The tensor alone is the output: by references and by an engine.
  void expect(Tensor tensor, const Dims& dims, const Values& values, double tolerance = 1e-5) {
    for (const TensorInfo& old : n.outputs()) n.unmark_output(old.name);
    n.mark_output(tensor, "y");
    for (const std::string& error : n.errors()) ADD_FAILURE() << error;
    if (::testing::Test::HasFailure()) return;
    const auto results = graph::evaluate_graph(n.graph(), given_);
    compare(*results[0], dims, values, tolerance, "by references");
    BuildOptions options;
    options.budget_s = 0;
    const auto engine = Engine::load(build(n, options), {}, {.threads = 2});
    const auto context = engine->create_context();
    for (std::size_t k = 0; k < given_.size(); ++k) {
      const std::string name = "x" + std::to_string(k);
      context->set_shape(name, given_[k]->dims);
      const Buffer buffer = context->allocate(name);
      if (given_[k]->bytes()) std::memcpy(buffer.data(), given_[k]->read(), given_[k]->bytes());
    }
    if (is_static(context->shape("y"))) (void)context->allocate("y");
    const Status status = context->run();
    ASSERT_TRUE(status.ok()) << status.message();
    const Dims got = context->shape("y");
    const DataType dtype = engine->outputs()[0].dtype;
    compare(*graph::make_constant(dtype, got, context->result("y").data(), byte_count(dtype, got)), dims, values,
            tolerance, "by an engine");
  }

 private:
  static void compare(const graph::Constant& got, const Dims& dims, const Values& values, double tolerance,
                      const char* how) {
    ASSERT_EQ(got.dims, dims) << how;
    const Values numbers = graph::to_reals(got);
    ASSERT_EQ(numbers.size(), values.size()) << how;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (std::isinf(values[i])) EXPECT_EQ(numbers[i], values[i]) << how << ", element " << i;
      else EXPECT_NEAR(numbers[i], values[i], tolerance * (1 + std::abs(values[i]))) << how << ", element " << i;
    }
  }

  std::vector<graph::ConstantPtr> given_;
  int constants_ = 0;
};

/// from, from + 1, …
inline Values counting(std::size_t count, double from = 1) {
  Values values;
  for (std::size_t i = 0; i < count; ++i) values.push_back(from + static_cast<double>(i));
  return values;
}

}  // namespace vireo::testing_network

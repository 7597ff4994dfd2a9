#pragma once
// Models of one node, with inputs that a formula gives, run by the references and as a built plan. For tests of
// operators whose right values another program told.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>

#include "engine/api/builder.h"
#include "engine/api/engine.h"
#include "tests/import/model.h"

namespace vireo::import_testing {

using Values = std::vector<double>;

/// sin(1.3 i + phase / 2): input number `phase` where no values are given.
inline Values wave(std::int64_t count, int phase) {
  Values values;
  for (std::int64_t i = 0; i < count; ++i) values.push_back(std::sin(1.3 * static_cast<double>(i) + 0.5 * phase));
  return values;
}

struct Given {
  std::string name;  ///< "" for an absent input
  Dims dims;
  int type = onnx::TensorProto::FLOAT;
  std::optional<Values> values = {};
  bool constant = false;
};

inline Given ints(std::string name, Dims dims, Values values) {
  return {std::move(name), std::move(dims), onnx::TensorProto::INT32, std::move(values)};
}
inline Given longs(std::string name, Dims dims, Values values) {
  return {std::move(name), std::move(dims), onnx::TensorProto::INT64, std::move(values)};
}
inline Given flags(std::string name, Dims dims, Values values) {
  return {std::move(name), std::move(dims), onnx::TensorProto::BOOL, std::move(values)};
}
inline Given known(Given given) {
  given.constant = true;
  return given;
}
inline Given absent() { return {}; }

struct OneNode {
  std::string op, domain;
  std::int64_t opset = 17;
  std::vector<Attribute> attributes;
  std::vector<Given> inputs;
  std::vector<std::string> outputs{"y"};
};

inline graph::ConstantPtr value_of(const Given& given, int phase) {
  const Values values = given.values ? *given.values : wave(element_count(given.dims), phase);
  const auto dtype = given.type == onnx::TensorProto::INT32   ? DataType::int32
                     : given.type == onnx::TensorProto::INT64 ? DataType::int64
                     : given.type == onnx::TensorProto::BOOL  ? DataType::boolean
                                                              : DataType::float32;
  const graph::MutableConstant made = graph::new_constant(dtype, given.dims);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (dtype == DataType::float32) made.as<float>()[i] = static_cast<float>(values[i]);
    if (dtype == DataType::int32) made.as<std::int32_t>()[i] = static_cast<std::int32_t>(values[i]);
    if (dtype == DataType::int64) made.as<std::int64_t>()[i] = static_cast<std::int64_t>(values[i]);
    if (dtype == DataType::boolean) made.as<std::uint8_t>()[i] = values[i] != 0;
  }
  return made.constant;
}

/// `symbolic`: extents of batch and entries are not known at import.
inline Model model_of(const OneNode& one, bool symbolic = false) {
  Model model(one.opset);
  if (!one.domain.empty()) model.import(one.domain, 1);
  std::vector<std::string> names;
  for (std::size_t k = 0; k < one.inputs.size(); ++k) {
    const Given& given = one.inputs[k];
    names.push_back(given.name);
    if (given.name.empty()) continue;
    if (given.constant) {
      const graph::ConstantPtr value = value_of(given, static_cast<int>(k));
      onnx::TensorProto& tensor = *model.proto.mutable_graph()->add_initializer();
      tensor.set_name(given.name);
      tensor.set_data_type(given.type);
      for (const std::int64_t extent : given.dims) tensor.add_dims(extent);
      tensor.set_raw_data(value->read(), value->bytes());
      continue;
    }
    Dims dims = given.dims;
    const std::size_t rank = dims.size();
    if (symbolic && rank > 0) dims[0] = -1;
    if (symbolic && rank > 1) dims[rank == 4 ? 2 : 1] = -1;
    model.input(given.name, dims, given.type);
    onnx::GraphProto& graph = *model.proto.mutable_graph();
    auto& shape = *graph.mutable_input(graph.input_size() - 1)->mutable_type()->mutable_tensor_type()->mutable_shape();
    for (int i = 0; i < shape.dim_size(); ++i)  // each a symbol of its own
      if (shape.dim(i).has_dim_param()) shape.mutable_dim(i)->set_dim_param(given.name + std::to_string(i));
  }
  model.node(one.op, names, one.outputs, one.attributes, one.domain);
  for (const std::string& output : one.outputs)
    if (!output.empty()) model.output(output);
  return model;
}

inline std::vector<graph::ConstantPtr> values_of(const OneNode& one) {
  std::vector<graph::ConstantPtr> values;
  for (std::size_t k = 0; k < one.inputs.size(); ++k)
    if (!one.inputs[k].name.empty() && !one.inputs[k].constant)
      values.push_back(value_of(one.inputs[k], static_cast<int>(k)));
  return values;
}

/// What an engine makes of a plan of the network, for one run.
class Built {
 public:
  explicit Built(const Network& network) {
    BuildOptions options;
    options.budget_s = 0;
    options.threads = 2;
    engine_ = Engine::load(build(network, options), {}, {.threads = 2});
    context_ = engine_->create_context();
  }
  Status run(const std::vector<graph::ConstantPtr>& inputs) {
    const std::vector<TensorInfo> infos = engine_->inputs();
    buffers_.clear();
    for (std::size_t k = 0; k < inputs.size(); ++k) context_->set_shape(infos[k].name, inputs[k]->dims);
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      buffers_.push_back(Buffer::host(std::max<std::size_t>(inputs[k]->bytes(), 1)));
      std::memcpy(buffers_.back().data(), inputs[k]->read(), inputs[k]->bytes());
      context_->bind(infos[k].name, buffers_.back());
    }
    outputs_.clear();
    for (const TensorInfo& info : engine_->outputs()) {
      const Dims dims = context_->shape(info.name);
      const bool late = std::find(dims.begin(), dims.end(), kUnknown) != dims.end();
      outputs_.push_back(late ? Buffer() : context_->allocate(info.name));
    }
    return context_->run();
  }
  graph::ConstantPtr output(std::size_t k) {
    const TensorInfo info = engine_->outputs()[k];
    const Buffer data = outputs_[k] ? outputs_[k] : context_->result(info.name);
    const Dims dims = context_->shape(info.name);
    return graph::make_constant(info.dtype, dims, data.data(),
                                static_cast<std::size_t>(element_count(dims)) * size_of(info.dtype));
  }

 private:
  std::shared_ptr<Engine> engine_;
  std::unique_ptr<Context> context_;
  std::vector<Buffer> buffers_, outputs_;
};

inline void expect_near(const graph::Constant& found, const Values& wanted, const char* how, std::size_t output) {
  SCOPED_TRACE(std::string(how) + ", output " + std::to_string(output));
  const Values values = graph::to_reals(found);
  ASSERT_EQ(values.size(), wanted.size());
  for (std::size_t i = 0; i < values.size(); ++i)
    EXPECT_NEAR(values[i], wanted[i], 1e-5 * (1 + std::abs(wanted[i]))) << "element " << i;
}

/// By the references and built, with extents known at import and symbolic.
inline void expect_outputs(const OneNode& one, const std::vector<Values>& wanted) {
  const std::vector<graph::ConstantPtr> inputs = values_of(one);
  for (const bool symbolic : {false, true}) {
    SCOPED_TRACE(one.op + (symbolic ? ", symbolic extents" : ""));
    const Network network = model_of(one, symbolic).load();
    const std::vector<graph::ConstantPtr> outputs = graph::evaluate_graph(network.graph(), inputs);
    Built built(network);
    const Status status = built.run(inputs);
    ASSERT_TRUE(status.ok()) << status.message();
    for (std::size_t k = 0; k < wanted.size(); ++k) {
      expect_near(*outputs.at(k), wanted[k], "reference", k);
      expect_near(*built.output(k), wanted[k], "built", k);
    }
  }
}

}  // namespace vireo::import_testing

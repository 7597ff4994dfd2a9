#include "engine/api/compare.h"

#include <cmath>
#include <cstring>
#include <random>

#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/build/compile.h"
#include "engine/build/placement.h"
#include "engine/build/plan_state.h"
#include "engine/build/timing.h"
#include "engine/graph/operator.h"
#include "engine/passes/passes.h"
#include "engine/program/executor.h"

namespace vireo {
namespace {

using graph::Graph;
using graph::kNone;
using graph::LayerId;
using graph::TensorId;
using Values = std::map<TensorId, std::shared_ptr<std::byte>>;

std::size_t bytes_of(const graph::Tensor& t) {
  return static_cast<std::size_t>(element_count(t.dims)) * size_of(t.dtype);
}

void evaluate(const Graph& g, LayerId id, Values& values) {
  const graph::Layer& l = g.layer(id);
  std::vector<graph::View> inputs, outputs;
  for (TensorId t : l.inputs) {
    if (t == kNone) {
      inputs.emplace_back();
      continue;
    }
    const graph::Tensor& tensor = g.tensor(t);
    void* data = tensor.constant ? const_cast<std::byte*>(tensor.constant->read()) : values.at(t).get();
    inputs.push_back({tensor.dtype, tensor.dims, data});
  }
  for (TensorId t : l.outputs) {
    if (t == kNone) {
      outputs.emplace_back();
      continue;
    }
    values[t] = base::allocate_aligned(bytes_of(g.tensor(t)));
    outputs.push_back({g.tensor(t).dtype, g.tensor(t).dims, values[t].get()});
  }
  l.op->reference({l.attributes, inputs, outputs});
}

Values input_values(const Graph& g, const std::map<std::string, Buffer>& inputs) {
  Values values;
  for (TensorId id : g.inputs()) {
    const graph::Tensor& t = g.tensor(id);
    values[id] = base::allocate_aligned(bytes_of(t));
    const auto it = inputs.find(t.name);
    if (it != inputs.end()) {
      if (it->second.bytes() < bytes_of(t))
        base::fail(ErrorCode::invalid_argument, "input '", t.name, "' is too short");
      std::memcpy(values[id].get(), it->second.data(), bytes_of(t));
    } else if (t.dtype == DataType::float32) {
      std::minstd_rand random(1);
      for (std::size_t i = 0; i < bytes_of(t) / 4; ++i)
        reinterpret_cast<float*>(values[id].get())[i] = static_cast<float>(random() % 20001) * 1e-4f - 1.0f;
    }
  }
  return values;
}

LayerError measure(DataType dtype, const Dims& dims, const std::byte* got, const std::byte* wanted) {
  LayerError error;
  const auto as_reals = [&](const std::byte* p) {
    graph::Constant c{dtype, dims, std::shared_ptr<const std::byte>(std::shared_ptr<void>(), p)};
    return graph::to_reals(c);
  };
  const std::vector<double> a = as_reals(got), b = as_reals(wanted);
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!std::isfinite(b[i])) continue;
    if (!std::isfinite(a[i])) {
      ++error.not_finite;
      continue;
    }
    difference += (a[i] - b[i]) * (a[i] - b[i]);
    norm += b[i] * b[i];
    error.max_abs = std::max(error.max_abs, std::abs(a[i] - b[i]));
  }
  error.relative_l2 = norm > 0 ? std::sqrt(difference / norm) : std::sqrt(difference);
  return error;
}

/// A graph of this one layer, its inputs as network inputs, so that it runs exactly as the engine would run it.
std::vector<LayerError> compare_layer(const Graph& g, LayerId id, const Values& values,
                                      const builder::CompileOptions& options) {
  const graph::Layer& l = g.layer(id);
  Graph one;
  std::vector<TensorId> inputs, outputs;
  std::map<TensorId, TensorId> known;
  std::vector<void*> pointers;
  for (TensorId t : l.inputs) {
    if (t == kNone) {
      inputs.push_back(kNone);
      continue;
    }
    const graph::Tensor& tensor = g.tensor(t);
    if (!known.contains(t)) {
      known[t] = tensor.constant ? one.add_constant(tensor.name, tensor.constant)
                                 : one.add_input(tensor.name, tensor.dtype, tensor.dims);
      if (!tensor.constant) pointers.push_back(values.at(t).get());
    }
    inputs.push_back(known[t]);
  }
  for (std::size_t k = 0; k < l.outputs.size(); ++k) outputs.push_back(one.add_tensor(base::str("out", k)));
  one.add_layer_into(*l.op, l.name, inputs, outputs, l.attributes);
  one.infer_all();
  std::vector<std::shared_ptr<std::byte>> buffers;
  for (std::size_t k = 0; k < l.outputs.size(); ++k) {
    one.mark_output(outputs[k], base::str("out", k));
    buffers.push_back(base::allocate_aligned(bytes_of(one.tensor(outputs[k]))));
    pointers.push_back(buffers.back().get());
  }
  auto program = std::make_shared<const program::Program>(builder::compile(one, options));
  program::Executor executor(program, std::make_shared<base::Team>(options.workers), false);
  const Status status = executor.run(pointers);
  std::vector<LayerError> errors;
  for (std::size_t k = 0; k < l.outputs.size(); ++k) {
    if (l.outputs[k] == kNone) continue;
    const graph::Tensor& t = g.tensor(l.outputs[k]);
    LayerError error = measure(t.dtype, t.dims, buffers[k].get(), values.at(l.outputs[k]).get());
    if (!status.ok()) error.not_finite = element_count(t.dims);
    error.layer = l.name;
    error.op = l.op->name;
    error.tactic = program->report.empty() ? "view" : program->report.front().tactic;
    error.output = base::str(t.dims);
    errors.push_back(std::move(error));
  }
  return errors;
}

}  // namespace

std::vector<LayerError> compare(const Network& network, const BuildOptions& options,
                                const std::map<std::string, Dims>& shapes,
                                const std::map<std::string, Buffer>& inputs) {
  builder::check_precision(options);
  builder::CompileOptions compile_options;
  compile_options.workers = options.threads > 0 ? options.threads : base::available_cores();
  compile_options.exact = options.exact;
  compile_options.precision = options.precision;
  compile_options.disabled_passes = options.disabled_passes;
  Graph optimised = network.graph();
  passes::PassOptions pass_options;
  pass_options.disabled.insert(options.disabled_passes.begin(), options.disabled_passes.end());
  passes::run_passes(optimised, pass_options);
  optimised = builder::specialise(optimised, shapes, compile_options);
  builder::Choices choices;
  if (options.budget_s > 0) builder::time_candidates(optimised, compile_options, {options.budget_s}, choices, {});
  compile_options.choices = &choices;

  std::vector<LayerError> errors;
  Values values = input_values(optimised, inputs);
  for (LayerId id : optimised.topological_order()) {
    evaluate(optimised, id, values);
    for (LayerError& error : compare_layer(optimised, id, values, compile_options)) errors.push_back(std::move(error));
  }
  // The whole way: unoptimised network by references, optimised one by kernels.
  Graph original = builder::specialise(network.graph(), shapes, compile_options);
  Values wanted = input_values(original, inputs);
  for (LayerId id : original.topological_order()) evaluate(original, id, wanted);
  auto program = std::make_shared<const program::Program>(builder::compile(optimised, compile_options));
  program::Executor executor(program, std::make_shared<base::Team>(compile_options.workers), false);
  std::vector<void*> pointers;
  for (TensorId id : optimised.inputs()) pointers.push_back(values.at(id).get());
  std::vector<std::shared_ptr<std::byte>> buffers;
  for (const Graph::Output& output : optimised.outputs()) {
    buffers.push_back(base::allocate_aligned(bytes_of(optimised.tensor(output.tensor))));
    pointers.push_back(buffers.back().get());
  }
  if (const Status status = executor.run(pointers); !status.ok()) throw Error(status.code(), status.message());
  for (std::size_t k = 0; k < original.outputs().size(); ++k) {
    const graph::Tensor& t = original.tensor(original.outputs()[k].tensor);
    const std::byte* reference = t.constant ? t.constant->read() : wanted.at(original.outputs()[k].tensor).get();
    LayerError error = measure(t.dtype, t.dims, buffers[k].get(), reference);
    error.layer = original.outputs()[k].name;
    error.op = "network output";
    error.output = base::str(t.dims);
    errors.push_back(std::move(error));
  }
  return errors;
}

}  // namespace vireo

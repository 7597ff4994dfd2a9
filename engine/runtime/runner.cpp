// Running a module: the head, the data-dependent layers, then the rest that their results call for.

#include <cstring>

#include "engine/api/log.h"
#include "engine/base/affinity.h"
#include "engine/base/caught.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/runtime/module.h"

namespace vireo::runtime {
namespace {

/// Where an empty tensor is that has no memory: it is present all the same.
void* somewhere(void* data) {
  alignas(base::kAlignment) static std::byte nothing[base::kAlignment];
  return data ? data : nothing;
}

device::Region present(const Bound& bound) {
  if (bound.memory) return bound.region();
  return {nullptr, static_cast<std::byte*>(somewhere(bound.data)), 0};
}

Runner::Result run_layer(const graph::Operator& op, const graph::Attributes& attributes,
                         std::span<const graph::View> inputs, DataType dtype, const Dims& bound) {
  Runner::Result result;
  result.data = base::allocate_aligned(byte_count(dtype, bound));
  std::vector<graph::View> outputs{{dtype, bound, result.data.get()}};
  (op.evaluate_data_dependent ? op.evaluate_data_dependent : op.reference)({attributes, inputs, outputs});
  result.dims = outputs[0].dims;
  result.bytes = byte_count(dtype, result.dims);
  return result;
}

}  // namespace

Runner::Runner(std::shared_ptr<const Module> module, std::shared_ptr<device::ThreadPool> pool, bool profile)
    : module_(std::move(module)), pool_(std::move(pool)) {
  session_ = std::make_unique<device::Session>(module_->program(), pool_, profile);
  results_.resize(module_->bindings().size());
  const auto& head = module_->program()->bindings;
  std::vector<char> visible(head.size(), 0);
  for (const int place : module_->places_)
    if (place >= 0) visible[static_cast<std::size_t>(place)] = 1;
  for (std::size_t k = 0; k < head.size(); ++k) {
    boundary_.push_back(visible[k] ? nullptr : base::allocate_aligned(head[k].bytes));
    regions_.push_back({nullptr, boundary_.back().get(), 0});
  }
}

void Runner::observe(const device::Observer& observer) {
  observer_ = observer;
  session_->observe(observer);
}

Status Runner::run(std::span<const Bound> bindings) noexcept {
  const base::OnCore on(pool_->first_core());
  for (Result& result : results_) result = {};
  for (std::size_t k = 0; k < bindings.size(); ++k)
    if (const int place = module_->places_[k]; place >= 0)
      regions_[static_cast<std::size_t>(place)] = present(bindings[k]);
  const Status status = session_->run(regions_);
  if (!status.ok() || !module_->has_continuation()) return status;
  try {
    return run_continuation(bindings);
  } catch (...) {
    return base::caught("the layers whose shapes depend on data failed; the log says why");
  }
}

void Runner::enqueue(device::Queue& queue, std::span<const Bound> bindings) {
  for (std::size_t k = 0; k < bindings.size(); ++k)
    regions_[static_cast<std::size_t>(module_->places_[k])] = present(bindings[k]);
  session_->enqueue(queue, regions_);
}

Status Runner::run_continuation(std::span<const Bound> bindings) {
  const Module::Continuation& continuation = *module_->continuation_;
  std::vector<Result> made;
  for (const Module::DataDependentLayer& l : continuation.layers) {
    std::vector<graph::View> inputs = l.inputs;
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      if (l.sources[k] >= 0) inputs[k].data = regions_[static_cast<std::size_t>(l.sources[k])].host;
      else if (inputs[k].dtype != DataType::undefined) inputs[k].data = somewhere(inputs[k].data);
    }
    made.push_back(run_layer(*l.op, l.attributes, inputs, l.dtype, l.bound));
  }
  Shapes shapes;
  std::vector<Bound> rest_bindings;
  for (std::size_t k = 0; k < continuation.inputs.size(); ++k) {
    const graph::Tensor& t = continuation.rest.tensor(continuation.rest.inputs()[k]);
    if (const int layer = continuation.inputs[k].data_dependent_layer; layer >= 0) {
      const Result& result = made[static_cast<std::size_t>(layer)];
      shapes[t.name] = result.dims;
      rest_bindings.push_back({result.data.get(), result.bytes});
    } else {
      const auto source = static_cast<std::size_t>(continuation.inputs[k].head_binding);
      shapes[t.name] = t.dims;
      rest_bindings.push_back({regions_[source].host, module_->program()->bindings[source].bytes});
    }
  }
  const std::shared_ptr<const Module> rest = module_->continuation_for(shapes, rest_bindings);
  if (!rest_ || &rest_->module() != rest.get()) {
    rest_ = nullptr;  // its memory goes first
    rest_ = std::make_unique<Runner>(rest, pool_, false);
    if (observer_) rest_->observe(observer_);
  }
  // What the rest knows the shape of gets memory here; what depends on data there too stays unbound, and is asked for.
  std::vector<std::shared_ptr<std::byte>> outputs;
  for (std::size_t k = continuation.inputs.size(); k < rest->bindings().size(); ++k) {
    const device::Binding& binding = rest->bindings()[k];
    outputs.push_back(is_static(binding.info.dims) ? base::allocate_aligned(binding.bytes) : nullptr);
    rest_bindings.push_back({outputs.back().get(), binding.bytes});
  }
  if (const Status status = rest_->run(rest_bindings); !status.ok()) return status;
  take_results(*rest_, std::move(outputs));
  return copy_results(bindings);
}

void Runner::take_results(const Runner& rest, std::vector<std::shared_ptr<std::byte>> made) {
  const std::size_t first_output = module_->continuation_->inputs.size();
  for (std::size_t k = 0; k < results_.size(); ++k) {
    if (module_->places_[k] >= 0) continue;
    const auto output = static_cast<std::size_t>(-1 - module_->places_[k]);
    const device::Binding& binding = rest.module().bindings()[first_output + output];
    results_[k] = rest.data_dependent_result(first_output + output);
    if (!results_[k].data) results_[k] = {binding.info.dims, std::move(made[output]), binding.bytes};
  }
}

Status Runner::copy_results(std::span<const Bound> bindings) const {
  Status status;
  for (std::size_t k = 0; k < results_.size(); ++k) {
    const Result& result = results_[k];
    if (!result.data || !bindings[k].data) continue;
    if (bindings[k].bytes >= result.bytes) {
      if (result.bytes) std::memcpy(bindings[k].data, result.data.get(), result.bytes);
      continue;
    }
    log(LogLevel::error, base::str("output '", module_->bindings()[k].info.name, "' came out as ", result.dims, ", ",
                                   result.bytes, " bytes; the bound buffer has ", bindings[k].bytes));
    status = {ErrorCode::invalid_argument, "an output that depends on data is larger than its bound buffer"};
  }
  return status;
}

}  // namespace vireo::runtime

// Running a module: the head, the late layers, then the tail that their results call for.

#include <cstring>

#include "engine/api/log.h"
#include "engine/base/affinity.h"
#include "engine/base/caught.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/build/module.h"

namespace vireo::builder {
namespace {

/// Where an empty tensor is that has no memory: it is present all the same.
void* somewhere(void* data) {
  alignas(base::kAlignment) static std::byte nothing[base::kAlignment];
  return data ? data : nothing;
}

Runner::Result run_layer(const graph::Operator& op, const graph::Attributes& attributes,
                         std::span<const graph::View> inputs, DataType dtype, const Dims& bound) {
  Runner::Result result;
  result.data = base::allocate_aligned(byte_count(dtype, bound));
  std::vector<graph::View> outputs{{dtype, bound, result.data.get()}};
  (op.late ? op.late : op.reference)({attributes, inputs, outputs});
  result.dims = outputs[0].dims;
  result.bytes = byte_count(dtype, result.dims);
  return result;
}

}  // namespace

Runner::Runner(std::shared_ptr<const Module> module, std::shared_ptr<base::Team> team, bool profile)
    : module_(std::move(module)), team_(std::move(team)) {
  executor_ = std::make_unique<program::Executor>(module_->program(), team_, profile);
  results_.resize(module_->bindings().size());
  const auto& head = module_->program()->bindings;
  std::vector<char> visible(head.size(), 0);
  for (const int place : module_->places_)
    if (place >= 0) visible[static_cast<std::size_t>(place)] = 1;
  for (std::size_t k = 0; k < head.size(); ++k) {
    boundary_.push_back(visible[k] ? nullptr : base::allocate_aligned(head[k].bytes));
    pointers_.push_back(boundary_.back().get());
  }
}

void Runner::observe(const program::Observer& observer) {
  observer_ = observer;
  executor_->observe(observer);
}

Status Runner::run(std::span<const Bound> bindings) noexcept {
  const base::OnCore on(team_->first_core());
  for (Result& result : results_) result = {};
  for (std::size_t k = 0; k < bindings.size(); ++k)
    if (const int place = module_->places_[k]; place >= 0)
      pointers_[static_cast<std::size_t>(place)] = somewhere(bindings[k].data);
  const Status status = executor_->run(pointers_);
  if (!status.ok() || !module_->has_late_part()) return status;
  try {
    return run_late(bindings);
  } catch (...) {
    return base::caught("the layers whose shapes depend on data failed; the log says why");
  }
}

Status Runner::run_late(std::span<const Bound> bindings) {
  const Module::Late& late = *module_->late_;
  std::vector<Result> made;
  for (const Module::LateLayer& l : late.layers) {
    std::vector<graph::View> inputs = l.inputs;
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      if (l.sources[k] >= 0) inputs[k].data = pointers_[static_cast<std::size_t>(l.sources[k])];
      else if (inputs[k].dtype != DataType::undefined) inputs[k].data = somewhere(inputs[k].data);
    }
    made.push_back(run_layer(*l.op, l.attributes, inputs, l.dtype, l.bound));
  }
  Shapes shapes;
  std::vector<Bound> tail_bindings;
  for (std::size_t k = 0; k < late.inputs.size(); ++k) {
    const graph::Tensor& t = late.tail.tensor(late.tail.inputs()[k]);
    if (const int layer = late.inputs[k].late_layer; layer >= 0) {
      const Result& result = made[static_cast<std::size_t>(layer)];
      shapes[t.name] = result.dims;
      tail_bindings.push_back({result.data.get(), result.bytes});
    } else {
      const auto source = static_cast<std::size_t>(late.inputs[k].head_binding);
      shapes[t.name] = t.dims;
      tail_bindings.push_back({pointers_[source], module_->program()->bindings[source].bytes});
    }
  }
  const std::shared_ptr<const Module> tail = module_->tail_for(shapes, tail_bindings);
  if (!tail_ || &tail_->module() != tail.get()) {
    tail_ = nullptr;  // its memory goes first
    tail_ = std::make_unique<Runner>(tail, team_, false);
    if (observer_) tail_->observe(observer_);
  }
  // What the tail knows the shape of gets memory here; what depends on data there too stays unbound, and is asked for.
  std::vector<std::shared_ptr<std::byte>> outputs;
  for (std::size_t k = late.inputs.size(); k < tail->bindings().size(); ++k) {
    const program::Binding& binding = tail->bindings()[k];
    outputs.push_back(is_static(binding.info.dims) ? base::allocate_aligned(binding.bytes) : nullptr);
    tail_bindings.push_back({outputs.back().get(), binding.bytes});
  }
  if (const Status status = tail_->run(tail_bindings); !status.ok()) return status;
  take_results(*tail_, std::move(outputs));
  return copy_results(bindings);
}

void Runner::take_results(const Runner& tail, std::vector<std::shared_ptr<std::byte>> made) {
  const std::size_t first_output = module_->late_->inputs.size();
  for (std::size_t k = 0; k < results_.size(); ++k) {
    if (module_->places_[k] >= 0) continue;
    const auto output = static_cast<std::size_t>(-1 - module_->places_[k]);
    const program::Binding& binding = tail.module().bindings()[first_output + output];
    results_[k] = tail.late_result(first_output + output);
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

}  // namespace vireo::builder

#include "engine/runtime/loop.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/compile/limits.h"
#include "engine/runtime/module.h"
#include "engine/runtime/ready.h"

namespace vireo::runtime {
namespace {

// Loops whose carried tensors grow have a body for each extent: so many stay compiled, and, but for the last, so many
// bytes of them ready to run.
constexpr std::size_t kMostBodies = 256;
constexpr std::uint64_t kBodyBytes = std::uint64_t{256} << 20;
constexpr std::int64_t kFirstReserve = 16;
constexpr int kNumber = -1, kCondition = -2;  // results of a body that are inputs of it (graph::LoopBody)

}  // namespace

std::shared_ptr<const LoopProgram> LoopProgram::make(const OpenLayer& layer, const CompileSettings& settings) {
  auto made = std::make_shared<const LoopProgram>(layer.op->loop_body(layer.attributes, layer.constants), settings);
  std::vector<Dims> dims;
  for (std::size_t k = 0; k < made->body_.graph.inputs().size(); ++k)
    dims.push_back(k < 2 ? made->body_.graph.tensor(made->body_.graph.inputs()[k]).dims : layer.inputs.at(k).dims);
  try {
    (void)made->module_for(dims, false);
  } catch (const Error& error) {
    // Extents that the body can't have: an error of the run that gets so far, if any.
    if (error.code() != ErrorCode::invalid_model) throw;
  }
  return made;
}

LoopProgram::LoopProgram(graph::LoopBody body, CompileSettings settings)
    : body_(std::move(body)), settings_(std::move(settings)) {
  settings_.options.traced = false;
}

std::shared_ptr<const Module> LoopProgram::compile(const std::vector<Dims>& dims) const {
  graph::Graph g = body_.graph;
  Shapes shapes;
  for (std::size_t k = 0; k < dims.size(); ++k) {
    graph::Tensor& t = g.tensor(g.inputs()[k]);
    t.ranked = true;
    t.dims.assign(dims[k].size(), kUnknown);  // so that the passes run
    shapes[t.name] = dims[k];
  }
  return std::make_shared<const Module>(g, shapes, settings_);
}

std::shared_ptr<const Module> LoopProgram::module_for(const std::vector<Dims>& dims, bool in_run) const {
  const std::lock_guard lock(mutex_);
  for (Compiled& c : compiled_)
    if (c.dims == dims) {
      c.last_use = ++uses_;
      return c.module;
    }
  if (in_run) ++compilations_;
  auto module = compile(dims);
  if (compiled_.size() >= kMostBodies) compiled_.erase(std::ranges::min_element(compiled_, {}, &Compiled::last_use));
  compiled_.push_back({dims, module, ++uses_});
  return module;
}

void LoopProgram::report(std::vector<LayerReport>& rows) const {
  const std::lock_guard lock(mutex_);
  const auto last = std::ranges::max_element(compiled_, {}, &Compiled::last_use);
  if (last == compiled_.end()) return;
  const std::vector<LayerReport> body = last->module->report();
  rows.insert(rows.end(), body.begin(), body.end());
}

std::size_t LoopProgram::compilations_in_runs() const {
  const std::lock_guard lock(mutex_);
  std::size_t count = compilations_;
  for (const Compiled& c : compiled_) count += c.module->compilations_in_runs();
  return count;
}

/// The body at some extents, ready to run.
struct LoopRun::Instance {
  std::vector<Dims> dims;
  std::shared_ptr<const Module> module;
  Runner runner;
  std::vector<Bound> bound;
  std::uint64_t last_use = 0;

  Instance(std::vector<Dims> d, std::shared_ptr<const Module> m, std::shared_ptr<device::ThreadPool> pool)
      : dims(std::move(d)), module(std::move(m)), runner(module, std::move(pool), false) {
    bound.resize(module->bindings().size());
  }
  [[nodiscard]] std::uint64_t memory_bytes() const { return runner.memory_bytes(); }
};

LoopRun::LoopRun(const OpenLayer& layer, std::shared_ptr<device::ThreadPool> pool)
    : layer_(layer), program_(*layer.loop), pool_(std::move(pool)) {
  const graph::LoopBody& body = program_.body();
  values_.resize(body.graph.inputs().size());
  for (const std::size_t k : {0, 1}) values_[k].dims = body.graph.tensor(body.graph.inputs()[k]).dims;
  values_[0].data = reinterpret_cast<const std::byte*>(&number_);
  values_[1].data = reinterpret_cast<const std::byte*>(&holds_);
  made_.resize(body.graph.outputs().size());
  memory_.resize(made_.size());
  next_.resize(body.carried);
  copies_.resize(body.carried);
  stacks_.resize(body.results.size() - 1 - body.carried);
  for (std::size_t k = 0; k < stacks_.size(); ++k) stacks_[k].what = base::str("output ", body.carried + k);
}

LoopRun::~LoopRun() = default;

Status LoopRun::run(std::span<const graph::View> inputs, std::vector<OpenResult>& results) {
  const auto given = [&](std::size_t k) { return k < inputs.size() && inputs[k].present(); };
  trips_ = given(0) ? *inputs[0].as<std::int64_t>() : INT64_MAX;
  holds_ = !given(1) || *inputs[1].as<std::uint8_t>() != 0;
  for (std::size_t k = 2; k < values_.size(); ++k) {
    values_[k].dims = inputs[k].dims;
    values_[k].data = inputs[k].as<std::byte>();
    values_[k].owner.reset();
  }
  const std::uint64_t most = layer_.limits.max_iterations;
  for (number_ = 0; number_ < trips_ && holds_; ++number_) {
    if (most && static_cast<std::uint64_t>(number_) >= most)
      base::fail(ErrorCode::cancelled, "has run ", most, " iterations and goes on (raise limits.max_iterations)");
    if (const Status status = step(instance()); !status.ok()) return status;
    hand_on();
  }
  finish(results);
  return {};
}

LoopRun::Instance& LoopRun::instance() {
  const auto fits = [&](const Instance& one) { return std::ranges::equal(one.dims, values_, {}, {}, &Value::dims); };
  if (last_ && fits(*last_)) return *last_;
  for (const auto& one : instances_)
    if (fits(*one)) {
      last_ = one.get();
      last_->last_use = ++uses_;
      return *last_;
    }
  std::vector<Dims> dims;
  for (const Value& value : values_) dims.push_back(value.dims);
  std::shared_ptr<const Module> module = program_.module_for(dims, true);
  last_ = nullptr;  // which may go
  make_room(instances_, kMostBodies, 0, kBodyBytes);
  instances_.push_back(std::make_unique<Instance>(std::move(dims), std::move(module), pool_));
  last_ = instances_.back().get();
  last_->last_use = ++uses_;
  return *last_;
}

/// One iteration: from `values_` to `made_`.
Status LoopRun::step(Instance& at) {
  const std::vector<device::Binding>& bindings = at.module->bindings();
  for (std::size_t k = 0; k < values_.size(); ++k)
    at.bound[k] = {somewhere(const_cast<std::byte*>(values_[k].data)), bindings[k].bytes};
  for (std::size_t k = 0; k < made_.size(); ++k) {
    const device::Binding& binding = bindings[values_.size() + k];
    made_[k].owner.reset();
    // A block that something still lies in which the iteration reads is left alone.
    if (is_static(binding.info.dims)) made_[k].owner = memory_[k].take(binding.bytes);
    at.bound[values_.size() + k] = {made_[k].owner.get(), binding.bytes};
  }
  const Status status = at.runner.run(at.bound);
  for (std::size_t k = 0; status.ok() && k < made_.size(); ++k) {
    const Runner::Result& late = at.runner.data_dependent_result(values_.size() + k);
    if (late.data) made_[k].owner = late.data;
    made_[k].data = made_[k].owner.get();
    made_[k].dims = late.data ? late.dims : bindings[values_.size() + k].info.dims;
  }
  return status;
}

/// What an iteration made is what the next one reads.
void LoopRun::hand_on() {
  const graph::LoopBody& body = program_.body();
  const auto result = [&](std::size_t k) -> const Value& {
    const int from = body.results[k];
    return from < 0 ? values_[static_cast<std::size_t>(-1 - from)] : made_[static_cast<std::size_t>(from)];
  };
  const Value& condition = result(0);
  if (element_count(condition.dims) != 1)
    base::fail(ErrorCode::invalid_argument, "its condition came out as ", condition.dims, ", not as one boolean");
  const bool holds = *condition.data != std::byte{0};
  for (std::size_t k = 0; k < stacks_.size(); ++k) append(k, result(1 + body.carried + k));
  for (std::size_t k = 0; k < next_.size(); ++k) {
    next_[k] = result(1 + k);
    const int from = body.results[1 + k];
    if (from != kNumber && from != kCondition) continue;
    // Those change where they are.
    next_[k].owner = copies_[k].take(sizeof number_);
    std::memcpy(next_[k].owner.get(), next_[k].data, from == kNumber ? sizeof number_ : sizeof holds_);
    next_[k].data = next_[k].owner.get();
  }
  for (std::size_t k = 0; k < next_.size(); ++k) std::swap(values_[2 + k], next_[k]);
  for (Value& before : next_) before.owner.reset();
  holds_ = holds;
}

void LoopRun::append(std::size_t k, const Value& entry) {
  Stack& stack = stacks_[k];
  if (number_ == 0) {
    stack.dims.assign(1, 0);
    stack.dims.insert(stack.dims.end(), entry.dims.begin(), entry.dims.end());
    stack.entry_bytes = byte_count(layer_.outputs[program_.body().carried + k].dtype, entry.dims);
    stack.capacity = 0;
  } else if (!std::equal(entry.dims.begin(), entry.dims.end(), stack.dims.begin() + 1, stack.dims.end())) {
    base::fail(ErrorCode::invalid_argument, "iteration ", number_, " gives ", entry.dims, " to be stacked upon ",
               stack.dims);
  }
  const auto count = static_cast<std::size_t>(stack.dims[0]++);
  if (stack.entry_bytes == 0) return;
  if (count == stack.capacity) grow(k, static_cast<std::int64_t>(count));
  std::memcpy(stack.data.get() + count * stack.entry_bytes, entry.data, stack.entry_bytes);
}

void LoopRun::grow(std::size_t k, std::int64_t entries) {
  Stack& stack = stacks_[k];
  const graph::TensorType& type = layer_.outputs[program_.body().carried + k];
  const bool counted = !program_.body().breaks;  // nothing but the number of iterations ends it
  const std::int64_t wanted =
      counted ? trips_ : std::min(trips_, std::max({kFirstReserve, stack.reserve, 2 * entries}));
  // What is sure to come must be within the limits; what may come needn't.
  const std::int64_t held = std::exchange(stack.dims[0], counted ? trips_ : entries + 1);
  compile::check_tensor(type.dtype, stack.dims, stack.what, layer_.limits);
  stack.dims[0] = held;
  const std::shared_ptr<std::byte> before = stack.data;
  const std::size_t used = static_cast<std::size_t>(entries) * stack.entry_bytes;
  stack.data = stack.memory.take(base::checked_product(static_cast<std::size_t>(wanted), stack.entry_bytes));
  stack.capacity = static_cast<std::size_t>(wanted);
  if (used) std::memcpy(stack.data.get(), before.get(), used);
}

void LoopRun::finish(std::vector<OpenResult>& results) {
  for (std::size_t k = 0; k < next_.size(); ++k) {
    Value& value = values_[2 + k];
    OpenResult& result = results[k];
    result.dims = value.dims;
    result.bytes = byte_count(layer_.outputs[k].dtype, value.dims);
    if (!value.owner) {  // the network's own memory
      result.data = copies_[k].take(result.bytes);
      if (result.bytes) std::memcpy(result.data.get(), value.data, result.bytes);
    } else result.data = std::move(value.owner);
    value.owner.reset();
  }
  for (std::size_t k = 0; k < stacks_.size(); ++k) {
    Stack& stack = stacks_[k];
    OpenResult& result = results[next_.size() + k];
    const graph::TensorType& type = layer_.outputs[next_.size() + k];
    if (number_ > 0) {
      result.dims = stack.dims;
    } else {  // extents that nothing tells are 0
      result.dims.assign(type.ranked ? type.dims.size() : 1, 0);
      for (std::size_t i = 1; i < result.dims.size(); ++i) result.dims[i] = std::max<std::int64_t>(type.dims[i], 0);
    }
    stack.reserve = number_;
    result.bytes = byte_count(type.dtype, result.dims);
    result.data = stack.data ? std::move(stack.data) : stack.memory.take(0);
    stack.data.reset();
  }
  for (Value& value : made_) value.owner.reset();
}

std::uint64_t LoopRun::memory_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& one : instances_) bytes += one->runner.memory_bytes();
  return bytes;
}

}  // namespace vireo::runtime

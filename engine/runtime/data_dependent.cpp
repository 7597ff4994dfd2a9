#include "engine/runtime/data_dependent.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>

#include "engine/base/memory.h"
#include "engine/base/text.h"

namespace vireo::runtime {

namespace {
double now() noexcept {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// The inputs one behind the other along `axis`.
void join(std::span<const graph::View> inputs, graph::View& out, std::size_t axis) {
  out.dims = inputs[0].dims;
  out.dims[axis] = 0;
  for (const graph::View& in : inputs) out.dims[axis] += in.dims[axis];
  std::size_t outer = 1, run = size_of(out.dtype);
  for (std::size_t i = 0; i < axis; ++i) outer *= static_cast<std::size_t>(out.dims[i]);
  for (std::size_t i = axis + 1; i < out.dims.size(); ++i) run *= static_cast<std::size_t>(out.dims[i]);
  auto* to = out.as<std::byte>();
  for (std::size_t o = 0; o < outer; ++o)
    for (const graph::View& in : inputs) {
      const std::size_t bytes = static_cast<std::size_t>(in.dims[axis]) * run;
      if (bytes) std::memcpy(to, in.as<std::byte>() + o * bytes, bytes);
      to += bytes;
    }
}

std::string_view tactic_of(const DataDependentLayer& layer) { return layer.joins ? "copies" : "reference"; }

}  // namespace

std::size_t DataDependentLayer::axis() const {
  if (joins) return *joins;
  const std::int64_t axis = op->data_dependent_axis(attributes);
  return static_cast<std::size_t>(axis < 0 ? axis + static_cast<std::int64_t>(bound.size()) : axis);
}

void* somewhere(void* data) {
  alignas(base::kAlignment) static std::byte nothing[base::kAlignment];
  return data ? data : nothing;
}

DataDependentLayer data_dependent_layer(const graph::Graph& graph, graph::LayerId id, Dims bound) {
  const graph::Layer& l = graph.layer(id);
  DataDependentLayer made{l.op, l.name, l.attributes, {}, {}, graph.tensor(l.outputs[0]).dtype, std::move(bound), {}};
  for (const graph::TensorId t : l.inputs) {
    graph::View& view = made.inputs.emplace_back();
    made.sources.push_back(-1);
    if (t == graph::kNone) continue;
    const graph::Tensor& tensor = graph.tensor(t);
    view = {tensor.dtype, tensor.dims, nullptr};
    if (!tensor.constant) continue;
    made.constants.push_back(tensor.constant);
    view.data = const_cast<std::byte*>(tensor.constant->read());
  }
  return made;
}

LayerReport report_of(const DataDependentLayer& layer) {
  LayerReport row;
  row.name = layer.name;
  row.op = layer.op->name;
  row.tactic = tactic_of(layer);
  row.device = "cpu";
  row.outputs = "at most " + to_string(layer.bound);
  return row;
}

std::shared_ptr<std::byte> Recycled::take(std::size_t bytes) {
  constexpr std::size_t kSpare = 16;  // blocks that wait for use; who holds more of them for a while pays for it
  Block* best = nullptr;
  std::size_t unused = 0;
  for (Block& block : blocks_) {
    if (block.data.use_count() != 1) continue;
    ++unused;
    if (block.bytes >= bytes && (!best || block.bytes < best->bytes)) best = &block;
  }
  if (best) {
    // What the last holder did to the block is done before it is written again.
    std::atomic_thread_fence(std::memory_order_acquire);
    return best->data;
  }
  if (unused >= kSpare) std::erase_if(blocks_, [](const Block& block) { return block.data.use_count() == 1; });
  blocks_.push_back({base::allocate_aligned(bytes), bytes});
  return blocks_.back().data;
}

LayerRun::LayerRun(const DataDependentLayer& layer, bool timed)
    : layer_(&layer), inputs_(layer.inputs), bound_bytes_(byte_count(layer.dtype, layer.bound)), timed_(timed) {
  for (graph::View& view : inputs_)
    if (view.dtype != DataType::undefined) view.data = somewhere(view.data);
  outputs_.push_back({layer.dtype, layer.bound, nullptr});
  if (layer.op->evaluation_scratch) scratch_ = base::allocate_aligned(layer.op->evaluation_scratch(layer.inputs));
  (void)memory_.take(bound_bytes_);  // the first run finds it
}

void LayerRun::input(std::size_t k, const void* data) { inputs_[k].data = somewhere(const_cast<void*>(data)); }

void LayerRun::run() {
  const double start = timed_ ? now() : 0;
  data_.reset();
  data_ = memory_.take(bound_bytes_);
  outputs_[0].dims = layer_->bound;
  outputs_[0].data = data_.get();
  const graph::Operator& op = *layer_->op;
  const graph::EvalContext context{layer_->attributes, inputs_, outputs_, scratch_.get()};
  if (layer_->joins) join(inputs_, outputs_[0], *layer_->joins);
  else if (op.evaluate_data_dependent) op.evaluate_data_dependent(context);
  else op.reference(context);
  if (timed_) seconds_ = now() - start;
}

LayerTime LayerRun::time() const {
  double traffic = static_cast<double>(bytes());
  for (const graph::View& view : inputs_)
    if (view.present()) traffic += static_cast<double>(byte_count(view.dtype, view.dims));
  return {layer_->name, std::string(layer_->op->name), std::string(tactic_of(*layer_)), seconds_, 0, traffic};
}

}  // namespace vireo::runtime

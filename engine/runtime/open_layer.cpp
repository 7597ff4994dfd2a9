#include "engine/runtime/open_layer.h"

#include "engine/base/stopwatch.h"
#include "engine/base/text.h"
#include "engine/compile/limits.h"
#include "engine/runtime/loop.h"

namespace vireo::runtime {
namespace {

std::string extents_of(const graph::TensorType& type) { return type.ranked ? to_string(type.dims) : "of any rank"; }

}  // namespace

OpenLayer open_layer(const graph::Graph& graph, graph::LayerId id, const CompileSettings& settings) {
  const graph::Layer& l = graph.layer(id);
  OpenLayer made{.op = l.op,
                 .name = l.name,
                 .what = graph::describe(graph, id),
                 .attributes = l.attributes,
                 .limits = settings.options.limits};
  for (const graph::TensorId t : l.inputs) {
    graph::View& view = made.inputs.emplace_back();
    made.sources.push_back(-1);
    made.constants.emplace_back();
    if (t == graph::kNone) continue;
    const graph::Tensor& tensor = graph.tensor(t);
    view = {tensor.dtype, tensor.dims, nullptr};
    made.constants.back() = tensor.constant;
  }
  for (const graph::TensorId t : l.outputs)
    made.outputs.push_back({graph.tensor(t).dtype, graph.tensor(t).ranked, graph.tensor(t).dims});
  if (l.op->loop_body) made.loop = LoopProgram::make(made, settings);
  // Constants that a loop's body reads are in it, and packed there.
  const std::size_t read = made.loop ? 2 + made.loop->body().carried : made.inputs.size();
  for (std::size_t k = 0; k < read && k < made.inputs.size(); ++k)
    if (made.constants[k]) made.inputs[k].data = somewhere(const_cast<std::byte*>(made.constants[k]->read()));
  return made;
}

void report_of(const OpenLayer& layer, std::vector<LayerReport>& rows) {
  LayerReport& row = rows.emplace_back();
  row.name = layer.name;
  row.op = layer.op->name;
  row.tactic = layer.loop ? "body" : "reference";
  row.device = "cpu";
  for (const graph::TensorType& output : layer.outputs)
    row.outputs += (row.outputs.empty() ? "" : ", ") + extents_of(output);
  if (layer.loop) layer.loop->report(rows);
}

OpenRun::OpenRun(const OpenLayer& layer, std::shared_ptr<device::ThreadPool> pool, bool timed)
    : layer_(&layer),
      inputs_(layer.inputs),
      results_(layer.outputs.size()),
      memory_(layer.outputs.size()),
      timed_(timed) {
  if (layer.loop) loop_ = std::make_unique<LoopRun>(layer, std::move(pool));
}

OpenRun::OpenRun(OpenRun&&) noexcept = default;
OpenRun::~OpenRun() = default;

void OpenRun::input(std::size_t k, const void* data) { inputs_[k].data = somewhere(const_cast<void*>(data)); }

Status OpenRun::run() {
  const base::Stopwatch watch;
  let_go();
  Status status;
  try {
    if (loop_) status = loop_->run(inputs_, results_);
    else evaluate();
    if (status.ok()) check_results();
  } catch (const Error& error) {
    const std::string why = error.what();
    if (why.starts_with(layer_->what)) throw;
    base::fail(error.code(), layer_->what, ": ", why);
  }
  if (timed_) seconds_ = watch.seconds();
  return status;
}

void OpenRun::evaluate() {
  layer_->op->evaluate_open(layer_->attributes, inputs_, [&](std::size_t k, const Dims& dims) -> void* {
    OpenResult& result = results_[k];
    const DataType dtype = layer_->outputs[k].dtype;
    compile::check_tensor(dtype, dims, base::str("output ", k), layer_->limits);
    result.dims = dims;
    result.bytes = byte_count(dtype, dims);
    result.data = memory_[k].take(result.bytes);
    return result.data.get();
  });
}

/// What was told before a run must hold: others are compiled for it.
void OpenRun::check_results() const {
  for (std::size_t k = 0; k < results_.size(); ++k) {
    const graph::TensorType& told = layer_->outputs[k];
    bool fits = !told.ranked || told.dims.size() == results_[k].dims.size();
    for (std::size_t i = 0; fits && told.ranked && i < told.dims.size(); ++i)
      fits = told.dims[i] == kUnknown || told.dims[i] == results_[k].dims[i];
    if (!fits)
      base::fail(ErrorCode::invalid_argument, "output ", k, " came out as ", results_[k].dims, " instead of ",
                 extents_of(told));
  }
}

void OpenRun::let_go() {
  for (OpenResult& result : results_) {
    result.data.reset();
    result.dims.clear();
    result.bytes = 0;
  }
}

LayerTime OpenRun::time() const {
  double traffic = 0;
  for (const OpenResult& result : results_) traffic += static_cast<double>(result.bytes);
  for (const graph::View& view : inputs_)
    if (view.present() && is_static(view.dims)) traffic += static_cast<double>(byte_count(view.dtype, view.dims));
  return {layer_->name, std::string(layer_->op->name), layer_->loop ? "body" : "reference", seconds_, 0, traffic};
}

std::uint64_t OpenRun::memory_bytes() const { return loop_ ? loop_->memory_bytes() : 0; }

}  // namespace vireo::runtime

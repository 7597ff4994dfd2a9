#include "engine/api/compare.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/compile/lower.h"
#include "engine/graph/evaluate.h"
#include "engine/graph/operator.h"
#include "engine/passes/edit.h"
#include "engine/plan/plan_state.h"
#include "engine/runtime/module.h"

namespace vireo {
namespace {

using device::Segment;
using graph::ConstantPtr;
using graph::Graph;
using graph::kNone;
using graph::LayerId;
using graph::TensorId;
using runtime::Bound;
using runtime::Module;
using runtime::Runner;

/// The values of the network's inputs, in order.
std::vector<ConstantPtr> input_values(const Graph& g, const std::map<std::string, Dims>& shapes,
                                      const std::map<std::string, Buffer>& inputs) {
  std::vector<ConstantPtr> values;
  for (TensorId id : g.inputs()) {
    const graph::Tensor& t = g.tensor(id);
    const auto shape = shapes.find(t.name);
    const Dims& dims = shape == shapes.end() ? t.dims : shape->second;
    if (!is_static(dims))
      base::fail(ErrorCode::invalid_argument, "input '", t.name, "' is dynamic (", dims, "); give its shape");
    const graph::MutableConstant value = graph::new_constant(t.dtype, dims);
    const auto given = inputs.find(t.name);
    if (given != inputs.end()) {
      if (given->second.bytes() < value.constant->bytes())
        base::fail(ErrorCode::invalid_argument, "input '", t.name, "' (", dims, " ", t.dtype, ") needs ",
                   value.constant->bytes(), " bytes, ", given->second.bytes(), " are given");
      if (value.constant->bytes()) std::memcpy(value.data, given->second.data(), value.constant->bytes());
    } else if (t.dtype == DataType::float32) {
      std::minstd_rand random(1);
      for (std::int64_t i = 0; i < value.constant->count(); ++i)
        value.as<float>()[i] = static_cast<float>(random() % 20001) * 1e-4f - 1.0f;
    }
    values.push_back(value.constant);
  }
  return values;
}

struct Difference {
  double relative_l2 = -1, max_abs = 0;
  std::int64_t not_finite = 0;
};

/// Texts are equal or not: the share of those that are not.
Difference difference_of_texts(const graph::Constant& got, const graph::Constant& wanted) {
  std::int64_t other = 0;
  for (std::int64_t i = 0; i < wanted.count(); ++i)
    other += got.as<std::uint64_t>()[i] != wanted.as<std::uint64_t>()[i] ? 1 : 0;
  const double share = wanted.count() > 0 ? static_cast<double>(other) / static_cast<double>(wanted.count()) : 0;
  return {.relative_l2 = share, .max_abs = other > 0 ? 1.0 : 0.0};
}

Difference difference(const graph::Constant& got, const graph::Constant& wanted) {
  if (wanted.dtype == DataType::string) return difference_of_texts(got, wanted);
  const std::vector<double> a = graph::to_reals(got), b = graph::to_reals(wanted);
  Difference found;
  double sum = 0, norm = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!std::isfinite(b[i])) continue;
    if (!std::isfinite(a[i])) {
      ++found.not_finite;
      continue;
    }
    sum += (a[i] - b[i]) * (a[i] - b[i]);
    norm += b[i] * b[i];
    found.max_abs = std::max(found.max_abs, std::abs(a[i] - b[i]));
  }
  found.relative_l2 = norm > 0 ? std::sqrt(sum / norm) : std::sqrt(sum);
  return found;
}

/// A dense copy of rows that lie apart.
ConstantPtr copy_of(DataType dtype, const Dims& dims, std::int64_t pitch, const void* data) {
  const graph::MutableConstant copy = graph::new_constant(dtype, dims);
  const std::int64_t row = dims.empty() ? 1 : dims.back(), rows = row > 0 ? copy.constant->count() / row : 0;
  const std::size_t size = size_of(dtype);
  for (std::int64_t r = 0; r < rows; ++r)
    std::memcpy(copy.data + static_cast<std::size_t>(r * row) * size,
                static_cast<const std::byte*>(data) + static_cast<std::size_t>(r * pitch) * size,
                static_cast<std::size_t>(row) * size);
  return copy.constant;
}

/// What a run leaves behind, step by step: kept while the memory still holds it.
class Witness {
 public:
  explicit Witness(const std::vector<ConstantPtr>& wanted) : wanted_(wanted) {}

  void see(const device::Sighting& sighting) {
    const Segment& program = sighting.segment;
    if (seen_.empty() || seen_.back().program != &program)
      seen_.push_back(
          {&program, std::vector<ConstantPtr>(static_cast<std::size_t>(program.source->tensor_count())), {}});
    Seen& seen = seen_.back();
    if (sighting.step < 0) {
      const TensorId id = program.source->inputs()[static_cast<std::size_t>(sighting.index)];
      const graph::Tensor& t = program.source->tensor(id);
      const std::int64_t pitch = t.dims.empty() ? 1 : t.dims.back();
      seen.values[static_cast<std::size_t>(id)] = copy_of(t.dtype, t.dims, pitch, sighting.data);
      return;
    }
    const device::Step& step = program.steps[static_cast<std::size_t>(sighting.step)];
    const device::Made& made = step.made[static_cast<std::size_t>(sighting.index)];
    const graph::Tensor& t = program.source->tensor(made.tensor);
    const ConstantPtr value = copy_of(t.dtype, t.dims, made.pitch, sighting.data);
    seen.values[static_cast<std::size_t>(made.tensor)] = value;
    LayerError row = against_network(t, *value);
    row.layer = step.layer;
    row.op = step.op;
    row.tactic = step.tactic;
    seen.rows.emplace_back(made.tensor, std::move(row));
  }

  std::vector<LayerError> rows() {
    std::vector<LayerError> all;
    for (Seen& seen : seen_) {
      add_own_errors(seen);
      for (auto& [tensor, row] : seen.rows) all.push_back(std::move(row));
    }
    return all;
  }

  [[nodiscard]] LayerError against_network(const graph::Tensor& tensor, const graph::Constant& value) const {
    LayerError row;
    row.output = to_string(tensor.dims);
    const ConstantPtr wanted = tensor.origin.tensor == kNone ? nullptr : wanted_of(tensor.origin);
    const bool alike = wanted && wanted->dims == value.dims &&
                       (wanted->dtype == value.dtype || (is_float(wanted->dtype) && is_float(value.dtype)));
    if (alike) set(row, difference(value, *wanted));
    return row;
  }
  static void set(LayerError& row, const Difference& found) {
    row.relative_l2 = found.relative_l2;
    row.max_abs = found.max_abs;
    row.not_finite = found.not_finite;
  }

 private:
  struct Seen {
    const Segment* program;
    std::vector<ConstantPtr> values;  ///< by tensor of the program's graph
    std::vector<std::pair<TensorId, LayerError>> rows;
  };

  [[nodiscard]] ConstantPtr wanted_of(const graph::Origin& origin) const {
    const ConstantPtr& value = wanted_[static_cast<std::size_t>(origin.tensor)];
    if (!value || origin.perm.empty()) return value;
    return origin.perm.size() == value->dims.size() ? passes::permuted(*value, origin.perm) : nullptr;
  }

  /// Each layer's reference on what the engine fed it; views, and layers inside of groups, by reference alone.
  static void add_own_errors(Seen& seen) {
    Graph g = *seen.program->source;
    std::map<TensorId, LayerError*> row_of;
    for (auto& [tensor, row] : seen.rows) row_of[tensor] = &row;
    const auto keep = [&g](TensorId id, const ConstantPtr& value) { g.tensor(id).constant = value; };
    for (TensorId id : g.inputs()) keep(id, seen.values[static_cast<std::size_t>(id)]);
    for (LayerId id : g.topological_order()) {
      const std::vector<ConstantPtr> values = graph::evaluate_layer(g, id, std::numeric_limits<std::size_t>::max());
      const std::vector<TensorId> outputs = g.layer(id).outputs;
      for (std::size_t k = 0; k < values.size(); ++k) {
        const ConstantPtr& got = seen.values[static_cast<std::size_t>(outputs[k])];
        if (const auto row = row_of.find(outputs[k]); row != row_of.end()) {
          const Difference own = difference(*got, *values[k]);
          row->second->own_l2 = own.relative_l2;
          row->second->not_finite = std::max(row->second->not_finite, own.not_finite);
          if (row->second->relative_l2 < 0) row->second->max_abs = own.max_abs;
        }
        keep(outputs[k], got ? got : values[k]);
      }
    }
  }

  const std::vector<ConstantPtr>& wanted_;
  std::vector<Seen> seen_;
};

/// A network whose tensors know themselves, so that what comes of it can be compared with it.
Network marked(const Network& network) {
  Network copy = network.clone();
  Graph& g = copy.graph();
  for (TensorId id = 0; id < g.tensor_count(); ++id) g.tensor(id).origin = {id, {}};
  return copy;
}

}  // namespace

std::vector<LayerError> compare(const Network& network, const BuildOptions& options,
                                const std::map<std::string, Dims>& shapes,
                                const std::map<std::string, Buffer>& inputs) {
  network.validate();
  const Graph& imported = network.graph();
  const std::vector<ConstantPtr> given = input_values(imported, shapes, inputs);
  BuildOptions fixed = options;
  if (fixed.profiles.empty()) {
    Profile profile;
    for (std::size_t k = 0; k < given.size(); ++k) {
      const graph::Tensor& t = imported.tensor(imported.inputs()[k]);
      if (!t.is_static()) profile.push_back({t.name, given[k]->dims, given[k]->dims, given[k]->dims});
    }
    if (!profile.empty()) fixed.profiles.push_back(std::move(profile));
  }
  const Plan plan = build(marked(network), fixed);
  const int workers = options.threads > 0 ? options.threads : base::available_cores();
  const std::shared_ptr<device::Device> device = device::open(fixed.devices.front());
  const plan::Section& section = plan.state().section_for(device->target().fingerprint);
  compile::CompileOptions compile_options = compile::options_of(section, plan.state().disabled_passes, workers);
  compile_options.target = &device->target();
  compile_options.limits = options.limits;
  compile_options.traced = true;
  runtime::Shapes concrete;
  for (std::size_t k = 0; k < given.size(); ++k) concrete[imported.tensor(imported.inputs()[k]).name] = given[k]->dims;
  const auto module = std::make_shared<const runtime::Module>(compile::lower(plan.state(), section), concrete,
                                                              runtime::CompileSettings{compile_options, {}});

  const std::vector<ConstantPtr> wanted = graph::evaluate_tensors(imported, given);
  Witness witness(wanted);
  runtime::Runner runner(module, std::make_shared<device::ThreadPool>(workers), false);
  runner.observe([&witness](const device::Sighting& sighting) { witness.see(sighting); });
  std::vector<runtime::Bound> bound;
  std::vector<std::shared_ptr<std::byte>> buffers;
  for (std::size_t k = 0; k < module->bindings().size(); ++k) {
    const device::Binding& binding = module->bindings()[k];
    buffers.push_back(base::allocate_aligned(binding.bytes));
    if (k < given.size() && binding.bytes) std::memcpy(buffers.back().get(), given[k]->read(), binding.bytes);
    bound.push_back({is_static(binding.info.dims) ? buffers.back().get() : nullptr, binding.bytes});
  }
  if (const Status status = runner.run(bound); !status.ok()) throw Error(status.code(), status.message());

  std::vector<LayerError> rows = witness.rows();
  for (std::size_t k = given.size(); k < module->bindings().size(); ++k) {
    const device::Binding& binding = module->bindings()[k];
    const runtime::Runner::Result& late = runner.data_dependent_result(k);
    const Dims& dims = late.data ? late.dims : binding.info.dims;
    const ConstantPtr got =
        copy_of(binding.info.dtype, dims, dims.empty() ? 1 : dims.back(), late.data ? late.data.get() : bound[k].data);
    const ConstantPtr& reference = wanted[static_cast<std::size_t>(imported.outputs()[k - given.size()].tensor)];
    LayerError row;
    row.layer = binding.info.name;
    row.op = "network output";
    row.output = to_string(dims);
    if (reference->dims == dims && reference->dtype == binding.info.dtype) {
      Witness::set(row, difference(*got, *reference));
    } else {
      row.output += base::str(" instead of ", reference->dims);
      row.relative_l2 = std::numeric_limits<double>::infinity();
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace vireo

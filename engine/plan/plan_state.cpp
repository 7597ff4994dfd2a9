#include "engine/plan/plan_state.h"

#include <algorithm>
#include <set>

#include "engine/base/text.h"
#include "engine/graph/text.h"

namespace vireo {
namespace {

TensorInfo info(const graph::Tensor& t, std::string name) {
  TensorInfo out{std::move(name), t.dtype, t.dims, t.symbols};
  out.symbols.resize(t.dims.size());
  return out;
}

/// The network and, by their checksums, its weights.
std::string network_text(const graph::Graph& g) {
  return graph::dump_text(g, [](const graph::ConstantPtr&) { return std::size_t{0}; });
}

}  // namespace

const plan::Section& Plan::State::section_for(std::string_view fingerprint) const {
  const auto it = std::find_if(sections.begin(), sections.end(),
                               [&](const plan::Section& s) { return s.fingerprint == fingerprint; });
  return it == sections.end() ? untuned : *it;
}

std::vector<TensorInfo> Plan::inputs() const { return state_->inputs; }
std::vector<TensorInfo> Plan::outputs() const { return state_->outputs; }
const std::map<std::string, std::string>& Plan::metadata() const { return state_->graph.metadata; }
std::uint64_t Plan::bytes() const noexcept { return state_->file_bytes; }

std::uint64_t Plan::weight_bytes() const {
  std::uint64_t bytes = 0;
  std::set<const std::byte*> seen;
  for (graph::TensorId id = 0; id < state_->graph.tensor_count(); ++id)
    if (const graph::ConstantPtr& constant = state_->graph.tensor(id).constant)
      if (constant->data && seen.insert(constant->data.get()).second) bytes += constant->bytes();
  return bytes;
}

std::vector<SectionInfo> Plan::sections() const {
  std::vector<SectionInfo> list;
  for (const plan::Section& section : state_->sections) {
    SectionInfo& row = list.emplace_back();
    row.device = section.device;
    row.fingerprint = section.fingerprint;
    row.workers = section.workers;
    row.precision = section.precision;
    row.exact = section.exact;
    row.tactics = static_cast<std::size_t>(std::ranges::count_if(
        section.choices, [](const auto& choice) { return choice.first.rfind("form ", 0) != 0; }));  // of layers
    for (const plan::PackedWeightStore::Block& block : section.packs->blocks()) row.packed_bytes += block.bytes;
  }
  return list;
}

Plan Plan::with_sections_of(const Plan& other) const {
  if (!*this || !other) base::fail(ErrorCode::invalid_argument, "an empty plan has no sections");
  if (network_text(state_->graph) != network_text(other.state_->graph) ||
      state_->disabled_passes != other.state_->disabled_passes)
    base::fail(ErrorCode::invalid_argument,
               "the plans are of different networks (or were built with different passes): a section holds for the "
               "network that it was built with alone");
  State merged = *state_;
  for (const plan::Section& section : other.state_->sections)
    if (merged.section_for(section.fingerprint).fingerprint.empty()) merged.sections.push_back(section);
  merged.file_bytes = 0;
  return Plan(plan::finish(std::move(merged)));
}

namespace plan {
namespace {

/// What a network borrowed (Network::borrow_constant) may be gone after its build.
void own_constants(graph::Graph& g) {
  std::map<const std::byte*, graph::ConstantPtr> owned;
  for (graph::TensorId id = 0; id < g.tensor_count(); ++id) {
    graph::ConstantPtr& constant = g.tensor(id).constant;
    if (!constant || !constant->data || constant->data.use_count() > 0) continue;
    graph::ConstantPtr& copy = owned[constant->data.get()];
    if (!copy || copy->dtype != constant->dtype || copy->dims != constant->dims)
      copy = graph::make_constant(constant->dtype, constant->dims, constant->data.get(), constant->bytes());
    constant = copy;
  }
}

}  // namespace

std::shared_ptr<const Plan::State> finish(Plan::State state) {
  own_constants(state.graph);
  state.inputs = input_info(state.graph);
  state.outputs = output_info(state.graph);
  state.untuned = Section{};
  state.untuned.packs = std::make_shared<PackedWeightStore>();
  for (const Section& section : state.sections) {
    state.untuned.exact |= section.exact;
    std::uint64_t& limit = state.untuned.max_workspace;
    if (section.max_workspace && (limit == 0 || section.max_workspace < limit)) limit = section.max_workspace;
  }
  return std::make_shared<const Plan::State>(std::move(state));
}

std::vector<TensorInfo> input_info(const graph::Graph& g) {
  std::vector<TensorInfo> list;
  for (graph::TensorId id : g.inputs()) list.push_back(info(g.tensor(id), g.tensor(id).name));
  return list;
}

std::vector<TensorInfo> output_info(const graph::Graph& g) {
  std::vector<TensorInfo> list;
  for (const graph::Graph::Output& output : g.outputs()) list.push_back(info(g.tensor(output.tensor), output.name));
  return list;
}

graph::ConstantPtr stripped(const graph::Constant& constant, const std::string& name) {
  auto seal = std::make_shared<graph::Seal>();
  seal->checksum = constant.checksum();
  seal->where = base::str("the plan's weight '", name, "'");
  return std::make_shared<graph::Constant>(graph::Constant{constant.dtype, constant.dims, nullptr, std::move(seal)});
}

bool is_stripped(const graph::Constant& constant) { return !constant.data && constant.seal; }

}  // namespace plan
}  // namespace vireo

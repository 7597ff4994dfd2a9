#include "engine/graph/varying.h"

#include <algorithm>

namespace vireo::graph {

bool Variation::varies() const {
  return std::any_of(axes.begin(), axes.end(), [](int number) { return number != 0; });
}

VaryingContext::VaryingContext(const Graph& graph, LayerId layer, std::span<const Variation> known)
    : graph_(graph), layer_(graph.layer(layer)), known_(known) {
  read_.assign(layer_.inputs.size(), 0);
  results_.resize(layer_.outputs.size());
  bool copies = true;
  for (int k = 0; k < input_count(); ++k) copies = copies && (!has_input(k) || variation(k).copies);
  for (int k = 0; k < output_count(); ++k) {
    Variation& variation = results_[static_cast<std::size_t>(k)].variation;
    variation.axes.resize(output_rank(k));
    variation.copies = copies;
  }
}

bool VaryingContext::has_input(int index) const {
  return index >= 0 && index < input_count() && layer_.inputs[static_cast<std::size_t>(index)] != kNone;
}

std::size_t VaryingContext::output_rank(int index) const {
  return graph_.tensor(layer_.outputs[static_cast<std::size_t>(index)]).dims.size();
}

bool VaryingContext::integers(int index, std::vector<std::int64_t>& values) const {
  if (!has_input(index) || !input(index).constant || !is_integer(input(index).dtype)) return false;
  values = to_integers(*input(index).constant);
  return true;
}

bool VaryingContext::counts(int index, std::vector<Count>& values) {
  if (has_counts(index)) {
    read_[static_cast<std::size_t>(index)] = 1;
    values = variation(index).counts;
    return true;
  }
  std::vector<std::int64_t> numbers;
  if (!integers(index, numbers)) return false;
  values.clear();
  for (const std::int64_t number : numbers) values.push_back({number, 0});
  return true;
}

void VaryingContext::output(int index, std::vector<int> axes, bool positions) {
  if (index >= output_count()) return;
  Variation& variation = results_[static_cast<std::size_t>(index)].variation;
  variation.axes = std::move(axes);
  variation.positions = positions;
}

void VaryingContext::output_dims(int index, Dims dims) {
  results_[static_cast<std::size_t>(index)].dims = std::move(dims);
}

void VaryingContext::output_counts(int index, std::vector<Count> values) {
  results_[static_cast<std::size_t>(index)].variation.counts = std::move(values);
}

bool VaryingContext::all_counts_read() const {
  for (int k = 0; k < input_count(); ++k)
    if (has_counts(k) && !read_[static_cast<std::size_t>(k)]) return false;
  return true;
}

}  // namespace vireo::graph

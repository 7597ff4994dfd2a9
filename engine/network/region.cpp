#include "engine/network/region.h"

#include <algorithm>

#include "engine/graph/operator.h"
#include "engine/graph/text.h"

namespace vireo {
using base::str;
using network::given;

Network::Body::Region::Region(graph::Graph& around_graph, Notes& around_notes, std::string called, std::size_t count)
    : graph(around_graph), notes(around_notes), name(std::move(called)), inside(count) {
  for (std::size_t k = 0; k < count; ++k) bodies.push_back(std::make_unique<Body>(*this));
}

Network::Tensor Network::Body::outer(Tensor tensor) { return region_->capture(*this, tensor); }

Network::Tensor Network::Body::Region::capture(const Body& body, Tensor tensor) {
  if (!given(tensor)) return {};
  const auto own = static_cast<std::size_t>(
      std::find_if(bodies.begin(), bodies.end(), [&](const auto& one) { return one.get() == &body; }) - bodies.begin());
  const auto failed = [&] {
    const graph::TensorId id = graph_of(own).add_tensor(graph_of(own).unique_name("outer:failed"));
    notes_of(own).failed.insert(id);
    return notes_of(own).handle(id);
  };
  const std::string why = network::foreign(graph, notes, tensor);
  if (!why.empty()) {
    notes.add(ErrorCode::invalid_argument, str("'", name, "': what its body reads of the network around ", why));
    return failed();
  }
  if (notes.failed.contains(tensor.id)) return failed();
  const auto [entry, fresh] = place.try_emplace(tensor.id, captured.size());
  if (!fresh) return inside[own][entry->second];
  const graph::Tensor& t = graph.tensor(tensor.id);
  if (!t.constant && (!t.ranked || t.dtype == DataType::undefined)) {
    notes.add(ErrorCode::unsupported,
              str("'", name, "': its body reads '", t.name, "', whose type or rank is not known; both must be here"));
    place.erase(entry);
    return failed();
  }
  captured.push_back(tensor);
  for (std::size_t k = 0; k < bodies.size(); ++k) {
    graph::Graph& g = graph_of(k);
    const std::string called = g.find_tensor(t.name) == graph::kNone ? t.name : g.unique_name(t.name);
    inside[k].push_back(notes_of(k).handle(g.add_input(called, t.dtype, t.dims, t.symbols)));
  }
  return inside[own].back();
}

bool Network::Body::Region::collect(const std::vector<const char*>& names) {
  bool good = true;
  if (finished) {
    notes.add(ErrorCode::invalid_argument, str("'", name, "' is finished twice"));
    return false;
  }
  finished = true;
  for (std::size_t k = 0; k < bodies.size(); ++k) {
    if (graph_of(k).inputs().size() != carried.size() + (given(iteration) ? 2 : 0) + captured.size()) {
      notes.add(ErrorCode::invalid_argument,
                str("'", name, "', ", names[k],
                    ": it has inputs of its own; what it reads of the network around it gets by outer()"));
      good = false;
    }
    for (const Notes::Problem& problem : network::problems_of(graph_of(k), notes_of(k))) {
      notes.add(problem.code, str("'", name, "', ", names[k], ": ", problem.text));
      good = false;
    }
  }
  return good;
}

std::string Network::Body::Region::text_of(std::size_t body, std::vector<Tensor>& inputs) {
  return graph::dump_text(graph_of(body), [&](const graph::ConstantPtr& constant) {
    inputs.push_back(notes.handle(graph.add_constant(graph.unique_name(name + ".constant"), constant)));
    return inputs.size() - 1;
  });
}

}  // namespace vireo

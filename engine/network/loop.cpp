// vireo::Network::Loop: a body that is repeated becomes one layer `loop`.

#include <algorithm>

#include "engine/graph/operator.h"
#include "engine/network/region.h"

namespace vireo {
using base::str;
using network::Adding;
using network::given;

Network::Loop Network::add_loop(const LoopInputs& inputs, const std::string& name) {
  auto region = std::make_unique<Body::Region>(*graph_, *notes_, name.empty() ? graph_->unique_name("loop") : name, 1);
  Body::Region& r = *region;
  r.loop = inputs;
  graph::Graph& body = r.graph_of(0);
  const network::Notes& notes = r.notes_of(0);
  r.iteration = notes.handle(body.add_input("iteration", DataType::int64, {}));
  r.holds = notes.handle(body.add_input("condition", DataType::boolean, {}));
  r.again = r.holds;
  for (std::size_t k = 0; k < inputs.carried.size(); ++k) {
    const std::string why = network::foreign(*graph_, *notes_, inputs.carried[k]);
    DataType dtype = DataType::undefined;
    Dims dims;
    if (!why.empty()) {
      notes_->add(ErrorCode::invalid_argument, str("loop '", r.name, "': what it carries at place ", k, " ", why));
    } else if (!notes_->failed.contains(inputs.carried[k].id)) {
      const graph::Tensor& t = graph_->tensor(inputs.carried[k].id);
      dtype = t.dtype;
      dims = t.dims;
      if (!t.ranked || size_of(dtype) == 0) {
        notes_->add(ErrorCode::unsupported, str("loop '", r.name, "': what it carries at place ", k, ", '", t.name,
                                                "', has no known type and rank; both must be here"));
        dtype = DataType::undefined;
      }
    }
    const graph::TensorId id = body.add_input(str("carried", k), dtype, dims);
    if (dtype == DataType::undefined) r.notes_of(0).failed.insert(id);
    r.carried.push_back(notes.handle(id));
  }
  r.next = r.carried;
  return Loop(std::move(region));
}

Network::Loop::Loop(std::unique_ptr<Body::Region> region) : region_(std::move(region)) {}
Network::Loop::Loop(Loop&&) noexcept = default;
Network::Loop::~Loop() = default;
Network::Body& Network::Loop::body() { return *region_->bodies[0]; }
Network::Tensor Network::Loop::iteration() const { return region_->iteration; }
Network::Tensor Network::Loop::condition() const { return region_->holds; }

Network::Tensor Network::Loop::carried(std::size_t index) const {
  if (index >= region_->carried.size())
    base::fail(ErrorCode::invalid_argument, "loop '", region_->name, "' carries ", region_->carried.size(),
               " tensors; number ", index, " was asked for");
  return region_->carried[index];
}

Network::Tensor Network::Loop::entry(Tensor outer, std::int64_t axis, bool reverse) {
  Tensor place = region_->iteration;
  if (reverse) {
    Adding adding(region_->graph_of(0), region_->notes_of(0), "entry", "");
    place =
        adding.one({place}, [&] { return adding.binary("sub", adding.scalar(DataType::int64, -1, "last"), place); });
  }
  return body().add_gather(body().outer(outer), place, {.axis = axis});
}

void Network::Loop::set_condition(Tensor condition) { region_->again = condition; }

void Network::Loop::carry(std::size_t index, Tensor next) {
  if (index < region_->next.size()) region_->next[index] = next;
  else
    region_->notes.add(ErrorCode::invalid_argument, str("loop '", region_->name, "' carries ", region_->next.size(),
                                                        " tensors; number ", index, " was handed on"));
}

void Network::Loop::stack(Tensor tensor) { region_->stacked.push_back(tensor); }

namespace {

/// Extents that an iteration changes are not known inside of it.
void settle(graph::Graph& body, std::size_t carried) {
  for (bool changed = true; changed;) {
    changed = false;
    network::infer_again(body);
    for (std::size_t k = 0; k < carried; ++k) {
      graph::Tensor& in = body.tensor(body.inputs()[2 + k]);
      const graph::Tensor& out = body.tensor(body.outputs()[1 + k].tensor);
      if (!in.ranked) continue;
      if (!out.ranked || out.dims.size() != in.dims.size()) {
        in.ranked = false;
        in.dims.clear();
        changed = true;
        continue;
      }
      for (std::size_t i = 0; i < in.dims.size(); ++i) {
        if (in.dims[i] == kUnknown || in.dims[i] == out.dims[i]) continue;
        in.dims[i] = kUnknown;
        changed = true;
      }
    }
  }
}

}  // namespace

std::vector<Network::Tensor> Network::Loop::finish() {
  Body::Region& r = *region_;
  graph::Graph& body = r.graph_of(0);
  const std::size_t carried = r.carried.size(), count = carried + r.stacked.size();
  std::vector<Tensor> results{r.again};
  results.insert(results.end(), r.next.begin(), r.next.end());
  results.insert(results.end(), r.stacked.begin(), r.stacked.end());
  for (std::size_t k = 0; k < results.size() && !r.finished; ++k) {
    const std::string why = network::foreign(body, r.notes_of(0), results[k]);
    const std::string what = k == 0 ? "condition" : k <= carried ? str("next", k - 1) : str("stacked", k - 1 - carried);
    if (why.empty()) body.mark_output(results[k].id, what);
    else r.notes_of(0).add(ErrorCode::invalid_argument, str("its result '", what, "' ", why));
  }
  const bool good = r.collect({"body"});
  std::vector<Tensor> inputs{r.loop.trip_count, r.loop.condition};
  inputs.insert(inputs.end(), r.loop.carried.begin(), r.loop.carried.end());
  inputs.insert(inputs.end(), r.captured.begin(), r.captured.end());
  Adding adding(r.graph, r.notes, "loop", r.name);
  return adding.several(good ? inputs : std::vector<Tensor>{}, count, [&] {
    const auto failed = [&](Tensor t) { return r.notes_of(0).failed.contains(t.id); };
    if (!good || std::any_of(results.begin(), results.end(), failed)) return adding.failed(count);
    const auto dtype = [&](Tensor t) { return body.tensor(t.id).dtype; };
    adding.require(dtype(r.again) == DataType::boolean, "its condition is ", dtype(r.again), "; accepted: boolean");
    for (std::size_t k = 0; k < carried; ++k)
      adding.require(dtype(r.next[k]) == dtype(r.carried[k]), "carries ", dtype(r.carried[k]), " at place ", k,
                     " and hands on ", dtype(r.next[k]));
    settle(body, carried);
    graph::Attributes attributes;
    Dims types;
    for (std::size_t k = 1; k < results.size(); ++k) types.push_back(static_cast<std::int64_t>(dtype(results[k])));
    attributes.set("types", std::move(types));
    attributes.set("carried", static_cast<std::int64_t>(carried));
    attributes.set("body", r.text_of(0, inputs));
    return adding.put_all("loop", inputs, std::move(attributes), static_cast<int>(count));
  });
}

}  // namespace vireo

// vireo::Network::If: two bodies become one layer `if`.

#include "engine/graph/operator.h"
#include "engine/network/region.h"

namespace vireo {
using base::str;
using network::Adding;

Network::If Network::add_if(Tensor condition, const std::string& name) {
  auto region = std::make_unique<Body::Region>(*graph_, *notes_, name.empty() ? graph_->unique_name("if") : name, 2);
  region->condition = condition;
  return If(std::move(region));
}

Network::If::If(std::unique_ptr<Body::Region> region) : region_(std::move(region)) {}
Network::If::If(If&&) noexcept = default;
Network::If::~If() = default;
Network::Body& Network::If::then_body() { return *region_->bodies[0]; }
Network::Body& Network::If::else_body() { return *region_->bodies[1]; }

std::vector<Network::Tensor> Network::If::finish() {
  Body::Region& r = *region_;
  const std::size_t count = r.outputs_of(0);
  bool good = r.collect({"then branch", "else branch"});
  Adding adding(r.graph, r.notes, "if", r.name);
  std::vector<Tensor> inputs{r.condition};
  inputs.insert(inputs.end(), r.captured.begin(), r.captured.end());
  return adding.several(good ? inputs : std::vector<Tensor>{}, count, [&] {
    if (!good) return adding.failed(count);
    adding.require(network::given(r.condition), "has no condition; accepted: a boolean of one element");
    adding.require(r.outputs_of(1) == count, "its branches have ", count, " and ", r.outputs_of(1),
                   " outputs; accepted: as many in both");
    adding.require(count > 0, "its branches have no outputs; mark them");
    graph::Attributes attributes;
    Dims types;
    for (std::size_t k = 0; k < count; ++k) {
      const graph::Tensor &yes = r.graph_of(0).tensor(r.output_of(0, k)), &no = r.graph_of(1).tensor(r.output_of(1, k));
      adding.require(yes.dtype == no.dtype, "its branches give output ", k, " as ", yes.dtype, " and as ", no.dtype);
      types.push_back(static_cast<std::int64_t>(yes.dtype));
      if (!yes.ranked || !no.ranked || yes.dims.size() != no.dims.size()) continue;
      Dims dims = yes.dims;
      for (std::size_t i = 0; i < dims.size(); ++i)
        if (dims[i] != no.dims[i]) dims[i] = kUnknown;
      attributes.set(str("shape", k), std::move(dims));
    }
    attributes.set("types", std::move(types));
    attributes.set("then", r.text_of(0, inputs));
    attributes.set("else", r.text_of(1, inputs));
    return adding.put_all("if", inputs, std::move(attributes), static_cast<int>(count));
  });
}

}  // namespace vireo

// vireo::Network: the graph as users build it by hand.

#include "engine/api/network.h"

#include "engine/base/text.h"
#include "engine/graph/graph.h"
#include "engine/graph/operator.h"
#include "engine/ops/table.h"
#include "engine/plan/plan_state.h"

namespace vireo {
using graph::kNone;

Network::Network() : graph_(std::make_unique<graph::Graph>()) {}
Network::Network(std::unique_ptr<graph::Graph> graph) : graph_(std::move(graph)) {}
Network::Network(Network&&) noexcept = default;
Network& Network::operator=(Network&&) noexcept = default;
Network::~Network() = default;

Network Network::clone() const { return Network(std::make_unique<graph::Graph>(*graph_)); }

namespace {
void require_new_name(const graph::Graph& g, const std::string& name) {
  if (name.empty()) base::fail(ErrorCode::invalid_argument, "a tensor needs a name");
  if (g.find_tensor(name) != kNone)
    base::fail(ErrorCode::invalid_argument, "the network has a tensor '", name, "' already");
}
void require_tensor(const graph::Graph& g, std::int32_t id, const std::string& where) {
  if (id < 0 || id >= g.tensor_count())
    base::fail(ErrorCode::invalid_argument, where, ": tensor ", id, " is not of this network");
}
}  // namespace

Network::Tensor Network::add_input(const std::string& name, DataType dtype, const Dims& dims) {
  require_new_name(*graph_, name);
  if (size_of(dtype) == 0) base::fail(ErrorCode::invalid_argument, "input '", name, "' can't be ", dtype);
  for (std::int64_t extent : dims)
    if (extent < kUnknown) base::fail(ErrorCode::invalid_argument, "input '", name, "' has the extent ", extent);
  return {graph_->add_input(name, dtype, dims)};
}

Network::Tensor Network::add_constant(const std::string& name, DataType dtype, const Dims& dims, const void* data,
                                      std::size_t bytes) {
  require_new_name(*graph_, name);
  return {graph_->add_constant(name, graph::make_constant(dtype, dims, data, bytes))};
}

std::vector<Network::Tensor> Network::add_layer(const std::string& op_name, const std::vector<Tensor>& inputs,
                                                const std::map<std::string, AttributeValue>& attributes,
                                                const std::string& name) {
  const graph::Operator* op = ops::find_operator(op_name);
  if (!op) base::fail(ErrorCode::not_found, "there is no operator '", op_name, "'; `vireo list ops` shows all");
  std::vector<graph::TensorId> ids;
  for (const Tensor& t : inputs) {
    if (t.id != kNone) require_tensor(*graph_, t.id, op_name + " '" + name + "'");
    ids.push_back(t.id);
  }
  graph::Attributes attrs;
  for (const auto& [key, value] : attributes) attrs.set(key, value);
  int outputs = op->min_outputs;
  if (op_name == "split")
    outputs = static_cast<int>(attrs.has("split") ? attrs.integers("split").size()
                                                  : static_cast<std::size_t>(attrs.integer("num_outputs", 2)));
  const graph::LayerId layer = graph_->add_layer(*op, name, std::move(ids), std::move(attrs), outputs);
  std::vector<Tensor> out;
  for (graph::TensorId id : graph_->layer(layer).outputs) out.push_back({id});
  return out;
}

Network::Tensor Network::add_convolution(Tensor input, Tensor weights, Tensor bias, const Convolution& options,
                                         const std::string& name) {
  std::vector<Tensor> inputs{input, weights};
  if (bias.id != kNone) inputs.push_back(bias);
  return add_layer("conv", inputs,
                   {{"strides", options.strides},
                    {"pads", options.pads},
                    {"dilations", options.dilations},
                    {"group", options.groups}},
                   name)[0];
}

void Network::mark_output(Tensor tensor, const std::string& name) {
  require_tensor(*graph_, tensor.id, "mark_output");
  const std::string& public_name = name.empty() ? graph_->tensor(tensor.id).name : name;
  const auto taken = [&](graph::TensorId by, const char* as) {
    if (by != tensor.id)
      base::fail(ErrorCode::invalid_argument, "the network has an ", as, " '", public_name,
                 "' already, which is another tensor; one name is one buffer");
  };
  for (const graph::TensorId id : graph_->inputs())
    if (graph_->tensor(id).name == public_name) taken(id, "input");
  for (const graph::Graph::Output& output : graph_->outputs())
    if (output.name == public_name) taken(output.tensor, "output");
  graph_->mark_output(tensor.id, public_name);
}

std::vector<TensorInfo> Network::inputs() const { return plan::input_info(*graph_); }
std::vector<TensorInfo> Network::outputs() const { return plan::output_info(*graph_); }
const std::map<std::string, std::string>& Network::metadata() const { return graph_->metadata; }
void Network::set_metadata(const std::string& key, const std::string& value) { graph_->metadata[key] = value; }

}  // namespace vireo

#include "engine/import/onnx/builder.h"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <deque>

#include "engine/api/log.h"
#include "engine/base/text.h"
#include "engine/graph/evaluate.h"
#include "engine/graph/operator.h"
#include "engine/import/onnx/handlers.h"
#include "engine/import/onnx/order.h"
#include "engine/import/onnx/tails.h"
#include "engine/ops/table.h"

namespace vireo::importer {
namespace {

using base::fail;
using base::str;

constexpr std::int64_t kNewestOpset = 23;
constexpr int kMaxDepth = 64;               // functions and branches inside each other
constexpr std::int64_t kMaxNodes = 2000000;  // copies of function bodies included
constexpr std::size_t kMaxListed = 200;     // refusals in one message
constexpr std::size_t kFoldBytes = 64 << 10;  // results folded while importing: shapes, axes, conditions

std::string domain_of(const std::string& domain) { return domain == "ai.onnx" ? "" : domain; }

/// A copy of a function's node with the references to the function's attributes replaced by their values.
onnx::NodeProto with_attributes(const onnx::NodeProto& node,
                                const std::map<std::string, const onnx::AttributeProto*>& given) {
  onnx::NodeProto copy = node;
  copy.clear_attribute();
  for (const onnx::AttributeProto& attribute : node.attribute()) {
    if (attribute.ref_attr_name().empty()) {
      onnx::AttributeProto* added = copy.add_attribute();
      *added = attribute;
      if (!attribute.has_g()) continue;
      added->mutable_g()->clear_node();
      for (const onnx::NodeProto& inner : attribute.g().node())
        *added->mutable_g()->add_node() = with_attributes(inner, given);
      continue;
    }
    const auto value = given.find(attribute.ref_attr_name());
    if (value == given.end()) continue;  // not given by the caller: the operator's default holds
    onnx::AttributeProto* added = copy.add_attribute();
    *added = *value->second;
    added->set_name(attribute.name());
  }
  return copy;
}

std::vector<const onnx::NodeProto*> pointers(const google::protobuf::RepeatedPtrField<onnx::NodeProto>& nodes) {
  std::vector<const onnx::NodeProto*> result;
  for (const onnx::NodeProto& node : nodes) result.push_back(&node);
  return result;
}

}  // namespace

std::string describe(const onnx::NodeProto& proto, std::int64_t opset) {
  const std::string& name = !proto.name().empty() || proto.output().empty() ? proto.name() : proto.output(0);
  return str("node '", name, "' (", proto.op_type(), proto.domain().empty() ? "" : ", domain ", proto.domain(),
             ", opset ", opset, ")");
}

Builder::Builder(onnx::ModelProto& model, const std::filesystem::path& directory)
    : model_(model), external_(directory), graph_(std::make_unique<graph::Graph>()) {}

std::unique_ptr<graph::Graph> Builder::build() {
  onnx::GraphProto& source = *model_.mutable_graph();
  if (source.node_size() == 0 && source.output_size() == 0)
    fail(ErrorCode::invalid_model, "the file holds no ONNX graph (no nodes, no outputs)");
  read_opsets();
  read_metadata();
  for (const onnx::FunctionProto& function : model_.functions())
    functions_[{domain_of(function.domain()), function.name()}] = &function;

  Scope scope;
  scope.opsets = &opsets_;
  scope_ = &scope;
  for (onnx::TensorProto& tensor : *source.mutable_initializer()) scope.initializers[tensor.name()] = &tensor;
  for (const auto& sparse : source.sparse_initializer())
    refusals_.push_back(str("initializer '", sparse.values().name(), "' is sparse"));
  for (const onnx::ValueInfoProto& input : source.input())
    if (!scope.initializers.contains(input.name())) add_input(input);
  std::vector<std::string> outputs;
  for (const onnx::ValueInfoProto& output : source.output()) outputs.push_back(output.name());
  if (outputs.empty()) fail(ErrorCode::invalid_model, "the graph has no outputs");
  run(pointers(source.node()), outputs);
  if (!refusals_.empty()) {
    std::string message =
        str(refusals_.size(), refusals_.size() == 1 ? " part" : " parts", " of the model can't be imported:");
    for (std::size_t i = 0; i < refusals_.size() && i < kMaxListed; ++i) message += "\n  " + refusals_[i];
    if (refusals_.size() > kMaxListed) message += str("\n  and ", refusals_.size() - kMaxListed, " more");
    fail(ErrorCode::unsupported, message);
  }
  add_outputs();
  std::string external;
  for (const std::string& location : external_.locations()) external += (external.empty() ? "" : "\n") + location;
  if (!external.empty()) graph_->metadata["onnx.external_data"] = external;
  graph_->compact();
  graph_->infer_all();
  graph_->verify();
  return std::move(graph_);
}

void Builder::read_opsets() {
  for (const onnx::OperatorSetIdProto& id : model_.opset_import()) opsets_[domain_of(id.domain())] = id.version();
  if (!opsets_.contains("")) opsets_[""] = 1;  // the rule for files older than opset_import
  if (opsets_[""] > kNewestOpset)
    log(LogLevel::warning, str("the model uses opset ", opsets_[""], ", newer than ", kNewestOpset,
                               ", the newest one known here; read as opset ", kNewestOpset));
  if (opsets_[""] < 1) fail(ErrorCode::invalid_model, "the model claims opset ", opsets_[""]);
}

void Builder::read_metadata() {
  auto& metadata = graph_->metadata;
  const auto put = [&metadata](const char* key, const std::string& value) {
    if (!value.empty()) metadata[key] = value;
  };
  put("onnx.producer_name", model_.producer_name());
  put("onnx.producer_version", model_.producer_version());
  put("onnx.domain", model_.domain());
  put("onnx.doc_string", model_.doc_string());
  put("onnx.graph_doc_string", model_.graph().doc_string());
  put("onnx.ir_version", str(model_.ir_version()));
  put("onnx.opset", str(opsets_[""]));
  put("onnx.output_tails", output_tails(model_.graph()));
  for (const auto& entry : model_.metadata_props()) metadata[entry.key()] = entry.value();
  graph_->name = model_.graph().name();
}

void Builder::add_input(const onnx::ValueInfoProto& info) {
  if (info.name().empty()) fail(ErrorCode::invalid_model, "an input of the graph has no name");
  if (scope_->values.contains(info.name())) fail(ErrorCode::invalid_model, "two inputs are named '", info.name(), "'");
  const auto refuse_input = [&](const std::string& why) {
    refusals_.push_back(str("input '", info.name(), "' ", why));
    scope_->values[info.name()] = kRefused;
  };
  if (info.has_type() && !info.type().has_tensor_type()) return refuse_input("is no tensor");
  const auto& type = info.type().tensor_type();
  if (!type.has_shape()) return refuse_input("has no shape: not even its rank is known");
  DataType dtype = dtype_from_onnx(type.elem_type());
  if (type.elem_type() == 0) {
    log(LogLevel::warning, str("input '", info.name(), "' has no element type; taken as float32"));
    dtype = DataType::float32;
  }
  if (dtype == DataType::undefined || dtype == DataType::string)
    return refuse_input(str("has the element type ", onnx_dtype_name(type.elem_type())));
  Dims dims;
  std::vector<std::string> symbols;
  for (const auto& dim : type.shape().dim()) {
    const bool known = dim.has_dim_value() && dim.dim_value() >= 0;
    dims.push_back(known ? dim.dim_value() : kUnknown);
    symbols.push_back(known ? "" : dim.dim_param());
  }
  tensor_names_.insert(info.name());
  scope_->values[info.name()] = graph_->add_input(info.name(), dtype, std::move(dims), std::move(symbols));
}

void Builder::add_outputs() {
  const auto& inputs = graph_->inputs();
  std::set<TensorId> taken(inputs.begin(), inputs.end());
  std::set<std::string> names;
  for (const onnx::ValueInfoProto& output : model_.graph().output()) {
    if (!names.insert(output.name()).second)
      fail(ErrorCode::invalid_model, "two outputs are named '", output.name(), "'");
    TensorId tensor = lookup(output.name(), "the graph's outputs");
    // An output has a layer that writes it, and is one output only: copies of inputs, constants and other outputs.
    if (graph_->tensor(tensor).constant || !taken.insert(tensor).second) {
      node_name_ = output.name();
      tensor = emit("unary", {tensor}, [] {
        Attributes attributes;
        attributes.set("function", std::string("identity"));
        return attributes;
      }(), 1)[0];
    }
    graph_->mark_output(tensor, output.name());
  }
}

TensorId Builder::lookup(const std::string& name, const std::string& reader) {
  for (Scope* scope = scope_; scope != nullptr; scope = const_cast<Scope*>(scope->parent)) {
    if (const auto value = scope->values.find(name); value != scope->values.end()) return value->second;
    if (const auto pending = scope->initializers.find(name); pending != scope->initializers.end()) {
      // Functions and branches may be read again: only the main graph's own tensors are taken out of the message.
      ConstantPtr constant;
      if (name.empty()) break;
      try {
        constant = scope->parent == nullptr && depth_ == 0 ? take_constant(*pending->second, external_)
                                                           : to_constant(*pending->second, external_);
      } catch (const Error& error) {
        if (error.code() != ErrorCode::unsupported) throw;
        refusals_.push_back(error.what());
        return scope->values[name] = kRefused;
      }
      return scope->values[name] = add_constant(name, std::move(constant));
    }
  }
  fail(ErrorCode::invalid_model, reader, " reads '", name, "', which is no input, no initializer and no node's output");
}

void Builder::run(const Nodes& nodes, const std::vector<std::string>& outputs) {
  for (const onnx::NodeProto* node : nodes) add_read_names(*node, scope_->read);
  scope_->read.insert(outputs.begin(), outputs.end());
  for (const onnx::NodeProto* node : order_nodes(nodes, outputs)) import_node(*node);
}

void Builder::import_node(const onnx::NodeProto& proto) {
  if (++nodes_ > kMaxNodes)
    fail(ErrorCode::invalid_model, "the model has more than ", kMaxNodes, " nodes, functions inlined");
  const std::string domain = domain_of(proto.domain());
  const auto version = scope_->opsets->find(domain);
  std::int64_t opset = version == scope_->opsets->end() ? 1 : version->second;
  if (domain.empty()) opset = std::min(opset, kNewestOpset);
  std::vector<TensorId> inputs;
  bool blocked = false;
  for (const std::string& name : proto.input()) {
    // A sequence is no tensor: its readers ask for it by name.
    inputs.push_back(name.empty() || find_sequence(name) != nullptr ? kNone : lookup(name, describe(proto, opset)));
    blocked = blocked || inputs.back() == kRefused;
  }
  const auto function = functions_.find({domain, proto.op_type()});
  if (function != functions_.end() && !blocked) return inline_function(*function->second, proto, inputs);
  if (function == functions_.end() && find_row(domain, proto.op_type()) == nullptr) {
    const bool known_domain = domain.empty() || domain == "com.microsoft";
    return refuse(
        proto, opset, inputs,
        known_domain ? "this operator is not supported" : str("no operators of domain '", domain, "' are supported"));
  }
  if (!blocked) return translate(proto, opset, std::move(inputs));
  for (const std::string& output : proto.output()) bind(output, kRefused);
}

void Builder::translate(const onnx::NodeProto& proto, std::int64_t opset, std::vector<TensorId> inputs) {
  node_name_ = !proto.name().empty() ? proto.name() : proto.output_size() > 0 ? proto.output(0) : proto.op_type();
  first_fresh_ = graph_->tensor_count();
  named_.clear();
  Node node(*this, proto, opset, inputs);
  try {
    find_row(domain_of(proto.domain()), proto.op_type())->handle(node);
  } catch (const Refusal& refusal) {
    return refuse(proto, opset, inputs, refusal.why);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::unsupported) return refuse(proto, opset, inputs, error.what());
    fail(error.code() == ErrorCode::invalid_argument ? ErrorCode::invalid_model : error.code(), describe(proto, opset),
         ": ", error.what());
  }
  for (const std::string& output : proto.output())
    if (!output.empty() && scope_->read.contains(output) && !scope_->values.contains(output) &&
        !scope_->sequences.contains(output))
      return refuse(proto, opset, inputs, str("its output '", output, "' is not supported"));
}

void Builder::refuse(const onnx::NodeProto& proto, std::int64_t opset, const std::vector<TensorId>& inputs,
                     const std::string& why) {
  std::string text = describe(proto, opset);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    text += i == 0 ? ", inputs " : ", ";
    if (inputs[i] < 0) {
      text += inputs[i] == kNone ? "none" : "?";
      continue;
    }
    const graph::Tensor& tensor = graph_->tensor(inputs[i]);
    text += str(tensor.dtype, " ", tensor.ranked ? to_string(tensor.dims) : "?");
  }
  refusals_.push_back(str(text, ": ", why));
  for (const std::string& output : proto.output())
    if (!output.empty()) scope_->values[output] = kRefused;
}

void Builder::inline_function(const onnx::FunctionProto& function, const onnx::NodeProto& call,
                              const std::vector<TensorId>& inputs) {
  if (++depth_ > kMaxDepth)
    fail(ErrorCode::invalid_model, "function '", function.name(), "' is nested too deeply or recursive");
  Opsets opsets;
  for (const onnx::OperatorSetIdProto& id : function.opset_import()) opsets[domain_of(id.domain())] = id.version();
  for (const auto& [domain, version] : opsets_) opsets.emplace(domain, version);
  Scope scope;
  scope.opsets = &opsets;
  for (int i = 0; i < function.input_size(); ++i)
    scope.values[function.input(i)] = i < static_cast<int>(inputs.size()) ? inputs[static_cast<std::size_t>(i)] : kNone;
  std::map<std::string, const onnx::AttributeProto*> given;
  for (const onnx::AttributeProto& attribute : call.attribute()) given[attribute.name()] = &attribute;
  std::deque<onnx::NodeProto> bodies;
  Nodes nodes;
  for (const onnx::NodeProto& node : function.node()) {
    bodies.push_back(with_attributes(node, given));
    nodes.push_back(&bodies.back());
  }
  Scope* const caller = scope_;
  scope_ = &scope;
  run(nodes, {function.output().begin(), function.output().end()});
  std::vector<TensorId> results;
  for (int k = 0; k < call.output_size(); ++k) {
    const bool given_back = k < function.output_size();
    if (!given_back && !call.output(k).empty())
      fail(ErrorCode::invalid_model, "function '", function.name(), "' has no output ", k);
    results.push_back(given_back ? lookup(function.output(k), base::str("function '", function.name(), "'")) : kNone);
  }
  scope_ = caller;
  --depth_;
  for (int k = 0; k < call.output_size(); ++k)
    if (!call.output(k).empty()) scope_->values[call.output(k)] = results[static_cast<std::size_t>(k)];
}

const std::vector<TensorId>* Builder::find_sequence(const std::string& name) const {
  for (const Scope* scope = scope_; scope != nullptr; scope = scope->parent)
    if (const auto found = scope->sequences.find(name); found != scope->sequences.end()) return &found->second;
  return nullptr;
}

void Builder::bind_sequence(const std::string& name, std::vector<TensorId> items) {
  scope_->sequences[name] = std::move(items);
}

std::vector<TensorId> Builder::inline_branch(const onnx::GraphProto& branch) {
  if (++depth_ > kMaxDepth) fail(ErrorCode::invalid_model, "branches are nested too deeply");
  Scope scope;
  scope.parent = scope_;
  scope.opsets = scope_->opsets;
  auto& source = const_cast<onnx::GraphProto&>(branch);  // its tensors are copied, never taken: depth_ > 0
  for (onnx::TensorProto& tensor : *source.mutable_initializer()) scope.initializers[tensor.name()] = &tensor;
  std::vector<std::string> outputs;
  for (const onnx::ValueInfoProto& output : branch.output()) outputs.push_back(output.name());
  Scope* const outer = scope_;
  scope_ = &scope;
  run(pointers(branch.node()), outputs);
  std::vector<TensorId> results;
  for (const std::string& output : outputs) results.push_back(lookup(output, "a branch of an If"));
  scope_ = outer;
  --depth_;
  first_fresh_ = graph_->tensor_count();  // the branch's tensors keep their own names
  return results;
}

std::string Builder::free_name(std::set<std::string, std::less<>>& taken, std::string_view base) {
  std::string name(base);
  for (int k = 1; !taken.insert(name).second; ++k) name = str(base, "/", k);
  return name;
}

std::vector<TensorId> Builder::emit(std::string_view op, std::vector<TensorId> inputs, Attributes attributes,
                                    int outputs) {
  const graph::Operator* definition = ops::find_operator(op);
  if (definition == nullptr) throw Refusal{str("this build has no operator '", op, "'")};
  bool known = !definition->late_axis;
  for (const TensorId input : inputs) {
    if (input == kRefused) throw Refusal{"one of its values is not supported"};
    known = known && (input == kNone || graph_->tensor(input).constant);
  }
  const graph::LayerId id = graph_->add_layer(*definition, free_name(layer_names_, node_name_), std::move(inputs),
                                              std::move(attributes), outputs);
  std::vector<TensorId> results = graph_->layer(id).outputs;
  for (const TensorId tensor : results) tensor_names_.insert(graph_->tensor(tensor).name);
  const bool named_output = op == "unary" && graph_->layer(id).attributes.text("function", "") == "identity";
  if (named_output) return results;
  std::vector<ConstantPtr> values;
  if (op == "shape" && graph_->tensor(graph_->layer(id).inputs[0]).is_static() &&
      graph_->tensor(results[0]).is_static()) {
    const Dims& all = graph_->tensor(graph_->layer(id).inputs[0]).dims;
    const auto length = static_cast<std::int64_t>(all.size());
    std::int64_t start = graph_->layer(id).attributes.integer("start", 0);
    start = std::clamp<std::int64_t>(start < 0 ? start + length : start, 0, length);
    const std::int64_t count = std::min(length - start, element_count(graph_->tensor(results[0]).dims));
    values.push_back(graph::make_constant(std::vector<std::int64_t>(all.begin() + start, all.begin() + start + count)));
  } else if (known) {
    values = graph::evaluate_layer(*graph_, id, kFoldBytes);
  }
  if (values.empty()) return results;
  for (std::size_t k = 0; k < values.size(); ++k) graph_->make_constant(results[k], values[k]);
  graph_->remove_layer(id);
  return results;
}

TensorId Builder::add_constant(std::string_view name, ConstantPtr value) {
  return graph_->add_constant(free_name(tensor_names_, name), std::move(value));
}

void Builder::bind(const std::string& name, TensorId tensor) {
  if (name.empty()) return;
  scope_->values[name] = tensor;
  if (tensor < first_fresh_ || !named_.insert(tensor).second) return;
  graph_->rename(tensor, free_name(tensor_names_, name));
}

}  // namespace vireo::importer

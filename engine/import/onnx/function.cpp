// Functions: every call is translated as the nodes of the body.

#include "engine/import/onnx/function.h"

#include <google/protobuf/unknown_field_set.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <utility>

#include "engine/base/text.h"

namespace vireo::importer {
namespace {

using base::fail;
using base::str;

// Fields that an old onnx library keeps among the unknown ones.
constexpr int kAttributeProto = 11, kFunctionOverload = 13;  // of FunctionProto
constexpr int kNodeOverload = 8;                             // of NodeProto

template <typename Message, typename Visit>
void visit_unknown(const Message& message, int number, const Visit& visit) {
  const google::protobuf::UnknownFieldSet& fields = message.GetReflection()->GetUnknownFields(message);
  for (int i = 0; i < fields.field_count(); ++i)
    if (fields.field(i).number() == number &&
        fields.field(i).type() == google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED)
      visit(fields.field(i).length_delimited());
}

template <typename Message>
std::string overload_of(const Message& message, int number) {
  std::string name;
  if constexpr (requires { message.overload(); }) name = message.overload();
  else visit_unknown(message, number, [&name](const std::string& bytes) { name = bytes; });
  return name;
}

template <typename Proto>
std::deque<onnx::AttributeProto> defaults_of(const Proto& function) {
  std::deque<onnx::AttributeProto> defaults;
  if constexpr (requires { function.attribute_proto(); }) {
    for (const onnx::AttributeProto& attribute : function.attribute_proto()) defaults.push_back(attribute);
  } else {
    visit_unknown(function, kAttributeProto, [&](const std::string& bytes) {
      if (!defaults.emplace_back().ParseFromString(bytes))
        fail(ErrorCode::invalid_model, "function '", function.name(), "' has a damaged attribute");
    });
  }
  return defaults;
}

std::string key_of(const std::string& domain, const std::string& name, const std::string& overload) {
  return str(domain, '\0', name, '\0', overload);
}

bool refers(const onnx::NodeProto& node);
bool refers(const onnx::GraphProto& graph) {
  return std::any_of(graph.node().begin(), graph.node().end(), [](const auto& node) { return refers(node); });
}
/// The node, or one of its branches, refers to an attribute of the function around it.
bool refers(const onnx::NodeProto& node) {
  for (const onnx::AttributeProto& a : node.attribute()) {
    if (!a.ref_attr_name().empty() || (a.has_g() && refers(a.g()))) return true;
    for (const onnx::GraphProto& graph : a.graphs())
      if (refers(graph)) return true;
  }
  return false;
}

using Given = std::unordered_map<std::string_view, const onnx::AttributeProto*>;

/// Replaces the references to the function's attributes by their values, in branches too. One without a value is
/// left out, so that the operator's default holds.
void resolve(onnx::NodeProto& node, const Given& given) {
  google::protobuf::RepeatedPtrField<onnx::AttributeProto> attributes;
  attributes.Swap(node.mutable_attribute());
  for (onnx::AttributeProto& attribute : attributes) {
    if (!attribute.ref_attr_name().empty()) {
      const auto value = given.find(attribute.ref_attr_name());
      if (value == given.end()) continue;
      onnx::AttributeProto* added = node.add_attribute();
      *added = *value->second;
      added->set_name(attribute.name());
      continue;
    }
    if (attribute.has_g())
      for (onnx::NodeProto& inner : *attribute.mutable_g()->mutable_node()) resolve(inner, given);
    for (onnx::GraphProto& graph : *attribute.mutable_graphs())
      for (onnx::NodeProto& inner : *graph.mutable_node()) resolve(inner, given);
    node.add_attribute()->Swap(&attribute);
  }
}

}  // namespace

void Builder::read_functions() {
  for (const onnx::FunctionProto& proto : model_.functions()) {
    auto function = std::make_unique<Function>();
    function->proto = &proto;
    for (const onnx::OperatorSetIdProto& id : proto.opset_import())
      function->opsets[domain_of(id.domain())] = id.version();
    for (const auto& [domain, version] : opsets_) function->opsets.emplace(domain, version);
    function->defaults = defaults_of(proto);
    functions_[key_of(domain_of(proto.domain()), proto.name(), overload_of(proto, kFunctionOverload))] =
        std::move(function);
  }
}

Function* Builder::find_function(const onnx::NodeProto& call, const std::string& domain) {
  if (functions_.empty()) return nullptr;
  const auto found = functions_.find(key_of(domain, call.op_type(), overload_of(call, kNodeOverload)));
  return found == functions_.end() ? nullptr : found->second.get();
}

void Function::put_in_order() {
  if (std::exchange(ordered, true)) return;
  std::vector<const onnx::NodeProto*> nodes;
  for (const onnx::NodeProto& node : proto->node()) nodes.push_back(&node);
  for (const onnx::NodeProto* node : nodes) add_read_names(*node, read);
  read.insert(proto->output().begin(), proto->output().end());
  order = order_nodes(nodes, {proto->output().begin(), proto->output().end()});
  for (const onnx::NodeProto* node : order) refers.push_back(importer::refers(*node));
}

std::int64_t Builder::size_of(Function& function, int depth) {
  if (function.size >= 0) return function.size;
  function.size = 0;  // ends recursion, which is refused where it is found
  if (depth > kMaxDepth) return 0;
  function.put_in_order();
  std::int64_t size = 0;
  for (const onnx::NodeProto* node : function.order) {
    Function* const callee = find_function(*node, domain_of(node->domain()));
    size = std::min(size + 1 + (callee ? size_of(*callee, depth + 1) : 0), kMaxNodes + 1);
  }
  return function.size = size;
}

void Builder::inline_function(Function& function, const onnx::NodeProto& call, const std::vector<TensorId>& inputs) {
  const onnx::FunctionProto& proto = *function.proto;
  for (int k = proto.output_size(); k < call.output_size(); ++k)
    if (!call.output(k).empty()) fail(ErrorCode::invalid_model, "function '", proto.name(), "' has no output ", k);
  Scope scope;
  scope.opsets = &function.opsets;
  for (int i = 0; i < proto.input_size(); ++i) {
    const bool passed = i < static_cast<int>(inputs.size());
    const Sequence* const sequence = passed ? find_sequence(call.input(i)) : nullptr;
    if (sequence) scope.sequences[proto.input(i)] = *sequence;
    else scope.values[proto.input(i)] = passed ? inputs[static_cast<std::size_t>(i)] : kNone;
  }
  Given given;
  for (const onnx::AttributeProto& attribute : call.attribute()) given.emplace(attribute.name(), &attribute);
  for (const onnx::AttributeProto& attribute : function.defaults) given.emplace(attribute.name(), &attribute);
  const std::string title = str("function '", proto.name(), "'");
  {
    const Inside inside(*this, scope, title + " is");
    run_body(function, given);
  }
  for (int k = 0; k < std::min(call.output_size(), proto.output_size()); ++k)
    if (!call.output(k).empty()) give_back(scope, proto.output(k), call.output(k), title);
}

void Builder::run_body(Function& function, const Given& given) {
  const onnx::FunctionProto& proto = *function.proto;
  bool graphs = false;  // as attributes: the body itself does not show what they read
  for (const auto& [name, attribute] : given) graphs |= attribute->has_g() || attribute->graphs_size() > 0;
  const bool outer_copy = in_copy_;
  const std::vector<std::string> outputs(proto.output().begin(), proto.output().end());
  if (graphs) {
    std::deque<onnx::NodeProto> copies(proto.node().begin(), proto.node().end());
    Nodes nodes;
    for (onnx::NodeProto& copy : copies) {
      resolve(copy, given);
      nodes.push_back(&copy);
    }
    in_copy_ = true;
    run(nodes, outputs);
    in_copy_ = outer_copy;
    return;
  }
  function.put_in_order();
  scope_->read = &function.read;
  for (std::size_t i = 0; i < function.order.size(); ++i) {
    if (!function.refers[i]) {
      in_copy_ = false;
      import_node(*function.order[i]);
      continue;
    }
    onnx::NodeProto copy = *function.order[i];
    resolve(copy, given);
    in_copy_ = true;
    import_node(copy);
  }
  in_copy_ = outer_copy;
}

}  // namespace vireo::importer

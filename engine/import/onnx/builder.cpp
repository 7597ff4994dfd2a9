#include "engine/import/onnx/builder.h"

#include <onnx/onnx_pb.h>

#include <algorithm>

#include "engine/api/log.h"
#include "engine/base/text.h"
#include "engine/graph/evaluate.h"
#include "engine/graph/operator.h"
#include "engine/import/onnx/function.h"
#include "engine/import/onnx/handlers.h"
#include "engine/import/onnx/output_ops.h"
#include "engine/ops/table.h"

namespace vireo::importer {
namespace {

using base::fail;
using base::str;

constexpr std::int64_t kNewestOpset = 25;
constexpr std::int64_t kMaxTensors = 10 * kMaxNodes;
constexpr std::size_t kMaxListed = 200;  // refusals in one message

// Results folded while importing are shapes, axes and conditions; weights are folded by a pass.
constexpr std::size_t kFoldBytes = 64 << 10;
constexpr std::size_t kFoldReads = 16 << 20;
constexpr std::size_t kFoldAllBytes = std::size_t{512} << 20;
constexpr std::size_t kFoldAllReads = std::size_t{8} << 30;

Attributes identity() {
  Attributes attributes;
  attributes.set("function", std::string("identity"));
  return attributes;
}

std::vector<const onnx::NodeProto*> pointers(const google::protobuf::RepeatedPtrField<onnx::NodeProto>& nodes) {
  std::vector<const onnx::NodeProto*> result;
  for (const onnx::NodeProto& node : nodes) result.push_back(&node);
  return result;
}

}  // namespace

std::string domain_of(const std::string& domain) { return domain == "ai.onnx" ? "" : domain; }

std::string describe(const onnx::NodeProto& proto, std::int64_t opset) {
  const std::string& name = !proto.name().empty() || proto.output().empty() ? proto.name() : proto.output(0);
  return str("node '", name, "' (", proto.op_type(), proto.domain().empty() ? "" : ", domain ", proto.domain(),
             ", opset ", opset, ")");
}

Builder::Builder(onnx::ModelProto& model, const std::filesystem::path& directory, const Limits& limits)
    : model_(model),
      external_(directory),
      deadline_("the import", limits.max_seconds),
      graph_(std::make_unique<graph::Graph>()) {}

Builder::~Builder() = default;

std::unique_ptr<graph::Graph> Builder::build() {
  onnx::GraphProto& source = *model_.mutable_graph();
  if (source.node_size() == 0 && source.output_size() == 0)
    fail(ErrorCode::invalid_model, "the file holds no ONNX graph (no nodes, no outputs)");
  read_opsets();
  read_metadata();
  read_functions();

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
  const std::vector<TensorId> tensors = find_outputs();
  report_refusals();
  add_outputs(tensors);
  std::string external;
  for (const std::string& location : external_.locations()) external += (external.empty() ? "" : "\n") + location;
  if (!external.empty()) graph_->metadata["onnx.external_data"] = external;
  graph_->compact();
  graph_->infer_all();
  graph_->verify();
  return std::move(graph_);
}

void Builder::report_refusals() const {
  if (refusals_.empty()) return;
  std::string message =
      str(refusals_.size(), refusals_.size() == 1 ? " part" : " parts", " of the model can't be imported:");
  for (std::size_t i = 0; i < refusals_.size() && i < kMaxListed; ++i) message += "\n  " + refusals_[i];
  if (refusals_.size() > kMaxListed) message += str("\n  and ", refusals_.size() - kMaxListed, " more");
  fail(ErrorCode::unsupported, message);
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
  if (scope_->values.contains(info.name()) || scope_->sequences.contains(info.name()))
    fail(ErrorCode::invalid_model, "two inputs are named '", info.name(), "'");
  const auto refuse_input = [&](const std::string& why) {
    refusals_.push_back(str("input '", info.name(), "' ", why));
    scope_->values[info.name()] = kRefused;
  };
  if (info.type().has_sequence_type() || info.type().has_optional_type()) {
    Sequence sequence = declared_sequence(info.type());
    if (vireo::size_of(sequence.type.dtype) == 0) return refuse_input("is a sequence or optional, but not of tensors");
    sequence.packed = graph_->add_input(info.name(), DataType::uint8, {kUnknown});
    tensor_names_.emplace(info.name(), 0);
    graph_->metadata["onnx.sequence." + info.name()] = importer::describe(sequence, sequence.type);
    return bind_sequence(info.name(), std::move(sequence));
  }
  if (info.has_type() && !info.type().has_tensor_type())
    return refuse_input("is no tensor, sequence of tensors or optional one");
  const auto& type = info.type().tensor_type();
  if (!type.has_shape()) return refuse_input("has no shape: not even its rank is known");
  DataType dtype = dtype_from_onnx(type.elem_type());
  if (type.elem_type() == 0) {
    log(LogLevel::warning, str("input '", info.name(), "' has no element type; taken as float32"));
    dtype = DataType::float32;
  }
  if (dtype == DataType::undefined)
    return refuse_input(str("has the element type ", onnx_dtype_name(type.elem_type())));
  Dims dims;
  std::vector<std::string> symbols;
  for (const auto& dim : type.shape().dim()) {
    const bool known = dim.has_dim_value() && dim.dim_value() >= 0;
    dims.push_back(known ? dim.dim_value() : kUnknown);
    symbols.push_back(known ? "" : dim.dim_param());
  }
  tensor_names_.emplace(info.name(), 0);
  scope_->values[info.name()] = graph_->add_input(info.name(), dtype, std::move(dims), std::move(symbols));
}

std::vector<TensorId> Builder::find_outputs() {
  std::vector<TensorId> tensors;
  for (const onnx::ValueInfoProto& output : model_.graph().output()) {
    if (const Sequence* const found = find_sequence(output.name())) {
      const Sequence sequence = *found;
      node_name_ = output.name();
      graph_->metadata["onnx.sequence." + output.name()] = importer::describe(sequence, type_of(sequence));
      tensors.push_back(packed(sequence));
      continue;
    }
    tensors.push_back(lookup(output.name(), "the graph's outputs"));
    if (tensors.back() == kNone)
      fail(ErrorCode::invalid_model, "output '", output.name(), "' is an absent input of a function");
  }
  return tensors;
}

/// Gives each output its own tensor, written by a layer: inputs, constants and other outputs are copied. Public names
/// stay, also where the file lists one twice.
void Builder::add_outputs(const std::vector<TensorId>& tensors) {
  std::unordered_set<TensorId> taken(graph_->inputs().begin(), graph_->inputs().end());
  for (std::size_t k = 0; k < tensors.size(); ++k) {
    const std::string& name = model_.graph().output(static_cast<int>(k)).name();
    const bool own = !graph_->tensor(tensors[k]).constant && taken.insert(tensors[k]).second;
    graph_->mark_output(own ? tensors[k] : copy_for_output(tensors[k], name), name);
  }
}

TensorId Builder::copy_for_output(TensorId tensor, const std::string& name) {
  node_name_ = name;
  try {
    return emit("unary", {tensor}, identity(), 1)[0];
  } catch (const Refusal& refusal) {
    fail(ErrorCode::unsupported, "output '", name, "': ", refusal.why);
  } catch (const Error& error) {
    fail(error.code(), "output '", name, "': ", error.what());
  }
}

ConstantPtr Builder::constant_of(const onnx::TensorProto& tensor) {
  constexpr std::size_t kMaxCopied = std::size_t{4} << 30;
  if (!in_copy_)
    if (const auto known = constants_.find(&tensor); known != constants_.end()) return known->second;
  ConstantPtr constant = to_constant(tensor, external_);
  if (!in_copy_ && depth_ > 0) constants_.emplace(&tensor, constant);
  if (in_copy_ && (copied_bytes_ += constant->bytes()) > kMaxCopied)
    fail(ErrorCode::out_of_memory, "copies of tensors in function bodies take more than ", kMaxCopied, " bytes");
  return constant;
}

void Builder::run(const Nodes& nodes, const std::vector<std::string>& outputs) {
  looked_at_ += static_cast<std::int64_t>(nodes.size());
  if (looked_at_ > 10 * kMaxNodes)
    fail(ErrorCode::invalid_model, "branches and functions have more than ", 10 * kMaxNodes, " nodes, copies included");
  NameSet read;
  for (const onnx::NodeProto* node : nodes) add_read_names(*node, read);
  read.insert(outputs.begin(), outputs.end());
  scope_->read = &read;
  for (const onnx::NodeProto* node : order_nodes(nodes, outputs)) import_node(*node);
  scope_->read = nullptr;
}

void Builder::fail_too_many() {
  fail(ErrorCode::invalid_model, "the model has more than ", kMaxNodes, " nodes, functions inlined");
}

void Builder::import_node(const onnx::NodeProto& proto) {
  if (++nodes_ > kMaxNodes) fail_too_many();
  deadline_.check(proto.name());
  const std::string domain = domain_of(proto.domain());
  const auto version = scope_->opsets->find(domain);
  std::int64_t opset = version == scope_->opsets->end() ? 1 : version->second;
  if (domain.empty()) opset = std::min(opset, kNewestOpset);
  std::vector<TensorId> inputs;
  inputs.reserve(static_cast<std::size_t>(proto.input_size()));
  bool blocked = false;
  for (const std::string& name : proto.input()) {
    // A sequence is no tensor: its readers ask for it by name.
    const bool absent = name.empty() || find_sequence(name) != nullptr;
    const TensorId* const found = absent ? nullptr : find(name);
    if (!absent && found == nullptr) (void)lookup(name, describe(proto, opset));  // throws
    inputs.push_back(found ? *found : kNone);
    blocked = blocked || inputs.back() == kRefused;
  }
  Function* const function = find_function(proto, domain);
  if (function && nodes_ + size_of(*function) > kMaxNodes) fail_too_many();
  if (function && !blocked) return inline_function(*function, proto, inputs);
  if (!function && find_row(domain, proto.op_type()) == nullptr) {
    const bool known_domain =
        domain.empty() || domain == "com.microsoft" || domain == "ai.onnx.ml" || domain == "ai.onnx.preview";
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
    const bool invalid = error.code() == ErrorCode::invalid_model || error.code() == ErrorCode::invalid_argument;
    if (invalid && kept_ > 0) throw Impossible{str(describe(proto, opset), ": ", error.what())};
    fail(error.code() == ErrorCode::invalid_argument ? ErrorCode::invalid_model : error.code(), describe(proto, opset),
         ": ", error.what());
  }
  for (TensorId id = first_fresh_; id < graph_->tensor_count(); ++id)
    if (!named_.contains(id)) tensor_names_.try_emplace(graph_->tensor(id).name, 0);
  for (const std::string& output : proto.output())
    if (!output.empty() && scope_->read->contains(output) && !scope_->values.contains(output) &&
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

std::string Builder::free_name(Names& taken, std::string_view base) {
  std::string name(base);
  auto [known, fresh] = taken.try_emplace(name, 0);
  if (fresh) return name;
  std::int64_t& last = known->second;  // references into the map stay valid
  do name = str(base, "/", ++last);
  while (!taken.try_emplace(name, 0).second);
  return name;
}

std::vector<TensorId> Builder::emit(std::string_view op, std::vector<TensorId> inputs, Attributes attributes,
                                    int outputs) {
  const graph::Operator* definition = ops::find_operator(op);
  if (definition == nullptr) throw Refusal{str("this build has no operator '", op, "'")};
  if ((tensors_ += outputs) > kMaxTensors)
    fail(ErrorCode::invalid_model, "the model has more than ", kMaxTensors, " tensors, functions inlined");
  bool known = !definition->data_dependent_axis;
  for (const TensorId input : inputs) {
    if (input == kRefused) throw Refusal{"one of its values is not supported"};
    known = known && (input == kNone || graph_->tensor(input).constant);
  }
  const graph::LayerId id = graph_->add_layer(*definition, free_name(layer_names_, node_name_), std::move(inputs),
                                              std::move(attributes), outputs);
  std::vector<TensorId> results = graph_->layer(id).outputs;
  const std::vector<ConstantPtr> values = values_of(id, known);
  if (values.empty()) return results;
  for (const ConstantPtr& value : values) folded_bytes_ += value->bytes();
  for (std::size_t k = 0; k < values.size(); ++k) graph_->make_constant(results[k], values[k]);
  graph_->remove_layer(id);
  return results;
}

/// The values of the outputs, where they are known now and small. Empty otherwise.
std::vector<ConstantPtr> Builder::values_of(graph::LayerId id, bool known) {
  const graph::Layer& layer = graph_->layer(id);
  const std::string_view op = layer.op->name;
  const bool named_output = op == "unary" && layer.attributes.text("function", "") == "identity";
  if (named_output) return {};
  const TensorId first = layer.inputs.empty() ? kNone : layer.inputs[0];
  if (op == "size" && graph_->tensor(first).is_static()) {
    const std::int64_t count = element_count(graph_->tensor(first).dims);
    return {graph::make_constant(DataType::int64, {}, &count, sizeof count)};
  }
  if (op == "shape" && graph_->tensor(first).is_static() && graph_->tensor(layer.outputs[0]).is_static()) {
    const Dims& all = graph_->tensor(first).dims;
    const auto length = static_cast<std::int64_t>(all.size());
    std::int64_t start = layer.attributes.integer("start", 0);
    start = std::clamp<std::int64_t>(start < 0 ? start + length : start, 0, length);
    const std::int64_t count = std::min(length - start, element_count(graph_->tensor(layer.outputs[0]).dims));
    return {graph::make_constant(std::vector<std::int64_t>(all.begin() + start, all.begin() + start + count))};
  }
  if (!known || layer.op->costly) return {};
  std::size_t reads = kFoldBytes;
  for (const TensorId input : layer.inputs)
    if (input != kNone) reads += graph_->tensor(input).constant->bytes();
  if (reads > kFoldReads + kFoldBytes || reads > kFoldAllReads - read_to_fold_ || folded_bytes_ > kFoldAllBytes)
    return {};
  read_to_fold_ += reads;
  return graph::evaluate_layer(*graph_, id, kFoldBytes);
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

// The branches of If. Where the condition is known, the nodes of one take the place of the If. Else both
// become graphs of their own, inside a layer `if`, which one of them replaces later: when input shapes are given, or
// at every run. A branch that is impossible with the extents that are known is an error only when it is taken:
// exporters write such branches around a Squeeze and rely on the condition that they never run.

#include <onnx/onnx_pb.h>

#include <utility>

#include "engine/base/text.h"
#include "engine/graph/text.h"
#include "engine/import/onnx/function.h"

namespace vireo::importer {
namespace {

using base::fail;
using base::str;

constexpr std::size_t kMaxText = std::size_t{64} << 20;

void check_outputs(const onnx::GraphProto& branch, const onnx::NodeProto& node) {
  if (branch.output_size() != node.output_size())
    fail(ErrorCode::invalid_model, "its branch has ", branch.output_size(), " outputs, the node has ",
         node.output_size());
}

}  // namespace

/// A branch as a graph.
struct Builder::Branch {
  std::unique_ptr<graph::Graph> graph;
  std::string fails;                               ///< why it is impossible; it has no outputs then
  bool refused = false;                            ///< one of its outputs is not supported, and that was reported
  std::vector<std::optional<Sequence>> sequences;  ///< of each output that is one: what it is, packed
};

struct Builder::Kept {
  Builder& builder;
  const bool in_copy;
  Kept(Builder& b, bool copy) : builder(b), in_copy(copy) {
    ++builder.kept_;
    ++builder.quoted_;
  }
  ~Kept() {
    --builder.kept_;
    --builder.quoted_;
    builder.in_copy_ = in_copy;
  }
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;
};

void Builder::run_branch(const onnx::GraphProto& branch, Scope& scope, const std::vector<std::string>& outputs) {
  scope.parent = scope_;
  scope.opsets = scope_->opsets;
  auto& source = const_cast<onnx::GraphProto&>(branch);  // its tensors are copied, never taken: the scope has a parent
  for (onnx::TensorProto& tensor : *source.mutable_initializer()) scope.initializers[tensor.name()] = &tensor;
  for (const auto& sparse : branch.sparse_initializer())
    refusals_.push_back(str("initializer '", sparse.values().name(), "' is sparse"));
  Nodes nodes;
  for (const onnx::NodeProto& inner : branch.node()) nodes.push_back(&inner);
  const Inside inside(*this, scope, "branches are");
  run(nodes, outputs);
}

void Builder::inline_branch(const onnx::GraphProto& branch, const onnx::NodeProto& node) {
  check_outputs(branch, node);
  Scope scope;
  std::vector<std::string> outputs;
  for (const onnx::ValueInfoProto& output : branch.output()) outputs.push_back(output.name());
  run_branch(branch, scope, outputs);
  for (int k = 0; k < node.output_size(); ++k)
    if (!node.output(k).empty()) give_back(scope, branch.output(k).name(), node.output(k), "a branch of an If");
  first_fresh_ = graph_->tensor_count();  // the branch's tensors keep their own names
}

std::vector<TensorId> Builder::inline_body(const onnx::GraphProto& body, const std::vector<TensorId>& inputs) {
  if (static_cast<std::size_t>(body.input_size()) != inputs.size())
    fail(ErrorCode::invalid_model, "its body '", body.name(), "' has ", body.input_size(), " inputs, ", inputs.size(),
         " are given");
  Scope scope;
  for (std::size_t i = 0; i < inputs.size(); ++i) scope.values[body.input(static_cast<int>(i)).name()] = inputs[i];
  std::vector<std::string> outputs;
  for (const onnx::ValueInfoProto& output : body.output()) outputs.push_back(output.name());
  const std::string name = node_name_;
  run_branch(body, scope, outputs);
  std::vector<TensorId> results;
  {
    const Inside inside(*this, scope, "bodies are");
    for (const std::string& output : outputs) results.push_back(lookup(output, "a body"));
  }
  node_name_ = name;
  first_fresh_ = graph_->tensor_count();  // the body's tensors keep their own names
  named_.clear();
  return results;
}

Builder::Branch Builder::keep_branch(const onnx::GraphProto& source, const std::vector<int>& wanted,
                                     Boundary& boundary) {
  Branch branch;
  Scope scope;
  scope.boundary = &boundary;
  std::vector<std::string> outputs;
  for (const int k : wanted) outputs.push_back(source.output(k).name());
  boundary.beyond = std::make_unique<graph::Graph>();
  try {
    const Kept kept{*this, in_copy_};
    const Across across(*this, boundary);
    for (const TensorId id : boundary.captured) {  // by the other branch
      const graph::Tensor& tensor = boundary.beyond->tensor(id);
      const TensorId input =
          graph_->add_input(free_name(tensor_names_, tensor.name), tensor.dtype, tensor.dims, tensor.symbols);
      graph_->tensor(input).ranked = tensor.ranked;
    }
    run_branch(source, scope, outputs);
    const Inside inside(*this, scope, "branches are");
    for (const std::string& name : outputs) {
      const Value value = value_of(name, "a branch of an If");
      branch.sequences.emplace_back();
      TensorId tensor = value.tensor;
      if (value.is_sequence) {
        const ItemType type = type_of(value.sequence);
        tensor = packed(value.sequence);
        branch.sequences.back() = Sequence{.type = type, .optional = value.sequence.optional};
      }
      if (tensor == kNone) fail(ErrorCode::invalid_model, "a branch gives '", name, "', an absent input of a function");
      if (tensor == kRefused) branch.refused = true;
      else graph_->mark_output(tensor, name);
    }
  } catch (const Impossible& impossible) {
    branch.fails = impossible.why;
  }
  branch.graph = std::move(boundary.beyond);
  return branch;
}

namespace {

/// What is known of output k of an If from the branches that are possible; the element type may be the declared one.
class OutputType {
 public:
  void add(const graph::Tensor& tensor, const onnx::ValueInfoProto& declared) {
    DataType dtype = tensor.dtype;
    if (dtype == DataType::undefined) dtype = dtype_from_onnx(declared.type().tensor_type().elem_type());
    if (dtype_ != DataType::undefined && dtype != DataType::undefined && dtype != dtype_)
      fail(ErrorCode::invalid_model, "its branches give '", declared.name(), "' as ", dtype_, " and as ", dtype);
    if (dtype != DataType::undefined) dtype_ = dtype;
    if (!first_) ranked_ = ranked_ && tensor.ranked && tensor.dims.size() == dims_.size();
    else ranked_ = tensor.ranked;
    if (first_) dims_ = tensor.dims;
    first_ = false;
    for (std::size_t i = 0; ranked_ && i < dims_.size(); ++i)
      if (dims_[i] != tensor.dims[i]) dims_[i] = kUnknown;
  }
  [[nodiscard]] DataType dtype() const { return dtype_; }
  [[nodiscard]] bool ranked() const { return ranked_; }
  [[nodiscard]] const Dims& dims() const { return dims_; }

 private:
  DataType dtype_ = DataType::undefined;
  bool first_ = true, ranked_ = false;
  Dims dims_;
};

}  // namespace

void Builder::write_graph(const graph::Graph& graph, const char* name, std::size_t inputs,
                          std::vector<ConstantPtr>& constants, Attributes& attributes) {
  const std::string text = graph::dump_text(graph, [&](const ConstantPtr& constant) {
    constants.push_back(constant);
    return inputs + constants.size() - 1;
  });
  if (text.size() > kMaxText)
    throw Refusal{str("a branch or loop that is decided in a run takes ", text.size(), " bytes as text; at most ",
                      kMaxText, " are supported")};
  attributes.set(name, text);
}

void Builder::keep_branches(const onnx::GraphProto& holds, const onnx::GraphProto& fails, const onnx::NodeProto& node,
                            TensorId condition) {
  check_outputs(holds, node);
  check_outputs(fails, node);
  if (quoted_ >= kMaxQuoted)
    throw Refusal{str("more than ", kMaxQuoted, " conditions inside each other that are not known at import")};
  std::vector<int> wanted;
  for (int k = 0; k < node.output_size(); ++k)
    if (!node.output(k).empty() && scope_->read->contains(node.output(k))) wanted.push_back(k);
  const std::string node_name = node_name_;
  Boundary boundary;
  const onnx::GraphProto* const sources[] = {&holds, &fails};
  Branch branches[2];
  for (int i : {0, 1}) branches[i] = keep_branch(*sources[i], wanted, boundary);
  if (!branches[0].fails.empty() && !branches[1].fails.empty())
    fail(ErrorCode::invalid_model, "neither of its branches can be: ", branches[0].fails, "; ", branches[1].fails);
  node_name_ = node_name;
  first_fresh_ = graph_->tensor_count();
  named_.clear();
  if (branches[0].refused || branches[1].refused) {
    for (const int k : wanted) bind(node.output(k), kRefused);
    return;
  }

  std::vector<TensorId> inputs{condition};
  inputs.insert(inputs.end(), boundary.captured.begin(), boundary.captured.end());
  Attributes attributes;
  std::vector<OutputType> types(wanted.size());
  std::vector<std::optional<Sequence>> sequences(wanted.size());
  std::vector<ConstantPtr> constants;
  for (int i : {0, 1}) {
    graph::Graph& branch = *branches[i].graph;
    if (!branches[i].fails.empty()) {
      attributes.set(i == 0 ? "then_fails" : "else_fails", branches[i].fails);
      continue;
    }
    for (std::size_t k = branch.inputs().size(); k < boundary.captured.size(); ++k) {  // by the other branch
      const graph::Tensor& tensor = graph_->tensor(boundary.captured[k]);
      const TensorId input = branch.add_input(free_name(tensor_names_, tensor.name), tensor.dtype, tensor.dims);
      branch.tensor(input).ranked = tensor.ranked;
    }
    write_graph(branch, i == 0 ? "then" : "else", inputs.size(), constants, attributes);
    for (std::size_t k = 0; k < wanted.size(); ++k) {
      types[k].add(branch.tensor(branch.outputs()[k].tensor), sources[i]->output(wanted[k]));
      const std::optional<Sequence>& sequence = branches[i].sequences[k];
      if (!sequence) continue;
      if (!sequences[k]) sequences[k] = sequence;
      sequences[k]->type.join(sequence->type);
      sequences[k]->optional |= sequence->optional;
    }
  }
  std::vector<std::int64_t> dtypes;
  for (std::size_t k = 0; k < wanted.size(); ++k) {
    if (types[k].dtype() == DataType::undefined)
      throw Refusal{str("the element type of its output '", node.output(wanted[k]), "' is not known at import")};
    dtypes.push_back(static_cast<std::int64_t>(types[k].dtype()));
    if (types[k].ranked()) attributes.set(str("shape", k), types[k].dims());
  }
  attributes.set("types", std::move(dtypes));
  for (const ConstantPtr& constant : constants) inputs.push_back(add_constant(node_name_ + ".constant", constant));
  first_fresh_ = graph_->tensor_count();
  const std::vector<TensorId> results =
      emit("if", std::move(inputs), std::move(attributes), static_cast<int>(wanted.size()));
  for (std::size_t k = 0; k < wanted.size(); ++k) {
    if (!sequences[k]) {
      bind(node.output(wanted[k]), results[k]);
      continue;
    }
    sequences[k]->packed = results[k];
    bind_sequence(node.output(wanted[k]), *sequences[k]);
  }
}

}  // namespace vireo::importer

#pragma once
// The importer's work in progress: the network under construction, the names in scope, the refusals so far. One Builder
// imports one ModelProto; used from one thread. Its work and memory grow linearly with the number of nodes, copies of
// function bodies included, and are bounded: see the limits in builder.cpp, function.h, scope.cpp and
// branch.cpp.

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "engine/base/deadline.h"
#include "engine/import/onnx/node.h"
#include "engine/import/onnx/repeat.h"
#include "engine/import/onnx/sequence.h"
#include "engine/import/onnx/tensor.h"
#include "engine/import/onnx/topological_sort.h"

namespace onnx {
class FunctionProto;
class GraphProto;
class ModelProto;
class TensorProto;
class TypeProto;
class ValueInfoProto;
}  // namespace onnx

namespace vireo::importer {

/// The value of a name that a refused node would have written.
inline constexpr TensorId kRefused = -2;

using Opsets = std::map<std::string, std::int64_t, std::less<>>;
struct Function;

inline constexpr std::int64_t kMaxNodes = 4'000'000;  ///< copies of function bodies included

/// Between the graph around an If whose condition is not known, or around a Loop, and one of its branches or its body,
/// which has its own graph.
struct Boundary {
  std::unique_ptr<graph::Graph> beyond;     ///< whichever of the two is not being built
  std::size_t own = 0;                      ///< inputs of the graph inside before those that are captured
  std::vector<TensorId> captured;           ///< tensors outside that branches read, in the order of their inputs
  std::map<TensorId, std::size_t> numbers;  ///< where they are in that list
};

/// The names that nodes of one graph (main graph, branch or function body) can read.
struct Scope {
  Scope* parent = nullptr;       ///< a branch sees the names of the graph around it, a function body none
  Boundary* boundary = nullptr;  ///< set: what is found in the parent is captured
  const Opsets* opsets = nullptr;
  const NameSet* read = nullptr;  ///< names that some node or output reads
  std::unordered_map<std::string, TensorId> values;
  std::unordered_map<std::string, onnx::TensorProto*> initializers;  ///< not read yet
  std::unordered_map<std::string, Sequence> sequences;
};

class Builder {
 public:
  Builder(onnx::ModelProto& model, const std::filesystem::path& directory, const Limits& limits = {});
  ~Builder();
  [[nodiscard]] std::unique_ptr<graph::Graph> build();

  // For Node.
  [[nodiscard]] graph::Graph& graph() { return *graph_; }
  [[nodiscard]] const Scope& scope() const { return *scope_; }
  std::vector<TensorId> emit(std::string_view op, std::vector<TensorId> inputs, Attributes attributes, int outputs);
  TensorId add_constant(std::string_view name, ConstantPtr value);
  /// A tensor that is part of a node or a branch; its values are shared by all copies of a function's body.
  [[nodiscard]] ConstantPtr constant_of(const onnx::TensorProto& tensor);
  void bind(const std::string& name, TensorId tensor);
  /// Null when the name is not a sequence (sequence.h).
  [[nodiscard]] const Sequence* find_sequence(const std::string& name);
  void bind_sequence(const std::string& name, Sequence sequence);
  void bind_value(const std::string& name, const Value& value);
  /// The sequence as one tensor, and what is known of its items.
  [[nodiscard]] TensorId packed(const Sequence& sequence);
  [[nodiscard]] ItemType type_of(const Sequence& sequence) const;
  /// The branch of an If, whose values become those of the node's outputs.
  void inline_branch(const onnx::GraphProto& branch, const onnx::NodeProto& node);
  /// A graph that is part of the present node, with these as its inputs; its outputs. Other layers of the node may
  /// follow.
  [[nodiscard]] std::vector<TensorId> inline_body(const onnx::GraphProto& body, const std::vector<TensorId>& inputs);
  /// Both branches of an If, one of which is taken once the condition is known.
  void keep_branches(const onnx::GraphProto& holds, const onnx::GraphProto& fails, const onnx::NodeProto& node,
                     TensorId condition);
  /// The body of a Loop, Scan or SequenceMap as often as it runs where that is known and little, or a layer that
  /// repeats it. Gives what is carried, then the results.
  [[nodiscard]] std::vector<Value> repeat(Node& node, const Repeat& what);

 private:
  using Nodes = std::vector<const onnx::NodeProto*>;
  using Given = std::unordered_map<std::string_view, const onnx::AttributeProto*>;
  class Inside;  ///< one function body or branch further in, for its lifetime
  class Across;  ///< works on the other side of a boundary, for its lifetime
  struct Branch;
  struct Kept;  ///< inside a branch with its own graph, for its lifetime
  struct Body;  ///< of a loop, as a graph
  class BodyReader;
  class Naming;  ///< puts the present node's name back, for its lifetime

  void read_opsets();
  void read_metadata();
  void add_input(const onnx::ValueInfoProto& info);
  [[nodiscard]] std::vector<TensorId> find_outputs();
  void add_outputs(const std::vector<TensorId>& tensors);
  [[nodiscard]] TensorId copy_for_output(TensorId tensor, const std::string& name);
  void report_refusals() const;
  void run(const Nodes& nodes, const std::vector<std::string>& outputs);
  void import_node(const onnx::NodeProto& proto);
  void translate(const onnx::NodeProto& proto, std::int64_t opset, std::vector<TensorId> inputs);
  void refuse(const onnx::NodeProto& proto, std::int64_t opset, const std::vector<TensorId>& inputs,
              const std::string& why);
  /// Null when no scope has the name.
  [[nodiscard]] const TensorId* find(const std::string& name) { return name.empty() ? nullptr : find(*scope_, name); }
  [[nodiscard]] const TensorId* find(Scope& scope, const std::string& name);
  [[nodiscard]] const Sequence* find_sequence(Scope& scope, const std::string& name);
  /// What a name of the present scope means.
  [[nodiscard]] Value value_of(const std::string& name, std::string_view reader);
  /// The value, on this side of the boundary, of a tensor beyond it.
  [[nodiscard]] TensorId capture(Boundary& boundary, TensorId tensor, const std::string& name);
  [[nodiscard]] TensorId lookup(const std::string& name, std::string_view reader);
  [[nodiscard]] std::vector<ConstantPtr> values_of(graph::LayerId layer, bool known);

  void read_functions();
  [[nodiscard]] Function* find_function(const onnx::NodeProto& call, const std::string& domain);
  /// How many nodes a call becomes at least: branches are not counted.
  [[nodiscard]] std::int64_t size_of(Function& function, int depth = 0);
  [[noreturn]] static void fail_too_many();
  void inline_function(Function& function, const onnx::NodeProto& call, const std::vector<TensorId>& inputs);
  void run_body(Function& function, const Given& given);
  /// Reads a branch in its own scope, as far as `outputs` need it.
  void run_branch(const onnx::GraphProto& branch, Scope& scope, const std::vector<std::string>& outputs);
  [[nodiscard]] Branch keep_branch(const onnx::GraphProto& branch, const std::vector<int>& wanted, Boundary& boundary);
  [[nodiscard]] std::optional<std::int64_t> unrolled_trips(const Repeat& what);
  [[nodiscard]] static bool can_unroll(const Repeat& what);
  [[nodiscard]] bool is_little(const Repeat& what, std::int64_t trips);
  [[nodiscard]] bool condition_stays(const onnx::GraphProto& body);
  [[nodiscard]] std::int64_t nodes_of(const onnx::GraphProto& graph, int depth = 0);
  [[nodiscard]] std::vector<Value> unroll(Node& node, const Repeat& what, std::int64_t trips);
  [[nodiscard]] std::vector<Value> keep_loop(Node& node, const Repeat& what);
  [[nodiscard]] Body settled_body(Node& node, const Repeat& what, std::vector<Carried>& carried);
  /// What is carried and a sequence, behind the loop.
  [[nodiscard]] Value sequence_of(const Carried& carried, TensorId tensor);
  /// What is stacked, in the order and along the axis that are asked for.
  [[nodiscard]] TensorId stacked(Node& node, TensorId stack, const Repeat::Result& result);
  /// Puts a graph into an attribute, its large constants after the `inputs` that the layer has already.
  static void write_graph(const graph::Graph& graph, const char* name, std::size_t inputs,
                          std::vector<ConstantPtr>& constants, Attributes& attributes);
  /// What `name` of the scope inside is called outside.
  void give_back(Scope& inside, const std::string& name, const std::string& outer_name, std::string_view reader);

  onnx::ModelProto& model_;
  ExternalData external_;
  base::Deadline deadline_;
  std::unique_ptr<graph::Graph> graph_;
  Opsets opsets_;
  std::map<std::string, std::unique_ptr<Function>, std::less<>> functions_;
  Scope* scope_ = nullptr;
  std::vector<std::string> refusals_;

  /// Names in use, each with the number that was last appended to make another one.
  using Names = std::unordered_map<std::string, std::int64_t>;
  [[nodiscard]] static std::string free_name(Names& taken, std::string_view base);
  Names tensor_names_, layer_names_;

  std::string node_name_;         ///< names of the present node's layers begin with it
  std::int32_t first_fresh_ = 0;  ///< tensors from here on were made for the present node
  std::set<TensorId> named_;      ///< fresh tensors that have their ONNX name already
  bool in_copy_ = false;          ///< the present node is a temporary copy
  std::unordered_map<const onnx::TensorProto*, ConstantPtr> constants_;  ///< of nodes that may be read again

  // What the model has asked for so far.
  int depth_ = 0;                 ///< of functions and branches inside each other
  int kept_ = 0;                  ///< of those, branches with graphs of their own
  int quoted_ = 0;                ///< of those, branches and bodies with graphs of their own
  std::int64_t nodes_ = 0;        ///< translated, copies of function bodies included
  std::int64_t looked_at_ = 0;    ///< nodes of branches and bodies, unused ones included
  std::int64_t tensors_ = 0;      ///< made by layers
  std::int64_t items_ = 0;        ///< of sequences
  std::int64_t unrolled_ = 0;     ///< nodes of loops whose bodies took their place
  std::size_t copied_bytes_ = 0;  ///< of tensors in copies of function bodies
  std::size_t folded_bytes_ = 0, read_to_fold_ = 0;
};

/// Thrown for an impossible node inside a branch that may never be taken.
struct Impossible {
  std::string why;
};

/// "node 'a' (Conv, opset 11)": how messages name a node.
[[nodiscard]] std::string describe(const onnx::NodeProto& proto, std::int64_t opset);
[[nodiscard]] std::string domain_of(const std::string& domain);

}  // namespace vireo::importer

#pragma once
// The importer's work in progress: the network under construction, the names in scope, the refusals so far. One Builder
// imports one ModelProto; used from one thread.

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engine/import/onnx/node.h"
#include "engine/import/onnx/tensor.h"

namespace onnx {
class FunctionProto;
class GraphProto;
class ModelProto;
class TensorProto;
class ValueInfoProto;
}  // namespace onnx

namespace vireo::importer {

/// The value of a name that only a refused node could have given.
inline constexpr TensorId kRefused = -2;

using Opsets = std::map<std::string, std::int64_t, std::less<>>;

/// The names that nodes of one graph (main graph, branch or function body) can read.
struct Scope {
  const Scope* parent = nullptr;  ///< a branch sees the names of the graph around it, a function body nothing
  const Opsets* opsets = nullptr;
  std::map<std::string, TensorId, std::less<>> values;
  std::map<std::string, onnx::TensorProto*, std::less<>> initializers;  ///< not read yet
  std::map<std::string, std::vector<TensorId>, std::less<>> sequences;
  std::set<std::string, std::less<>> read;  ///< names that some node or output reads
};

class Builder {
 public:
  Builder(onnx::ModelProto& model, const std::filesystem::path& directory);
  [[nodiscard]] std::unique_ptr<graph::Graph> build();

  // For Node.
  [[nodiscard]] graph::Graph& graph() { return *graph_; }
  [[nodiscard]] Scope& scope() { return *scope_; }
  [[nodiscard]] ExternalData& external() { return external_; }
  std::vector<TensorId> emit(std::string_view op, std::vector<TensorId> inputs, Attributes attributes, int outputs);
  TensorId add_constant(std::string_view name, ConstantPtr value);
  void bind(const std::string& name, TensorId tensor);
  /// Sequences of known length exist at import only: as the list of their tensors. Null when the name is none.
  [[nodiscard]] const std::vector<TensorId>* find_sequence(const std::string& name) const;
  void bind_sequence(const std::string& name, std::vector<TensorId> items);
  /// The branch of an If, as values of the outputs.
  [[nodiscard]] std::vector<TensorId> inline_branch(const onnx::GraphProto& branch);

 private:
  using Nodes = std::vector<const onnx::NodeProto*>;

  void read_opsets();
  void read_metadata();
  void add_input(const onnx::ValueInfoProto& info);
  void add_outputs();
  void run(const Nodes& nodes, const std::vector<std::string>& outputs);
  void import_node(const onnx::NodeProto& proto);
  void translate(const onnx::NodeProto& proto, std::int64_t opset, std::vector<TensorId> inputs);
  void inline_function(const onnx::FunctionProto& function, const onnx::NodeProto& call,
                       const std::vector<TensorId>& inputs);
  void refuse(const onnx::NodeProto& proto, std::int64_t opset, const std::vector<TensorId>& inputs,
              const std::string& why);
  [[nodiscard]] TensorId lookup(const std::string& name, const std::string& reader);
  [[nodiscard]] std::string free_name(std::set<std::string, std::less<>>& taken, std::string_view base);

  onnx::ModelProto& model_;
  ExternalData external_;
  std::unique_ptr<graph::Graph> graph_;
  Opsets opsets_;
  std::map<std::pair<std::string, std::string>, const onnx::FunctionProto*> functions_;
  Scope* scope_ = nullptr;
  std::vector<std::string> refusals_;
  std::set<std::string, std::less<>> tensor_names_, layer_names_;
  std::string node_name_;             ///< what layers of the node at hand are called
  std::int32_t first_fresh_ = 0;      ///< tensors from here on were made for the node at hand
  std::set<TensorId> named_;          ///< fresh tensors that have their ONNX name already
  int depth_ = 0;                     ///< of functions and branches inside each other
  std::int64_t nodes_ = 0;            ///< translated so far, copies of function bodies included
};

/// "node 'a' (Conv, opset 11)": how messages name a node.
[[nodiscard]] std::string describe(const onnx::NodeProto& proto, std::int64_t opset);

}  // namespace vireo::importer

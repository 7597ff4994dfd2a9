#pragma once
// One ONNX node as its handler sees it: attributes, inputs as tensors of the network under construction, and the means
// to append layers. A handler translates one ONNX operator (all its versions) into layers of ours; what it can't
// translate it refuses, and the importer goes on to find the next refusal. Borrowed for the length of one call.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/graph/graph.h"

namespace onnx {
class NodeProto;
class AttributeProto;
class GraphProto;
}  // namespace onnx

namespace vireo::importer {

using graph::Attributes;
using graph::Constant;
using graph::ConstantPtr;
using graph::kNone;
using graph::TensorId;

class Builder;
struct Sequence;

/// Thrown by handlers through Node::refuse; collected by the importer.
struct Refusal {
  std::string why;
};

class Node {
 public:
  Node(Builder& builder, const onnx::NodeProto& proto, std::int64_t opset, std::vector<TensorId> inputs)
      : builder_(builder), proto_(proto), opset_(opset), inputs_(std::move(inputs)) {}

  [[nodiscard]] std::int64_t opset() const { return opset_; }  ///< version of the node's own domain
  [[nodiscard]] const std::string& op_type() const;
  [[nodiscard]] int input_count() const { return static_cast<int>(inputs_.size()); }
  [[nodiscard]] int output_count() const;
  [[nodiscard]] const std::vector<TensorId>& inputs() const { return inputs_; }
  [[nodiscard]] TensorId optional(int index) const;  ///< kNone when absent
  [[nodiscard]] TensorId input(int index) const;     ///< throws Error(invalid_model) when absent
  [[nodiscard]] bool has_input(int index) const { return optional(index) != kNone; }
  [[nodiscard]] bool wants_output(int index) const;  ///< named, and read by something

  // Attributes; a wrong type throws Error(invalid_model).
  [[nodiscard]] bool has(std::string_view name) const { return find(name) != nullptr; }
  [[nodiscard]] std::int64_t integer(std::string_view name, std::int64_t fallback) const;
  [[nodiscard]] double real(std::string_view name, double fallback) const;
  [[nodiscard]] std::string text(std::string_view name, std::string_view fallback) const;
  [[nodiscard]] std::vector<std::int64_t> integers(std::string_view name) const;
  [[nodiscard]] std::vector<double> reals(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> texts(std::string_view name) const;
  [[nodiscard]] ConstantPtr tensor(std::string_view name) const;  ///< null when absent
  /// Copies an attribute of the node, when it is there, under its own or another name.
  void copy(std::string_view name, Attributes& to, std::string_view as = "") const;
  [[nodiscard]] Attributes copied(std::initializer_list<std::string_view> names) const;

  // What is known of a tensor.
  [[nodiscard]] graph::Graph& graph() const;
  [[nodiscard]] const graph::Tensor& info(TensorId tensor) const { return graph().tensor(tensor); }
  [[nodiscard]] DataType dtype(TensorId tensor) const { return info(tensor).dtype; }
  [[nodiscard]] int rank(TensorId tensor) const;  ///< refuses when unknown
  [[nodiscard]] const Dims& dims(TensorId tensor) const;
  [[nodiscard]] ConstantPtr constant(int index) const;  ///< null when absent or not known
  [[nodiscard]] std::optional<std::vector<std::int64_t>> known_integers(int index) const;
  [[nodiscard]] std::int64_t axis(std::int64_t axis, int rank) const;  ///< [0, rank); throws Error otherwise
  /// The same for an axis of a tensor. Where its rank is not known, one that counts from the front stays what it is
  /// (the layer's rule will look at it); one from the back is refused.
  [[nodiscard]] std::int64_t axis_of(std::int64_t axis, TensorId tensor) const;

  // Building.
  TensorId emit(std::string_view op, std::vector<TensorId> inputs, Attributes attributes = {});
  std::vector<TensorId> emit_many(std::string_view op, std::vector<TensorId> inputs, Attributes attributes,
                                  int outputs);
  TensorId unary(std::string_view function, TensorId x, Attributes attributes = {});
  TensorId binary(std::string_view function, TensorId a, TensorId b);
  TensorId integers_constant(const std::vector<std::int64_t>& values);
  TensorId scalar(double value, DataType dtype);
  TensorId add_constant(ConstantPtr value);
  TensorId reshape(TensorId x, const std::vector<std::int64_t>& shape);  ///< folded when x is a constant
  TensorId cast(TensorId x, DataType dtype);                             ///< x itself when it has that type already
  /// Says that output `index` of the node is `tensor` (a fresh one takes the ONNX name).
  void result(int index, TensorId tensor);
  /// An input that is a sequence; null when it is not one.
  [[nodiscard]] const Sequence* find_sequence(int index) const;
  [[nodiscard]] const Sequence& sequence(int index) const;  ///< refuses when it is not one
  void sequence_result(int index, Sequence sequence);
  /// The graph that an attribute is, null when absent, and its layers with these as its inputs: its outputs.
  [[nodiscard]] const onnx::GraphProto* body(std::string_view name) const;
  std::vector<TensorId> inlined(const onnx::GraphProto& body, const std::vector<TensorId>& inputs);
  /// Where the layers of all outputs are one layer's, in order.
  void results(const std::vector<TensorId>& tensors);
  [[noreturn]] void refuse(const std::string& why) const { throw Refusal{why}; }
  [[noreturn]] void fail(const std::string& why) const;  ///< Error(invalid_model) naming the node
  void require(bool condition, const std::string& why) const {
    if (!condition) fail(why);
  }

  [[nodiscard]] const std::string& proto_output(int index) const;  ///< its name in the file
  [[nodiscard]] const onnx::NodeProto& proto() const { return proto_; }
  [[nodiscard]] Builder& builder() const { return builder_; }

 private:
  [[nodiscard]] const onnx::AttributeProto* find(std::string_view name) const;

  Builder& builder_;
  const onnx::NodeProto& proto_;
  std::int64_t opset_;
  std::vector<TensorId> inputs_;
};

/// Element type of an ONNX TensorProto.DataType number; undefined for those we don't have.
[[nodiscard]] DataType dtype_from_onnx(std::int64_t number);
/// "float16", or "type 17" for those we don't have.
[[nodiscard]] std::string onnx_dtype_name(std::int64_t number);

}  // namespace vireo::importer

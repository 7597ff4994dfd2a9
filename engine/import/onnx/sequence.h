#pragma once
// Sequences of tensors and optional ones while a model is read. Where the number of tensors is known, a sequence is the
// list of them and costs nothing; else it is one tensor of bytes that the operator `sequence` takes apart
// (api/sequence.h). An optional tensor is a sequence of one or none. Plain values.

#include <vector>

#include "engine/graph/graph.h"

namespace onnx {
class TypeProto;
}

namespace vireo::importer {

/// What is known of the tensors of a sequence.
struct ItemType {
  DataType dtype = DataType::undefined;
  bool known = false;   ///< some tensor, or the file, told the extents
  bool ranked = true;   ///< all have one rank
  Dims dims;            ///< kUnknown where they differ
  bool nested = false;  ///< each is a packed sequence of tensors of this type

  /// Of tensors of this type and others. Throws Refusal where element types differ.
  void join(const ItemType& other);
  friend bool operator==(const ItemType&, const ItemType&) = default;
};

struct Sequence {
  std::vector<graph::TensorId> items;
  graph::TensorId packed = graph::kNone;  ///< set: one tensor, and `items` means nothing
  ItemType type;                          ///< of packed and nested ones; of others what is known without their items
  bool optional = false;
};

/// What a name means: a tensor, or a sequence.
struct Value {
  graph::TensorId tensor = graph::kNone;
  Sequence sequence;
  bool is_sequence = false;
};

/// Attributes of a layer `sequence`.
[[nodiscard]] graph::Attributes sequence_function(const char* name);
/// The same for `at` and `concat`, which are told what they give.
[[nodiscard]] graph::Attributes sequence_function(const char* name, const ItemType& given);
/// What the file says of a value that is a sequence or optional; its items are none.
[[nodiscard]] Sequence declared_sequence(const onnx::TypeProto& type);
/// "optional sequence of float32".
[[nodiscard]] std::string describe(const Sequence& sequence, const ItemType& type);

}  // namespace vireo::importer

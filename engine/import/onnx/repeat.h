#pragma once
// A Loop, Scan or SequenceMap, in one form. Borrowed for the length of one call.

#include <string>
#include <string_view>
#include <vector>

#include "engine/import/onnx/sequence.h"

namespace onnx {
class GraphProto;
class ValueInfoProto;
}  // namespace onnx

namespace vireo::importer {

struct Repeat {
  const onnx::GraphProto& body;  ///< inputs: number and condition (counted), what is carried, entries
  bool counted = false;          ///< and its output 0 is the condition
  graph::TensorId trips = graph::kNone, condition = graph::kNone;  ///< kNone: no limit, true
  std::vector<Value> carried;

  /// What each iteration reads a part of: an entry of a tensor along an axis, a tensor of a sequence; or all of it.
  struct Entry {
    Value from;
    std::int64_t axis = 0;
    bool reverse = false, whole = false;
  };
  std::vector<Entry> entries;

  /// What becomes of an output of the body behind those that are carried.
  struct Result {
    bool wanted = true;
    bool sequence = false;  ///< the tensors of all iterations; else they are stacked
    std::int64_t axis = 0;
    bool reverse = false;
  };
  std::vector<Result> results;
};

inline constexpr std::int64_t kMostUnrolled = 512;  ///< iterations
inline constexpr std::string_view kBodyReader = "a loop's body";
/// The name of an input of the body.
[[nodiscard]] std::string name_of(const Repeat& what, std::size_t input);
/// Number and condition are scalars, but in files that say that they have one extent.
[[nodiscard]] Dims number_dims(const onnx::ValueInfoProto& info);

/// What is known of something carried, in all iterations.
struct Carried {
  graph::TensorId initial = graph::kNone;
  bool is_sequence = false, optional = false;
  bool unwrapped = false;  ///< optional before the first iteration only
  ItemType item;           ///< of a sequence
  DataType dtype = DataType::undefined;
  bool ranked = false;
  Dims dims;
};

}  // namespace vireo::importer

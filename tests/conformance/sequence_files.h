#pragma once
// Sequences and optionals in the files of the ONNX project's tests, packed as networks take and give them.

#include <onnx/onnx-data_pb.h>
#include <onnx/onnx_pb.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "engine/api/sequence.h"
#include "engine/base/text.h"
#include "engine/graph/constant.h"

namespace vireo::testing {

inline graph::ConstantPtr packed_value(const std::vector<SequenceItem>& items) {
  const graph::MutableConstant made =
      graph::new_constant(DataType::uint8, {static_cast<std::int64_t>(packed_bytes(items))});
  pack_sequence(items, made.data);
  return made.constant;
}

inline SequenceItem item_of(const onnx::TensorProto& tensor) {
  SequenceItem item{static_cast<DataType>(tensor.data_type()), {tensor.dims().begin(), tensor.dims().end()}, nullptr};
  item.data = tensor.raw_data().data();
  if (tensor.raw_data().size() != byte_count(item.dtype, item.dims))
    base::fail(ErrorCode::unsupported, "a tensor of a sequence that is not stored as bytes");
  return item;
}

inline graph::ConstantPtr packed_value(const onnx::SequenceProto& sequence) {
  std::vector<SequenceItem> items;
  for (const onnx::TensorProto& tensor : sequence.tensor_values()) items.push_back(item_of(tensor));
  return packed_value(items);
}

/// `kind`: what the network's metadata say of the input or output.
inline graph::ConstantPtr read_packed(const std::filesystem::path& path, const std::string& kind) {
  std::ifstream file(path, std::ios::binary);
  if (!kind.starts_with("optional")) {
    onnx::SequenceProto sequence;
    if (!sequence.ParseFromIstream(&file)) base::fail(ErrorCode::unsupported, path.string(), " holds no sequence");
    return packed_value(sequence);
  }
  onnx::OptionalProto optional;
  if (!optional.ParseFromIstream(&file)) base::fail(ErrorCode::unsupported, path.string(), " holds no optional");
  if (optional.has_tensor_value()) return packed_value({item_of(optional.tensor_value())});
  if (!optional.has_sequence_value()) return packed_value(std::vector<SequenceItem>{});
  const graph::ConstantPtr inner = packed_value(optional.sequence_value());
  return packed_value({{inner->dtype, inner->dims, inner->read()}});
}

}  // namespace vireo::testing

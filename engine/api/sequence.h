#pragma once
// Sequences of tensors, and optional ones, as inputs and outputs of a network: one tensor of bytes (uint8, rank 1)
// whose extent grows with them. The metadata "onnx.sequence.NAME" says what the input or output NAME holds, such as
// "sequence of float32". In 64-bit numbers of the machine's byte order: how many tensors there are, and for each its
// element type (DataType), its rank, its extents, and its elements, filled up to a multiple of 8 bytes. What follows
// the last tensor means nothing: the whole is filled up to one of few sizes, so that what was compiled for one serves
// as the sequence grows. An optional tensor is a sequence of one or none; an optional sequence has the packed one as
// its only tensor. Free functions; any thread.

#include <cstddef>
#include <span>
#include <vector>

#include "engine/api/export.h"
#include "engine/api/types.h"

namespace vireo {

/// One tensor of a sequence: dense, row-major, borrowed.
struct SequenceItem {
  DataType dtype = DataType::undefined;
  Dims dims;
  const void* data = nullptr;
};

/// The bytes that the packed sequence takes. Throws Error like byte_count.
[[nodiscard]] VIREO_API std::size_t packed_bytes(std::span<const SequenceItem> items);
/// Packs the tensors into packed_bytes() bytes.
VIREO_API void pack_sequence(std::span<const SequenceItem> items, void* bytes);
/// The tensors of a packed sequence, which lie in it. Throws Error(invalid_argument) where the bytes are not one.
[[nodiscard]] VIREO_API std::vector<SequenceItem> unpack_sequence(const void* bytes, std::size_t size);

}  // namespace vireo

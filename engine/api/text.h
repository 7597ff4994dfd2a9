#pragma once
// Texts as elements of tensors. A tensor of DataType::string holds ids of 64 bits, which stand for texts in one table
// of the process: equal texts have equal ids, and 0 is the empty text, so that zero-filled memory holds empty texts.
// Ids mean nothing in another process: files (plans, network text, TensorProto) hold the texts themselves. A text stays
// in the table for as long as the process lives; how much they may take together is limited. Any thread.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/api/export.h"

namespace vireo {

/// The id of a text of any bytes, the same at every call. Throws Error(out_of_memory) when the table is full.
[[nodiscard]] VIREO_API std::uint64_t text_id(std::string_view text);
/// The text, valid as long as the process. Throws Error(invalid_argument) for a number that no call of text_id gave.
[[nodiscard]] VIREO_API std::string_view text_of(std::uint64_t id);

struct TextTableUse {
  std::uint64_t texts = 0;
  std::uint64_t bytes = 0;
  std::uint64_t max_bytes = 0;
};
[[nodiscard]] VIREO_API TextTableUse text_table_use() noexcept;
/// How many bytes all texts may take together, their entries in the table included: 1 GiB if nothing else is said. What
/// is in the table stays there; a limit below it refuses new texts only.
VIREO_API void text_table_limit(std::uint64_t max_bytes) noexcept;

}  // namespace vireo

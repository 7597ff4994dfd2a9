#include "engine/api/sequence.h"

#include <bit>
#include <cstring>

#include "engine/api/error.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"

namespace vireo {
namespace {

constexpr std::size_t kWord = sizeof(std::int64_t);
constexpr std::size_t kLeast = 64;
constexpr std::int64_t kMostRank = 1024;
constexpr DataType kLastType = DataType::int2;

std::size_t words(std::size_t bytes) { return base::align_up(bytes, kWord); }

/// One of few sizes: four between each power of two and the next.
std::size_t filled_up(std::size_t bytes) {
  if (bytes <= kLeast) return kLeast;
  return base::align_up(bytes, std::bit_floor(bytes - 1) / 4);
}

std::byte* put(std::byte* to, std::int64_t value) {
  std::memcpy(to, &value, kWord);
  return to + kWord;
}

class Reader {
 public:
  Reader(const void* bytes, std::size_t size) : at_(static_cast<const std::byte*>(bytes)), left_(size) {}
  std::int64_t number(std::int64_t most, const char* what) {
    std::int64_t value = 0;
    std::memcpy(&value, take(kWord, what), kWord);
    if (value < 0 || value > most) base::fail(ErrorCode::invalid_argument, "no packed sequence: ", what, " is ", value);
    return value;
  }
  const std::byte* take(std::size_t bytes, const char* what) {
    if (bytes > left_) base::fail(ErrorCode::invalid_argument, "no packed sequence: it ends before ", what);
    const std::byte* const here = at_;
    at_ += bytes;
    left_ -= bytes;
    return here;
  }
  [[nodiscard]] std::size_t left() const { return left_; }

 private:
  const std::byte* at_;
  std::size_t left_;
};

}  // namespace

std::size_t packed_bytes(std::span<const SequenceItem> items) {
  std::size_t bytes = kWord;
  for (const SequenceItem& item : items) {
    bytes = base::checked_sum(bytes, (2 + item.dims.size()) * kWord);
    bytes = base::checked_sum(bytes, words(byte_count(item.dtype, item.dims)));
  }
  return filled_up(bytes);
}

void pack_sequence(std::span<const SequenceItem> items, void* bytes) {
  const std::byte* const end = static_cast<std::byte*>(bytes) + packed_bytes(items);
  std::byte* to = put(static_cast<std::byte*>(bytes), static_cast<std::int64_t>(items.size()));
  for (const SequenceItem& item : items) {
    to = put(to, static_cast<std::int64_t>(item.dtype));
    to = put(to, static_cast<std::int64_t>(item.dims.size()));
    for (const std::int64_t extent : item.dims) to = put(to, extent);
    const std::size_t data = byte_count(item.dtype, item.dims), whole = words(data);
    if (data) std::memcpy(to, item.data, data);
    std::memset(to + data, 0, whole - data);
    to += whole;
  }
  std::memset(to, 0, static_cast<std::size_t>(end - to));
}

std::vector<SequenceItem> unpack_sequence(const void* bytes, std::size_t size) {
  Reader reader(bytes, size);
  const std::int64_t count = reader.number(static_cast<std::int64_t>(size / (2 * kWord)), "the number of its tensors");
  std::vector<SequenceItem> items;
  for (std::int64_t i = 0; i < count; ++i) {
    SequenceItem& item = items.emplace_back();
    item.dtype = static_cast<DataType>(reader.number(static_cast<std::int64_t>(kLastType), "an element type"));
    if (size_of(item.dtype) == 0) base::fail(ErrorCode::invalid_argument, "no packed sequence: an element type");
    const std::int64_t rank = reader.number(kMostRank, "a rank");
    for (std::int64_t axis = 0; axis < rank; ++axis) item.dims.push_back(reader.number(INT64_MAX, "an extent"));
    const std::size_t data = byte_count(item.dtype, item.dims);
    if (data > reader.left()) base::fail(ErrorCode::invalid_argument, "no packed sequence: it ends before an element");
    item.data = reader.take(words(data), "an element");
  }
  return items;
}

}  // namespace vireo

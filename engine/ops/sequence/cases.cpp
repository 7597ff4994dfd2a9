#include <cstring>

#include "engine/api/sequence.h"
#include "engine/ops/cases.h"

namespace vireo::ops {
namespace {

/// The bytes of a packed sequence of a 2x3 and a 1x3 tensor, one by one.
std::vector<double> two_packed(Dims& dims) {
  const std::vector<float> values{1, 2, 3, 4, 5, 6, 7, 8, 9};
  const SequenceItem items[] = {{DataType::float32, {2, 3}, values.data()},
                                {DataType::float32, {1, 3}, values.data() + 6}};
  std::vector<unsigned char> bytes(packed_bytes(items));
  pack_sequence(items, bytes.data());
  dims = {static_cast<std::int64_t>(bytes.size())};
  return {bytes.begin(), bytes.end()};
}

}  // namespace

std::vector<Case> sequence_cases() {
  Dims dims;
  const std::vector<double> two = two_packed(dims);
  const std::vector<DataType> sequence{DataType::uint8}, place{DataType::uint8, DataType::int64},
      insert{DataType::uint8, DataType::float32, DataType::int64}, sizes{DataType::float32, DataType::int64};
  const auto of = [](const char* function) { return std::string(function); };
  const std::string real = "float32";
  return {
      {.name = "none", .inputs = {}, .attributes = attributes({{"function", of("construct")}})},
      {.name = "two", .inputs = {{2, 3}, {0, 1}}, .attributes = attributes({{"function", of("construct")}})},
      {.name = "behind the last",
       .inputs = {dims, {2, 2}},
       .attributes = attributes({{"function", of("insert")}}),
       .dtypes = insert,
       .constants = {{0, two}}},
      {.name = "before the first",
       .inputs = {dims, {}, {}},
       .attributes = attributes({{"function", of("insert")}}),
       .dtypes = insert,
       .constants = {{0, two}, {2, {-2}}}},
      {.name = "without the last",
       .inputs = {dims},
       .attributes = attributes({{"function", of("erase")}}),
       .dtypes = sequence,
       .constants = {{0, two}}},
      {.name = "without the first",
       .inputs = {dims, {1}},
       .attributes = attributes({{"function", of("erase")}}),
       .dtypes = place,
       .constants = {{0, two}, {1, {0}}}},
      {.name = "the last",
       .inputs = {dims, {}},
       .attributes = attributes({{"function", of("at")}, {"dtype", real}}),
       .dtypes = place,
       .constants = {{0, two}, {1, {-1}}}},
      {.name = "the first, of known extents",
       .inputs = {dims, {}},
       .attributes = attributes({{"function", of("at")}, {"dtype", real}, {"shape", Ints{2, 3}}}),
       .dtypes = place,
       .constants = {{0, two}, {1, {0}}}},
      {.name = "length",
       .inputs = {dims},
       .attributes = attributes({{"function", of("length")}}),
       .dtypes = sequence,
       .constants = {{0, two}}},
      {.name = "joined",
       .inputs = {dims},
       .attributes =
           attributes({{"function", of("concat")}, {"axis", std::int64_t{0}}, {"dtype", real}, {"shape", Ints{-1, 3}}}),
       .dtypes = sequence,
       .constants = {{0, two}}},
      {.name = "parts of two",
       .inputs = {{3, 5}, {}},
       .attributes = attributes({{"function", of("split")}, {"axis", std::int64_t{1}}}),
       .dtypes = sizes,
       .constants = {{1, {2}}}},
      {.name = "parts of given sizes",
       .inputs = {{3, 5}, {3}},
       .attributes = attributes({{"function", of("split")}, {"axis", std::int64_t{-1}}}),
       .dtypes = sizes,
       .constants = {{1, {2, 0, 3}}}},
      {.name = "single entries",
       .inputs = {{3, 5}},
       .attributes = attributes({{"function", of("split")}, {"keepdims", std::int64_t{0}}})},
  };
}

}  // namespace vireo::ops

#include "engine/api/sequence.h"

#include <gtest/gtest.h>

#include <cstring>

#include "engine/api/error.h"

namespace vireo {
namespace {

TEST(Sequence, EveryElementTypeComesBackAsItWasPacked) {
  for (int number = 1; number < 32; ++number) {
    const auto dtype = static_cast<DataType>(number);
    if (size_of(dtype) == 0) continue;
    SCOPED_TRACE(to_string(dtype));
    std::vector<std::byte> data(3 * size_of(dtype), std::byte{5});
    const std::vector<SequenceItem> items{{dtype, {3, 1}, data.data()}, {dtype, {0}, nullptr}};
    std::vector<std::byte> packed(packed_bytes(items));
    pack_sequence(items, packed.data());
    const std::vector<SequenceItem> found = unpack_sequence(packed.data(), packed.size());
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found[0].dtype, dtype);
    EXPECT_EQ(found[0].dims, items[0].dims);
    EXPECT_EQ(std::memcmp(found[0].data, data.data(), data.size()), 0);
    EXPECT_EQ(found[1].dims, items[1].dims);
  }
}

TEST(Sequence, BytesOfAnotherTypeThanThoseKnownAreNoSequence) {
  const float value = 1;
  const std::vector<SequenceItem> items{{DataType::float32, {1}, &value}};
  std::vector<std::byte> packed(packed_bytes(items));
  for (const std::int64_t type : {0, 14, 15, 27, -1}) {
    pack_sequence(items, packed.data());
    std::memcpy(packed.data() + 8, &type, 8);
    EXPECT_THROW((void)unpack_sequence(packed.data(), packed.size()), Error) << type;
  }
}

}  // namespace
}  // namespace vireo

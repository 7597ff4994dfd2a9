// Narrow elements: the numbers that they hold, what numbers become of them, and how they share bytes in files.
#include "engine/base/narrow.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace vireo::base {
namespace {

constexpr DataType kFloats[] = {DataType::float8e4m3fn,   DataType::float8e4m3fnuz, DataType::float8e5m2,
                                DataType::float8e5m2fnuz, DataType::float4e2m1,     DataType::float8e8m0};

TEST(Narrow, EveryPatternOfEveryFloatComesBack) {
  for (const DataType type : kFloats)
    for (int bits = 0; bits < (type == DataType::float4e2m1 ? 16 : 256); ++bits) {
      const float value = narrow_value(type, static_cast<std::uint8_t>(bits));
      const std::uint8_t back = narrow_bits(type, static_cast<double>(value), Overflow::is_special);
      if (std::isnan(value)) EXPECT_TRUE(std::isnan(narrow_value(type, back))) << to_string(type) << ' ' << bits;
      else if (type != DataType::float8e8m0 || bits > 0) EXPECT_EQ(back, bits) << to_string(type) << ' ' << value;
    }
}

TEST(Narrow, PatternsHaveTheNumbersOfTheirFormats) {
  EXPECT_EQ(narrow_value(DataType::float8e4m3fn, 0x7e), 448);
  EXPECT_EQ(narrow_value(DataType::float8e4m3fn, 0x01), 0x1p-9f);
  EXPECT_EQ(narrow_value(DataType::float8e4m3fn, 0xb8), -1);
  EXPECT_TRUE(std::isnan(narrow_value(DataType::float8e4m3fn, 0xff)));
  EXPECT_EQ(narrow_value(DataType::float8e4m3fnuz, 0x7f), 240);
  EXPECT_EQ(narrow_value(DataType::float8e4m3fnuz, 0x40), 1);
  EXPECT_TRUE(std::isnan(narrow_value(DataType::float8e4m3fnuz, 0x80)));
  EXPECT_EQ(narrow_value(DataType::float8e5m2, 0x7b), 57344);
  EXPECT_EQ(narrow_value(DataType::float8e5m2, 0xfc), -std::numeric_limits<float>::infinity());
  EXPECT_EQ(narrow_value(DataType::float8e5m2fnuz, 0x7f), 57344);
  EXPECT_EQ(narrow_value(DataType::float8e8m0, 0), 0x1p-127f);
  EXPECT_EQ(narrow_value(DataType::float8e8m0, 130), 8);
  const float values[] = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};
  for (std::uint8_t i = 0; i < 8; ++i) {
    EXPECT_EQ(narrow_value(DataType::float4e2m1, i), values[i]);
    EXPECT_EQ(narrow_value(DataType::float4e2m1, i | 8), -values[i]);
  }
}

TEST(Narrow, NumbersAreRoundedToEvenAndWhatIsTooLargeSaturatesOrIsSpecial) {
  const auto value = [](DataType type, double x, Overflow overflow = Overflow::saturates) {
    return narrow_value(type, narrow_bits(type, x, overflow));
  };
  EXPECT_EQ(value(DataType::float8e4m3fn, 17), 16);
  EXPECT_EQ(value(DataType::float8e4m3fn, 19), 20);
  EXPECT_EQ(value(DataType::float8e4m3fn, 463.9), 448);
  EXPECT_EQ(value(DataType::float8e4m3fn, -1e9), -448);
  EXPECT_EQ(value(DataType::float8e4m3fn, 464, Overflow::is_special), 448);  // a tie, to even
  EXPECT_TRUE(std::isnan(value(DataType::float8e4m3fn, 465, Overflow::is_special)));
  EXPECT_EQ(value(DataType::float8e4m3fn, 0x1p-10), 0);
  EXPECT_EQ(value(DataType::float8e4m3fn, 0x1.8p-9), 0x1p-8f);
  EXPECT_EQ(narrow_bits(DataType::float8e4m3fn, -0.0), 0x80);
  EXPECT_EQ(narrow_bits(DataType::float8e4m3fnuz, -0.0), 0);
  EXPECT_EQ(value(DataType::float8e5m2, 1e9), 57344);
  EXPECT_EQ(value(DataType::float8e5m2, 1e9, Overflow::is_special), std::numeric_limits<float>::infinity());
  EXPECT_EQ(value(DataType::float8e5m2, std::numeric_limits<double>::infinity()), 57344);
  EXPECT_EQ(value(DataType::float4e2m1, 100), 6);
  EXPECT_EQ(value(DataType::float4e2m1, 2.5), 2);
  EXPECT_EQ(value(DataType::float4e2m1, -0.25), 0);
}

TEST(Narrow, PowersAreRoundedAsAsked) {
  const auto power = [](double x, PowerRounding rounding) {
    return narrow_value(DataType::float8e8m0, narrow_bits(DataType::float8e8m0, x, Overflow::saturates, rounding));
  };
  EXPECT_EQ(power(5, PowerRounding::up), 8);
  EXPECT_EQ(power(5, PowerRounding::down), 4);
  EXPECT_EQ(power(5, PowerRounding::nearest), 4);
  EXPECT_EQ(power(6, PowerRounding::nearest), 8);
  EXPECT_EQ(power(4, PowerRounding::up), 4);
  EXPECT_EQ(power(3e38, PowerRounding::up), 0x1p127f);
}

TEST(Narrow, IntegersKeepTheirLowBits) {
  EXPECT_EQ(narrow_value(DataType::int4, narrow_bits(DataType::int4, 9)), -7);
  EXPECT_EQ(narrow_value(DataType::int4, narrow_bits(DataType::int4, -1.9)), -1);
  EXPECT_EQ(narrow_value(DataType::uint4, narrow_bits(DataType::uint4, 17)), 1);
  EXPECT_EQ(narrow_value(DataType::uint4, narrow_bits(DataType::uint4, -1)), 15);
  EXPECT_EQ(narrow_value(DataType::int2, narrow_bits(DataType::int2, 2)), -2);
  EXPECT_EQ(narrow_value(DataType::uint2, narrow_bits(DataType::uint2, 7)), 3);
  EXPECT_EQ(narrow_bits(DataType::int4, std::nan("")), 0);
  EXPECT_EQ(narrow_bits(DataType::int4, 1e300), 0);
}

TEST(Narrow, FilesHoldSeveralElementsInAByteTheLowestBitsFirst) {
  const auto round_trip = [](DataType type, const std::vector<int>& values, const std::vector<int>& bytes) {
    std::vector<std::byte> elements, packed(file_bytes(type, values.size())), back(values.size());
    for (const int v : values) elements.push_back(static_cast<std::byte>(v));
    pack_narrow(type, elements.data(), elements.size(), packed.data());
    std::vector<int> found;
    for (const std::byte b : packed) found.push_back(std::to_integer<int>(b));
    EXPECT_EQ(found, bytes) << to_string(type);
    unpack_narrow(type, packed.data(), back.size(), back.data());
    EXPECT_EQ(back, elements) << to_string(type);
  };
  round_trip(DataType::int4, {1, -2, 7}, {0xe1, 0x07});
  round_trip(DataType::uint4, {1, 15, 8, 0}, {0xf1, 0x08});
  round_trip(DataType::float4e2m1, {3, 12}, {0xc3});
  round_trip(DataType::int2, {1, -2, -1, 0, 1}, {0x39, 0x01});
  round_trip(DataType::uint2, {3, 0, 2, 1}, {0x63});
  EXPECT_EQ(file_bytes(DataType::float8e5m2, 5), 5u);
  EXPECT_EQ(file_bytes(DataType::float32, 5), 20u);
}

}  // namespace
}  // namespace vireo::base

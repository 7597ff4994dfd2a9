// float16 and bfloat16 to float and back.

#include "engine/api/half.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace vireo {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(Half, every_number_comes_back) {
  for (std::uint32_t i = 0; i < 0x10000; ++i) {
    const auto bits = static_cast<std::uint16_t>(i);
    const float value = half_to_float(bits), wide = bfloat16_to_float(bits);
    if (std::isnan(value)) EXPECT_TRUE(std::isnan(half_to_float(half_from_float(value)))) << i;
    else EXPECT_EQ(half_from_float(value), bits);
    if (std::isnan(wide)) EXPECT_TRUE(std::isnan(bfloat16_to_float(bfloat16_from_float(wide)))) << i;
    else EXPECT_EQ(bfloat16_from_float(wide), bits);
  }
}

TEST(Half, is_what_ieee_754_says) {
  EXPECT_EQ(half_to_float(0x3c00), 1.0f);
  EXPECT_EQ(half_to_float(0xc000), -2.0f);
  EXPECT_EQ(half_to_float(0x7bff), 65504.0f);
  EXPECT_EQ(half_to_float(0x0400), 0x1p-14f);
  EXPECT_EQ(half_to_float(0x0001), 0x1p-24f);
  EXPECT_EQ(half_to_float(0x7c00), kInfinity);
  EXPECT_TRUE(std::signbit(half_to_float(0x8000)));
  EXPECT_EQ(bfloat16_to_float(0x3f80), 1.0f);
  EXPECT_EQ(bfloat16_to_float(0xff80), -kInfinity);
}

TEST(Half, rounds_to_nearest_and_ties_to_even) {
  // Between each pair of neighbours: below, at and above the middle.
  for (std::uint16_t bits = 0; bits < 0x7bff; ++bits) {
    const auto next = static_cast<std::uint16_t>(bits + 1);
    const float middle = (half_to_float(bits) + half_to_float(next)) / 2;
    EXPECT_EQ(half_from_float(std::nextafter(middle, 0.0f)), bits);
    EXPECT_EQ(half_from_float(middle), bits % 2 == 0 ? bits : next);
    EXPECT_EQ(half_from_float(-middle), (bits % 2 == 0 ? bits : next) | 0x8000);
    EXPECT_EQ(half_from_float(std::nextafter(middle, kInfinity)), next);
  }
  EXPECT_EQ(half_from_float(65519.996f), 0x7bff);
  EXPECT_EQ(half_from_float(65520.0f), 0x7c00);
  EXPECT_EQ(half_from_float(0x1p-25f), 0x0000);
  for (std::uint16_t bits = 1; bits < 0x7f7f; ++bits) {
    const auto next = static_cast<std::uint16_t>(bits + 1);
    const auto middle = std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16 | 0x8000u);
    EXPECT_EQ(bfloat16_from_float(std::nextafter(middle, 0.0f)), bits);
    EXPECT_EQ(bfloat16_from_float(middle), bits % 2 == 0 ? bits : next);
    EXPECT_EQ(bfloat16_from_float(std::nextafter(middle, kInfinity)), next);
  }
  EXPECT_EQ(bfloat16_from_float(std::numeric_limits<float>::max()), 0x7f80);
}

}  // namespace
}  // namespace vireo

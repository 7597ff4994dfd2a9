// The scalar forms of the activation functions against the vector forms on the portable vectors; the other instruction
// sets run them inside the kernels of dense_kernels_test.

#include <gtest/gtest.h>

#include <cmath>
#include <utility>

#include "engine/ops/shared/activation_simd.h"
#include "engine/simd/portable.h"

namespace {

using namespace vireo;
using V = simd::portable::V;

const char* kNames[] = {"relu",       "leaky_relu", "clip", "sigmoid",  "silu",     "hard_sigmoid",
                        "hard_swish", "mish",       "tanh", "erf",      "gelu",     "gelu_tanh",
                        "elu",        "celu",       "selu", "softplus", "softsign", "thresholded_relu"};

TEST(ActivationFunctions, vector_forms_stay_within_the_stated_error) {
  for (const char* name : kNames) {
    ops::ActivationSpec spec;
    ASSERT_TRUE(ops::activation_from(name, spec));
    ops::visit_activation(spec.kind, [&]<ops::Activation kKind>() {
      for (double x = -110; x < 110; x += std::fabs(x) < 3 ? 0.0037 : 0.113) {
        const auto value = static_cast<float>(x);
        float out[4];
        ops::activate<kKind>(V::set(value), V::set(spec.alpha), V::set(spec.beta)).store(out);
        const double expected = ops::apply(spec, value);
        ASSERT_NEAR(out[0], expected, std::max(3e-7 * std::fabs(expected), 2e-7 * std::max(1.0, std::fabs(x))))
            << name << " of " << value;
      }
    });
  }
}

TEST(ActivationFunctions, gelu_of_looked_up_pieces_stays_within_the_stated_error) {
  for (const auto& [name, pieces] : {std::pair("gelu", &simd::kHalfErf), {"gelu_tanh", &simd::kHalfTanh}}) {
    ops::ActivationSpec spec;
    ASSERT_TRUE(ops::activation_from(name, spec));
    for (double x = -110; x < 110; x += std::fabs(x) < 6 ? 0.00037 : 0.113) {
      const auto value = static_cast<float>(x);
      float out[4];
      simd::times_distribution(V::set(value), *pieces).store(out);
      const double expected = ops::apply(spec, value);
      ASSERT_NEAR(out[0], expected, 2e-7 * std::fabs(x)) << name << " of " << value;
    }
    float out[4];
    simd::times_distribution(V::set(NAN), *pieces).store(out);
    EXPECT_TRUE(std::isnan(out[3])) << name;
    simd::times_distribution(V::set(INFINITY), *pieces).store(out);
    EXPECT_EQ(out[0], INFINITY) << name;
  }
}

TEST(ActivationFunctions, not_a_number_stays_not_a_number) {
  for (const char* name : kNames) {
    ops::ActivationSpec spec;
    ASSERT_TRUE(ops::activation_from(name, spec));
    if (spec.kind == ops::Activation::thresholded_relu) continue;
    ops::visit_activation(spec.kind, [&]<ops::Activation kKind>() {
      float out[4];
      ops::activate<kKind>(V::set(NAN), V::set(spec.alpha), V::set(spec.beta)).store(out);
      EXPECT_TRUE(std::isnan(out[0])) << name;
    });
  }
}

TEST(ActivationFunctions, an_unknown_name_is_refused) {
  ops::ActivationSpec spec;
  EXPECT_FALSE(ops::activation_from("relu7", spec));
}

TEST(Exponential, of_what_is_not_positive_stays_within_three_ulp) {
  float out[4];
  for (double x = 0; x > -87; x -= x > -3 ? 0.0037 : 0.0113) {
    const auto value = static_cast<float>(x);
    simd::exp_negative(V::set(value)).store(out);
    const double expected = std::exp(static_cast<double>(value));
    ASSERT_NEAR(out[0], expected, 3 * 1.2e-7 * expected) << value;
  }
  simd::exp_negative(V::set(-INFINITY)).store(out);
  EXPECT_LT(out[0], 2e-38f);
  simd::exp_negative(V::set(NAN)).store(out);
  EXPECT_TRUE(std::isnan(out[0]));
}

TEST(Logarithm, is_exact_at_the_edges) {
  float out[4];
  simd::log(V::set(0.0f)).store(out);
  EXPECT_TRUE(std::isinf(out[0]) && out[0] < 0);
  simd::log(V::set(-1.0f)).store(out);
  EXPECT_TRUE(std::isnan(out[0]));
  simd::log(V::set(1.0f)).store(out);
  EXPECT_EQ(out[0], 0.0f);
}

}  // namespace

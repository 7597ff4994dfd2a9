#pragma once
// Masks of instance segmentation (YOLACT, Bolya et al., 2019, arXiv:1904.02689): each object brings coefficients, the
// frame prototypes; the mask is the sigmoid of their sum, cut to the object's box. Pure function.

#include "plugins/decode/shared.h"

namespace vireo::decode {

/// Prototypes [count, height, width] over the whole input.
struct Prototypes {
  const float* data = nullptr;
  int count = 0, width = 0, height = 0;
};

/// From the tensor of one image; throws Error(invalid_argument) where it is no [count, H, W].
[[nodiscard]] Prototypes prototypes_of(std::string_view family, const sdk::TensorView& tensor, int count,
                                       std::vector<float>& scratch);

/// The mask of the upright box: the prototype cells that it touches. Coefficient k is coefficients[k * step].
[[nodiscard]] sdk::Mask mask_of(const Prototypes& prototypes, const float* coefficients, std::size_t step,
                                const Box& box, const sdk::Geometry& geometry);

}  // namespace vireo::decode

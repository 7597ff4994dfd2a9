#pragma once
// stft: reference and tactics.

#include "engine/ops/shared/fourier.h"

namespace vireo::ops {

void stft_reference(const EvalContext&);
[[nodiscard]] std::span<const Tactic> stft_tactics();

}  // namespace vireo::ops

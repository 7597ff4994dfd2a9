#pragma once
// VIREO_INLINE: for functions that must become part of the kernel that calls them, however large it is. Everything in
// engine/simd is inlined, so no out-of-line copy compiled for a newer instruction set can reach older processors.

#define VIREO_INLINE [[gnu::always_inline]] inline

namespace vireo::simd {
/// Built with a sanitizer: kernels then unroll less, or compiling their checked loads takes minutes.
#if defined(VIREO_INSTRUMENTED)
inline constexpr bool kInstrumented = true;
#else
inline constexpr bool kInstrumented = false;
#endif
}  // namespace vireo::simd

#pragma once
// VIREO_INLINE: for functions that must become part of the kernel that calls them, whatever its size. Everything in
// engine/simd is inlined, so no out-of-line copy compiled for a newer instruction set can reach older processors.

#define VIREO_INLINE [[gnu::always_inline]] inline

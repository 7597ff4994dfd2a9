#pragma once
// What this processor can do, and what VIREO_FORCE_KERNEL, read once, restricts it to: words separated by commas.
// scalar, avx2 or avx512 lowers what the engine may use; other words are names of tactics, * for any text: a layer that
// takes one of those uses no other (engine/compile/kernel_override.h).

#include <cstddef>
#include <string>
#include <vector>

namespace vireo::base {

struct CpuFeatures {
  bool avx2 = false;    ///< with FMA and F16C
  bool avx512 = false;  ///< F, BW, DQ, VL
  bool avx512_vnni = false;
  bool avx512_bf16 = false;
  bool avx512_fp16 = false;
  bool amx_int8 = false;
  bool amx_bf16 = false;
};

/// What is left by VIREO_FORCE_KERNEL. Throws Error when that can't be read.
[[nodiscard]] const CpuFeatures& cpu_features();
/// The tactics that VIREO_FORCE_KERNEL names; `reference` is one. This layer can't know whether they exist.
[[nodiscard]] const std::vector<std::string>& forced_tactics();
[[nodiscard]] const std::string& cpu_name();           ///< maker's model name
[[nodiscard]] std::size_t second_level_cache_bytes();  ///< of one core; 512 KiB where the system doesn't say
[[nodiscard]] int available_cores();                   ///< those this process may run on
[[nodiscard]] std::vector<std::string> feature_names(const CpuFeatures& features);

}  // namespace vireo::base

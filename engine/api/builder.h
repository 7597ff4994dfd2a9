#pragma once
// Building: network in, plan out. One call, any thread; it uses `threads` cores while it times tactics.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/api/export.h"
#include "engine/api/network.h"
#include "engine/api/plan.h"
#include "engine/api/timing_cache.h"

namespace vireo {

/// The shapes one dynamic input may take: every extent between min and max, tuned for opt.
struct ShapeRange {
  std::string input;
  Dims min, opt, max;
};
using Profile = std::vector<ShapeRange>;

struct BuildOptions {
  std::vector<std::string> devices{"cpu"};  ///< the plan gets a section for each
  /// bf16: convolutions with constant weights, gemm and matmul may round their two operands to bfloat16 (to nearest
  /// even) and sum the products in float32, where timing finds that faster. Biases, residuals, all other layers and
  /// every tensor between layers stay float32. Without such instructions (AVX-512 BF16) the engine computes in float32,
  /// and a warning says so. fp16: on devices beyond the CPU layers keep and read tensors of float16 where there is a
  /// kernel for that and their constants fit; inputs and outputs of the network stay as they are. A CPU's section is
  /// float32 then. Throws Error(unsupported) for others, and for fp16 where the CPU is the only device.
  Precision precision = Precision::fp32;
  std::uint64_t max_workspace = 0;  ///< bytes of scratch a context may use beside its activations; 0: no limit
  std::vector<Profile> profiles;
  /// Seconds of tactic timing, for all profiles together; 0: heuristics only. Plan kernels (one kernel for the whole
  /// network, on some GPUs, for small batches) are tried where the compilation of all of them is expected to take at
  /// most six times as long (five seconds where that is more): half a minute for a detector.
  double budget_s = 10;
  std::filesystem::path timing_cache;  ///< readable file of earlier timings; read and extended when not empty
  TimingCache* timings = nullptr;      ///< borrowed; the same without a file
  /// Packed weights go into the plan, not only the weights themselves: it loads fastest, and is about twice as large or
  /// more.
  bool keep_packed = false;
  /// Leaves out the weights that the device does not read itself, because it reads packed ones: with keep_packed the
  /// smallest plan that loads fastest. Other devices, and other instruction sets, can't run it then. build() throws
  /// Error(unsupported) for networks whose shapes are not known, which may need any weight.
  bool strip = false;
  bool exact = false;  ///< only tactics with the reference's arithmetic (no Winograd); not with bf16
  std::vector<std::string> disabled_passes;
  int threads = 0;  ///< 0: all cores
  Limits limits;    ///< of what the network may ask for, at this build; build() throws where it asks for more
};

/// Told from the building thread, several times a second. Return false to cancel: build() then throws Error(cancelled).
/// What a device's compiler works on then is left to itself (compilers_at_work()).
using Progress = std::function<bool(std::string_view stage, double fraction)>;

/// Optimises, times and packs the network. Throws Error; never returns an invalid plan.
[[nodiscard]] VIREO_API Plan build(const Network& network, const BuildOptions& options = {},
                                   const Progress& progress = {});
/// The same, taking the network: its weights leave memory as soon as they are packed. Large ones wait in nameless files
/// of /var/tmp, where that has room, for other shapes and for saving.
[[nodiscard]] VIREO_API Plan build(Network&& network, const BuildOptions& options = {}, const Progress& progress = {});

}  // namespace vireo

#pragma once
// Kernels as the planner and the runtime see them. A tactic is one way to compute a layer on one kind of device;
// prepare() does everything that can be done once (packing weights, choosing tiles) and returns a Launch of the
// device's own kind: on the CPU phases of independent tiles (device/cpu/launch.h).

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/api/types.h"
#include "engine/device/cpu/launch.h"
#include "engine/device/target.h"
#include "engine/graph/attributes.h"
#include "engine/graph/constant.h"

namespace vireo::graph {

struct Operator;
class PackedWeights;

/// A tensor of a problem. `pitch` is the distance, in elements, between consecutive rows of the innermost axis:
/// dims.back() when dense; larger when the tensor is a slice of the innermost axis of a wider one (concat and split
/// without copies).
struct Desc {
  DataType dtype = DataType::undefined;  ///< undefined: absent optional input
  Dims dims;
  std::int64_t pitch = 0;
  ConstantPtr constant;  ///< value known at build time
  std::int32_t alignment = 64;  ///< bytes: its address is a multiple of that; 64 at most
  [[nodiscard]] bool present() const { return dtype != DataType::undefined; }
  [[nodiscard]] bool dense() const { return dims.empty() || pitch == dims.back(); }
  [[nodiscard]] std::int64_t count() const { return element_count(dims); }
};

/// One layer with everything static: what tactics accept or refuse, and what the timing cache is keyed by.
struct Problem {
  const Operator* op = nullptr;
  const Attributes* attributes = nullptr;  ///< borrowed from the layer
  std::vector<Desc> inputs, outputs;
  const device::Target* target = &device::host_target();  ///< borrowed; what it will run on
  int workers = 1;  ///< how many workers will share the tiles: not more than the target has
  PackedWeights* packs =
      nullptr;  ///< borrowed; where packed weights are shared (packed_weights.h). Null: each launch packs its own
  /// Text that is equal for problems that cost the same: op, attributes, dtypes, dims, pitches; not the weights'
  /// values.
  [[nodiscard]] std::string key() const;
};

using device::CpuLaunch;
using device::Launch;
using device::Phase;
using device::RowRole;
using device::Rows;
using device::TileArgs;
using device::TileFunction;

/// What a tactic needs of the processor. Higher values include the lower ones.
enum class Isa : std::uint8_t { scalar, avx2, avx512, avx512_vnni, avx512_bf16, amx_bf16 };
[[nodiscard]] std::string_view name_of(Isa isa);
[[nodiscard]] bool runs_on(Isa isa, const base::CpuFeatures& features);

struct Tactic {
  std::string_view name;  ///< unique within the operator, e.g. "conv_direct_avx512"
  Isa isa = Isa::scalar;
  Precision arithmetic = Precision::fp32;  ///< of the products; less than float32 only where the build permits it
  bool exact = true;  ///< false: changes arithmetic beyond the order of summation (Winograd, reduced precision)
  /// Why not, or empty for yes. Total and cheap; needn't check device and isa.
  std::string (*refuse)(const Problem&) = nullptr;
  /// Where exact is false: why its error, measured with this layer's own constants, is too large; empty for yes. Called
  /// only for accepted problems, and only for what may be chosen: it may cost milliseconds. Null: always admitted.
  std::string (*admit)(const Problem&) = nullptr;
  /// Called only for accepted problems. May allocate and throw.
  Launch (*prepare)(const Problem&) = nullptr;
  std::string_view device = "cpu";  ///< the kind of target that it runs on (Target::kind)
  /// Which of its tensors a launch (an accepted problem's) can have row by row; null: neither. See Rows.
  RowRole (*rows)(const Problem&) = nullptr;
  /// Predicted seconds, to decide which candidates are worth timing and to choose without timing; null: rely on the
  /// order.
  double (*predict)(const Problem&) = nullptr;
};

}  // namespace vireo::graph

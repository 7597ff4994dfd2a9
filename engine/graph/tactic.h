#pragma once
// Kernels as the planner and the runtime see them. A tactic is one way to compute a layer on one device; prepare() does
// everything that can be done once (packing weights, choosing tiles) and returns a Launch: phases of independent tiles.
// The body of a tile is a pure function of (state, tile, pointers, scratch): it allocates nothing, starts no thread,
// throws nothing, and knows no graph. Workers call it concurrently for different tiles of the same phase; between two
// phases all workers meet.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/api/types.h"
#include "engine/base/cpu.h"
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
  [[nodiscard]] bool present() const { return dtype != DataType::undefined; }
  [[nodiscard]] bool dense() const { return dims.empty() || pitch == dims.back(); }
  [[nodiscard]] std::int64_t count() const { return element_count(dims); }
};

/// One layer with everything static: what tactics accept or refuse, and what the timing cache is keyed by.
struct Problem {
  const Operator* op = nullptr;
  const Attributes* attributes = nullptr;  ///< borrowed from the layer
  std::vector<Desc> inputs, outputs;
  int workers = 1;  ///< how many workers will share the tiles
  PackedWeights* packs =
      nullptr;  ///< borrowed; where packed weights are shared (packs.h). Null: each launch packs its own
  /// Text that is equal for problems that cost the same: op, attributes, dtypes, dims, pitches; not the weights'
  /// values.
  [[nodiscard]] std::string key() const;
};

struct TileArgs {
  const void* state;                ///< Launch::state
  const void* const* inputs;        ///< one per problem input; null for absent ones; constants included
  void* const* outputs;             ///< one per problem output
  std::byte* scratch;               ///< Launch::scratch_bytes, this worker's own, 64-byte aligned, contents undefined
  std::byte* workspace;             ///< Launch::workspace_bytes, shared by all tiles and phases of this step
  std::int64_t tile;                ///< 0 <= tile < Phase::tiles
  std::atomic<const char*>* fault;  ///< where to park a static message when the data make the result impossible
};
using TileFunction = void (*)(const TileArgs&) noexcept;

struct Phase {
  TileFunction run = nullptr;
  std::int64_t tiles = 0;
};

/// A way to compute a launch row by row, so that several layers can pass rows on while they are in cache
/// (engine/compile/depth_first.h). A row is one entry of the spatial row axis of one image: all its pixels and
/// channels. The pointers of input 0 and of the output may be virtual: only the rows asked for, and those they read,
/// exist. Rows of all other inputs that are as large as the output are at their absolute place.
struct Rows {
  /// Computes rows [begin, end) of the output's image n; args.tile means nothing, args.state is Rows::state.
  void (*run)(const TileArgs& args, std::int64_t n, std::int64_t begin, std::int64_t end) noexcept = nullptr;
  std::shared_ptr<const void> state;
  std::size_t scratch_bytes = 0;
  std::int64_t count = 0;  ///< rows of an image
  /// Row r reads rows r * stride - before … r * stride - before + window - 1 of input 0, as far as they exist.
  std::int64_t stride = 1, before = 0, window = 1;
};

/// `takes`: input 0 may be virtual; `gives`: the output may be.
struct RowRole {
  bool takes = false, gives = false;
};

struct Launch {
  std::vector<Phase> phases;
  std::shared_ptr<const void> state;  ///< packed weights, sizes, strides: immutable, shared by contexts
  std::size_t state_bytes = 0;        ///< its size, for reports
  std::size_t scratch_bytes = 0;      ///< for each worker
  std::size_t workspace_bytes = 0;    ///< for each context
  std::uint64_t unread_inputs = 0;    ///< bit k: tiles never read input k (its value is packed in the state)
  Rows rows;                          ///< set where Tactic::rows says so
};

/// What a tactic needs of the processor. Higher values include the lower ones.
enum class Isa : std::uint8_t { scalar, avx2, avx512, avx512_vnni, avx512_bf16, amx_bf16 };
[[nodiscard]] std::string_view name_of(Isa isa);
[[nodiscard]] bool runs_on(Isa isa, const base::CpuFeatures& features);

struct Tactic {
  std::string_view name;  ///< unique within the operator, e.g. "conv2d_direct_avx512"
  Isa isa = Isa::scalar;
  Precision arithmetic = Precision::fp32;  ///< of the products; less than float32 only where the build permits it
  bool exact = true;  ///< false: changes arithmetic beyond the order of summation (Winograd, reduced precision)
  /// Why not, or empty for yes. Total and cheap; needn't check isa.
  std::string (*refuse)(const Problem&) = nullptr;
  /// Where exact is false: why its error, measured with this layer's own constants, is too large; empty for yes. Called
  /// only for accepted problems, and only for what may be chosen: it may cost milliseconds. Null: always admitted.
  std::string (*admit)(const Problem&) = nullptr;
  /// Called only for accepted problems. May allocate and throw.
  Launch (*prepare)(const Problem&) = nullptr;
  std::string_view device = "cpu";
  /// Which of its tensors a launch (an accepted problem's) can have row by row; null: neither. See Rows.
  RowRole (*rows)(const Problem&) = nullptr;
  /// Predicted seconds, to decide which candidates are worth timing and to choose without timing; null: rely on the
  /// order.
  double (*predict)(const Problem&) = nullptr;
};

}  // namespace vireo::graph

#pragma once
// A rest that follows the extents that data tell (graph/varying.h), compiled before any run knows them. Such extents
// are numbered from 1: those of the data-dependent layers before the rest, then those inside it. Part 0 is all that
// can be computed from the rest's inputs; then come the data-dependent layers that read its tensors, and concatenations
// along extents that vary (their sum is a new one), and layers that tell their outputs' extents, which only the user or
// others of their kind may read; then part 1, and so on. A part is a graph compiled for
// capacities: all extents up to 8, up to 16, … up to their bounds, a level each. A run takes the lowest level that
// holds its extents. What is behind the true entries of an input is filled with copies of true ones (zeros where there
// are none), so indices there are as good as the true ones; outputs are cut. Between parts and in results tensors
// are dense, with their true extents. True entries are those that a compilation for the true extents gives but for the
// order of sums, where a kernel chooses its blocks by the number of rows. A part's levels are as many programs and
// arenas: a geometric series, of which the larger ones are touched by large runs only. Levels end where the limits do,
// or kMostAhead; beyond it the rest is compiled for the extents of a run.

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/compile/compile.h"
#include "engine/device/session.h"
#include "engine/graph/varying.h"
#include "engine/runtime/data_dependent.h"
#include "engine/runtime/open_layer.h"

namespace vireo::runtime {

/// Memory that one level may take.
inline constexpr std::size_t kMostAhead = std::size_t{512} << 20;

/// A tensor that one part of a rest hands to another.
struct Slot {
  DataType dtype;
  Dims dims;                         ///< kUnknown where they vary
  std::vector<int> axes;             ///< as Variation::axes
  std::vector<graph::Count> counts;  ///< set: no layer computes it, its elements are these
  int input = -1;                    ///< of the rest
  bool kept = false;                 ///< an output of the rest: in memory that no later run touches
  bool read = false;                 ///< by a later part or a data-dependent layer
  bool loose = false;                ///< of an open layer: its extents are told in a run, and no part reads it
  std::size_t most_bytes = 0;        ///< that parts put there

  /// Whether entries behind the true ones are behind all of the true ones' memory.
  [[nodiscard]] bool cut_at_end() const;
  [[nodiscard]] Dims dims_at(std::span<const std::int64_t> extents) const;
};

class RestProgram {
 public:
  struct Level {
    std::vector<std::int64_t> capacity;  ///< by number
    std::shared_ptr<const device::Program> program;
  };
  struct Part {
    std::vector<int> inputs, outputs;  ///< slots
    std::vector<int> numbers;          ///< of the extents that its tensors have
    std::vector<int> needed;           ///< of those that must not be 0
    std::vector<Level> levels;         ///< none: it has no layers
  };
  struct Layer {
    DataDependentLayer layer;  ///< its sources are slots
    int part = 0;              ///< behind which it runs
    int number = 0, slot = 0;
  };

  /// A layer that tells its outputs' extents, for the user or another one of its kind.
  struct Open {
    OpenLayer layer;         ///< its sources are slots
    int part = 0;            ///< behind which it runs
    std::vector<int> slots;  ///< of its outputs
  };

  /// `known` and `bounds`: of the rest's inputs, by input, and of their numbers (bounds[0] means nothing). Null where
  /// the rest doesn't follow its extents or is too large for the limits; `refused` says why. `least`: of those numbers,
  /// what none of their extents will be below, where that is known: levels that would never be taken are not compiled.
  static std::unique_ptr<const RestProgram> make(const graph::Graph& rest, std::vector<graph::Variation> known,
                                                 std::vector<std::int64_t> bounds,
                                                 const compile::CompileOptions& options, std::string& refused,
                                                 std::vector<std::int64_t> least = {});

  [[nodiscard]] const std::vector<Slot>& slots() const { return slots_; }
  [[nodiscard]] const std::vector<int>& outputs() const { return outputs_; }
  [[nodiscard]] const std::vector<Part>& parts() const { return parts_; }
  [[nodiscard]] const std::vector<Layer>& layers() const { return layers_; }
  [[nodiscard]] const std::vector<Open>& open() const { return open_; }
  [[nodiscard]] std::size_t number_count() const { return bounds_.size(); }
  void report(std::vector<LayerReport>& rows) const;

 private:
  class Maker;
  std::vector<Slot> slots_;
  std::vector<int> outputs_;  ///< slot of each output of the rest
  std::vector<Part> parts_;
  std::vector<Layer> layers_;  ///< in the order of their parts
  std::vector<Open> open_;     ///< the same
  std::vector<std::int64_t> bounds_;
};

/// Runs parts; one run at a time. Allocates nothing but for results that are still held.
class RestRunner {
 public:
  RestRunner(const RestProgram& program, const std::shared_ptr<device::ThreadPool>& pool, bool profile);

  struct Tensor {
    const Dims* dims;
    std::shared_ptr<std::byte> data;
    std::size_t bytes;
  };
  /// Where input k of the rest is; `owner` keeps it, and has room for its largest extents where it varies.
  void input(std::size_t k, std::byte* data, const std::shared_ptr<std::byte>& owner);
  /// What parts may put where input k is.
  [[nodiscard]] std::size_t input_bytes(std::size_t k) const { return program_.slots()[k].most_bytes; }
  /// The true dims of input k, where it varies.
  void extents_from(std::size_t k, const Dims& dims);
  /// False: no level holds these extents, or a kernel refused the data (it may have met what stands for entries that
  /// there are not); compiled for the true extents the rest tells. Throws what data-dependent layers throw.
  [[nodiscard]] bool run();
  /// Output k of the rest, after a run.
  [[nodiscard]] Tensor output(std::size_t k) const;
  void let_go();
  void times(std::vector<LayerTime>& rows) const;
  [[nodiscard]] std::uint64_t arena_bytes() const;

 private:
  struct Live {
    std::byte* data = nullptr;
    std::shared_ptr<std::byte> owner, own;  ///< own: of slots that nobody outside sees
    Dims dims;                              ///< true ones
    Recycled memory;
  };
  struct Running {
    std::vector<std::unique_ptr<device::Session>> levels;
    std::vector<std::shared_ptr<std::byte>> spread;  ///< by input: room for one that isn't cut at its end
    std::vector<device::Region> regions;
    std::vector<Dims> capacity;  ///< by input, then output
    int last = -1;               ///< level of the last run
  };
  [[nodiscard]] bool run_part(std::size_t at);
  void run_layer(std::size_t at);
  [[nodiscard]] bool run_open(std::size_t at);
  void set_dims(std::size_t slot);
  void write_counts(std::size_t slot);

  const RestProgram& program_;
  std::vector<Live> live_;
  std::vector<Running> running_;
  std::vector<LayerRun> layers_;
  std::vector<OpenRun> open_;
  std::vector<std::int64_t> extents_;
  bool profile_;
};

}  // namespace vireo::runtime

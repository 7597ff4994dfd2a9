#pragma once
// From a network and concrete input shapes to a Program: specialise, place tensors (views instead of copies), choose a
// tactic for each layer, form stages, plan memory. Used at build (to time candidates) and at load or set_shape.

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engine/base/deadline.h"
#include "engine/device/program.h"
#include "engine/graph/graph.h"
#include "engine/graph/tactic.h"
#include "engine/plan/choices.h"
#include "engine/plan/section.h"

namespace vireo::compile {

struct CompileOptions {
  const device::Target* target = &device::host_target();  ///< borrowed; layers without a kernel there run on the CPU
  int workers = 1;                                        ///< of the CPU that share the tiles of a step
  bool exact = false;
  Precision precision = Precision::fp32;  ///< bf16 admits tactics of bfloat16 products beside those of float32
  std::uint64_t max_workspace = 0;        ///< 0: no limit
  Limits limits;
  const base::Deadline* deadline = nullptr;    ///< borrowed; asked at each layer. Null: there is time
  const plan::Choices* choices = nullptr;      ///< borrowed; of the target
  int timed_workers = 0;                       ///< that the choices were measured with, where that is another number
  std::set<std::string>* asked = nullptr;      ///< borrowed; gets the keys of the choices that were taken
  const plan::Choices* cpu_choices = nullptr;  ///< borrowed; of the CPU, where the target is another device
  std::vector<std::string> disabled_passes;
  bool traced = false;                            ///< the program can be observed (device::Executor::observe)
  std::shared_ptr<device::BinaryStore> binaries;  ///< of programs for the target; null: none are kept
  /// Seconds that plan kernels may take to be compiled where nobody has measured whether they pay (form.h).
  double patience_s = 5;
  device::Loading loading;                ///< of whoever makes executables of the program
  graph::PackedWeights* packs = nullptr;  ///< borrowed; null: every launch packs for itself
};

/// How programs of a plan are compiled: with what its section permits, the timings and packed weights in it. They
/// borrow from the section.
[[nodiscard]] CompileOptions options_of(const plan::Section& section, const std::vector<std::string>& disabled_passes,
                                        int workers);

/// What was measured for a key, if anything was: with this number of workers, else with the number that the section's
/// timings were made with.
[[nodiscard]] const plan::Choice* known_choice(const CompileOptions& options, const std::string& key);

/// A copy of the graph with these input dims, folded; everything is static but what depends on data (module.h). Throws
/// Error naming the input when dims don't fit it.
[[nodiscard]] graph::Graph specialise(const graph::Graph& graph, const std::map<std::string, Dims>& shapes,
                                      const CompileOptions& options);

/// The graph must be static. Layers that the target has no kernel for make segments of the CPU's own (segments.h).
[[nodiscard]] device::Program compile(const graph::Graph& graph, const CompileOptions& options);
/// The same for a graph that the target runs alone.
[[nodiscard]] device::Segment compile_segment(const graph::Graph& graph, const CompileOptions& options);

/// One candidate of a layer, the reference last.
struct Candidate {
  const graph::Tactic* tactic;  ///< null: the reference
  std::string refused;          ///< empty: accepted
};
[[nodiscard]] std::vector<Candidate> candidates(const graph::Problem& problem, const CompileOptions& options);
/// What a choice is kept under: the problem, and what the options permit beyond float32 or forbid.
[[nodiscard]] std::string choice_key(const graph::Problem& problem, const CompileOptions& options);

/// Whether an accepted candidate's error, measured with the problem's own constants, permits it (Tactic::admit); where
/// it doesn't, the candidate says so from then on.
[[nodiscard]] bool admitted(const graph::Problem& problem, Candidate& candidate, const CompileOptions& options);
/// The tactic that was measured to be best where `options.choices` knows it, else the one predicted to be, of those
/// that their error permits; null when all refuse.
[[nodiscard]] const Candidate* choose_candidate(const graph::Problem& problem, std::vector<Candidate>& list,
                                                const CompileOptions& options);

/// The launch of one candidate, whatever it is.
[[nodiscard]] graph::Launch prepare(const graph::Problem& problem, const Candidate& candidate);
[[nodiscard]] std::string_view name_of(const Candidate& candidate);

/// Rough seconds of a problem on all workers: arithmetic and traffic, for choosing without timing and sharing out
/// profiles.
[[nodiscard]] double predict_seconds(const graph::Problem& problem);
[[nodiscard]] double flops_of(const graph::Problem& problem);
[[nodiscard]] double bytes_of(const graph::Problem& problem);

/// Every layer's problem of a static graph, as compile() would see it.
struct LayerProblem {
  graph::LayerId layer;
  graph::Problem problem;
};
[[nodiscard]] std::vector<LayerProblem> problems(const graph::Graph& graph, const CompileOptions& options);

}  // namespace vireo::compile

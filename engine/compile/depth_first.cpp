#include "engine/compile/depth_first.h"

#include <algorithm>
#include <array>
#include <memory>

#include "engine/base/cpu.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/compile/depth_first_tile.h"
#include "engine/graph/operator.h"

namespace vireo::compile {
using graph::Graph;
using graph::kNone;
using graph::LayerId;
using graph::Problem;
using graph::RowRole;
using graph::TensorId;

namespace {

std::size_t index(std::int32_t id) { return static_cast<std::size_t>(id); }

/// The tactic that a layer has in a group: of those that run by rows the one predicted best, if its error with these
/// weights permits it. Null when there is none.
const graph::Tactic* row_tactic(const Problem& problem, const CompileOptions& options) {
  std::vector<Candidate> list = candidates(problem, options);
  for (;;) {
    Candidate* best = nullptr;
    double best_time = 0;
    for (Candidate& c : list) {
      if (!c.tactic || !c.tactic->rows || !c.refused.empty()) continue;
      const double time = c.tactic->predict ? c.tactic->predict(problem) : 0;
      if (best && time >= best_time) continue;
      best = &c;
      best_time = time;
    }
    if (!best) return nullptr;
    if (admitted(problem, *best, options)) return best->tactic;
  }
}

RowRole role_of(const Problem& problem, const CompileOptions& options) {
  const graph::Tactic* tactic = row_tactic(problem, options);
  return tactic ? tactic->rows(problem) : RowRole{};
}

/// Floats between pixels of a tensor in scratch: never a multiple of 512 bytes, for which cache sets would be too few.
std::int64_t scratch_pitch(std::int64_t channels) { return channels % 128 == 0 ? channels + 16 : channels; }

/// Rows of every member that `wanted` rows of the last need, and the capacities their buffers need for that.
std::array<std::int64_t, kMaxDepthFirst> rows_needed(const DepthFirstState& s, std::int64_t wanted) {
  std::array<std::int64_t, kMaxDepthFirst> rows{};
  const std::size_t last = s.members.size() - 1;
  rows[last] = std::min(wanted, s.members[last].rows.count);
  for (std::size_t i = last; i-- > 0;) {
    const graph::Rows& next = s.members[i + 1].rows;
    rows[i] = std::min((rows[i + 1] - 1) * next.stride + next.window, s.members[i].rows.count);
  }
  return rows;
}

/// Buffers for chunks of `chunk` rows, and room for `spare` more steps before rows must be moved; returns their bytes.
std::size_t lay_out(DepthFirstState& s, std::int64_t chunk, std::int64_t spare) {
  const auto rows = rows_needed(s, chunk);
  std::size_t at = 0;
  for (std::size_t i = 0; i + 1 < s.members.size(); ++i) {
    DepthFirstMember& m = s.members[i];
    m.capacity = std::min(rows[i] + spare * rows[i + 1] * s.members[i + 1].rows.stride, m.rows.count);
    m.offset = at;
    at += base::align_up(static_cast<std::size_t>(m.capacity * m.row_bytes) + base::kAlignment);
  }
  s.chunk = chunk;
  s.member_scratch = at;
  return at;
}

/// Bands that make the slowest worker soonest: each computes the rows above and below its own again.
std::int64_t choose_bands(const DepthFirstState& s, const std::vector<double>& row_seconds, int workers) {
  const std::int64_t count = s.members.back().rows.count;
  double best = 1e300;
  std::int64_t bands = 1;
  for (std::int64_t b = 1; b <= std::min<std::int64_t>(count, 32); ++b) {
    const auto rows = rows_needed(s, (count + b - 1) / b);
    double tile = 0.5e-6;
    for (std::size_t i = 0; i < s.members.size(); ++i) tile += row_seconds[i] * static_cast<double>(rows[i]);
    const std::int64_t rounds = (s.images * b + workers - 1) / workers;
    const double total = (static_cast<double>(rounds) + (workers > 1 ? 0.1 : 0.0)) * tile;
    if (total >= best) continue;
    best = total;
    bands = b;
  }
  return bands;
}

double seconds_of_best(const Problem& problem, const CompileOptions& options) {
  if (options.choices) {
    const auto it = options.choices->find(choice_key(problem, options));
    if (it != options.choices->end() && it->second.seconds > 0) return it->second.seconds;
  }
  double best = 0;
  for (const Candidate& c : candidates(problem, options))
    if (c.tactic && c.refused.empty() && c.tactic->predict) {
      const double time = c.tactic->predict(problem);
      if (best == 0 || time < best) best = time;
    }
  return best;
}

std::string joined_keys(std::span<const Problem> problems, const CompileOptions& options) {
  std::string key;
  for (const Problem& p : problems) key += (key.empty() ? "" : " > ") + choice_key(p, options);
  return key;
}

}  // namespace

std::string fused_key(std::span<const Problem> problems, const CompileOptions& options) {
  return "fused " + joined_keys(problems, options);
}
std::string apart_key(std::span<const Problem> problems, const CompileOptions& options) {
  return "apart " + joined_keys(problems, options);
}

std::vector<std::vector<LayerId>> find_runs(const Graph& g, const std::vector<LayerId>& order,
                                            const Placement& placement, const CompileOptions& options) {
  std::vector<RowRole> roles(index(g.layer_count()));
  const auto known = [&](TensorId t) { return t == kNone || g.tensor(t).is_static(); };
  for (LayerId id : order) {
    const graph::Layer& l = g.layer(id);
    if (placement.elided[index(id)] || l.outputs.size() != 1 || l.inputs.empty() || l.inputs.size() > 8) continue;
    if (!std::all_of(l.inputs.begin(), l.inputs.end(), known) || !known(l.outputs[0])) continue;
    if (g.tensor(l.outputs[0]).dims.size() != 4) continue;
    roles[index(id)] = role_of(problem_of(g, id, placement, options), options);
  }
  std::vector<int> views(index(g.tensor_count()), 0);  // tensors that live in this one's block
  for (const TensorPlace& p : placement.tensors)
    if (p.root != kNone) ++views[index(p.root)];
  /// The layer that takes this one's rows, if any.
  const auto next_of = [&](LayerId id) -> LayerId {
    const TensorId t = g.layer(id).outputs[0];
    const graph::Tensor& tensor = g.tensor(t);
    if (!roles[index(id)].gives || g.is_output(t) || tensor.consumers.size() != 1) return kNone;
    if (placement.tensors[index(t)].root != t || views[index(t)] != 1) return kNone;
    const LayerId next = tensor.consumers[0];
    if (!roles[index(next)].takes || g.layer(next).inputs[0] != t) return kNone;
    return std::count(g.layer(next).inputs.begin(), g.layer(next).inputs.end(), t) == 1 ? next : kNone;
  };
  std::vector<char> taken(index(g.layer_count()), 0);
  std::vector<std::vector<LayerId>> runs;
  for (LayerId id : order) {
    if (taken[index(id)] || (!roles[index(id)].gives && !roles[index(id)].takes)) continue;
    std::vector<LayerId> run{id};
    for (LayerId next = next_of(id); next != kNone && !taken[index(next)]; next = next_of(next)) run.push_back(next);
    for (LayerId member : run) taken[index(member)] = 1;
    if (run.size() > 1) runs.push_back(std::move(run));
  }
  return runs;
}

std::optional<DepthFirstStep> prepare_depth_first(std::span<const Problem> problems, const CompileOptions& options) {
  const std::size_t last = problems.size() - 1;
  DepthFirstStep step;
  graph::CpuLaunch whole;
  auto state = std::make_shared<DepthFirstState>();
  DepthFirstState& s = *state;
  const int workers = problems[0].workers;
  s.images = problems[last].outputs[0].dims[0];
  std::vector<double> row_seconds;
  std::size_t inputs = 0, scratch = 0;
  for (std::size_t i = 0; i <= last; ++i) {
    Problem p = problems[i];
    if (i > 0) p.inputs[0].pitch = scratch_pitch(p.inputs[0].dims.back());
    if (i < last) p.outputs[0].pitch = scratch_pitch(p.outputs[0].dims.back());
    const graph::Tactic* tactic = row_tactic(p, options);
    if (!tactic) return std::nullopt;
    const graph::Launch prepared = tactic->prepare(p);
    const auto* launch = prepared.as<graph::CpuLaunch>();
    if (!launch || !launch->rows.run || launch->rows.count <= 0) return std::nullopt;
    DepthFirstMember m;
    m.rows = launch->rows;
    m.inputs = p.inputs.size();
    m.first_input = inputs;
    const graph::Desc& out = p.outputs[0];
    m.row_bytes = out.dims[2] * out.pitch * static_cast<std::int64_t>(size_of(out.dtype));
    row_seconds.push_back(predict_seconds(p) * workers / static_cast<double>(m.rows.count * s.images));
    for (std::size_t k = i == 0 ? 0 : 1; k < m.inputs; ++k, ++inputs)
      if (inputs < 64 && ((launch->unread_inputs >> k) & 1) != 0) whole.unread_inputs |= std::uint64_t{1} << inputs;
    scratch = std::max(scratch, m.rows.scratch_bytes);
    whole.state_bytes += launch->state_bytes;
    step.tactic += (i ? ">" : "") + std::string(tactic->name);
    s.members.push_back(std::move(m));
  }
  const std::int64_t bands = choose_bands(s, row_seconds, workers),
                     band = (s.members[last].rows.count + bands - 1) / bands;
  s.bands = bands;
  // As many rows at a time as half the second-level cache holds: each chunk reads all weights again.
  const std::size_t room = problems[0].target->cache_bytes / 2;
  std::int64_t chunk = std::min<std::int64_t>(band, 32);
  while (chunk > 1 && lay_out(s, chunk, 0) > room) --chunk;
  if (lay_out(s, chunk, 0) > 4 * room) return std::nullopt;
  std::int64_t spare = 3;
  while (spare > 0 && lay_out(s, chunk, spare) > room) --spare;
  (void)lay_out(s, chunk, spare);
  whole.phases = {{run_depth_first, s.images * bands}};
  whole.scratch_bytes = s.member_scratch + scratch;
  whole.state = std::move(state);
  step.launch = std::move(whole);
  return step;
}

DepthFirstEstimate estimate_depth_first(std::span<const Problem> problems, const CompileOptions& options) {
  const auto cache = static_cast<double>(problems[0].target->cache_bytes);
  DepthFirstEstimate estimate;
  for (std::size_t i = 0; i < problems.size(); ++i) {
    const Problem& p = problems[i];
    const graph::Tactic* tactic = row_tactic(p, options);
    const bool predicts = tactic && tactic->predict;
    const double by_rows = predicts ? tactic->predict(p) : predict_seconds(p);
    const double best = seconds_of_best(p, options);
    estimate.cost += by_rows;
    if (predicts && best > 0) estimate.saved -= std::max(by_rows - best, 0.0);
    if (i + 1 == problems.size()) break;
    const double bytes = static_cast<double>(p.outputs[0].count()) * static_cast<double>(size_of(p.outputs[0].dtype));
    estimate.saved += 2e-6 + 2 * bytes / (bytes > cache * p.workers ? 12e9 : 40e9) / p.workers;
  }
  return estimate;
}

std::vector<std::vector<LayerId>> choose_depth_first(const Graph& g, const std::vector<LayerId>& order,
                                                     const Placement& placement, const CompileOptions& options) {
  std::vector<std::vector<LayerId>> groups;
  for (const std::vector<LayerId>& run : find_runs(g, order, placement, options)) {
    std::vector<Problem> problems;
    for (LayerId id : run) problems.push_back(problem_of(g, id, placement, options));
    const auto gain_of = [&](std::size_t begin, std::size_t count) {
      const std::span<const Problem> part = std::span(problems).subspan(begin, count);
      if (const plan::Choice* fused = known_choice(options, fused_key(part, options)))
        if (const plan::Choice* apart = known_choice(options, apart_key(part, options)))
          return apart->seconds - fused->seconds;
      const DepthFirstEstimate estimate = estimate_depth_first(part, options);
      return estimate.saved - 0.05 * estimate.cost;
    };
    // best[n]: what the first n layers of the run can save; length[n]: layers of the group that ends there, 1 for none.
    std::vector<double> best(run.size() + 1, 0);
    std::vector<std::size_t> length(run.size() + 1, 1);
    for (std::size_t n = 1; n <= run.size(); ++n) {
      best[n] = best[n - 1];
      for (std::size_t count = 2; count <= std::min(kMaxDepthFirst, n); ++count) {
        const double total = best[n - count] + gain_of(n - count, count);
        if (total <= best[n]) continue;
        best[n] = total;
        length[n] = count;
      }
    }
    for (std::size_t n = run.size(); n > 0; n -= length[n])
      if (length[n] > 1)
        groups.emplace_back(run.begin() + static_cast<std::ptrdiff_t>(n - length[n]),
                            run.begin() + static_cast<std::ptrdiff_t>(n));
  }
  return groups;
}

}  // namespace vireo::compile

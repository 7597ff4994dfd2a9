#include "engine/compile/waves.h"

#include <algorithm>

#include "engine/base/memory.h"
#include "engine/compile/marked_memory.h"
#include "engine/graph/operator.h"

namespace vireo::compile {
using graph::Graph;
using graph::kNone;
using graph::LayerId;
using graph::TensorId;

namespace {

// Of all together, though they share memory: more is no small batch, and what a step makes would not stay in a GPU's
// cache.
constexpr std::size_t kMostMarked = std::size_t{96} << 20;

std::size_t at(std::int32_t id) { return static_cast<std::size_t>(id); }

}  // namespace

bool must_wait(const StepDraft& a, const StepDraft& b, const std::vector<char>* marked) {
  const auto any = [](const std::vector<TensorPlace>& x, const std::vector<TensorPlace>& y,
                      const std::vector<char>* but) {
    for (const TensorPlace& p : x)
      for (const TensorPlace& q : y)
        if (p.root != kNone && !(but && (*but)[at(p.root)]) && share_bytes(p, q)) return true;
    return false;
  };
  return any(a.outputs, b.inputs, marked) || any(a.inputs, b.outputs, nullptr) || any(a.outputs, b.outputs, nullptr);
}

void order_by_level(const Graph& graph, std::vector<LayerId>& order) {
  std::vector<int> level(at(graph.layer_count()), 0);
  for (const LayerId id : order)
    for (const TensorId t : graph.layer(id).inputs)
      if (t != kNone && graph.tensor(t).producer != kNone)
        level[at(id)] = std::max(level[at(id)], level[at(graph.tensor(t).producer)] + 1);
  std::stable_sort(order.begin(), order.end(), [&](LayerId a, LayerId b) { return level[at(a)] < level[at(b)]; });
}

void mark_tensors(const Graph& graph, const Placement& placement, const std::vector<int>& binding_of,
                  const std::vector<StepDraft>& drafts, device::Segment& segment, std::vector<char>& marked) {
  std::vector<char> written(at(graph.tensor_count()), 0), other(at(graph.tensor_count()), 0);
  for (std::size_t s = 0; s < drafts.size(); ++s) {
    const device::LaunchBase& launch = *segment.steps[s].launch.operator->();
    for (std::size_t k = 0; k < drafts[s].inputs.size(); ++k) {
      const TensorId root = drafts[s].inputs[k].root;
      const bool read = k >= 64 || ((launch.unread_inputs >> k) & 1) == 0;
      if (root != kNone && read && !launch.marks) other[at(root)] = 1;
    }
    for (const TensorPlace& p : drafts[s].outputs)
      if (p.root != kNone) (launch.marks ? written : other)[at(p.root)] = 1;
    // Each word is written once.
    for (std::size_t o = 0; o < s; ++o)
      for (const TensorPlace& p : drafts[s].outputs)
        for (const TensorPlace& q : drafts[o].outputs)
          if (p.root != kNone && share_bytes(p, q)) other[at(p.root)] = 1;
  }
  std::size_t bytes = 0;
  for (TensorId t = 0; t < graph.tensor_count(); ++t) {
    if (!written[at(t)] || other[at(t)] || binding_of[at(t)] >= 0 || graph.tensor(t).constant) continue;
    marked[at(t)] = 1;
    bytes = base::checked_sum(bytes, placement.tensors[at(t)].span);
  }
  if (bytes > kMostMarked) std::fill(marked.begin(), marked.end(), 0);
  for (std::size_t s = 0; s < drafts.size(); ++s) {
    device::Step& step = segment.steps[s];
    if (!step.launch->marks) continue;
    for (std::size_t k = 0; k < drafts[s].inputs.size() && k < 64; ++k)
      if (const TensorId root = drafts[s].inputs[k].root; root != kNone && marked[at(root)])
        step.waits_for |= std::uint64_t{1} << k;
    const TensorId root = drafts[s].outputs.empty() ? kNone : drafts[s].outputs[0].root;
    step.marks = root != kNone && marked[at(root)];
  }
}

void one_after_the_other(std::vector<StepDraft>& drafts, const std::vector<char>& marked, bool in_waves,
                         device::Segment& segment) {
  int wave = -1, epoch = 0;
  std::size_t first = 0, since = 0;  // of the wave; steps in the epoch
  for (std::size_t s = 0; s < drafts.size(); ++s) {
    bool joins = wave >= 0 && in_waves;
    for (std::size_t o = first; joins && o < s; ++o) joins = !must_wait(drafts[o], drafts[s], &marked);
    if (!joins) {
      ++wave;
      first = s;
      since = 0;
      epoch += kEpochsAMeeting;
    } else if (since >= kStepsAnEpoch) {
      segment.steps[s].pass = true;
      since = 0;
      ++epoch;
    }
    ++since;
    drafts[s].first_stage = drafts[s].last_stage = wave;
    drafts[s].epoch = epoch;
    if (in_waves) segment.steps[s].wave = wave;
  }
}

}  // namespace vireo::compile

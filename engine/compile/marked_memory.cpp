#include "engine/compile/marked_memory.h"

#include <algorithm>
#include <set>

#include "engine/base/memory.h"

namespace vireo::compile {
using graph::Graph;
using graph::kNone;
using graph::TensorId;

namespace {

constexpr int kMarks = 4, kInverted = 2;

std::size_t at(std::int32_t id) { return static_cast<std::size_t>(id); }

/// Mark of the second differs from that of the first, with `inverted` bits in it.
struct Differs {
  std::size_t first, second;
  int inverted;
  auto operator<=>(const Differs&) const = default;
};

/// Of blocks that follow each other at the same place, and who comes first anywhere.
struct Followers {
  std::set<Differs> differ;
  std::vector<char> first;
};

Followers followers_of(const std::vector<MarkedBlock>& blocks) {
  std::set<std::size_t> bounds;
  for (const MarkedBlock& b : blocks) {
    bounds.insert(b.block.offset);
    bounds.insert(b.block.offset + b.block.bytes);
  }
  Followers found;
  found.first.assign(blocks.size(), 0);
  for (const std::size_t bound : bounds) {
    std::vector<std::size_t> here;
    for (std::size_t k = 0; k < blocks.size(); ++k)
      if (blocks[k].block.offset <= bound && bound < blocks[k].block.offset + blocks[k].block.bytes) here.push_back(k);
    if (here.empty()) continue;
    std::sort(here.begin(), here.end(),
              [&](std::size_t a, std::size_t b) { return blocks[a].block.first < blocks[b].block.first; });
    for (std::size_t k = 1; k < here.size(); ++k) found.differ.insert({here[k - 1], here[k], 0});
    found.differ.insert({here.back(), here.front(), kInverted});
    found.first[here.front()] = 1;
  }
  return found;
}

/// The block for which no mark is left; blocks.size(): all have one.
std::size_t choose_marks(std::vector<MarkedBlock>& blocks) {
  const Followers followers = followers_of(blocks);
  std::vector<std::size_t> order(blocks.size());
  for (std::size_t k = 0; k < order.size(); ++k) order[k] = k;
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return blocks[a].block.first < blocks[b].block.first; });
  std::vector<char> chosen(blocks.size(), 0);
  for (const std::size_t k : order) {
    bool refused[kMarks] = {};
    if (followers.first[k]) refused[kInverted] = true;
    for (const Differs& d : followers.differ) {
      if (d.first == d.second) continue;  // a number differs from itself inverted
      if (d.second == k && chosen[d.first]) refused[blocks[d.first].mark ^ d.inverted] = true;
      if (d.first == k && chosen[d.second]) refused[blocks[d.second].mark ^ d.inverted] = true;
    }
    const auto* free = std::find(std::begin(refused), std::end(refused), false);
    if (free == std::end(refused)) return k;
    blocks[k].mark = static_cast<int>(free - std::begin(refused));
    chosen[k] = 1;
  }
  return blocks.size();
}

}  // namespace

std::size_t plan_marked(std::vector<MarkedBlock>& blocks) {
  int last = 0;
  for (const MarkedBlock& b : blocks) last = std::max(last, b.block.last);
  for (;;) {
    std::vector<Block> plan;
    for (const MarkedBlock& b : blocks)
      plan.push_back(b.shares ? Block{b.block.bytes, b.block.first, b.block.last + 1, 0}
                              : Block{b.block.bytes, 0, last + 1, 0});
    const std::size_t bytes = plan_memory(plan);
    for (std::size_t k = 0; k < blocks.size(); ++k) blocks[k].block.offset = plan[k].offset;
    const std::size_t without = choose_marks(blocks);
    if (without == blocks.size()) return bytes;
    // One that has its own memory always finds a mark, so that this comes to an end.
    blocks[without].shares = false;
  }
}

MarkedMemory plan_marked(const Graph& graph, const Placement& placement, const std::vector<StepDraft>& drafts,
                         const std::vector<char>& marked, device::Segment& segment) {
  std::vector<MarkedBlock> blocks;
  std::vector<std::size_t> written;
  std::map<TensorId, std::size_t> block_of;
  const auto is_marked = [&](TensorId root) { return root != kNone && marked[at(root)] != 0; };
  for (const StepDraft& d : drafts)
    for (const auto* places : {&d.inputs, &d.outputs})
      for (std::size_t k = 0; k < places->size(); ++k) {
        const TensorPlace& p = (*places)[k];
        if (!is_marked(p.root)) continue;
        const auto [known, fresh] = block_of.try_emplace(p.root, blocks.size());
        if (fresh) {
          blocks.push_back({{placement.tensors[at(p.root)].span, d.epoch, d.epoch, 0}});
          written.push_back(0);
        }
        Block& block = blocks[known->second].block;
        block.last = std::max(block.last, d.epoch);
        if (places == &d.outputs && d.output_ids[k] != kNone) {
          const graph::Tensor& t = graph.tensor(d.output_ids[k]);
          written[known->second] += byte_count(t.dtype, t.dims);
        }
      }
  for (std::size_t k = 0; k < blocks.size(); ++k) blocks[k].shares = written[k] == blocks[k].block.bytes;
  MarkedMemory memory;
  memory.bytes = plan_marked(blocks);
  for (const auto& [root, block] : block_of) memory.offsets[root] = blocks[block].block.offset;
  for (std::size_t s = 0; s < drafts.size(); ++s) {
    device::Step& step = segment.steps[s];
    for (std::size_t k = 0; k < drafts[s].inputs.size() && k < 64; ++k) {
      if ((step.waits_for >> k & 1) == 0) continue;
      step.awaits.resize(drafts[s].inputs.size(), 0);
      step.awaits[k] = static_cast<std::uint8_t>(blocks[block_of.at(drafts[s].inputs[k].root)].mark);
    }
    if (step.marks) step.mark = static_cast<std::uint8_t>(blocks[block_of.at(drafts[s].outputs[0].root)].mark);
  }
  return memory;
}

}  // namespace vireo::compile

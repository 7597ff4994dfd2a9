#include "engine/compile/segment_memory.h"

#include <algorithm>

#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/compile/limits.h"
#include "engine/compile/marked_memory.h"
#include "engine/compile/memory_plan.h"
#include "engine/graph/operator.h"

namespace vireo::compile {
using graph::Graph;
using graph::kNone;
using graph::TensorId;

namespace {

std::size_t index(std::int32_t id) { return static_cast<std::size_t>(id); }

/// What takes most of the memory, in words.
std::string largest_block(const Graph& graph, const device::Segment& segment, const std::vector<Block>& blocks,
                          const std::map<TensorId, std::size_t>& block_of, std::size_t scratch) {
  std::size_t most = scratch;
  std::string text = "the scratch of its workers";
  const auto consider = [&](std::size_t bytes, const auto& name) {
    if (bytes <= most) return;
    most = bytes;
    text = name();
  };
  for (const auto& [root, block] : block_of)
    consider(blocks[block].bytes, [&] {
      const graph::Tensor& t = graph.tensor(root);
      return base::str("tensor '", t.name, "', ", t.dims, " ", t.dtype);
    });
  for (const device::Step& step : segment.steps)
    consider(step.launch->workspace_bytes, [&] { return base::str("the workspace of layer '", step.layer, "'"); });
  return text;
}

/// What lies where, by step; offsets: of the tensors.
void tell_blocks(const Graph& graph, const Placement& placement, const std::vector<StepDraft>& drafts,
                 const std::map<TensorId, std::size_t>& offsets, device::Segment& segment) {
  std::map<TensorId, std::size_t> row_of;
  for (std::size_t s = 0; s < drafts.size(); ++s) {
    const auto step = static_cast<std::int32_t>(s);
    for (const auto* places : {&drafts[s].inputs, &drafts[s].outputs})
      for (const TensorPlace& p : *places) {
        const auto at = offsets.find(p.root);
        if (at == offsets.end()) continue;
        const auto [row, fresh] = row_of.try_emplace(p.root, segment.blocks.size());
        if (fresh)
          segment.blocks.push_back(
              {graph.tensor(p.root).name, false, at->second, placement.tensors[index(p.root)].span, step, step});
        segment.blocks[row->second].last_step = step;
      }
    const device::Step& made = segment.steps[s];
    if (made.launch->workspace_bytes > 0)
      segment.blocks.push_back({made.layer, true, made.workspace, made.launch->workspace_bytes, step, step});
  }
}

}  // namespace

void reuse_in_place(const Graph& graph, const std::vector<int>& binding_of, std::vector<StepDraft>& drafts) {
  std::vector<int> last_use(index(graph.tensor_count()), -1);
  for (std::size_t s = 0; s < drafts.size(); ++s)
    for (const TensorPlace& p : drafts[s].inputs)
      if (p.root != kNone) last_use[index(p.root)] = static_cast<int>(s);
  for (std::size_t s = 0; s < drafts.size(); ++s) {
    StepDraft& d = drafts[s];
    if (d.layer == kNone || d.grouped || !graph.layer(d.layer).op->in_place || d.outputs.size() != 1) continue;
    const TensorPlace in = d.inputs[0], out = d.outputs[0];
    const TensorId from = d.input_ids[0], to = d.output_ids[0];
    if (to == kNone || out.root != to || in.root == kNone || last_use[index(in.root)] != static_cast<int>(s)) continue;
    if (binding_of[index(to)] >= 0 || binding_of[index(in.root)] >= 0 || graph.tensor(in.root).constant ||
        graph.tensor(from).constant)
      continue;
    if (in.span != out.span || in.pitch != out.pitch || in.pitch_bytes != out.pitch_bytes) continue;
    if (std::count_if(d.inputs.begin() + 1, d.inputs.end(),
                      [&](const TensorPlace& p) { return p.root == in.root && share_bytes(p, in); }))
      continue;
    // Move everything that lives in the output's block into the input's.
    for (std::size_t k = s; k < drafts.size(); ++k)
      for (auto* places : {&drafts[k].inputs, &drafts[k].outputs})
        for (TensorPlace& p : *places)
          if (p.root == to) {
            p.root = in.root;
            p.offset += in.offset;
          }
    last_use[index(in.root)] = std::max(last_use[index(in.root)], last_use[index(to)]);
  }
}

std::map<TensorId, std::size_t> plan_segment_memory(const Graph& graph, const Placement& placement,
                                                    const std::vector<int>& binding_of,
                                                    const std::vector<StepDraft>& drafts,
                                                    const std::vector<char>& marked, const CompileOptions& options,
                                                    device::Segment& segment) {
  std::map<TensorId, std::size_t> block_of;
  std::vector<Block> blocks;
  const auto touch = [&](const TensorPlace& p, int first, int last) {
    if (p.root == kNone || graph.tensor(p.root).constant || binding_of[index(p.root)] >= 0 || marked[index(p.root)])
      return;
    const auto [it, fresh] = block_of.try_emplace(p.root, blocks.size());
    if (fresh) blocks.push_back({placement.tensors[index(p.root)].span, first, last, 0});
    Block& block = blocks[it->second];
    block.first = std::min(block.first, first);
    block.last = std::max(block.last, last);
  };
  for (const StepDraft& d : drafts) {
    for (const TensorPlace& p : d.inputs) touch(p, d.first_stage, d.last_stage);
    for (const TensorPlace& p : d.outputs) touch(p, d.first_stage, d.last_stage);
  }
  const std::size_t tensors = blocks.size();
  for (std::size_t s = 0; s < drafts.size(); ++s) {
    const graph::Launch& launch = segment.steps[s].launch;
    if (const auto* cpu = launch.as<graph::CpuLaunch>())
      segment.scratch_bytes = std::max(segment.scratch_bytes, cpu->scratch_bytes);
    segment.largest_workspace = std::max(segment.largest_workspace, launch->workspace_bytes);
    blocks.push_back({launch->workspace_bytes, drafts[s].first_stage, drafts[s].last_stage, 0});
  }
  const std::size_t unmarked = plan_memory(blocks);
  const MarkedMemory words = plan_marked(graph, placement, drafts, marked, segment);
  segment.arena_bytes = base::checked_sum(unmarked, words.bytes);
  const std::size_t scratch = base::checked_product(segment.scratch_bytes, static_cast<std::size_t>(segment.workers));
  segment.workspace_bytes = base::checked_sum(segment.largest_workspace, scratch);
  check_memory(base::checked_sum(segment.arena_bytes, scratch),
               largest_block(graph, segment, blocks, block_of, scratch), options.limits);
  for (std::size_t s = 0; s < drafts.size(); ++s) segment.steps[s].workspace = blocks[tensors + s].offset;
  std::map<TensorId, std::size_t> offsets;
  for (const auto& [root, block] : block_of) offsets[root] = blocks[block].offset;
  for (const auto& [root, offset] : words.offsets) offsets[root] = unmarked + offset;
  tell_blocks(graph, placement, drafts, offsets, segment);
#ifndef NDEBUG
  if (overlaps(blocks)) base::fail(ErrorCode::internal, "the memory plan overlaps");
#endif
  return offsets;
}

}  // namespace vireo::compile

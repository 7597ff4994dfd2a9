// Moving a transpose through a reshape: possible when the reshape only splits and joins axes that stay neighbours, in
// the same order, on the other side of the transpose.

#include <algorithm>

#include "engine/passes/sink.h"

namespace vireo::passes {
namespace {

/// Axes [in, in_end) of the input become axes [out, out_end) of the output.
struct Block {
  std::size_t in, in_end, out, out_end;
};

struct Sides {
  const Dims& in;
  const Dims& out;
  const std::vector<std::int64_t>& shape;
  [[nodiscard]] bool same(std::size_t i, std::size_t j) const {
    return (in[i] >= 0 && in[i] == out[j]) || (i == j && shape[j] == 0);
  }
};

/// The next block from the left, at (i, j); false when unknown extents stand in the way.
bool next_block(const Sides& sides, std::size_t i, std::size_t j, std::size_t in_end, std::size_t out_end,
                Block& block) {
  if (i >= in_end || j >= out_end) return false;
  block = {i, i + 1, j, j + 1};
  if (sides.same(i, j)) return true;
  std::int64_t left = sides.in[i], right = sides.out[j];
  while (left != right) {
    if (left < 0 || right < 0) return false;
    if (left < right) {
      if (block.in_end >= in_end || sides.in[block.in_end] < 0) return false;
      left *= sides.in[block.in_end++];
    } else {
      if (block.out_end >= out_end || sides.out[block.out_end] < 0) return false;
      right *= sides.out[block.out_end++];
    }
  }
  return left >= 0;
}

std::optional<std::vector<Block>> blocks_of(const Sides& sides) {
  std::vector<Block> left, right;
  std::size_t in_end = sides.in.size(), out_end = sides.out.size(), i = 0, j = 0;
  // From the right only equal extents: enough for what unknown batches need.
  while (in_end > 0 && out_end > 0 && sides.in[in_end - 1] > 1 && sides.in[in_end - 1] == sides.out[out_end - 1]) {
    --in_end;
    --out_end;
    right.push_back({in_end, in_end + 1, out_end, out_end + 1});
  }
  Block block{};
  while (next_block(sides, i, j, in_end, out_end, block)) {
    left.push_back(block);
    i = block.in_end;
    j = block.out_end;
  }
  if ((i == in_end) != (j == out_end)) return std::nullopt;
  if (i != in_end) left.push_back({i, in_end, j, out_end});
  left.insert(left.end(), right.rbegin(), right.rend());
  return left;
}

/// The first axis of the block that is longer than 1: the one that says where the block lies.
std::size_t first_wide(const Dims& in, const Block& block) {
  for (std::size_t i = block.in; i < block.in_end; ++i)
    if (in[i] != 1) return i;
  return block.in;
}

/// The block's axes follow each other on the other side of the transpose too, but for axes of extent 1.
bool stays_together(const Dims& in, const Perm& perm, const Block& block) {
  std::size_t last = first_wide(in, block);
  for (std::size_t i = last + 1; i < block.in_end; ++i) {
    if (in[i] == 1) continue;
    for (std::size_t other = 0; other < perm.size(); ++other)
      if (in[other] != 1 && perm[other] > perm[last] && perm[other] < perm[i]) return false;
    if (perm[i] < perm[last]) return false;
    last = i;
  }
  return true;
}

}  // namespace

std::optional<Sunk> sink_reshape(Graph& graph, LayerId id, TensorId x, const Perm& perm) {
  const auto shape = integers_of(graph, input_of(graph, id, 1));
  const Tensor& in = tensor_of(graph, input_of(graph, id, 0));
  const Tensor& out = tensor_of(graph, output_of(graph, id));
  if (!shape || !in.ranked || !out.ranked || shape->size() != out.dims.size()) return std::nullopt;
  if (graph.layer(id).attributes.integer("allowzero", 0) != 0) return std::nullopt;
  if (std::count(in.dims.begin(), in.dims.end(), 0) + std::count(out.dims.begin(), out.dims.end(), 0) > 0)
    return std::nullopt;
  auto blocks = blocks_of({in.dims, out.dims, *shape});
  if (!blocks) return std::nullopt;
  for (const Block& block : *blocks)
    if (!stays_together(in.dims, perm, block)) return std::nullopt;
  const auto place_of = [&](const Block& block) { return perm[first_wide(in.dims, block)]; };
  std::sort(blocks->begin(), blocks->end(), [&](const Block& a, const Block& b) { return place_of(a) < place_of(b); });

  Sunk sunk;
  std::vector<std::int64_t> entries;
  sunk.perm.resize(out.dims.size());
  int inferred = 0;
  for (const Block& block : *blocks) {
    for (std::size_t j = block.out; j < block.out_end; ++j) {
      const auto place = static_cast<std::int64_t>(entries.size());
      sunk.perm[j] = place;
      const bool copies =
          (*shape)[j] == 0 && j < perm.size() && perm[j] == place;  // the same index on both sides again
      entries.push_back(out.dims[j] > 0 ? out.dims[j] : copies ? 0 : -1);
      inferred += entries.back() == -1 ? 1 : 0;
    }
  }
  if (inferred > 1) return std::nullopt;
  sunk.inputs = {x, add_integers(graph, graph.layer(id).name + ".shape", entries)};
  return sunk;
}

}  // namespace vireo::passes

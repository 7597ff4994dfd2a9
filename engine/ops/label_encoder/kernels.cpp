// The table is made once, where keys and values are known; tiles look up some thousand elements each. Bound: one hash
// and one miss of the cache an element, where the table is large.
#include <algorithm>

#include "engine/ops/label_encoder/table.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {
namespace {

constexpr std::int64_t kTile = 4096;

struct State {
  LabelTable table;
  std::vector<std::byte> values;       ///< the one for elements without a key behind the others
  std::int64_t count = 0, other = -1;  ///< other: -1, there is none
};

template <typename T, typename Bytes>
void look_up(const TileArgs& args) noexcept {
  const auto& s = *static_cast<const State*>(args.state);
  const auto* x = static_cast<const T*>(args.inputs[0]);
  auto* y = static_cast<Bytes*>(args.outputs[0]);
  const auto* values = reinterpret_cast<const Bytes*>(s.values.data());
  const std::int64_t begin = args.tile * kTile, end = std::min(s.count, begin + kTile);
  for (std::int64_t i = begin; i < end; ++i) {
    const auto found = s.table.find(label_bits(x[i]));
    const std::int64_t at = found == s.table.end() ? s.other : found->second;
    if (at < 0) {
      args.fault->store(
          "an element has no key among those of a label encoder, and there is no value for such elements");
      return;
    }
    y[i] = values[at];
  }
}

std::string refuse(const Problem& p) {
  if (!p.inputs[0].dense() || !p.outputs[0].dense()) return "takes no gaps between rows";
  for (std::size_t k = 1; k < p.inputs.size(); ++k)
    if (p.inputs[k].present() && !p.inputs[k].constant) return "takes keys and values that are known beforehand";
  if (p.inputs[0].count() == 0) return "nothing to do";
  return {};
}

View view_of(const graph::Desc& desc) { return {desc.dtype, desc.dims, const_cast<std::byte*>(desc.constant->read())}; }

Launch prepare(const Problem& p) {
  auto state = std::make_shared<State>();
  state->table = label_table(view_of(p.inputs[1]));
  state->count = p.inputs[0].count();
  const auto append = [&](const graph::Desc& desc) {
    const std::byte* bytes = desc.constant->read();
    state->values.insert(state->values.end(), bytes, bytes + desc.constant->bytes());
  };
  append(p.inputs[2]);
  if (p.inputs.size() > 3 && p.inputs[3].present()) {
    state->other = p.inputs[2].count();
    append(p.inputs[3]);
  }
  graph::CpuLaunch launch;
  dispatch_label(p.inputs[0].dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    dispatch_bytes(p.outputs[0].dtype, [&](auto bytes) {
      launch.phases = {{look_up<T, typename decltype(bytes)::type>, (state->count + kTile - 1) / kTile}};
    });
  });
  launch.state = std::move(state);
  return launch;
}

constexpr Tactic kTactics[] = {{.name = "label_encoder_table_portable", .refuse = refuse, .prepare = prepare}};

}  // namespace

std::span<const Tactic> label_encoder_tactics() { return kTactics; }

}  // namespace vireo::ops

#include "engine/compile/strided_copy.h"

#include <cstring>
#include <memory>

namespace vireo::compile {
namespace {

struct State {
  std::size_t rows = 0, row_bytes = 0, pitch_bytes = 0;
};

void run_copy(const graph::TileArgs& args) noexcept {
  const auto& s = *static_cast<const State*>(args.state);
  const auto* from = static_cast<const std::byte*>(args.inputs[0]);
  auto* to = static_cast<std::byte*>(args.outputs[0]);
  if (from == to) return;  // an output that has the name, and so the buffer, of what it is a copy of
  for (std::size_t r = 0; r < s.rows; ++r)
    if (s.row_bytes) std::memcpy(to + r * s.row_bytes, from + r * s.pitch_bytes, s.row_bytes);
}

}  // namespace

graph::Launch strided_copy(const graph::Tensor& tensor, const TensorPlace& from) {
  auto state = std::make_shared<State>();
  const std::size_t total = byte_count(tensor.dtype, tensor.dims);
  state->row_bytes = from.pitch_bytes ? from.row_bytes : total;
  state->pitch_bytes = from.pitch_bytes ? from.pitch_bytes : total;
  state->rows = state->row_bytes ? total / state->row_bytes : 0;
  graph::Launch launch;
  launch.phases = {{&run_copy, 1}};
  launch.state = std::move(state);
  return launch;
}

}  // namespace vireo::compile

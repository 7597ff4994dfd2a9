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

graph::Launch strided_copy(const graph::Tensor& tensor, const TensorPlace& from, const device::Target& target) {
  const std::size_t total = byte_count(tensor.dtype, tensor.dims);
  State sizes;
  sizes.row_bytes = from.pitch_bytes ? from.row_bytes : total;
  sizes.pitch_bytes = from.pitch_bytes ? from.pitch_bytes : total;
  sizes.rows = sizes.row_bytes ? total / sizes.row_bytes : 0;
  if (!target.is_cpu()) {
    device::CopyLaunch launch;
    launch.rows = sizes.rows;
    launch.row_bytes = sizes.row_bytes;
    launch.pitch_bytes = sizes.pitch_bytes;
    return launch;
  }
  graph::CpuLaunch launch;
  launch.phases = {{&run_copy, 1}};
  launch.state = std::make_shared<State>(sizes);
  return launch;
}

}  // namespace vireo::compile

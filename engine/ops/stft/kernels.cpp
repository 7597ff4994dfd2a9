// Frames in vectors (shared/fft.h), read from the signal and multiplied by the window on the way: nothing is cut out or
// copied before. A tile is as many frames as a vector has lanes, twice as many of a real signal.
#include <algorithm>

#include "engine/ops/stft/stft.h"

namespace vireo::ops {
namespace {

struct State {
  FourierLines lines;
  std::int64_t signals = 0, frames = 0, signal_floats = 0, step_floats = 0, line_floats = 0;
};

bool present(const Problem& p, std::size_t k) { return p.inputs.size() > k && p.inputs[k].present(); }

std::int64_t frame_of(const Problem& p) {
  if (present(p, 2)) return p.inputs[2].dims[0];
  return present(p, 3) ? to_integers(*p.inputs[3].constant).at(0) : p.inputs[0].dims[1];
}

void run(const TileArgs& args) noexcept {
  const State& s = *static_cast<const State*>(args.state);
  const std::int64_t first = args.tile * s.lines.lanes();
  const int count = static_cast<int>(std::min<std::int64_t>(s.lines.lanes(), s.signals * s.frames - first));
  const float* from[kMostLanes];
  float* to[kMostLanes];
  for (int l = 0; l < count; ++l) {
    const std::int64_t signal = (first + l) / s.frames, frame = (first + l) % s.frames;
    from[l] = static_cast<const float*>(args.inputs[0]) + signal * s.signal_floats + frame * s.step_floats;
    to[l] = static_cast<float*>(args.outputs[0]) + (first + l) * s.line_floats;
  }
  transform_lines(s.lines, from, to, count, static_cast<const float*>(args.inputs[2]),
                  reinterpret_cast<float*>(args.scratch));
}

/// Without a window there is no pointer to it.
void run_plain(const TileArgs& args) noexcept {
  TileArgs with = args;
  const void* inputs[] = {args.inputs[0], args.inputs[1], nullptr};
  with.inputs = inputs;
  run(with);
}

std::string refuse(const Problem& p, const FftKernel& kernel) {
  if (p.inputs[0].dtype != DataType::float32) return "takes float32";
  if (!p.inputs[0].dense() || !p.outputs[0].dense() || (present(p, 2) && !p.inputs[2].dense()))
    return "takes dense tensors only";
  if (!p.inputs[1].constant || (present(p, 3) && !p.inputs[3].constant))
    return "step or frame length are not known when building";
  if (p.outputs[0].count() == 0) return "nothing to do";
  return refuse_points(frame_of(p), kernel);
}

Launch prepare(const Problem& p, const FftKernel& kernel) {
  auto state = std::make_shared<State>();
  State& s = *state;
  const Dims &x = p.inputs[0].dims, &y = p.outputs[0].dims;
  const std::int64_t frame = frame_of(p), components = x[2];
  s.signals = y[0];
  s.frames = y[1];
  s.signal_floats = x[1] * components;
  s.step_floats = to_integers(*p.inputs[1].constant).at(0) * components;
  s.line_floats = y[2] * 2;
  s.lines.fft = std::make_shared<Fft>(frame);
  s.lines.kernel = kernel;
  s.lines.kind = components == 1 ? LineKind::real : LineKind::complex;
  s.lines.components = components;
  s.lines.given = frame;
  s.lines.wanted = y[2];
  s.lines.in_step = components;
  CpuLaunch launch;
  const std::int64_t tiles = (s.signals * s.frames + s.lines.lanes() - 1) / s.lines.lanes();
  launch.phases = {{present(p, 2) ? run : run_plain, tiles}};
  launch.scratch_bytes = s.lines.scratch_bytes();
  launch.unread_inputs = 0b1010;
  launch.state = std::move(state);
  return launch;
}

template <FftKernel (*kKernel)()>
std::string refuse_for(const Problem& p) {
  return refuse(p, kKernel());
}
template <FftKernel (*kKernel)()>
Launch prepare_for(const Problem& p) {
  return prepare(p, kKernel());
}

constexpr Tactic kTactics[] = {
#if defined(__x86_64__)
    {.name = "stft_frames_avx512",
     .isa = graph::Isa::avx512,
     .refuse = refuse_for<fft_kernel_avx512>,
     .prepare = prepare_for<fft_kernel_avx512>},
    {.name = "stft_frames_avx2",
     .isa = graph::Isa::avx2,
     .refuse = refuse_for<fft_kernel_avx2>,
     .prepare = prepare_for<fft_kernel_avx2>},
#endif
    {.name = "stft_frames_portable",
     .refuse = refuse_for<fft_kernel_portable>,
     .prepare = prepare_for<fft_kernel_portable>},
};

}  // namespace

std::span<const Tactic> stft_tactics() { return kTactics; }

}  // namespace vireo::ops

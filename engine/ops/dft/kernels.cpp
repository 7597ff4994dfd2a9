// Lines in vectors (shared/fft.h): a tile is as many lines as a vector has lanes, twice as many of real ones.
#include <algorithm>

#include "engine/ops/dft/dft.h"

namespace vireo::ops {
namespace {

struct State {
  DftShape shape;
  FourierLines lines;
};

std::size_t axis_of(const Problem& p) {
  const bool given = p.inputs.size() > 2 && p.inputs[2].present();
  return wrap_axis(given ? to_integers(*p.inputs[2].constant).at(0) : -2, p.inputs[0].dims.size());
}

void run(const TileArgs& args) noexcept {
  const State& s = *static_cast<const State*>(args.state);
  const DftShape& d = s.shape;
  const std::int64_t first = args.tile * s.lines.lanes();
  const int count = static_cast<int>(std::min<std::int64_t>(s.lines.lanes(), d.outer * d.inner - first));
  const float* from[kMostLanes];
  float* to[kMostLanes];
  for (int l = 0; l < count; ++l) {
    const std::int64_t o = (first + l) / d.inner, i = (first + l) % d.inner;
    from[l] = static_cast<const float*>(args.inputs[0]) + (o * d.in_extent * d.inner + i) * d.components;
    to[l] = static_cast<float*>(args.outputs[0]) + (o * d.out_extent * d.inner + i) * d.out_components;
  }
  transform_lines(s.lines, from, to, count, nullptr, reinterpret_cast<float*>(args.scratch));
}

std::string refuse(const Problem& p, const FftKernel& kernel) {
  if (p.inputs[0].dtype != DataType::float32) return "takes float32";
  if (!p.inputs[0].dense() || !p.outputs[0].dense()) return "takes dense tensors only";
  for (std::size_t k = 1; k < p.inputs.size(); ++k)
    if (p.inputs[k].present() && !p.inputs[k].constant) return "length or axis are not known when building";
  if (p.outputs[0].count() == 0 || p.inputs[0].count() == 0) return "nothing to do";
  const std::size_t axis = axis_of(p);
  const bool given = p.inputs.size() > 1 && p.inputs[1].present();
  return refuse_points(
      given ? to_integers(*p.inputs[1].constant).at(0) : std::max(p.inputs[0].dims[axis], p.outputs[0].dims[axis]),
      kernel);
}

Launch prepare(const Problem& p, const FftKernel& kernel) {
  auto state = std::make_shared<State>();
  const bool given = p.inputs.size() > 1 && p.inputs[1].present();
  DftShape& d = state->shape;
  d = dft_shape(*p.attributes, p.inputs[0].dims, p.outputs[0].dims, axis_of(p),
                given ? to_integers(*p.inputs[1].constant).at(0) : 0);
  FourierLines& l = state->lines;
  l.fft = std::make_shared<Fft>(d.points);
  l.kernel = kernel;
  l.kind = d.inverse && d.one_sided          ? LineKind::half_back
           : !d.inverse && d.components == 1 ? LineKind::real
                                             : LineKind::complex;
  l.inverse = d.inverse;
  l.components = d.components;
  l.given = d.given;
  l.wanted = d.wanted;
  l.in_step = d.inner * d.components;
  l.out_step = d.inner * d.out_components;
  CpuLaunch launch;
  launch.phases = {{run, (d.outer * d.inner + l.lanes() - 1) / l.lanes()}};
  launch.scratch_bytes = l.scratch_bytes();
  launch.unread_inputs = 0b110;
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
    {.name = "dft_lines_avx512",
     .isa = graph::Isa::avx512,
     .refuse = refuse_for<fft_kernel_avx512>,
     .prepare = prepare_for<fft_kernel_avx512>},
    {.name = "dft_lines_avx2",
     .isa = graph::Isa::avx2,
     .refuse = refuse_for<fft_kernel_avx2>,
     .prepare = prepare_for<fft_kernel_avx2>},
#endif
    {.name = "dft_lines_portable",
     .refuse = refuse_for<fft_kernel_portable>,
     .prepare = prepare_for<fft_kernel_portable>},
};

}  // namespace

std::span<const Tactic> dft_tactics() { return kTactics; }

}  // namespace vireo::ops

#include "engine/ops/conv_integer/kernels.h"

#include "engine/ops/shared/conv_geometry.h"

namespace vireo::ops {

std::string refuse_conv_integer(const Problem& p) {
  for (const graph::Desc& d : p.inputs)
    if (d.present() && !d.dense()) return "an input has gaps";
  if (!p.outputs[0].dense()) return "the output has gaps";
  for (const std::size_t k : {1, 3, 4})
    if (k < p.inputs.size() && p.inputs[k].present() && !p.inputs[k].constant)
      return "weights, their zero points or the bias are not constant";
  const ConvGeometry g = conv_geometry(*p.attributes, p.inputs[0].dims, p.inputs[1].dims, Direction::forward);
  if (p.outputs[0].count() == 0 || g.cin_per_group() == 0) return "an extent is 0";
  return refuse_extents(p);
}

std::vector<std::int32_t> known_numbers(const Problem& p, std::size_t index, std::int64_t count) {
  std::vector<std::int32_t> numbers(static_cast<std::size_t>(count), 0);
  if (index >= p.inputs.size() || !p.inputs[index].present()) return numbers;
  const std::vector<std::int64_t> given = to_integers(*p.inputs[index].constant);
  for (std::size_t i = 0; i < numbers.size(); ++i)
    numbers[i] = static_cast<std::int32_t>(given[given.size() == 1 ? 0 : i]);
  return numbers;
}

namespace {

template <IntegerSet kSet>
Launch prepare_panels(const Problem& p) {
  return prepare_conv_integer_panels(p, kSet());
}

template <IntegerTaps (*kTaps)()>
Launch prepare_taps(const Problem& p) {
  return prepare_conv_integer_taps(p, kTaps());
}

constexpr Tactic kTactics[] = {
#if defined(__x86_64__)
    {.name = "conv_integer_taps_avx512",
     .isa = graph::Isa::avx512,
     .refuse = refuse_conv_integer_taps,
     .prepare = prepare_taps<integer_taps_avx512>},
    {.name = "conv_integer_taps_avx2",
     .isa = graph::Isa::avx2,
     .refuse = refuse_conv_integer_taps,
     .prepare = prepare_taps<integer_taps_avx2>},
#endif
    {.name = "conv_integer_taps_portable",
     .refuse = refuse_conv_integer_taps,
     .prepare = prepare_taps<integer_taps_portable>},
#if defined(__x86_64__)
    {.name = "conv_integer_panels_avx512_vnni",
     .isa = graph::Isa::avx512_vnni,
     .refuse = refuse_conv_integer_panels,
     .prepare = prepare_panels<integer_kernels_avx512_vnni>},
    {.name = "conv_integer_panels_avx512",
     .isa = graph::Isa::avx512,
     .refuse = refuse_conv_integer_panels,
     .prepare = prepare_panels<integer_kernels_avx512>},
    {.name = "conv_integer_panels_avx2",
     .isa = graph::Isa::avx2,
     .refuse = refuse_conv_integer_panels,
     .prepare = prepare_panels<integer_kernels_avx2>},
#endif
    {.name = "conv_integer_panels_portable",
     .refuse = refuse_conv_integer_panels,
     .prepare = prepare_panels<integer_kernels_portable>},
};

}  // namespace

std::span<const Tactic> conv_integer_tactics() { return kTactics; }

}  // namespace vireo::ops

#include "engine/ops/conv_integer/kernels.h"

#include "engine/ops/shared/conv_geometry.h"

namespace vireo::ops {

std::string refuse_conv_integer(const Problem& p) {
  for (const graph::Desc& d : p.inputs)
    if (d.present() && !d.dense()) return "an input has gaps";
  if (!p.outputs[0].dense()) return "the output has gaps";
  for (const std::size_t k : {1, 3, 4, 5, 6})
    if (k < p.inputs.size() && p.inputs[k].present() && !p.inputs[k].constant)
      return "weights, their zero points, the bias or the results' scale and zero point are not constant";
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

IntegerResults integer_results(const Problem& p, const QuantizationKernels& kernels) {
  IntegerResults results;
  if (p.inputs.size() < 6 || !p.inputs[5].present()) return results;
  results.run = kernels.quantize(DataType::int32, p.outputs[0].dtype);
  results.size = 1;
  const std::vector<double> scale = to_reals(*p.inputs[5].constant);
  for (std::int64_t f = 0; f < p.outputs[0].dims[1]; ++f)
    results.scale.push_back(static_cast<float>(scale[scale.size() == 1 ? 0 : static_cast<std::size_t>(f)]));
  if (p.inputs.size() > 6 && p.inputs[6].present()) results.zero = *p.inputs[6].constant->as<std::uint8_t>();
  return results;
}

namespace {

template <const IntegerKernels& (*kSet)(), const QuantizationKernels& (*kResults)()>
Launch prepare_panels(const Problem& p) {
  return prepare_conv_integer_panels(p, kSet(), kResults());
}

template <TapKernels (*kTaps)(), const QuantizationKernels& (*kResults)()>
Launch prepare_taps(const Problem& p) {
  return prepare_conv_integer_taps(p, kTaps(), kResults());
}

constexpr Tactic kTactics[] = {
#if defined(__x86_64__)
    {.name = "conv_integer_taps_avx512",
     .isa = graph::Isa::avx512,
     .refuse = refuse_conv_integer_taps,
     .prepare = prepare_taps<integer_taps_avx512, quantization_kernels_avx512>},
    {.name = "conv_integer_taps_avx2",
     .isa = graph::Isa::avx2,
     .refuse = refuse_conv_integer_taps,
     .prepare = prepare_taps<integer_taps_avx2, quantization_kernels_avx2>},
#endif
    {.name = "conv_integer_taps_portable",
     .refuse = refuse_conv_integer_taps,
     .prepare = prepare_taps<integer_taps_portable, quantization_kernels_portable>},
#if defined(__x86_64__)
    {.name = "conv_integer_panels_avx512_vnni",
     .isa = graph::Isa::avx512_vnni,
     .refuse = refuse_conv_integer_panels,
     .prepare = prepare_panels<integer_kernels_avx512_vnni, quantization_kernels_avx512>},
    {.name = "conv_integer_panels_avx512",
     .isa = graph::Isa::avx512,
     .refuse = refuse_conv_integer_panels,
     .prepare = prepare_panels<integer_kernels_avx512, quantization_kernels_avx512>},
    {.name = "conv_integer_panels_avx2",
     .isa = graph::Isa::avx2,
     .refuse = refuse_conv_integer_panels,
     .prepare = prepare_panels<integer_kernels_avx2, quantization_kernels_avx2>},
#endif
    {.name = "conv_integer_panels_portable",
     .refuse = refuse_conv_integer_panels,
     .prepare = prepare_panels<integer_kernels_portable, quantization_kernels_portable>},
};

}  // namespace

std::span<const Tactic> conv_integer_tactics() { return kTactics; }

}  // namespace vireo::ops

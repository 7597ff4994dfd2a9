// pool on OpenCL devices: an item an output pixel of some channels, every mode, layout and type of up to three axes.
#include <algorithm>

#include "engine/ops/pool/kernels.h"
#include "engine/ops/pool/window.h"
#include "engine/ops/shared/conv_opencl.h"

namespace vireo::ops {
namespace {

constexpr std::initializer_list<DataType> kNumbers{
    DataType::float32, DataType::float16, DataType::int8,  DataType::uint8,  DataType::int16,
    DataType::uint16,  DataType::int32,   DataType::int64, DataType::uint32, DataType::uint64};

bool has_indices(const Problem& p) { return p.outputs.size() > 1 && p.outputs[1].present(); }

const char* computed_in(DataType type) {
  if (is_float(type)) return "float";
  if (type == DataType::uint64) return "ulong";
  return type == DataType::int64 || type == DataType::uint32 ? "long" : "int";
}

}  // namespace

std::string refuse_pool_opencl(const Problem& p) {
  if (std::string why = refuse_opencl(p, kNumbers); !why.empty()) return why;
  if (!p.outputs[0].present()) return "makes no indices alone";
  if (p.inputs[0].count() == 0) return "the input is empty";
  if (p.inputs[0].dims.size() > 5) return "takes up to three spatial axes";
  double window = 1;
  for (const PoolAxis& a : pool_axes(*p.attributes, p.inputs[0].dims)) {
    const double last = static_cast<double>(a.out) * static_cast<double>(a.stride) +
                        static_cast<double>(a.kernel) * static_cast<double>(a.dilation) +
                        static_cast<double>(a.in + a.pad_begin + a.pad_end);
    window *= static_cast<double>(a.kernel);
    if (last > 1 << 30 || window > 1 << 30) return "more positions than an int counts";
  }
  return {};
}

Launch prepare_pool_opencl(const Problem& p) {
  const std::vector<PoolAxis> given = pool_axes(*p.attributes, p.inputs[0].dims);
  const bool nhwc = channels_last(*p.attributes), indices = has_indices(p);
  PoolAxis axes[3];
  for (PoolAxis& a : axes) a.in = a.out = 1;
  for (std::size_t i = 0; i < given.size(); ++i) axes[3 - given.size() + i] = given[i];
  const auto [d, h, w] = axes;
  const Dims& x = p.inputs[0].dims;
  const std::int64_t batch = x[0], channels = nhwc ? x.back() : x[1];
  const DataType type = p.inputs[0].dtype;
  std::int64_t vector = 1;
  if (nhwc && is_float(type) && !indices)
    for (const std::int64_t v : {4, 16})
      if (channels % v == 0 && (v == 4 || p.target->opencl.on_processor)) vector = v;
  const std::string mode = p.attributes->text("mode", "max");
  KernelCall call("pool/window.cl", "pool_window");
  call.define_type("T", type).define_text("SUM", computed_in(type)).define("VECTOR", vector);
  call.define("MODE", mode == "max" ? 0 : mode == "average" ? 1 : 2);
  if (mode == "lp") call.define_real("POWER", static_cast<double>(p.attributes->integer("p", 2)));
  if (indices) call.define("INDICES", 1);
  call.input(0).output(0);
  if (indices) call.output(1);
  call.value(int8_of({d.in, h.in, w.in, channels, batch})).value(int8_of({d.out, h.out, w.out, channels, batch}));
  call.value(int8_of({d.kernel, h.kernel, w.kernel, d.stride, h.stride, w.stride}));
  call.value(int8_of({d.pad_begin, h.pad_begin, w.pad_begin, d.dilation, h.dilation, w.dilation}));
  const bool padding = p.attributes->integer("count_include_pad", 0) != 0;
  const auto narrow = [](std::int64_t value) { return static_cast<std::int32_t>(value); };
  call.value(Int4{{narrow(d.pad_end), narrow(h.pad_end), narrow(w.pad_end), padding ? 1 : 0}});
  const auto strides = [&](const graph::Desc& desc) {
    const ActivationStrides s = activation_strides_of(desc, nhwc);
    return int8_of({s.batch, s.channel, s.space[0], s.space[1], s.space[2]});
  };
  call.value(strides(p.inputs[0])).value(strides(p.outputs[0])).value(strides(p.outputs[indices ? 1 : 0]));
  const bool turned = p.attributes->integer("storage_order", 0) != 0;  // the first spatial axis runs fastest
  if (turned) call.value(Int4{{1, narrow(d.in), narrow(d.in * h.in), nhwc ? 1 : 0}});
  else call.value(Int4{{narrow(h.in * w.in), narrow(w.in), 1, nhwc ? 1 : 0}});
  call.over({batch * d.out * h.out * w.out * (channels / vector), 1, 1}, {64, 1, 1});
  OpenclLaunch launch;
  launch.kernels.push_back(call.done());
  return launch;
}

}  // namespace vireo::ops

// attention on OpenCL devices: tiles through local memory, and a form without barriers for processors.
#include "engine/ops/attention/opencl.h"

#include <algorithm>

#include "engine/ops/attention/attention.h"
#include "engine/ops/attention/geometry.h"
#include "engine/ops/shared/loop_plan.h"

namespace vireo::ops {
namespace {

bool has_mask(const Problem& p) { return p.inputs.size() > 3 && p.inputs[3].present(); }

AttentionGeometry geometry_of(const Problem& p) {
  return attention_geometry(*p.attributes, p.inputs[0].dims, p.inputs[1].dims, p.inputs[2].dims);
}

std::string refuse_any(const Problem& p) {
  Problem data = p;  // the mask may have a type of its own
  data.inputs.resize(3);
  if (std::string why = refuse_opencl(data, kReals); !why.empty()) return why;
  if (has_mask(p))
    if (std::string why = refuse_opencl(p, {DataType::float32, DataType::float16, DataType::boolean}); !why.empty())
      return why;
  const AttentionGeometry g = geometry_of(p);
  const AttentionLimits limits = attention_limits(p, g);
  if (limits.left >= 0 || limits.right >= 0 || limits.lengths || (limits.causal && limits.offsets))
    return "takes no windows, offsets and lengths";
  if (p.inputs.size() > kAttentionSinks && p.inputs[kAttentionSinks].present()) return "takes no sinks";
  if (limits.keys < g.keys) return "the mask has fewer columns than there are keys";
  if (p.outputs.size() > 1 && p.outputs[1].present()) return "gives no scores";
  return g.keys == 0 || g.depth == 0 ? "an extent is 0" : g.depth > 128 || g.width > 128 ? "heads wider than 128" : "";
}

void add_attention(KernelCall& call, const Problem& p) {
  const AttentionGeometry g = geometry_of(p);
  const auto narrow = [](std::int64_t number) { return static_cast<std::int32_t>(number); };  // of a tensor's extents
  const auto pair = [&](const AttentionSteps& a, const AttentionSteps& b) {
    return Int8{{narrow(a.batch), narrow(a.head), narrow(a.row), narrow(b.batch), narrow(b.head), narrow(b.row)}};
  };
  const bool masked = has_mask(p);
  Int8 mask{};
  if (masked) {
    const Dims steps = broadcast_strides(p.inputs[3], {g.batch, g.heads, g.queries, g.keys});
    for (std::size_t i = 0; i < 4; ++i) mask.at[i] = narrow(steps[i]);
  }
  const DataType type = masked ? p.inputs[3].dtype : p.inputs[0].dtype;
  call.before("attention/common.cl").define_type("T", p.inputs[0].dtype).define_type("M", type);
  call.define("MASKED", !masked ? 0 : type == DataType::boolean ? 2 : 1);
  call.input(0).input(1).input(2).input(masked ? 3 : 0).output(0);
  call.integer(g.heads).integer(g.heads / g.key_heads).integer(g.queries).integer(g.keys).integer(g.depth);
  call.integer(g.width).integer(p.attributes->integer("is_causal", 0) != 0);
  call.value(static_cast<float>(attention_scale(*p.attributes, g)));
  call.value(static_cast<float>(p.attributes->real("softcap", 0)));
  call.value(pair(g.q_steps(p.inputs[0].pitch), g.k_steps(p.inputs[1].pitch)));
  call.value(pair(g.v_steps(p.inputs[2].pitch), g.y_steps(p.outputs[0].pitch)));
  call.value(mask);
}

std::int64_t wide_of(const AttentionGeometry& g) { return std::max(g.depth, g.width) <= 64 ? 64 : 128; }

std::int64_t groups_of(const AttentionGeometry& g) {
  const std::int64_t queries = wide_of(g) == 64 ? 32 : 16;
  return g.batch * g.heads * ((g.queries + queries - 1) / queries);
}

}  // namespace

std::string refuse_attention_tiles(const Problem& p) { return refuse_any(p); }

Launch prepare_attention_tiles(const Problem& p) {
  const AttentionGeometry g = geometry_of(p);
  KernelCall call("attention/tiles.cl", "attention_tiles");
  call.define("WIDE", wide_of(g)).define("R", wide_of(g) == 64 ? 2 : 1);
  if (p.target->opencl.on_processor) call.define("ON_PROCESSOR", 1).compiled_quickly();
  add_attention(call, p);
  call.over({groups_of(g) * 256, 1, 1}, {256, 1, 1});
  OpenclLaunch launch;
  launch.kernels.push_back(call.done());
  return launch;
}

double predict_attention_tiles(const Problem& p) {
  const AttentionGeometry g = geometry_of(p);
  const double work =
      2.0 * static_cast<double>(g.batch * g.heads * g.queries) * static_cast<double>(g.keys * wide_of(g));
  return p.target->opencl.on_processor ? work * 1e-9 : 5e-6 + work / 5e12;
}

std::string refuse_attention_queries(const Problem& p) {
  return p.target->opencl.on_processor ? refuse_any(p) : "the device is no processor";
}

Launch prepare_attention_queries(const Problem& p) {
  const AttentionGeometry g = geometry_of(p);
  KernelCall call("attention/queries.cl", "attention_queries");
  call.define("PARTS", wide_of(g) / 16);
  add_attention(call, p);
  call.over({g.batch * g.heads * g.queries, 1, 1}, {1, 1, 1});
  OpenclLaunch launch;
  launch.kernels.push_back(call.done());
  return launch;
}

double predict_attention_queries(const Problem& p) { return predict_attention_tiles(p) / 20; }

std::string refuse_attention_mma(const Problem& p) {
  if (!p.target->opencl.mma) return "needs NVIDIA's tensor cores";
  if (has_mask(p) || p.attributes->real("softcap", 0) != 0) return "takes no mask and no softcap";
  if (std::string why = refuse_opencl(p, {DataType::float16}); !why.empty()) return why;
  if (std::string why = refuse_any(p); !why.empty()) return why;
  const AttentionGeometry g = geometry_of(p);
  if (g.depth % 16 != 0 || g.width % 16 != 0) return "heads of other widths than multiples of 16";
  for (const auto* descs : {&p.inputs, &p.outputs})
    for (const graph::Desc& desc : *descs)
      if (desc.present() && (desc.pitch % 8 != 0 || desc.alignment < 16))
        return "rows that are not aligned to 16 bytes";
  return {};
}

Launch prepare_attention_mma(const Problem& p) {
  const AttentionGeometry g = geometry_of(p);
  const auto pair = [](const AttentionSteps& a, const AttentionSteps& b) {
    const std::int64_t all[8] = {a.batch, a.head, a.row, b.batch, b.head, b.row};
    Int8 made{};
    for (std::size_t i = 0; i < 6; ++i) made.at[i] = static_cast<std::int32_t>(all[i]);
    return made;
  };
  KernelCall call("attention/mma.cl", "attention_mma");
  call.before("shared/opencl/mma.cl").define("DEPTH", g.depth).define("WIDTH", g.width);
  call.input(0).input(1).input(2).output(0).integer(g.heads).integer(g.heads / g.key_heads);
  call.integer(g.queries).integer(g.keys).integer(p.attributes->integer("is_causal", 0) != 0);
  constexpr double kLog2e = 1.4426950408889634;
  call.value(static_cast<float>(attention_scale(*p.attributes, g) * kLog2e));
  call.value(pair(g.q_steps(p.inputs[0].pitch), g.k_steps(p.inputs[1].pitch)));
  call.value(pair(g.v_steps(p.inputs[2].pitch), g.y_steps(p.outputs[0].pitch)));
  call.group_part(static_cast<std::size_t>(64 * (g.depth + 8 + g.width + 8)) * 2);  // 64 keys and values
  call.over({g.batch * g.heads * ((g.queries + 63) / 64) * 128, 1, 1}, {128, 1, 1});
  OpenclLaunch launch;
  launch.kernels.push_back(call.done());
  return launch;
}

double predict_attention_mma(const Problem& p) { return 4e-6 + (predict_attention_tiles(p) - 5e-6) / 15; }

}  // namespace vireo::ops

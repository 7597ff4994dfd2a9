// pool as a part of plan kernels (part.cl).
#include "engine/ops/pool/kernels.h"
#include "engine/ops/pool/window.h"
#include "engine/ops/shared/opencl_words.h"

namespace vireo::ops {

std::string refuse_pool_part(const Problem& p) {
  if (std::string why = refuse_words(p, {0, -1}); !why.empty()) return why;
  if (!channels_last(*p.attributes) || p.inputs[0].dims.size() != 4) return "takes channels-last pictures";
  if (p.outputs.size() > 1 && p.outputs[1].present()) return "makes no indices";
  if (p.attributes->text("mode", "max") == "lp") return "has no such mode";
  for (const PoolAxis& a : pool_axes(*p.attributes, p.inputs[0].dims))
    if (a.kernel > 7) return "the window is too large";
  return {};
}

Launch prepare_pool_part(const Problem& p) {
  const std::vector<PoolAxis> axes = pool_axes(*p.attributes, p.inputs[0].dims);
  const auto &h = axes[0], &w = axes[1];
  const std::int64_t images = p.inputs[0].dims[0], channels = p.inputs[0].dims[3];
  const std::int64_t words = images * h.out * w.out * channels / 8, items = word_items(p, words);
  const bool padding = p.attributes->integer("count_include_pad", 0) != 0;
  KernelCall call("pool/part.cl", "pool_part");
  call.before("shared/opencl/words.cl").before("shared/opencl/part_end.cl").define("RESIDUAL", 0).activation({});
  call.define("CHANNELS", channels).define("IMAGES", images).define("WIDTH", w.in).define("HEIGHT", h.in);
  call.define("OUT_W", w.out).define("OUT_H", h.out);
  call.define("X_PITCH", p.inputs[0].pitch).define("Y_PITCH", p.outputs[0].pitch);
  call.define("KERNEL_H", h.kernel)
      .define("KERNEL_W", w.kernel)
      .define("STRIDE_H", h.stride)
      .define("STRIDE_W", w.stride);
  call.define("DILATION_H", h.dilation).define("DILATION_W", w.dilation);
  call.define("PAD_H", h.pad_begin).define("PAD_W", w.pad_begin);
  call.define("MODE", p.attributes->text("mode", "max") == "max" ? 0 : 1);
  call.define("COUNT_W", w.in + (padding ? w.pad_end : 0)).define("COUNT_H", h.in + (padding ? h.pad_end : 0));
  call.define("COUNT_LEFT", padding ? w.pad_begin : 0).define("COUNT_ABOVE", padding ? h.pad_begin : 0);
  call.define("LINES", h.kernel * w.kernel <= 9 ? h.kernel : w.kernel <= 5 ? 3 : 2).define("ITEMS", items);
  call.input(0).output(0);
  OpenclLaunch launch;
  launch.kernels.push_back(word_part(call.done(), (words + items - 1) / items));
  launch.marks = true;
  return launch;
}

}  // namespace vireo::ops

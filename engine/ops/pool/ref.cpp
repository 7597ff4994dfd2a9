#include <algorithm>
#include <cmath>

#include "engine/ops/pool/window.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

struct Result {
  double value = 0;
  std::int64_t position = 0;  ///< of the maximum, in the spatial volume
};

struct Window {
  std::vector<PoolAxis> axes;
  Dims spatial;           ///< input extents
  Dims steps;             ///< elements between neighbours along each spatial axis
  Dims index_steps;       ///< positions between neighbours, for indices
  char mode = 'm';
  bool include_pad = false;
  double p = 2;

  template <typename T>
  [[nodiscard]] Result at(const T* plane, const Dims& out) const {
    Result best;
    double sum = 0;
    bool any = false;
    T top{};
    // Only what lies inside is walked, however large the window is; how much of the padding counts follows from it.
    Dims first, inside;
    std::int64_t counted = 1;
    for (std::size_t i = 0; i < axes.size(); ++i) {
      const PoolAxis& a = axes[i];
      const std::int64_t x0 = out[i] * a.stride - a.pad_begin;
      const auto before = [&](std::int64_t end) {  // positions of the window below `end`
        return std::clamp<std::int64_t>((end - x0 + a.dilation - 1) / a.dilation, 0, a.kernel);
      };
      first.push_back(before(0));
      inside.push_back(std::max<std::int64_t>(before(a.in) - first[i], 0));
      counted *= include_pad ? before(a.in + a.pad_end) : inside[i];
    }
    walk_index(inside, [&](const Dims& k) {
      std::int64_t offset = 0, position = 0;
      for (std::size_t i = 0; i < axes.size(); ++i) {
        const PoolAxis& a = axes[i];
        const std::int64_t x = out[i] * a.stride - a.pad_begin + (first[i] + k[i]) * a.dilation;
        offset += x * steps[i];
        position += x * index_steps[i];
      }
      const T x = plane[offset];
      if (mode == 'm') {
        if (!any || x > top || (x != x && top == top)) {
          top = x;
          best.position = position;
        }
        any = true;
      } else if (mode == 'l') {
        sum += std::pow(std::abs(static_cast<double>(x)), p);
      } else {
        sum += static_cast<double>(x);
      }
    });
    if (mode == 'm') best.value = any ? static_cast<double>(top) : 0;
    else if (mode == 'l') best.value = std::pow(sum, 1 / p);
    else best.value = counted > 0 ? sum / static_cast<double>(counted) : 0;
    return best;
  }
};

}  // namespace

void pool_reference(const EvalContext& c) {
  const View &in = c.inputs[0], &out = c.outputs[0];
  const bool last = channels_last(c.attributes);
  const std::size_t first = last ? 1 : 2;
  Window w;
  w.axes = pool_axes(c.attributes, in.dims);
  w.mode = c.attributes.text("mode", "max")[0];
  w.include_pad = c.attributes.integer("count_include_pad", 0) != 0;
  if (c.attributes.has("p")) w.p = static_cast<double>(c.attributes.integer("p", 2));
  const std::size_t count = w.axes.size();
  Dims out_dims = in.dims, out_spatial;
  for (std::size_t i = 0; i < count; ++i) out_dims[first + i] = w.axes[i].out;
  if (element_count(out_dims) == 0) return;
  const Dims in_strides = strides_of(in.dims), out_strides = strides_of(out_dims);
  for (std::size_t i = 0; i < count; ++i) {
    w.spatial.push_back(in.dims[first + i]);
    w.steps.push_back(in_strides[first + i]);
    out_spatial.push_back(out_dims[first + i]);
  }
  w.index_steps = strides_of(w.spatial);
  if (c.attributes.integer("storage_order", 0) != 0) {  // the first spatial axis runs fastest
    std::int64_t step = 1;
    for (std::size_t i = 0; i < count; step *= w.spatial[i++]) w.index_steps[i] = step;
  }
  const std::int64_t channels = in.dims[last ? count + 1 : 1], volume = product(w.spatial, 0, count);
  std::int64_t* indices = has_output(c, 1) ? c.outputs[1].as<std::int64_t>() : nullptr;
  dispatch_number(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (std::int64_t n = 0; n < in.dims[0]; ++n)
      for (std::int64_t ch = 0; ch < channels; ++ch) {
        const T* plane = in.as<T>() + n * in_strides[0] + ch * in_strides[last ? count + 1 : 1];
        const std::int64_t base = n * out_strides[0] + ch * out_strides[last ? count + 1 : 1];
        walk_index(out_spatial, [&](const Dims& o) {
          std::int64_t at = base;
          for (std::size_t i = 0; i < count; ++i) at += o[i] * out_strides[first + i];
          const Result result = w.at(plane, o);
          if (out.present()) out.as<T>()[at] = static_cast<T>(result.value);
          if (indices) indices[at] = (n * channels + ch) * volume + result.position;
        });
      }
  });
}

}  // namespace vireo::ops

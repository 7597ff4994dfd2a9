#include "engine/ops/pad/pad.h"

#include <algorithm>

namespace vireo::ops {

std::int64_t pad_source(std::int64_t at, std::int64_t extent, const std::string& mode) {
  if (at >= 0 && at < extent) return at;
  if (mode == "constant") return -1;
  if (mode == "edge") return std::clamp<std::int64_t>(at, 0, extent - 1);
  const std::int64_t period = mode == "wrap" ? extent : std::max<std::int64_t>(2 * (extent - 1), 1);
  const std::int64_t phase = (at % period + period) % period;
  return phase < extent ? phase : period - phase;
}

Dims pad_begins(const Dims& dims, const Ints& pads, const Ints* axes) {
  Dims begin(dims.size(), 0);
  if (axes) {
    for (std::size_t i = 0; i < axes->size(); ++i) begin[wrap_axis((*axes)[i], dims.size())] = pads[i];
  } else {
    std::copy_n(pads.begin(), dims.size(), begin.begin());
  }
  return begin;
}

void pad_reference(const EvalContext& c) {
  const View &in = c.inputs[0], &out = c.outputs[0];
  const std::string mode = c.attributes.text("mode", "constant");
  const std::size_t rank = in.dims.size();
  const Ints axes = has_input(c, 3) ? read_integers(c.inputs[3]) : Ints{};
  const Dims begin = pad_begins(in.dims, read_integers(c.inputs[1]), has_input(c, 3) ? &axes : nullptr);
  if (out.count() == 0) return;
  std::vector<Dims> sources(rank);
  for (std::size_t axis = 0; axis < rank; ++axis)
    for (std::int64_t i = 0; i < out.dims[axis]; ++i)
      sources[axis].push_back(pad_source(i - begin[axis], in.dims[axis], mode));
  const Dims strides = strides_of(in.dims);
  dispatch_bytes(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T value = has_input(c, 2) ? *c.inputs[2].as<T>() : T{0};
    T* y = out.as<T>();
    walk_index(out.dims, [&](const Dims& index) {
      std::int64_t at = 0;
      for (std::size_t i = 0; i < rank && at >= 0; ++i) {
        const std::int64_t from = sources[i][static_cast<std::size_t>(index[i])];
        at = from < 0 ? -1 : at + from * strides[i];
      }
      *y++ = at < 0 ? value : in.as<T>()[at];
    });
  });
}

}  // namespace vireo::ops

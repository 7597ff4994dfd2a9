#include <algorithm>
#include <cmath>

#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

struct Range {
  std::int64_t begin, end;
};

/// Cell k of `cells` of the pixels first … last, as far as it is in [0, extent).
Range cell(double first, double last, std::int64_t k, std::int64_t cells, std::int64_t extent) {
  const double size = std::max(last - first + 1, 1.0) / static_cast<double>(cells);
  const double begin = std::floor(static_cast<double>(k) * size) + first,
               end = std::ceil(static_cast<double>(k + 1) * size) + first;
  const auto inside = [extent](double at) {
    return at > 0 ? static_cast<std::int64_t>(std::min(at, static_cast<double>(extent))) : 0;  // NaN too
  };
  return {inside(begin), inside(end)};
}

}  // namespace

void max_roi_pool_reference(const EvalContext& c) {
  const View &in = c.inputs[0], &out = c.outputs[0];
  const std::vector<double> regions = to_doubles(c.inputs[1]);
  const double scale = c.attributes.real("spatial_scale", 1.0);
  const std::int64_t channels = in.dims[1], height = in.dims[2], width = in.dims[3];
  if (out.count() == 0) return;
  dispatch_real(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* y = out.as<T>();
    for (std::size_t r = 0; r < static_cast<std::size_t>(out.dims[0]); ++r) {
      const double* region = regions.data() + 5 * r;
      if (!(region[0] >= 0 && region[0] < static_cast<double>(in.dims[0])))
        throw Error(ErrorCode::invalid_argument, "max_roi_pool: there is no image " + std::to_string(region[0]));
      const auto image = static_cast<std::int64_t>(region[0]);
      double corners[4];
      for (int k = 0; k < 4; ++k) corners[k] = std::round(region[k + 1] * scale);
      for (std::int64_t ch = 0; ch < channels; ++ch) {
        const T* plane = in.as<T>() + (image * channels + ch) * height * width;
        for (std::int64_t i = 0; i < out.dims[2]; ++i)
          for (std::int64_t j = 0; j < out.dims[3]; ++j, ++y) {
            const Range rows = cell(corners[1], corners[3], i, out.dims[2], height),
                        columns = cell(corners[0], corners[2], j, out.dims[3], width);
            double top = rows.begin < rows.end && columns.begin < columns.end ? -INFINITY : 0;
            for (std::int64_t p = rows.begin; p < rows.end; ++p)
              for (std::int64_t q = columns.begin; q < columns.end; ++q)
                top = std::max(top, static_cast<double>(plane[p * width + q]));
            *y = static_cast<T>(top);
          }
      }
    }
  });
}

}  // namespace vireo::ops

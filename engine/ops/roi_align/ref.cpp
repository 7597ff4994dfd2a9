#include <algorithm>
#include <cmath>

#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

struct Corner {
  std::int64_t at[4];
  double weight[4];
};

/// Bilinear weights of a point; all zero outside the image by more than a pixel.
Corner corner(double y, double x, std::int64_t height, std::int64_t width) {
  if (!(y >= -1 && y <= static_cast<double>(height) && x >= -1 && x <= static_cast<double>(width))) return {};
  y = std::max(y, 0.0);
  x = std::max(x, 0.0);
  const std::int64_t y0 = std::min(static_cast<std::int64_t>(y), height - 1),
                     x0 = std::min(static_cast<std::int64_t>(x), width - 1);
  const std::int64_t y1 = std::min(y0 + 1, height - 1), x1 = std::min(x0 + 1, width - 1);
  const double fy = y0 == y1 ? 0 : y - static_cast<double>(y0), fx = x0 == x1 ? 0 : x - static_cast<double>(x0);
  return {{y0 * width + x0, y0 * width + x1, y1 * width + x0, y1 * width + x1},
          {(1 - fy) * (1 - fx), (1 - fy) * fx, fy * (1 - fx), fy * fx}};
}

}  // namespace

void roi_align_reference(const EvalContext& c) {
  const View &in = c.inputs[0], &out = c.outputs[0];
  const std::vector<double> regions = to_doubles(c.inputs[1]);
  const std::vector<std::int64_t> images = read_integers(c.inputs[2]);
  const bool max = c.attributes.text("mode", "avg") == "max";
  const bool half = c.attributes.text("coordinate_transformation_mode", "half_pixel") == "half_pixel";
  const double scale = c.attributes.real("spatial_scale", 1.0), shift = half ? 0.5 : 0;
  const std::int64_t ratio = c.attributes.integer("sampling_ratio", 0);
  const std::int64_t channels = in.dims[1], height = in.dims[2], width = in.dims[3], rows = out.dims[2],
                     columns = out.dims[3];
  if (out.count() == 0) return;
  if (in.count() == 0)
    throw Error(ErrorCode::invalid_argument, "roi_align: an image of " + to_string(in.dims) + " is empty");
  dispatch_real(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* y = out.as<T>();
    for (std::size_t r = 0; r < images.size(); ++r) {
      if (images[r] < 0 || images[r] >= in.dims[0])
        throw Error(ErrorCode::invalid_argument, "roi_align: there is no image " + std::to_string(images[r]));
      const double x1 = regions[r * 4] * scale - shift, y1 = regions[r * 4 + 1] * scale - shift;
      double w = regions[r * 4 + 2] * scale - shift - x1, h = regions[r * 4 + 3] * scale - shift - y1;
      if (!half) {
        w = std::max(w, 1.0);
        h = std::max(h, 1.0);
      }
      const double bin_h = h / static_cast<double>(rows), bin_w = w / static_cast<double>(columns);
      const auto samples = [&](double bin) {
        return ratio > 0 ? ratio
                         : std::clamp<std::int64_t>(static_cast<std::int64_t>(std::ceil(std::min(bin, 1e4))), 0, 1024);
      };
      const std::int64_t count_h = samples(bin_h), count_w = samples(bin_w);
      for (std::int64_t ch = 0; ch < channels; ++ch) {
        const T* plane = in.as<T>() + (images[r] * channels + ch) * height * width;
        for (std::int64_t i = 0; i < rows; ++i)
          for (std::int64_t j = 0; j < columns; ++j) {
            double sum = 0, top = -INFINITY;
            for (std::int64_t a = 0; a < count_h; ++a)
              for (std::int64_t b = 0; b < count_w; ++b) {
                const double py =
                    y1 +
                    (static_cast<double>(i) + (static_cast<double>(a) + 0.5) / static_cast<double>(count_h)) * bin_h;
                const double px =
                    x1 +
                    (static_cast<double>(j) + (static_cast<double>(b) + 0.5) / static_cast<double>(count_w)) * bin_w;
                const Corner point = corner(py, px, height, width);
                for (int k = 0; k < 4; ++k) {
                  const double value = point.weight[k] * static_cast<double>(plane[point.at[k]]);
                  sum += value;
                  top = std::max(top, value);
                }
              }
            const std::int64_t count = count_h * count_w;
            *y++ = static_cast<T>(count == 0 ? 0 : max ? top : sum / static_cast<double>(count));
          }
      }
    }
  });
}

}  // namespace vireo::ops

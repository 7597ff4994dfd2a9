#include "plugins/decode/masks.h"

#include <algorithm>

namespace vireo::decode {

Prototypes prototypes_of(std::string_view family, const sdk::TensorView& tensor, int count,
                         std::vector<float>& scratch) {
  const Dims dims = image_dims(tensor.dims);
  if (dims.size() != 3 || dims[0] != count || dims[1] < 1 || dims[2] < 1 || dims[1] > 16384 || dims[2] > 16384) {
    refuse_output(family, tensor, "mask prototypes [" + std::to_string(count) + ", rows, columns]");
  }
  return {floats(tensor, scratch), count, int(dims[2]), int(dims[1])};
}

sdk::Mask mask_of(const Prototypes& p, const float* coefficients, std::size_t step, const Box& box,
                  const sdk::Geometry& g) {
  const double cell_x = double(g.network_width) / p.width, cell_y = double(g.network_height) / p.height;
  const auto cell = [](double v, int limit) { return int(std::clamp(v, 0.0, double(limit))); };
  // The padding around the picture is not part of any object.
  const double x1 = std::max(double(box.x1), g.to_network_x(0)), y1 = std::max(double(box.y1), g.to_network_y(0));
  const double x2 = std::min(double(box.x2), g.to_network_x(g.frame_width));
  const double y2 = std::min(double(box.y2), g.to_network_y(g.frame_height));
  const int left = cell(std::floor(x1 / cell_x), p.width), right = cell(std::ceil(x2 / cell_x), p.width);
  const int top = cell(std::floor(y1 / cell_y), p.height), bottom = cell(std::ceil(y2 / cell_y), p.height);
  sdk::Mask mask;
  if (right <= left || bottom <= top) return mask;
  mask.columns = right - left;
  mask.rows = bottom - top;
  mask.x = float(g.to_frame_x(left * cell_x));
  mask.y = float(g.to_frame_y(top * cell_y));
  mask.width = float(g.to_frame_x(right * cell_x)) - mask.x;
  mask.height = float(g.to_frame_y(bottom * cell_y)) - mask.y;
  mask.cover.reserve(std::size_t(mask.columns) * std::size_t(mask.rows));
  std::vector<float> row(std::size_t(mask.columns));
  const std::size_t plane = std::size_t(p.width) * std::size_t(p.height);
  for (int y = top; y < bottom; ++y) {
    std::fill(row.begin(), row.end(), 0.0f);
    const float* at = p.data + std::size_t(y) * std::size_t(p.width) + std::size_t(left);
    for (int k = 0; k < p.count; ++k, at += plane) {
      const float weight = coefficients[std::size_t(k) * step];
      for (std::size_t x = 0; x < row.size(); ++x) row[x] += weight * at[x];
    }
    for (const float value : row) {
      const float share = sigmoid(value);  // NaN ends as 0
      mask.cover.push_back(share > 0 ? std::uint8_t(share * 255 + 0.5f) : std::uint8_t(0));
    }
  }
  return mask;
}

}  // namespace vireo::decode

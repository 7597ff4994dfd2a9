#pragma once
// Made-up outputs for decoders: boxes known in the frame, tensors to write their inverse into, and the comparison.

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "plugins/decode/decoders.h"

namespace vireo::decode {

/// A 640x480 frame letterboxed into 320x320: half size, 40 rows above.
inline const sdk::Geometry kGeometry{.network_width = 320,
                                     .network_height = 320,
                                     .frame_width = 640,
                                     .frame_height = 480,
                                     .scale_x = 0.5,
                                     .scale_y = 0.5,
                                     .pad_x = 0,
                                     .pad_y = 40};

struct Known {
  float x, y, width, height;  ///< frame pixels
  int class_id;
  float score;
};
inline const std::vector<Known> kKnown = {
    {100, 60, 200, 160, 3, 0.9f}, {420.5f, 200.25f, 90, 150, 0, 0.8f}, {30, 300, 60, 50, 7, 0.7f}};

/// The box in network pixels: centre and size.
struct Centre {
  float x, y, w, h;
};
inline Centre in_network(const Known& k) {
  return {float(kGeometry.to_network_x(k.x + k.width / 2)), float(kGeometry.to_network_y(k.y + k.height / 2)),
          float(k.width * kGeometry.scale_x), float(k.height * kGeometry.scale_y)};
}

/// Output tensors that a test fills, and the description that goes with them.
struct Tensors {
  sdk::ModelDescription description;
  std::vector<std::vector<float>> data;

  explicit Tensors(int width = 320, int height = 320) {
    description.inputs.push_back({"in", DataType::float32, {1, 3, height, width}, {}});
  }
  std::vector<float>& add(Dims dims, float value = 0) {
    data.reserve(16);  // references stay valid
    data.emplace_back(std::size_t(element_count(dims)), value);
    description.outputs.push_back({"out" + std::to_string(data.size()), DataType::float32, std::move(dims), {}});
    return data.back();
  }
  sdk::FrameResult decode(std::string_view family, const sdk::Params& params = {}, const sdk::Geometry& g = kGeometry) {
    const auto choice = choose_decoder(description, family);
    auto decoder = create_decoder(choice, description, params);
    std::vector<sdk::TensorView> views;
    for (std::size_t i = 0; i < data.size(); ++i) {
      views.push_back({description.outputs[i].name, DataType::float32, description.outputs[i].dims, data[i].data()});
    }
    sdk::FrameResult result;
    result.width = g.frame_width;
    result.height = g.frame_height;
    decoder->decode(views, g, result);
    return result;
  }
};

inline void expect_known(const sdk::FrameResult& result, float tolerance = 0.02f, bool classes = true,
                         const std::vector<Known>& known = kKnown) {
  ASSERT_EQ(result.detections.size(), known.size());
  for (std::size_t i = 0; i < known.size(); ++i) {
    const auto& d = result.detections[i];
    EXPECT_NEAR(d.x, known[i].x, tolerance);
    EXPECT_NEAR(d.y, known[i].y, tolerance);
    EXPECT_NEAR(d.width, known[i].width, tolerance);
    EXPECT_NEAR(d.height, known[i].height, tolerance);
    EXPECT_NEAR(d.score, known[i].score, 1e-3);
    EXPECT_TRUE(!classes || d.class_id == known[i].class_id);
  }
}

/// The cell of the grid that the centre falls into, counted from `first`.
inline int row_at(const Centre& c, int stride, int first = 0) {
  return first + int(c.y) / stride * (320 / stride) + int(c.x) / stride;
}

}  // namespace vireo::decode

// Decoders on recorded outputs of real, trained models (the assets' reference pairs): what a person sees in the
// recorded picture must be found there. Positions were checked by eye on the drawn result; tolerances leave room for
// the models.

#include <gtest/gtest.h>

#include <filesystem>

#include "engine/api/tensor_file.h"
#include "plugins/decode/decoders.h"

namespace vireo::decode {
namespace {

struct Expected {
  const char* label;
  float x, y, width, height;
};

struct Recorded {
  const char* model;  ///< under ../shared/assets/onnx
  const char* decoder;
  std::size_t outputs;
  std::size_t detections;  ///< at the default threshold
  std::vector<Expected> expected;
  std::size_t keypoints = 0;
  const char* input_name = "picture";
};

const std::vector<Recorded> kRecorded = {
    {"detect/yolox_nano_416",
     "yolox",
     1,
     4,
     {{"dog", 72, 112, 104, 182}, {"bicycle", 28, 74, 282, 155}, {"car", 253, 42, 122, 50}}},
    {"detect/nanodet_m_320", "nanodet", 6, 2, {{"bicycle", 36, 75, 200, 210}, {"car", 194, 42, 98, 51}}},
    {"detect/fastestdet_352", "fastestdet", 1, 6, {{"person", 29, 66, 97, 243}, {"person", 203, 149, 136, 163}}},
    {"detect/hyperlpr_y5fu_320", "yolov5", 1, 1, {{"class 0", 120, 58, 23, 9}}, 4},
    {"face/yunet_n_320x320", "yunet", 12, 9, {{"face", 252, 129, 22, 32}, {"face", 46, 28, 21, 29}}, 5},
    {"face/yunet_n_dynamic", "yunet", 12, 9, {{"face", 254, 104, 19, 26}}, 5},
    {"face/ultraface_version-RFB-320", "scores_boxes", 2, 9, {{"face", 65, 93, 20, 27}, {"face", 187, 97, 21, 28}}},
    {"face/retinaface_mbnet0.25_dynamic", "retinaface", 3, 9, {{"face", 100, 20, 22, 27}}, 5},
    {"face/blazeface_128", "blazeface", 2, 1, {{"face", 41, 38, 38, 38}}, 6},
    {"face/mediapipe_face_full_range", "blazeface", 2, 1, {{"face", 61, 52, 63, 63}}, 6},
    {"ocr/ppocrv3_det_ch", "dbnet", 1, 1, {{"text", 346, 302, 127, 14}}, 0, "x"},
    {"landmark/mediapipe_palm_detection_lite", "blazeface", 2, 1, {{"palm", 95, 79, 10, 10}}, 7},
};

float overlap(const sdk::Detection& d, const Expected& e) {
  const float w = std::min(d.x + d.width, e.x + e.width) - std::max(d.x, e.x);
  const float h = std::min(d.y + d.height, e.y + e.height) - std::max(d.y, e.y);
  if (w <= 0 || h <= 0) return 0;
  return w * h / (d.width * d.height + e.width * e.height - w * h);
}

void check(const Recorded& recorded, const std::filesystem::path& folder) {
  const HostTensor input = read_tensor(folder / "input_0.pb");
  sdk::ModelDescription description;
  description.inputs.push_back({recorded.input_name, input.dtype, input.dims, {}});
  std::vector<HostTensor> outputs;
  std::vector<sdk::TensorView> views;
  for (std::size_t k = 0; k < recorded.outputs; ++k) {
    outputs.push_back(read_tensor(folder / ("output_" + std::to_string(k) + ".pb")));
    const bool paddle = std::string(recorded.input_name) == "x";
    description.outputs.push_back(
        {paddle ? "sigmoid_0.tmp_0" : "output" + std::to_string(k), outputs[k].dtype, outputs[k].dims, {}});
  }
  for (const auto& output : outputs) views.push_back({"", output.dtype, output.dims, output.data.data()});
  const bool nhwc = input.dims[3] == 3;
  const int height = int(input.dims[nhwc ? 1 : 2]), width = int(input.dims[nhwc ? 2 : 3]);
  const sdk::Geometry geometry{
      .network_width = width, .network_height = height, .frame_width = width, .frame_height = height};

  const Choice choice = choose_decoder(description);
  EXPECT_EQ(choice.row->name, recorded.decoder) << choice.match.reason;
  sdk::FrameResult result;
  result.width = width;
  result.height = height;
  create_decoder(choice, description)->decode(views, geometry, result);
  EXPECT_EQ(result.detections.size(), recorded.detections);
  for (const auto& expected : recorded.expected) {
    float best = 0;
    for (const auto& d : result.detections) best = std::max(best, d.label == expected.label ? overlap(d, expected) : 0);
    EXPECT_GT(best, 0.85f) << expected.label << " at " << expected.x << "," << expected.y;
  }
  for (const auto& d : result.detections) {
    ASSERT_EQ(d.keypoints.size(), recorded.keypoints);
    for (const auto& point : d.keypoints) {  // landmarks lie on or near what they mark
      EXPECT_GT(point.x, d.x - 0.5f * d.width);
      EXPECT_LT(point.x, d.x + 1.5f * d.width);
      EXPECT_GT(point.y, d.y - 0.5f * d.height);
      EXPECT_LT(point.y, d.y + 1.5f * d.height);
    }
  }
}

TEST(RecordedOutputs, ShowWhatAPersonSeesInThePicture) {
  const std::filesystem::path root = std::filesystem::path(VIREO_SOURCE_DIR) / "../shared/assets/onnx";
  if (!std::filesystem::exists(root)) GTEST_SKIP() << "the assets are not here";
  for (const auto& recorded : kRecorded) {
    SCOPED_TRACE(recorded.model);
    const auto folder = root / (std::string(recorded.model) + ".ref/test_data_set_0");
    if (!std::filesystem::exists(folder)) continue;
    check(recorded, folder);
  }
}

}  // namespace
}  // namespace vireo::decode

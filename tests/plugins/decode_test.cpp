// Decoders against tensors built by the inverse of their formulas: a box placed in the frame must come back where it
// was. Faces have a file of their own.

#include <cmath>
#include <limits>
#include <random>

#include "engine/api/error.h"
#include "plugins/decode/shared.h"
#include "tests/plugins/known_boxes.h"

namespace vireo::decode {
namespace {

TEST(Yolox, FindsBoxesInRawRows) {
  Tensors t;
  auto& rows = t.add({1, 2100, 85});
  for (const auto& k : kKnown) {
    const Centre c = in_network(k);
    float* row = rows.data() + 85 * row_at(c, 16, 1600);
    row[0] = c.x / 16 - std::floor(c.x / 16);
    row[1] = c.y / 16 - std::floor(c.y / 16);
    row[2] = std::log(c.w / 16);
    row[3] = std::log(c.h / 16);
    row[4] = 1;
    row[5 + k.class_id] = k.score;
  }
  expect_known(t.decode("yolox"));
  EXPECT_EQ(t.decode("yolox").detections[1].label, "person");
}

TEST(Yolox, FindsBoxesInRowsDecodedInTheGraph) {
  Tensors t;
  auto& rows = t.add({1, 2100, 85});
  for (int i = 0; i < 2100; ++i) rows[std::size_t(85 * i)] = float(i % 40) * 8;
  for (const auto& k : kKnown) {
    const Centre c = in_network(k);
    float* row = rows.data() + 85 * row_at(c, 16, 1600);
    row[0] = c.x, row[1] = c.y, row[2] = c.w, row[3] = c.h, row[4] = 1;
    row[5 + k.class_id] = k.score;
  }
  expect_known(t.decode("yolox"));
  expect_known(t.decode("yolov5"));
}

TEST(Yolov5, FindsBoxesAndTellsKeypointsFromClasses) {
  Tensors t;
  auto& rows = t.add({1, 6300, 15});  // 4 + 1 + 4 points + 2 classes
  std::mt19937 random(1);
  for (int i = 0; i < 6300; ++i) {
    for (int p = 5; p < 13; ++p) rows[std::size_t(15 * i + p)] = float(random() % 320);
  }
  const std::vector<Known> known = {{100, 60, 200, 160, 1, 0.9f}, {420, 200, 90, 150, 0, 0.8f}};
  for (std::size_t i = 0; i < known.size(); ++i) {
    const Centre c = in_network(known[i]);
    float* row = rows.data() + 15 * (100 + 7 * i);
    row[0] = c.x, row[1] = c.y, row[2] = c.w, row[3] = c.h, row[4] = 1;
    row[5] = 10, row[6] = 60;  // frame (20, 40)
    row[13 + known[i].class_id] = known[i].score;
  }
  const auto result = t.decode("yolov5");
  expect_known(result, 0.02f, true, known);
  ASSERT_EQ(result.detections[0].keypoints.size(), 4u);
  EXPECT_FLOAT_EQ(result.detections[0].keypoints[0].x, 20);
  EXPECT_FLOAT_EQ(result.detections[0].keypoints[0].y, 40);
  EXPECT_THROW((void)t.decode("yolov5", {{"keypoints", "6"}}), Error);
}

TEST(Yolov8, FindsBoxesInColumns) {
  Tensors t;
  auto& m = t.add({1, 84, 2100});
  for (std::size_t i = 0; i < kKnown.size(); ++i) {
    const Centre c = in_network(kKnown[i]);
    const float values[] = {c.x, c.y, c.w, c.h};
    for (std::size_t r = 0; r < 4; ++r) m[r * 2100 + 37 * i] = values[r];
    m[std::size_t(4 + kKnown[i].class_id) * 2100 + 37 * i] = kKnown[i].score;
  }
  expect_known(t.decode("yolov8"));
  EXPECT_EQ(t.decode("yolov8", {{"classes", "person"}}).detections.size(), 1u);
  EXPECT_EQ(t.decode("yolov8", {{"score", "0.85"}}).detections.size(), 1u);
  EXPECT_EQ(t.decode("yolov8", {{"max_detections", "2"}}).detections.size(), 2u);
}

TEST(Yolov8, FindsPoseKeypoints) {
  Tensors t;
  t.description.metadata = {{"task", "pose"}, {"names", "{0: 'person'}"}, {"kpt_shape", "[17, 3]"}};
  auto& m = t.add({1, 56, 2100});
  const Centre c = in_network(kKnown[0]);
  const float values[] = {c.x, c.y, c.w, c.h, 0.9f, 10, 60, 0.5f};
  for (std::size_t r = 0; r < 8; ++r) m[r * 2100 + 11] = values[r];
  const auto result = t.decode("yolov8");
  ASSERT_EQ(result.detections.size(), 1u);
  EXPECT_EQ(result.detections[0].label, "person");
  ASSERT_EQ(result.detections[0].keypoints.size(), 17u);
  EXPECT_FLOAT_EQ(result.detections[0].keypoints[0].x, 20);
  EXPECT_FLOAT_EQ(result.detections[0].keypoints[0].score, 0.5f);
}

TEST(End2end, TakesFinishedRows) {
  Tensors t;
  auto& rows = t.add({1, 300, 6});
  for (std::size_t i = 0; i < kKnown.size(); ++i) {
    const Centre c = in_network(kKnown[i]);
    const float row[] = {c.x - c.w / 2, c.y - c.h / 2,   c.x + c.w / 2,
                         c.y + c.h / 2, kKnown[i].score, float(kKnown[i].class_id)};
    std::copy_n(row, 6, rows.begin() + std::ptrdiff_t(6 * i));
  }
  expect_known(t.decode("end2end"));
}

/// Logits whose softmax mean is `value`: all weight on the two neighbouring bins.
void put_distance(float* bins, int count, float value) {
  const int low = std::min(int(value), count - 2);
  const float part = value - float(low);
  std::fill_n(bins, count, -60.0f);
  bins[low] = std::log(std::max(1 - part, 1e-20f));
  bins[low + 1] = std::log(std::max(part, 1e-20f));
}

void put_nanodet(float* scores, float* reg, const Known& k, float cx, float cy, int stride) {
  const Centre c = in_network(k);
  scores[k.class_id] = k.score;
  put_distance(reg, 8, (cx - (c.x - c.w / 2)) / float(stride));
  put_distance(reg + 8, 8, (cy - (c.y - c.h / 2)) / float(stride));
  put_distance(reg + 16, 8, ((c.x + c.w / 2) - cx) / float(stride));
  put_distance(reg + 24, 8, ((c.y + c.h / 2) - cy) / float(stride));
}

TEST(Nanodet, FindsBoxesInSeparateOutputs) {
  Tensors t;
  for (const int count : {1600, 400, 100}) t.add({count, 80});
  for (const int count : {1600, 400, 100}) t.add({count, 32});
  for (const auto& k : kKnown) {
    const Centre c = in_network(k);
    const int cell = row_at(c, 16);
    put_nanodet(&t.data[1][std::size_t(80 * cell)], &t.data[4][std::size_t(32 * cell)], k,
                float(int(c.x) / 16) * 16 + 8, float(int(c.y) / 16) * 16 + 8, 16);
  }
  expect_known(t.decode("nanodet"));
}

TEST(Nanodet, FindsBoxesInMergedRowsOfFourStrides) {
  Tensors t;
  auto& rows = t.add({1, 2125, 112});
  for (const auto& k : kKnown) {
    const Centre c = in_network(k);
    float* row = rows.data() + 112 * row_at(c, 16, 1600);
    put_nanodet(row, row + 80, k, float(int(c.x) / 16) * 16, float(int(c.y) / 16) * 16, 16);
  }
  expect_known(t.decode("nanodet"));
}

TEST(Fastestdet, FindsBoxesInTheGrid) {
  Tensors t;
  auto& m = t.add({1, 85, 20, 20});
  for (const auto& k : kKnown) {
    const Centre c = in_network(k);
    const auto cell = std::size_t(row_at(c, 16));
    m[cell] = 1;
    m[400 + cell] = std::atanh(c.x / 16 - std::floor(c.x / 16));
    m[800 + cell] = std::atanh(c.y / 16 - std::floor(c.y / 16));
    m[1200 + cell] = logit(c.w / 320);
    m[1600 + cell] = logit(c.h / 320);
    m[2000 + 400 * std::size_t(k.class_id) + cell] = std::pow(k.score, 1 / 0.4f);
  }
  expect_known(t.decode("fastestdet"));
}

TEST(ScoresBoxes, ReadsNormalizedCornersWithBackground) {
  Tensors t;
  auto& scores = t.add({1, 4420, 2});
  auto& boxes = t.add({1, 4420, 4});
  for (std::size_t i = 0; i < 4420; ++i) scores[2 * i] = 1;
  for (std::size_t i = 0; i < kKnown.size(); ++i) {
    const Centre c = in_network(kKnown[i]);
    const float corners[] = {c.x - c.w / 2, c.y - c.h / 2, c.x + c.w / 2, c.y + c.h / 2};
    for (std::size_t k = 0; k < 4; ++k) boxes[4 * (9 * i) + k] = corners[k] / 320;
    scores[2 * 9 * i] = 1 - kKnown[i].score;
    scores[2 * 9 * i + 1] = kKnown[i].score;
  }
  expect_known(t.decode("scores_boxes"), 0.02f, false);
}

TEST(Ssd, ReadsBothConventions) {
  for (const bool tensorflow : {false, true}) {
    Tensors t;
    auto& boxes = t.add(tensorflow ? Dims{1, 100, 4} : Dims{100, 4});
    auto& labels = t.add(tensorflow ? Dims{1, 100} : Dims{100}, 1);
    auto& scores = t.add(tensorflow ? Dims{1, 100} : Dims{100});
    if (tensorflow) t.add({1}, 3);
    for (std::size_t i = 0; i < kKnown.size(); ++i) {
      const Centre c = in_network(kKnown[i]);
      const float x1 = c.x - c.w / 2, y1 = c.y - c.h / 2, x2 = c.x + c.w / 2, y2 = c.y + c.h / 2;
      const float pixels[] = {x1, y1, x2, y2}, parts[] = {y1 / 320, x1 / 320, y2 / 320, x2 / 320};
      std::copy_n(tensorflow ? parts : pixels, 4, boxes.begin() + std::ptrdiff_t(4 * i));
      labels[i] = float(kKnown[i].class_id + 1);
      scores[i] = kKnown[i].score;
    }
    expect_known(
        t.decode("ssd", {{"order", tensorflow ? "yxyx" : "xyxy"}, {"normalized", tensorflow ? "true" : "false"}}));
  }
}

TEST(Detr, ReadsJointRowsAndSeparateLogits) {
  Tensors joint, apart;
  auto& rows = joint.add({1, 300, 84});
  auto& logits = apart.add({1, 100, 92});
  auto& boxes = apart.add({1, 100, 4});
  for (std::size_t q = 0; q < 100; ++q) logits[92 * q + 91] = 20;  // "no object"
  for (std::size_t i = 0; i < kKnown.size(); ++i) {
    const Centre c = in_network(kKnown[i]);
    const float box[] = {c.x / 320, c.y / 320, c.w / 320, c.h / 320};
    std::copy_n(box, 4, rows.begin() + std::ptrdiff_t(84 * i));
    rows[84 * i + 4 + std::size_t(kKnown[i].class_id)] = kKnown[i].score;
    std::copy_n(box, 4, boxes.begin() + std::ptrdiff_t(4 * i));
    for (std::size_t k = 0; k < 92; ++k) logits[92 * i + k] = -60;
    logits[92 * i + std::size_t(kKnown[i].class_id)] = std::log(kKnown[i].score);
    logits[92 * i + 91] = std::log(1 - kKnown[i].score);
  }
  expect_known(joint.decode("detr"));
  expect_known(apart.decode("detr"));
}

TEST(Classify, AppliesSoftmaxOnlyToLogits) {
  Tensors probabilities, logits;
  probabilities.add({1, 4}) = {0.1f, 0.6f, 0.05f, 0.25f};
  auto& raw = logits.add({1, 4});
  for (std::size_t i = 0; i < 4; ++i) raw[i] = std::log(probabilities.data[0][i]) + 3;
  for (auto* t : {&probabilities, &logits}) {
    const auto result = t->decode("classify", {{"top", "2"}});
    ASSERT_EQ(result.classes.size(), 2u);
    EXPECT_EQ(result.classes[0].class_id, 1);
    EXPECT_NEAR(result.classes[0].score, 0.6, 1e-5);
    EXPECT_EQ(result.classes[1].class_id, 3);
  }
}

TEST(Classify, LeavesScoresThatTheGraphHasActivated) {
  Tensors t;
  t.add({1, 4}) = {0.9f, 0.8f, 0.1f, 0.05f};  // a sigmoid for each class: they don't add up to 1
  t.description.output_tail = {{"Reshape", "Sigmoid", "Gemm"}};
  const auto result = t.decode("classify");
  ASSERT_EQ(result.classes.size(), 4u);
  EXPECT_FLOAT_EQ(result.classes[0].score, 0.9f);
  EXPECT_FLOAT_EQ(result.classes[1].score, 0.8f);
}

TEST(Segment, LeavesProbabilitiesAsTheyAre) {
  for (const bool tail : {true, false}) {
    Tensors t;
    auto& m = t.add({1, 3, 80, 80}, 0.1f);
    std::fill_n(m.begin() + 6400, 6400, 0.8f);
    if (tail) t.description.output_tail = {{"Softmax", "Resize", "Conv"}};
    const auto result = t.decode("segment");
    ASSERT_EQ(result.maps.size(), 1u);
    EXPECT_EQ(result.maps[0].class_ids[0], 1);
    EXPECT_FLOAT_EQ(result.maps[0].scores[0], 0.8f);
  }
}

TEST(Blazeface, LeavesScoresThatTheGraphHasActivated) {
  Tensors t;
  const int anchors = 40 * 40 * 2 + 20 * 20 * 6;
  auto& scores = t.add({1, anchors, 1}, 0.01f);
  auto& rows = t.add({1, anchors, 16});
  t.description.output_tail = {{"Sigmoid", "Concat"}, {"Concat", "Reshape"}};
  scores[3200] = 0.75f;
  rows[16 * 3200 + 2] = 40, rows[16 * 3200 + 3] = 40, rows[16 * 3200] = 100, rows[16 * 3200 + 1] = 100;
  const auto result = t.decode("blazeface");
  ASSERT_EQ(result.detections.size(), 1u);
  EXPECT_FLOAT_EQ(result.detections[0].score, 0.75f);
}

TEST(Detr, RefusesBoxesThatAreNoPartsOfTheInput) {
  Tensors t;
  auto& rows = t.add({1, 300, 84});
  for (std::size_t q = 0; q < 300; ++q) rows[84 * q] = 100, rows[84 * q + 4] = 0.9f;
  EXPECT_THROW((void)t.decode("detr"), Error);
}

TEST(Segment, CutsTheMapToTheFrame) {
  Tensors t;
  auto& m = t.add({1, 2, 80, 80});
  for (std::size_t i = 0; i < 6400; ++i) m[6400 + i] = i % 80 < 40 ? 5.0f : -5.0f;
  const auto result = t.decode("segment");
  ASSERT_EQ(result.maps.size(), 1u);
  EXPECT_EQ(result.maps[0].width, 80);
  EXPECT_EQ(result.maps[0].height, 60);
  EXPECT_EQ(result.maps[0].class_ids[0], 1);
  EXPECT_EQ(result.maps[0].class_ids[79], 0);
}

TEST(EveryDecoder, SurvivesNoise) {
  const std::vector<std::pair<const char*, std::vector<Dims>>> models = {
      {"yolox", {{1, 2100, 85}}},
      {"yolov5", {{1, 6300, 15}}},
      {"yolov8", {{1, 84, 2100}}},
      {"end2end", {{1, 300, 6}}},
      {"fastestdet", {{1, 85, 20, 20}}},
      {"scores_boxes", {{1, 4420, 2}, {1, 4420, 4}}},
      {"detr", {{1, 300, 84}}},
      {"classify", {{1, 1000}}},
      {"segment", {{1, 21, 80, 80}}},
      {"dbnet", {{1, 1, 320, 320}}},
      {"retinaface", {{1, 4200, 4}, {1, 4200, 2}, {1, 4200, 10}}},
      {"blazeface", {{1, 5600, 16}, {1, 5600, 1}}},
      {"nanodet", {{1, 2125, 112}}},
      {"ssd", {{100, 4}, {100}, {100}}}};
  const float inf = std::numeric_limits<float>::infinity();
  std::mt19937 random(4);
  std::normal_distribution<float> normal(0, 30);
  for (const auto& [family, shapes] : models) {
    for (const float odd : {0.0f, inf, -inf, std::nanf(""), 1e38f}) {
      Tensors t;
      for (const auto& dims : shapes) {
        for (auto& value : t.add(dims)) value = random() % 3 == 0 ? odd : normal(random);
      }
      try {
        const auto result = t.decode(family);
        for (const auto& d : result.detections) {
          EXPECT_TRUE(std::isfinite(d.x) && std::isfinite(d.width) && std::isfinite(d.score)) << family;
          if (d.rotation != 0) continue;  // turned boxes may reach over the edge
          EXPECT_GE(d.x, 0) << family;
          EXPECT_LE(d.x + d.width, 640.01f) << family;
        }
      } catch (const Error&) {  // a refusal with a message is fine
      }
    }
  }
}

TEST(EveryDecoder, RefusesOutputsOfOtherShapes) {
  // Made for the shapes that it takes, then given others.
  const std::vector<std::pair<const char*, std::vector<Dims>>> models = {
      {"yolox", {{1, 2100, 85}}},
      {"yolov5", {{1, 6300, 85}}},
      {"yolov8", {{1, 84, 2100}}},
      {"end2end", {{1, 300, 6}}},
      {"fastestdet", {{1, 85, 20, 20}}},
      {"scores_boxes", {{1, 4420, 2}, {1, 4420, 4}}},
      {"detr", {{1, 300, 84}}},
      {"classify", {{1, 1000}}},
      {"segment", {{1, 21, 80, 80}}},
      {"dbnet", {{1, 1, 320, 320}}},
      {"retinaface", {{1, 4200, 4}, {1, 4200, 2}, {1, 4200, 10}}},
      {"blazeface", {{1, 5600, 16}, {1, 5600, 1}}},
      {"nanodet", {{1, 2125, 112}}},
      {"yunet",
       {{1, 1600, 1},
        {1, 400, 1},
        {1, 100, 1},
        {1, 1600, 1},
        {1, 400, 1},
        {1, 100, 1},
        {1, 1600, 4},
        {1, 400, 4},
        {1, 100, 4},
        {1, 1600, 10},
        {1, 400, 10},
        {1, 100, 10}}},
      {"ssd", {{100, 4}, {100}, {100}}}};
  EXPECT_EQ(models.size(), decoders().size()) << "a family without a case here";
  const std::vector<float> zeros(4096);
  for (const auto& [family, shapes] : models) {
    Tensors t;
    for (const auto& dims : shapes) t.add(dims);
    const auto decoder = create_decoder(choose_decoder(t.description, family), t.description);
    for (const Dims& dims : {Dims{7}, Dims{1, 1}, Dims{1, 3, 5}, Dims{1, 0, 3}, Dims{1, 2, 3, 4, 5}}) {
      const std::vector<sdk::TensorView> views(shapes.size(), {"odd", DataType::float32, dims, zeros.data()});
      sdk::FrameResult result;
      try {
        decoder->decode(views, kGeometry, result);
        ADD_FAILURE() << family << " took " << to_string(dims);
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::invalid_argument) << family;
        EXPECT_NE(std::string(error.what()).find("odd"), std::string::npos) << "names the output: " << error.what();
      }
      EXPECT_TRUE(result.empty()) << family;
    }
  }
}

}  // namespace
}  // namespace vireo::decode

// The automatic choice on the shapes and graph tails of real models, given here as data, with and without the tails.

#include <gtest/gtest.h>

#include <sstream>

#include "engine/api/error.h"
#include "plugins/decode/decoders.h"

namespace vireo::decode {
namespace {

struct Output {
  const char* shape;
  const char* tail;
};

struct Case {
  const char* model;
  const char* input;
  std::vector<Output> outputs;
  const char* decoder;  ///< nullptr: no family may take it
  std::map<std::string, std::string> metadata = {};
};

constexpr const char* kPriorTail = "Concat Reshape Transpose Conv";
constexpr const char* kYunetTail = "Reshape Transpose Conv";

const std::vector<Case> kCases = {
    {"yolox nano",
     "1x3x416x416",
     {{"1x3549x85", "Transpose Concat Reshape Concat Conv Sigmoid Sigmoid Conv"}},
     "yolox"},
    {"nanodet m",
     "1x3x320x320",
     {{"1600x80", "Transpose Reshape Sigmoid Split Conv"},
      {"400x80", "Transpose Reshape Sigmoid Split Conv"},
      {"100x80", "Transpose Reshape Sigmoid Split Conv"},
      {"1600x32", "Transpose Reshape Split Conv"},
      {"400x32", "Transpose Reshape Split Conv"},
      {"100x32", "Transpose Reshape Split Conv"}},
     "nanodet"},
    {"nanodet plus, merged",
     "1x3x416x416",
     {{"1x3598x112", "Transpose Concat Reshape Concat Sigmoid Split Conv"}},
     "nanodet"},
    {"fastestdet",
     "1x3x352x352",
     {{"1x85x22x22", "Concat Sigmoid Conv Transpose Softmax Transpose Conv"}},
     "fastestdet"},
    {"hyperlpr plates", "1x3x320x320", {{"1x6300x15", "Concat Reshape Concat Mul Mul Slice Add"}}, "yolov5"},
    {"yolov5s", "1x3x640x640", {{"1x25200x85", "Concat Reshape Concat Mul Pow Mul Add"}}, "yolov5"},
    {"yolov5s with raw heads",
     "1x3x640x640",
     {{"1x25200x85", "Concat Reshape Concat Mul Pow"},
      {"1x3x80x80x85", "Transpose Reshape Conv"},
      {"1x3x40x40x85", "Transpose Reshape Conv"},
      {"1x3x20x20x85", "Transpose Reshape Conv"}},
     "yolov5"},
    {"plates with priors",
     "1x3x640x640",
     {{"16800x4", "Squeeze Concat Reshape Transpose Conv"},
      {"16800x2", "Squeeze Softmax Concat Reshape Transpose"},
      {"16800x8", "Squeeze Concat Reshape Transpose Conv"}},
     "retinaface"},
    {"retinaface, resolved",
     "1x3x320x320",
     {{"1x4200x4", kPriorTail}, {"1x4200x2", "Softmax Concat Reshape"}, {"1x4200x10", kPriorTail}},
     "retinaface"},
    {"yunet 2021",
     "1x3x320x320",
     {{"1x5875x14", kPriorTail}, {"1x5875x2", "Softmax Concat"}, {"1x5875x1", kPriorTail}},
     "retinaface"},
    {"yunet 320",
     "1x3x320x320",
     {{"1x1600x1", "Sigmoid Reshape Transpose Conv"},
      {"1x400x1", "Sigmoid Reshape"},
      {"1x100x1", "Sigmoid Reshape"},
      {"1x1600x1", "Sigmoid Reshape"},
      {"1x400x1", "Sigmoid Reshape"},
      {"1x100x1", "Sigmoid Reshape"},
      {"1x1600x4", kYunetTail},
      {"1x400x4", kYunetTail},
      {"1x100x4", kYunetTail},
      {"1x1600x10", kYunetTail},
      {"1x400x10", kYunetTail},
      {"1x100x10", kYunetTail}},
     "yunet"},
    {"yunet, open sizes",
     "?x3x?x?",
     {{"?x?x1", "Sigmoid"},
      {"?x?x1", "Sigmoid"},
      {"?x?x1", "Sigmoid"},
      {"?x?x1", "Sigmoid"},
      {"?x?x1", "Sigmoid"},
      {"?x?x1", "Sigmoid"},
      {"?x?x4", kYunetTail},
      {"?x?x4", kYunetTail},
      {"?x?x4", kYunetTail},
      {"?x?x10", kYunetTail},
      {"?x?x10", kYunetTail},
      {"?x?x10", kYunetTail}},
     "yunet"},
    {"ultraface",
     "1x3x240x320",
     {{"1x4420x2", "Softmax Concat Reshape Transpose Conv"}, {"1x4420x4", "Concat Sub Add Slice Div Mul Exp"}},
     "scores_boxes"},
    {"blazeface 128", "1x3x128x128", {{"1x896x16", kPriorTail}, {"1x896x1", kPriorTail}}, "blazeface"},
    {"blazeface full range",
     "1x192x192x3",
     {{"1x2304x16", "Reshape Transpose Conv"}, {"1x2304x1", "Reshape Conv"}},
     "blazeface"},
    {"palms",
     "1x192x192x3",
     {{"1x2016x18", "Concat Reshape Transpose Conv"}, {"1x2016x1", "Concat Reshape"}},
     "blazeface"},
    {"yolov8n", "1x3x640x640", {{"1x84x8400", "Concat Mul Sigmoid Split"}}, "yolov8"},
    {"yolov8n-pose",
     "1x3x640x640",
     {{"1x56x8400", "Concat Mul Sigmoid"}},
     "yolov8",
     {{"task", "pose"}, {"names", "{0: 'person'}"}, {"kpt_shape", "[17, 3]"}}},
    {"yolov8n-seg",
     "1x3x640x640",
     {{"1x116x8400", "Concat Mul Sigmoid"}, {"1x32x160x160", "Mul Sigmoid Conv"}},
     "yolov8"},
    {"yolov10n", "1x3x640x640", {{"1x300x6", "Concat Unsqueeze Cast Mod"}}, "end2end"},
    {"yolov8n-obb", "1x3x640x640", {{"1x20x8400", "Concat Sigmoid Mul"}}, "yolov8", {{"task", "obb"}}},
    {"yolov8n-p2", "1x3x640x640", {{"1x84x34000", "Concat Sigmoid Mul"}}, "yolov8"},
    {"yolov8n-p6", "1x3x640x640", {{"1x84x8500", "Concat Sigmoid Mul"}}, "yolov8"},
    {"yolov8n, one row a cell",
     "1x3x640x640",
     {{"1x8400x6", "Transpose Concat Sigmoid Mul"}},
     "yolov8",
     {{"names", "{0: 'a', 1: 'b'}"}}},
    {"one class that kept the names of eighty",
     "1x3x64x64",
     {{"1x5x84", "Concat Sigmoid Mul"}},  // 84 cells, and five cells of strides 32 and 64
     "yolov8",
     {{"task", "detect"},
      {"names",
       "['a','b','c','d','e','f','g','h','i','j','k','l','m','n','o','p','q','r','s','t','u','v','w','x','y',"
       "'z','a','b','c','d','e','f','g','h','i','j','k','l','m','n','o','p','q','r','s','t','u','v','w','x',"
       "'y','z','a','b','c','d','e','f','g','h','i','j','k','l','m','n','o','p','q','r','s','t','u','v','w',"
       "'x','y','z','0','1']"}}},
    {"two levels of three anchors", "1x3x416x416", {{"1x2535x85", "Concat Reshape Concat Mul Pow Mul Add"}}, "yolov5"},
    {"yolov5n-face", "1x3x640x640", {{"1x25200x16", "Concat Reshape Concat Mul Pow Mul Add"}}, "yolov5"},
    {"yolov5n-seg",
     "1x3x640x640",
     {{"1x25200x117", "Concat Reshape Concat Mul Pow"}, {"1x32x160x160", "Mul Sigmoid Conv"}},
     "yolov5"},
    {"selected poses, by metadata",
     "1x3x640x640",
     {{"1x300x57", "Concat"}},
     "end2end",
     {{"task", "pose"}, {"names", "{0: 'person'}"}, {"kpt_shape", "[17, 3]"}}},
    {"selected poses", "1x3x640x640", {{"1x300x57", "Concat GatherElements"}}, "end2end"},
    {"selected turned boxes", "1x3x1024x1024", {{"1x300x7", "Slice ScatterND"}}, "end2end", {{"task", "obb"}}},
    {"selected boxes with masks",
     "1x3x640x640",
     {{"1x300x38", "Slice ScatterND"}, {"1x32x160x160", "Mul Sigmoid Conv"}},
     "end2end",
     {{"task", "segment"}}},
    {"selected boxes, as many as a grid has cells",
     "1x3x96x160",
     {{"1x300x57", "Concat"}},
     "end2end",
     {{"task", "pose"}, {"names", "{0: 'person'}"}, {"kpt_shape", "[17, 3]"}}},
    {"rt-detr of three classes",
     "1x3x640x640",
     {{"1x300x7", "Concat Sigmoid Add"}},
     "detr",
     {{"task", "detect"}, {"names", "['a', 'b', 'c']"}}},
    {"re-identification", "1x3x256x128", {{"1x512", "Relu Gemm"}}, nullptr},
    {"face recognition", "1x3x112x112", {{"1x500", "Div ReduceL2 Gemm"}}, nullptr},
    {"rt-detr", "1x3x640x640", {{"1x300x84", "Concat Sigmoid Add"}}, "detr"},
    {"detr resnet 50", "1x3x800x800", {{"1x100x92", "Add MatMul"}, {"1x100x4", "Sigmoid Add MatMul"}}, "detr"},
    {"yolo-nas", "1x3x640x640", {{"1x8400x4", "Mul Concat Add"}, {"1x8400x80", "Sigmoid Concat"}}, "scores_boxes"},
    {"mnist", "1x1x28x28", {{"1x10", "Add MatMul"}}, "classify"},
    {"mobilenet v2", "1x3x224x224", {{"1x1000", "DequantizeLinear QLinearAdd"}}, "classify"},
    {"text direction", "1x3x48x192", {{"1x2", "Softmax Add MatMul"}}, "classify"},
    {"selfie mask", "1x144x256x3", {{"1x144x256x1", "Reshape Sigmoid Add ConvTranspose"}}, "segment"},
    {"deeplab", "1x3x512x512", {{"1x21x512x512", "Resize"}}, "segment"},
    {"style transfer", "1x3x720x720", {{"1x3x720x720", "Add Mul Tanh Conv"}}, nullptr},
    {"super resolution", "1x1x224x224", {{"1x1x672x672", "Reshape Transpose Reshape Conv"}}, nullptr},
    {"plate text", "1x3x24x94", {{"1x68x18", "ReduceMean Conv"}}, nullptr},
    {"pillar features", "5268x20x10", {{"5268x64", "Squeeze ReduceMax Relu"}}, nullptr},
    {"single object tracker",
     "1x3x128x128",
     {{"1x1x16x16", "Clip Sigmoid Conv"}, {"1x2x16x16", "Clip Sigmoid"}, {"1x2x16x16", "Conv"}},
     nullptr},
};

Dims dims_of(const std::string& text) {
  Dims dims;
  std::stringstream stream(text);
  for (std::string part; std::getline(stream, part, 'x');) dims.push_back(part == "?" ? kUnknown : std::stoll(part));
  return dims;
}

sdk::ModelDescription describe(const Case& c, bool tails) {
  sdk::ModelDescription d;
  d.metadata = c.metadata;
  d.inputs.push_back({"a", DataType::float32, dims_of(c.input), {}});
  for (const auto& output : c.outputs) {
    d.outputs.push_back({"b" + std::to_string(d.outputs.size()), DataType::float32, dims_of(output.shape), {}});
    if (!tails) continue;
    std::stringstream stream(output.tail);
    auto& ops = d.output_tail.emplace_back();
    for (std::string op; stream >> op;) ops.push_back(op);
  }
  return d;
}

TEST(ChooseDecoder, PicksTheRightFamilyForRealModels) {
  for (const auto& c : kCases) {
    for (const bool tails : {true, false}) {
      if (!tails && std::string(c.model) == "face recognition") continue;  // only the graph shows that it is none
      SCOPED_TRACE(std::string(c.model) + (tails ? " with tails" : " without tails"));
      const auto d = describe(c, tails);
      if (c.decoder == nullptr) {
        try {
          const auto choice = choose_decoder(d);
          ADD_FAILURE() << "taken by " << choice.row->name << ": " << choice.match.reason;
        } catch (const Error& error) {
          EXPECT_EQ(error.code(), ErrorCode::unsupported);
        }
        continue;
      }
      const auto choice = choose_decoder(d);
      EXPECT_EQ(choice.row->name, c.decoder) << choice.match.reason;
      EXPECT_NE(create_decoder(choice, d), nullptr);
      EXPECT_EQ(choice.candidates.size(), decoders().size());
    }
  }
}

TEST(ChooseDecoder, EveryFamilyHasAReasonForEveryModel) {
  for (const auto& c : kCases) {
    for (const auto& row : decoders()) {
      const auto match = row.match(describe(c, true));
      EXPECT_FALSE(match.reason.empty()) << row.name << " on " << c.model;
      EXPECT_GE(match.score, 0);
      EXPECT_LE(match.score, 1);
    }
  }
}

TEST(ChooseDecoder, SurvivesStrangeDescriptions) {
  for (const auto* shape : {"1", "0", "1x0", "0x0x0", "1x0x85", "1x85x0", "1x1x1x1x1", "?x?x?x?", "?", "1x4x4", "4x4",
                            "1x9223372036854775807x6", "1x6x9223372036854775807"}) {
    for (int outputs = 0; outputs < 13; ++outputs) {
      for (const auto* input : {"1x3x320x320", "?x3x?x?", "7", "1x3x0x0", "1x3x9223372036854775807x4"}) {
        sdk::ModelDescription d;
        d.inputs.push_back({"a", DataType::float32, dims_of(input), {}});
        for (int i = 0; i < outputs; ++i) d.outputs.push_back({"b", DataType::float32, dims_of(shape), {}});
        for (const auto& row : decoders()) {
          const auto match = row.match(d);
          EXPECT_FALSE(match.reason.empty()) << row.name;
          if (match.score > 0) {
            try {
              (void)row.create(d, match.settings);
            } catch (const Error&) {
            }
          }
        }
      }
    }
  }
}

TEST(ChooseDecoder, TakesANameInstead) {
  const auto d = describe(kCases[0], true);
  EXPECT_EQ(choose_decoder(describe(kCases[0], false), "yolov5").row->name, "yolov5");
  EXPECT_EQ(choose_decoder(d, "auto").row->name, "yolox");
  try {
    (void)choose_decoder(d, "yolo99");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::not_found);
    EXPECT_NE(std::string(error.what()).find("yolox"), std::string::npos);
  }
}

TEST(ChooseDecoder, RefusesANamedFamilyThatCannotReadTheOutputs) {
  const auto d = describe(kCases[0], true);  // YOLOX, not decoded in the graph
  for (const char* name : {"yolov5", "ssd", "yunet", "classify"}) {
    try {
      (void)choose_decoder(d, name);
      ADD_FAILURE() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::unsupported);
      EXPECT_NE(std::string(error.what()).find("1x3549x85"), std::string::npos) << error.what();
      EXPECT_NE(std::string(error.what()).find("accepted here are auto, none, yolox"), std::string::npos)
          << error.what();
    }
  }
}

TEST(ChooseDecoder, TakesANamedFamilyWhereItOnlyDoubts) {
  Case c{"features", "1x3x256x128", {{"1x512", "Relu Gemm"}}, nullptr};
  EXPECT_EQ(choose_decoder(describe(c, true), "classify").row->name, "classify");
  c.outputs = {{"1x3x512x512", "Conv"}};
  c.input = "1x3x512x512";
  EXPECT_EQ(choose_decoder(describe(c, true), "segment").row->name, "segment");
}

TEST(ChooseDecoder, GivesEachFamilyItsUsualInput) {
  EXPECT_EQ(choose_decoder(describe(kCases[0], true)).match.input.color, sdk::ColorOrder::bgr);
  EXPECT_EQ(choose_decoder(describe(kCases[0], true)).match.input.scale[0], 1);
  EXPECT_NEAR(choose_decoder(describe(kCases[1], true)).match.input.mean[0], 103.53, 1e-4);
}

TEST(CreateDecoder, RefusesUnknownOptionsAndBadValues) {
  const auto d = describe(kCases[0], true);
  const auto choice = choose_decoder(d);
  EXPECT_THROW((void)create_decoder(choice, d, {{"scoer", "0.5"}}), Error);
  EXPECT_THROW((void)create_decoder(choice, d, {{"score", "2"}}), Error);
  constexpr sdk::ParamRow kElsewhere[] = {{"mean", "", "", ""}};
  EXPECT_NO_THROW((void)create_decoder(choice, d, {{"mean", "1"}}, kElsewhere));
}

}  // namespace
}  // namespace vireo::decode

// Formats as values and text, and networks in which more than the two float32 layouts may stand between layers: which
// tensors become what, at which prices, and what stands at the borders.

#include "engine/tune/format_model.h"

#include <gtest/gtest.h>

#include "engine/graph/operator.h"
#include "engine/tune/format_prices.h"
#include "tests/passes/check.h"

namespace vireo::tune {
namespace {

using graph::Format;
using graph::Graph;
using graph::Layout;

constexpr Format kPlanes{Layout::nchw}, kPixels{Layout::nhwc}, kBf16Planes{Layout::nchw, DataType::bfloat16},
    kBf16Pixels{Layout::nhwc, DataType::bfloat16};

TEST(Format, ReadsBackFromItsText) {
  for (const DataType type : {DataType::float32, DataType::bfloat16, DataType::float16, DataType::int8})
    for (const Layout layout : {Layout::nchw, Layout::nhwc}) {
      const Format format{layout, type, type == DataType::int8 ? 0.1 / 3 : 0};
      EXPECT_EQ(graph::format_from(to_string(format)), format) << to_string(format);
    }
  EXPECT_EQ(to_string(kPixels), "nhwc float32");
  EXPECT_EQ(to_string(Format{Layout::nchw, DataType::int8, 0.05}), "nchw int8 scale 0.05");
}

TEST(Format, SaysWhatIsWrongWithAText) {
  for (const char* text : {"", "nhwc", "nchw ", "nhcw float32", "nchw float64", "nchw float32 ", "nchw float32 scale 1",
                           "nchw int8", "nchw int8 scale", "nchw int8 scale 0", "nchw int8 scale -1",
                           "nchw int8 scale nan", "nchw int8 scale inf", "nchw int8 scale 1x", "nchw int8 0.5"})
    try {
      (void)graph::format_from(text);
      ADD_FAILURE() << "'" << text << "' was taken";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
      EXPECT_NE(std::string(error.what()).find("accepted: nchw or nhwc"), std::string::npos) << error.what();
    }
}

TEST(Format, HasAnOrderAndASize) {
  EXPECT_LT(kPlanes, kPixels);
  EXPECT_LT((Format{Layout::nchw, DataType::int8, 0.5}), (Format{Layout::nchw, DataType::int8, 1}));
  EXPECT_NE(kPixels, kBf16Pixels);
  EXPECT_EQ(element_bytes(kPlanes), 4u);
  EXPECT_EQ(element_bytes(kBf16Planes), 2u);
  EXPECT_EQ(element_bytes(Format{Layout::nchw, DataType::int8, 1}), 1u);
}

/// x → so many 1x1 convolutions, each followed by a tanh of its own where asked → y.
Graph convolutions(int count, bool tanh) {
  std::string text = "graph \"g\"\ninput \"x\" float32 1x32x64x64\nconst \"w\" float32 32x32x1x1 @1\n", from = "x";
  for (int i = 0; i < count; ++i) {
    const std::string c = "c" + std::to_string(i), t = "t" + std::to_string(i);
    text += "\"" + c + "\" = conv(\"" + from + "\", \"w\") \"" + c + "\"\n";
    from = c;
    if (!tanh || i + 1 == count) continue;
    text += "\"" + t + "\" = unary(\"" + c + "\") {function=\"tanh\"} \"" + t + "\"\n";
    from = t;
  }
  return passes_testing::parse(text + "output \"" + from + "\" \"y\"\n");
}

struct Prices {
  double planes = 100e-6, pixels = 80e-6, rounded = 20e-6;  ///< of conv and gemm; rounded: with tensors of bfloat16
  double transpose = 6e-6, cast = 4e-6;
  bool rounded_tanh = false;  ///< there is a tanh for bfloat16
};

FormatSpace space_of(const Prices& prices, std::vector<Format> formats = {kPlanes, kPixels, kBf16Pixels}) {
  FormatSpace space;
  space.formats = std::move(formats);
  space.predict = [prices](const graph::Problem& p) -> Prediction {
    const std::string_view op = p.op->name;
    const bool rounds = p.inputs[0].dtype == DataType::bfloat16;
    if (op == "transpose") return {prices.transpose, true};
    if (op == "cast" || op == "quantize_linear" || op == "dequantize_linear") return {prices.cast, true};
    if (op == "conv" || op == "gemm") {
      EXPECT_EQ(p.outputs[0].dtype, p.inputs[0].dtype);
      EXPECT_EQ(p.inputs[1].dtype, DataType::float32) << "weights are the tactic's to round";
      if (rounds) return {prices.rounded, true};
      return {p.attributes->text("layout", "nchw") == "nhwc" ? prices.pixels : prices.planes, true};
    }
    return {1e-6, true, rounds && !prices.rounded_tanh};
  };
  return space;
}

/// The format of every tensor that layers write, and what stands between those and their readers, in order.
std::string carried_out(const Graph& graph, FormatSpace space) {
  const FormatModel model = format_model(graph, {.workers = 2}, std::move(space));
  const FormatNet net = FormatPrices(model, {}).net();
  const std::vector<char> labels = cheapest_labels(net);
  EXPECT_LT(seconds_of(net, labels), kCannot);
  std::string text;
  for (std::size_t i = 0; i < net.tensors.size(); ++i) {
    const auto label = [&](int node) { return static_cast<std::size_t>(labels[static_cast<std::size_t>(node)]); };
    const std::size_t from = label(net.tensors[i].writer), to = label(net.tensors[i].readers.at(0));
    text += to_string(model.formats[from]);
    for (const auto& step : model.reformats[i][from * model.formats.size() + to].steps) {
      text += base::str(" ", step->problem.op->name, " ", step->problem.inputs[0].dtype, "->",
                        step->problem.outputs[0].dtype, " ", step->problem.outputs[0].dims, ",");
      EXPECT_EQ(step->problem.workers, 2);
      EXPECT_FALSE(step->key.empty());
    }
    text += "\n";
  }
  return text;
}

TEST(FormatModel, TensorsBetweenLayersThatAreFasterInBfloat16AreCastAtTheBordersAlone) {
  EXPECT_EQ(carried_out(convolutions(3, false), space_of({})),
            "nchw float32 cast float32->bfloat16 1x32x64x64, transpose bfloat16->bfloat16 1x64x64x32,\n"
            "nhwc bfloat16\n"
            "nhwc bfloat16\n"
            "nhwc bfloat16 transpose bfloat16->bfloat16 1x32x64x64, cast bfloat16->float32 1x32x64x64,\n");
}

TEST(FormatModel, ReformatsAreWeighedAgainstWhatTheyBring) {
  EXPECT_EQ(carried_out(convolutions(1, false), space_of({.cast = 35e-6})),
            "nchw float32 transpose float32->float32 1x64x64x32,\n"
            "nhwc float32 transpose float32->float32 1x32x64x64,\n");
  EXPECT_EQ(carried_out(convolutions(1, false), space_of({.transpose = 11e-6, .cast = 35e-6})),
            "nchw float32\nnchw float32\n");
  EXPECT_EQ(carried_out(convolutions(1, false), space_of({.transpose = 9e-6, .cast = 29e-6})),
            "nchw float32 cast float32->bfloat16 1x32x64x64, transpose bfloat16->bfloat16 1x64x64x32,\n"
            "nhwc bfloat16 transpose bfloat16->bfloat16 1x32x64x64, cast bfloat16->float32 1x32x64x64,\n");
}

TEST(FormatModel, ALayerWithoutATacticForATypeIsCastAround) {
  EXPECT_EQ(carried_out(convolutions(2, true), space_of({})),
            "nchw float32 cast float32->bfloat16 1x32x64x64, transpose bfloat16->bfloat16 1x64x64x32,\n"
            "nhwc bfloat16 cast bfloat16->float32 1x64x64x32,\n"
            "nhwc float32 cast float32->bfloat16 1x64x64x32,\n"
            "nhwc bfloat16 transpose bfloat16->bfloat16 1x32x64x64, cast bfloat16->float32 1x32x64x64,\n");
  EXPECT_EQ(carried_out(convolutions(2, true), space_of({.rounded_tanh = true})),
            "nchw float32 cast float32->bfloat16 1x32x64x64, transpose bfloat16->bfloat16 1x64x64x32,\n"
            "nhwc bfloat16\n"
            "nhwc bfloat16\n"
            "nhwc bfloat16 transpose bfloat16->bfloat16 1x32x64x64, cast bfloat16->float32 1x32x64x64,\n");
}

TEST(FormatModel, TensorsWithoutALayoutHaveTypesToo) {
  const Graph graph = passes_testing::parse(R"(
graph "g"
input "x" float32 8x64
const "w" float32 64x64 @1
"a" = gemm("x", "w") "a"
"b" = gemm("a", "w") "b"
output "b" "y"
)");
  EXPECT_EQ(carried_out(graph, space_of({}, {kPlanes, kPixels, kBf16Pixels, kBf16Planes})),
            "nchw float32 cast float32->bfloat16 8x64,\n"
            "nchw bfloat16\n"
            "nchw bfloat16 cast bfloat16->float32 8x64,\n");
  EXPECT_EQ(carried_out(graph, space_of({.rounded = 97e-6}, {kPlanes, kPixels, kBf16Pixels, kBf16Planes})),
            "nchw float32\nnchw float32\nnchw float32\n");
}

TEST(FormatModel, AnInt8NeedsAScale) {
  const Graph graph = convolutions(1, false);
  FormatSpace space = space_of({}, {kPlanes, kPixels, {Layout::nhwc, DataType::int8}, kBf16Pixels});
  const auto predict = space.predict;
  space.predict = [predict](const graph::Problem& p) -> Prediction {
    return p.op->name == "conv" && p.inputs[0].dtype == DataType::int8 ? Prediction{1e-6, true} : predict(p);
  };
  const FormatModel without = format_model(graph, {.workers = 2}, space);
  EXPECT_EQ(without.layers.at(0).either.at(2), nullptr);
  EXPECT_FALSE(without.reformats.at(0).at(2).possible);
  for (graph::TensorId id = 0; id < graph.tensor_count(); ++id) space.scales[id] = 0.05;
  EXPECT_EQ(carried_out(graph, space),
            "nchw float32 quantize_linear float32->int8 1x32x64x64, transpose int8->int8 1x64x64x32,\n"
            "nhwc int8 scale 0 transpose int8->int8 1x32x64x64, dequantize_linear int8->float32 1x32x64x64,\n");
  const FormatModel with = format_model(graph, {.workers = 2}, space);
  std::string between;  // int8 to bfloat16 and back
  for (const std::size_t way : {2u * 4 + 3, 3u * 4 + 2})
    for (const auto& step : with.reformats.at(0).at(way).steps) between += base::str(step->problem.op->name, " ");
  EXPECT_EQ(between, "dequantize_linear cast cast quantize_linear ");
}

// What the processor's tactics take today: nothing but float32, so that a third format changes nothing.
TEST(FormatModel, AFormatThatNoTacticTakesIsNeverChosen) {
  FormatSpace space;
  space.formats = {kPlanes, kPixels, kBf16Pixels, {Layout::nchw, DataType::float16}};
  const Graph graph = convolutions(3, true);
  const FormatModel model = format_model(graph, {.workers = 2, .precision = Precision::bf16}, space);
  for (const char label : cheapest_labels(FormatPrices(model, {}).net())) EXPECT_LT(label, 2);
}

TEST(FormatModel, BothFloat32LayoutsMustBeAmongTheFormats) {
  FormatSpace space;
  space.formats = {kPlanes, kBf16Pixels};
  EXPECT_THROW((void)format_model(convolutions(1, false), {.workers = 2}, space), Error);
}

}  // namespace
}  // namespace vireo::tune

// Layers whose shapes only data tell: any number in a row or side by side, as outputs, empty, compiled or not, are what
// the references say, layer after layer.

#include <gtest/gtest.h>

#include <cstring>

#include "engine/api/text.h"
#include "tests/runtime/data_dependent.h"
#include "tests/runtime/networks.h"

namespace vireo {
namespace {

using namespace data_dependent_testing;
using graph::Graph;

TEST(Late, two_layers_in_a_row_are_right) {
  Running(parse(std::string(kRowAndSecond) + R"(output "z" "z")")).expect_right_for(kSix);
}

TEST(Late, a_second_layer_of_the_kind_may_be_the_output) {
  Running(parse(std::string(kRowAndSecond) + "output \"n2\" \"n2\"\noutput \"n1\" \"n1\"\noutput \"p\" \"p\""))
      .expect_right_for(kSix);
}

TEST(Late, an_output_may_be_listed_again_under_its_own_or_another_name) {
  Running(parse(std::string(kRowAndSecond) + R"(output "n1" "n1"
output "n1" "n1"
output "n1" "once more"
output "z" "z"
output "z" "z"
output "x" "x"
output "two" "two")"))
      .expect_right_for(kSix);
}

TEST(Late, four_in_a_row_are_right) {
  Running(parse(std::string(kRowAndSecond) + R"("m" = binary("z", "two") {function="greater"} "m"
"c" = compress("z", "m") {axis=0} "c"
"n4" = non_zero("c") "n4"
"s" = shape("n4") "s"
output "n4" "n4"
output "s" "s"
output "c" "c")"))
      .expect_right_for(kSix);
}

TEST(Late, layers_side_by_side_and_what_joins_them_are_right) {
  Running(parse(R"(
graph "g"
input "x" float32 6
const "zero" float32 scalar = 0
const "numbers" float32 6 = 10 20 30 40 50 60
"above" = binary("x", "zero") {function="greater"} "above"
"below" = binary("x", "zero") {function="less"} "below"
"n" = non_zero("x") "n"
"a" = compress("x", "above") {axis=0} "a"
"b" = compress("numbers", "below") {axis=0} "b"
"c" = concat("a", "b", "a") {axis=0} "c"
"r" = unary("c") {function="neg"} "r"
output "r" "r"
output "b" "b"
output "n" "n"
)"))
      .expect_right_for(kSix);
}

TEST(Late, suppression_behind_a_filter_is_right) {
  const Graph g = parse(R"(
graph "g"
input "boxes" float32 12x4
input "scores" float32 12
const "flat" int64 1 = -1
const "zero" int64 1 = 0
const "last" int64 1 = 2
const "most" int64 1 = 5
const "overlap" float32 1 = 0.5
const "least" float32 scalar = 0.2
const "front" int64 2 = 0 1
"good" = binary("scores", "least") {function="greater"} "good"
"n" = non_zero("good") "n"
"i" = reshape("n", "flat") "i"
"b" = gather("boxes", "i") "b"
"s" = gather("scores", "i") "s"
"b3" = unsqueeze("b", "zero") "b3"
"s3" = unsqueeze("s", "front") "s3"
"kept" = non_max_suppression("b3", "s3", "most", "overlap") "kept"
"k" = gather("kept", "last") {axis=1} "k"
"ki" = reshape("k", "flat") "ki"
"out" = gather("b", "ki") "out"
"order" = gather("s", "ki") "order"
output "out" "out"
output "order" "order"
)");
  Running running(g);
  for (std::size_t seed = 1; seed < 12; ++seed) {
    const auto boxes = passes_testing::random_constant(DataType::float32, {12, 4}, seed, 0, 1);
    // In every fourth run no score is good enough: no box at all.
    running.expect_right(
        {boxes, passes_testing::random_constant(DataType::float32, {12}, seed + 50, -1, seed % 4 == 0 ? 0.1 : 1)});
  }
}

TEST(Late, a_shape_that_an_input_gives_is_right) {
  const Graph g = parse(R"(
graph "g"
input "x" float32 6
input "shape" int64 2
"y" = reshape("x", "shape") "y"
"z" = unary("y") {function="relu"} "z"
output "z" "z"
)");
  Running running(g);
  const auto x = graph::make_constant({1, -2, 3, -4, 5, 6}, {6});
  for (const std::vector<std::int64_t>& shape : {std::vector<std::int64_t>{2, 3}, {3, 2}, {-1, 1}, {2, 3}})
    running.expect_right({x, graph::make_constant(shape)});
}

TEST(Late, a_shape_computed_from_late_values_is_right) {
  Running(parse(R"(
graph "g"
input "x" float32 6
const "axis" int64 1 = 0
const "one" int64 scalar = 1
const "none" int64 scalar = 0
const "only" int64 scalar = 1
"n" = non_zero("x") "n"
"s" = shape("n") "s"
"count" = gather("s", "only") "count"
"r" = range("none", "count", "one") "r"
"big" = expand("one", "s") "big"
"v" = gather("x", "r") "v"
output "r" "r"
output "big" "big"
output "v" "v"
)"))
      .expect_right_for(kSix);
}

TEST(Late, other_texts_of_as_many_pieces_compile_nothing) {
  Running running(parse(R"(
graph "g"
input "x" string 3
"counts", "most" = text_count("x") {delimiter=","} "count"
"pieces" = text_split("x", "most") {delimiter=","} "split"
output "pieces" "pieces"
output "counts" "counts"
)"));
  const auto texts = [](std::initializer_list<std::string_view> list) {
    std::vector<std::uint64_t> ids;
    for (const std::string_view text : list) ids.push_back(text_id(text));
    return graph::make_constant(DataType::string, {3}, ids.data(), ids.size() * sizeof(ids[0]));
  };
  ASSERT_NO_FATAL_FAILURE(running.expect_right({texts({"a,b", "c", ""})}));
  const std::size_t compiled = running.module().compilations_in_runs();
  ASSERT_NO_FATAL_FAILURE(running.expect_right({texts({"d", "e,f", "g"})}));
  ASSERT_NO_FATAL_FAILURE(running.expect_right({texts({",", ",", ","})}));
  EXPECT_EQ(running.module().compilations_in_runs(), compiled);
}

TEST(Late, a_resize_by_computed_scales_is_right) {
  const Graph g = parse(R"(
graph "g"
input "x" float32 1x1x2x2
input "scale" float32 1
const "ones" float32 2 = 1 1
"both" = concat("ones", "scale", "scale") {axis=0} "both"
"y" = resize("x", -, "both") {mode="nearest"} "y"
output "y" "y"
)");
  Running running(g);
  for (const float scale : {1.0f, 2.0f, 3.0f, 2.0f})
    running.expect_right({graph::make_constant({1, 2, 3, 4}, {1, 1, 2, 2}), graph::make_constant({scale}, {1})});
}

TEST(Late, tensors_need_no_names_of_their_own) {
  Graph g = parse(std::string(kRowAndSecond) + "output \"z\" \"z\"\noutput \"n2\" \"n2\"\noutput \"n1\" \"n1\"");
  for (graph::TensorId id = 0; id < g.tensor_count(); ++id)
    if (g.tensor(id).producer != graph::kNone) g.tensor(id).name = "t";
  Running(g).expect_right_for(kSix);
}

TEST(Late, a_part_that_nobody_reads_may_be_absent) {
  const std::string before = "graph \"g\"\ninput \"x\" float32 6\n", after = R"( = split("x") {axis=0} "s"
"n" = non_zero("a") "n"
"m" = gather("x", "n") "m"
output "m" "m"
output "a" "a"
)";
  Running(parse(before + "\"a\", -" + after), parse(before + "\"a\", \"b\"" + after)).expect_right_for(kSix);
}

/// Random networks of filters on vectors, each result a candidate for what comes next and for an output.
TEST(Late, random_networks_are_right) {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(base::str("seed ", seed));
    std::mt19937 random(seed);
    std::string text =
        "graph \"g\"\ninput \"v0\" float32 9\nconst \"flat\" int64 1 = -1\nconst \"column\" int64 2 = -1 1\n"
        "const \"half\" float32 scalar = 0.5\nconst \"v1\" float32 3 = -1 0.25 2\n";
    std::vector<std::string> vectors{"v0", "v1"}, others;
    const auto any = [&](const std::vector<std::string>& list) { return list[random() % list.size()]; };
    for (int k = 2; k < 12; ++k) {
      const std::string v = "\"" + any(vectors) + "\"", u = "\"" + any(vectors) + "\"", name = base::str("v", k),
                        out = "\"" + name + "\" = ", n = base::str("n", k);
      switch (random() % 6) {
        case 0: text += out + "unary(" + v + ") {function=\"relu\"} \"" + name + "\"\n"; break;
        case 1: text += out + "binary(" + v + ", \"half\") {function=\"sub\"} \"" + name + "\"\n"; break;
        case 2: text += out + "concat(" + v + ", " + u + ") {axis=0} \"" + name + "\"\n"; break;
        case 3:
          text += base::str("\"", n, "\" = non_zero(", v, ") \"", n, "\"\n\"i", n, "\" = reshape(\"", n,
                            "\", \"flat\") \"i", n, "\"\n", out, "gather(", v, ", \"i", n, "\") \"", name, "\"\n");
          others.push_back(n);
          break;
        case 4:
          text += base::str("\"", n, "\" = binary(", v, ", \"half\") {function=\"less\"} \"", n, "\"\n", out,
                            "compress(", v, ", \"", n, "\") {axis=0} \"", name, "\"\n");
          others.push_back(n);
          break;
        default:
          text += base::str("\"", n, "\" = reshape(", v, ", \"column\") \"", n, "\"\n\"s", n, "\" = shape(\"", n,
                            "\") \"s", n, "\"\n", out, "reshape(\"", n, "\", \"flat\") \"", name, "\"\n");
          others.push_back("s" + n);
      }
      vectors.push_back(name);
    }
    others.insert(others.end(), vectors.begin(), vectors.end());
    for (int k = 0; k < 4; ++k) text += base::str("output \"", any(others), "\" \"o", k, "\"\n");
    Running running(parse(text));
    for (const double low : {-2.0, -0.1, 0.6, -5.0}) {
      SCOPED_TRACE(text);
      running.expect_right({passes_testing::random_constant(DataType::float32, {9}, seed, low, low + 2)});
      if (testing::Test::HasFailure()) return;
    }
  }
}

Plan plan_of(std::string_view text) {
  return testing_networks::quick_plan(Network(std::make_unique<Graph>(parse(text))));
}

TEST(Late, results_of_a_context_stay_as_they_are_when_it_runs_again) {
  auto engine = Engine::load(plan_of(std::string(kRowAndSecond) + "output \"z\" \"z\"\noutput \"n1\" \"n1\""), {},
                             {.threads = 2});
  auto context = engine->create_context();
  const Buffer x = context->allocate("x");
  const auto run = [&](const std::vector<float>& values) {
    std::copy(values.begin(), values.end(), x.as<float>());
    return context->run().ok();
  };
  EXPECT_EQ(context->shape("z"), Dims{kUnknown});
  EXPECT_THROW((void)context->allocate("z"), Error) << "depends on data";
  ASSERT_TRUE(run({1, -1, 2, 0, 3, -4}));
  EXPECT_EQ(context->shape("z"), Dims{2});
  const Buffer first = context->result("z");
  ASSERT_TRUE(run({9, 9, 9, 9, 9, 9}));
  EXPECT_EQ(context->shape("z"), Dims{6});
  EXPECT_EQ(first.as<float>()[0], -1);
  EXPECT_EQ(first.as<float>()[1], 1);
  ASSERT_TRUE(run({0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(context->shape("z"), Dims{0});
  EXPECT_EQ(context->shape("n1"), (Dims{1, 0}));
}

TEST(Late, a_bound_buffer_that_turns_out_too_small_is_an_error_and_the_result_is_there) {
  auto engine = Engine::load(plan_of(std::string(kRowAndSecond) + R"(output "z" "z")"));
  auto context = engine->create_context();
  const Buffer x = context->allocate("x");
  for (int i = 0; i < 6; ++i) x.as<float>()[i] = 9;
  context->bind("z", Buffer::host(4));
  const Status status = context->run();
  EXPECT_EQ(status.code(), ErrorCode::invalid_argument);
  EXPECT_NE(std::string(status.message()).find("larger than its bound buffer"), std::string::npos) << status.message();
  EXPECT_EQ(context->shape("z"), Dims{6});
  EXPECT_EQ(context->result("z").as<float>()[5], 7);
  context->bind("z", Buffer::host(24));
  EXPECT_TRUE(context->run().ok());
}

TEST(Late, a_shape_that_nothing_can_tell_is_refused_by_name) {
  const std::string text = R"(
graph "g"
input "x" float32 9x100
input "many" int64 100
"y" = tile("x", "many") "the tile"
output "y" "y"
)";
  try {
    (void)plan_of(text);
    FAIL() << "it was accepted";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("the tile"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace vireo

// Activations written as several layers: which become one, and which only look alike.
#include <algorithm>

#include "tests/passes/check.h"

namespace vireo::passes_testing {
namespace {

std::string pattern(std::string_view layers, std::string_view constants = "") {
  return "graph \"g\"\ninput \"x\" float32 1x2x3x7\n" + std::string(constants) + std::string(layers) +
         "output \"y\" \"y\"\n";
}

void expect_activation(const std::string& text, std::string_view after) {
  const auto layers = 1 + std::count(after.begin(), after.end(), '\n');
  expect_rewrite({"activation_patterns", "dead_layers"}, text, base::str(after, "\noutputs ", layers, "\n"));
}

TEST(ActivationPatterns, ProductWithSigmoidIsSilu) {
  expect_activation(pattern("\"s\" = unary(\"x\") {function=\"sigmoid\"} \"s\"\n"
                            "\"y\" = binary(\"s\", \"x\") {function=\"mul\"} \"y\"\n"), "1 silu(x)");
}

TEST(ActivationPatterns, TheErfFormOfGeluIsFoundInAnyOrder) {
  const char* constants =
      "const \"r\" float32 scalar = 1.4142135381698608\nconst \"one\" float32 scalar = 1\nconst \"half\" float32 "
      "scalar = 0.5\n";
  const char* common =
      "\"d\" = binary(\"x\", \"r\") {function=\"div\"} \"d\"\n\"e\" = unary(\"d\") {function=\"erf\"} \"e\"\n"
      "\"p\" = binary(\"e\", \"one\") {function=\"add\"} \"p\"\n";
  expect_activation(pattern(std::string(common) + "\"m\" = binary(\"x\", \"p\") {function=\"mul\"} \"m\"\n"
                                                  "\"y\" = binary(\"m\", \"half\") {function=\"mul\"} \"y\"\n",
                            constants),
                    "1 gelu(x)");
  expect_activation(pattern(std::string(common) + "\"m\" = binary(\"x\", \"half\") {function=\"mul\"} \"m\"\n"
                                                  "\"y\" = binary(\"m\", \"p\") {function=\"mul\"} \"y\"\n", constants),
                    "1 gelu(x)");
}

TEST(ActivationPatterns, TheTanhFormOfGeluIsFound) {
  expect_activation(pattern(R"("c" = binary("x", "three") {function="pow"} "c"
"k" = binary("c", "a") {function="mul"} "k"
"s" = binary("x", "k") {function="add"} "s"
"t" = binary("s", "b") {function="mul"} "t"
"h" = unary("t") {function="tanh"} "h"
"p" = binary("h", "one") {function="add"} "p"
"m" = binary("x", "half") {function="mul"} "m"
"y" = binary("m", "p") {function="mul"} "y"
)",
                            "const \"three\" float32 scalar = 3\nconst \"a\" float32 scalar = 0.044715\nconst \"b\" "
                            "float32 scalar = 0.7978845608\n"
                            "const \"one\" float32 scalar = 1\nconst \"half\" float32 scalar = 0.5\n"),
                    "1 gelu(x) approximate=tanh");
}

TEST(ActivationPatterns, HardSwishIsFoundInItsForms) {
  const char* constants =
      "const \"three\" float32 scalar = 3\nconst \"six\" float32 scalar = 6\nconst \"sixth\" float32 scalar = "
      "0.1666666716\n";
  const char* common =
      "\"a\" = binary(\"x\", \"three\") {function=\"add\"} \"a\"\n\"c\" = unary(\"a\") {function=\"clip\", min=0.0, "
      "max=6.0} \"c\"\n";
  expect_activation(pattern(std::string(common) + "\"m\" = binary(\"x\", \"c\") {function=\"mul\"} \"m\"\n"
                                                  "\"y\" = binary(\"m\", \"six\") {function=\"div\"} \"y\"\n",
                            constants),
                    "1 hard_swish(x)");
  expect_activation(pattern(std::string(common) + "\"m\" = binary(\"c\", \"sixth\") {function=\"mul\"} \"m\"\n"
                                                  "\"y\" = binary(\"m\", \"x\") {function=\"mul\"} \"y\"\n", constants),
                    "1 hard_swish(x)");
  expect_activation(pattern("\"h\" = unary(\"x\") {function=\"hard_sigmoid\", alpha=0.16666666666, beta=0.5} \"h\"\n"
                            "\"y\" = binary(\"h\", \"x\") {function=\"mul\"} \"y\"\n"), "1 hard_swish(x)");
}

TEST(ActivationPatterns, MishIsFoundAndWhatOverflowsAloneStays) {
  const char* one = "const \"one\" float32 scalar = 1\n";
  expect_activation(pattern(R"("e" = unary("x") {function="exp"} "e"
"p" = binary("e", "one") {function="add"} "p"
"l" = unary("p") {function="log"} "l"
"t" = unary("l") {function="tanh"} "t"
"y" = binary("x", "t") {function="mul"} "y"
)", one), "1 mish(x)");
  expect_activation(pattern(R"("e" = unary("x") {function="exp"} "e"
"p" = binary("one", "e") {function="add"} "p"
"y" = unary("p") {function="log"} "y"
)", one), "1 exp(x)\n2 add(scalar, 1)\n3 log(2)");  // exp overflows from 89 on, softplus would not
}

TEST(ActivationPatterns, OtherConstantsAreOtherFunctions) {
  const auto hard_swish = [](const char* shift, const char* high, const char* divisor) {
    return pattern(base::str("\"a\" = binary(\"x\", \"shift\") {function=\"add\"} \"a\"\n\"c\" = unary(\"a\") "
                             "{function=\"clip\", min=0.0, max=", high, "} \"c\"\n\"m\" = binary(\"x\", \"c\") "
                             "{function=\"mul\"} \"m\"\n\"y\" = binary(\"m\", \"divisor\") {function=\"div\"} \"y\"\n"),
                   base::str("const \"shift\" float32 scalar = ", shift, "\nconst \"divisor\" float32 scalar = ", divisor,
                             "\n").c_str());
  };
  const auto layers = [](const std::string& text) {
    Graph graph = parse(text);
    (void)passes::run_pass(graph, "activation_patterns");
    expect_equal_results(parse(text), graph, 1e-6);
    return graph.topological_order().size();
  };
  EXPECT_EQ(layers(hard_swish("3", "6.0", "6")), 1u);
  EXPECT_EQ(layers(hard_swish("3", "6.0", "6.0001")), 4u);
  EXPECT_EQ(layers(hard_swish("3.0001", "6.0", "6")), 4u);
  EXPECT_EQ(layers(hard_swish("3", "6.0001", "6")), 4u);
  EXPECT_EQ(layers(hard_swish("2", "6.0", "6")), 4u);
}

TEST(ActivationPatterns, BoundsAreKeptWhateverTheirSize) {
  const char* limit = "const \"limit\" float32 scalar = 320\n";
  expect_activation(pattern("\"r\" = unary(\"x\") {function=\"relu\"} \"r\"\n"
                            "\"y\" = binary(\"r\", \"limit\") {function=\"min\"} \"y\"\n", limit),
                    "1 clip(x) max=320 min=0");
  expect_activation(pattern("\"r\" = unary(\"x\") {function=\"clip\", min=0.0, max=100.0} \"r\"\n"
                            "\"y\" = binary(\"limit\", \"r\") {function=\"min\"} \"y\"\n", limit),
                    "1 clip(x) max=100 min=0");
  expect_activation(pattern("\"n\" = binary(\"x\", \"limit\") {function=\"max\"} \"n\"\n"
                            "\"y\" = unary(\"n\") {function=\"clip\", min=-1.0, max=1000000.0} \"y\"\n", limit),
                    "1 clip(x) max=1e+06 min=320");
}

TEST(ActivationPatterns, SmallConstantsAreKept) {
  const char* small = "const \"small\" float32 scalar = 1e-06\n";
  expect_activation(pattern("\"r\" = unary(\"x\") {function=\"relu\"} \"r\"\n"
                            "\"a\" = binary(\"r\", \"small\") {function=\"add\"} \"a\"\n"
                            "\"y\" = unary(\"a\") {function=\"log\"} \"y\"\n", small),
                    "1 relu(x)\n2 add(1, scalar)\n3 log(2)");
  expect_activation(pattern("\"s\" = unary(\"x\") {function=\"sigmoid\"} \"s\"\n"
                            "\"c\" = unary(\"s\") {function=\"clip\", min=1e-05} \"c\"\n"
                            "\"y\" = unary(\"c\") {function=\"log\"} \"y\"\n"),
                    "1 sigmoid(x)\n2 clip(1) min=0\n3 log(2)");  // the bound, 1e-5, is shown with four digits
  expect_activation(pattern("\"c\" = unary(\"x\") {function=\"clip\", min=1e-08, max=6.0} \"c\"\n"
                            "\"y\" = unary(\"c\") {function=\"relu\"} \"y\"\n"),
                    "1 clip(x) max=6 min=0");  // 1e-8
}

TEST(ActivationPatterns, WhatKeepsALogarithmFiniteIsKept) {
  const char* small = "const \"small\" float32 scalar = 1e-12\nconst \"half\" float32 scalar = 0.5\n";
  expect_activation(pattern("\"h\" = unary(\"x\") {function=\"hard_sigmoid\"} \"h\"\n"
                            "\"a\" = binary(\"h\", \"small\") {function=\"add\"} \"a\"\n"
                            "\"y\" = unary(\"a\") {function=\"log\"} \"y\"\n", small),
                    "1 hard_sigmoid(x)\n2 add(1, scalar)\n3 log(2)");
  expect_activation(pattern("\"a\" = binary(\"x\", \"half\") {function=\"add\"} \"a\"\n"
                            "\"c\" = unary(\"a\") {function=\"clip\", min=1e-08, max=1.0} \"c\"\n"
                            "\"y\" = unary(\"c\") {function=\"reciprocal\"} \"y\"\n", small),
                    "1 add(x, scalar)\n2 clip(1) max=1 min=0\n3 reciprocal(2)");  // 1e-8
}

TEST(ActivationPatterns, LargeConstantsThatComeAndGoAreLeft) {
  const char* constants = "const \"large\" float32 scalar = 1e+08\n";
  expect_activation(pattern("\"a\" = binary(\"x\", \"large\") {function=\"add\"} \"a\"\n"
                            "\"b\" = binary(\"a\", \"large\") {function=\"sub\"} \"b\"\n"
                            "\"s\" = unary(\"b\") {function=\"sigmoid\"} \"s\"\n"
                            "\"y\" = binary(\"b\", \"s\") {function=\"mul\"} \"y\"\n", constants),
                    "1 add(x, scalar)\n2 sub(1, scalar)\n3 silu(2)");
}

TEST(ActivationPatterns, LeakyReluIsFoundInItsForms) {
  const char* slope = "const \"slope\" float32 scalar = 0.25\n";
  expect_activation(pattern("\"s\" = binary(\"x\", \"slope\") {function=\"mul\"} \"s\"\n"
                            "\"y\" = binary(\"s\", \"x\") {function=\"max\"} \"y\"\n", slope),
                    "1 leaky_relu(x) alpha=0.25");
  expect_activation(pattern("\"p\" = unary(\"x\") {function=\"relu\"} \"p\"\n"
                            "\"n\" = unary(\"x\") {function=\"neg\"} \"n\"\n"
                            "\"q\" = unary(\"n\") {function=\"relu\"} \"q\"\n"
                            "\"s\" = binary(\"q\", \"slope\") {function=\"mul\"} \"s\"\n"
                            "\"y\" = binary(\"p\", \"s\") {function=\"sub\"} \"y\"\n", slope),
                    "1 leaky_relu(x) alpha=0.25");
}

TEST(ActivationPatterns, WhatOthersReadStays) {
  expect_untouched("activation_patterns", R"(
graph "g"
input "x" float32 3x5
const "half" float32 scalar = 0.4
"s" = unary("x") {function="sigmoid"} "s"
"t" = binary("s", "half") {function="mul"} "t"
"y" = binary("t", "x") {function="mul"} "y"
output "y" "y"
)");
}

}  // namespace
}  // namespace vireo::passes_testing

// Networks as text: whatever names, keys and values hold comes back, and a text that is no network is an Error.

#include "engine/graph/text.h"

#include <gtest/gtest.h>

#include <bit>
#include <clocale>
#include <cmath>
#include <limits>

#include "engine/graph/operator.h"
#include "engine/ops/table.h"

namespace vireo::graph {
namespace {

Graph parse(std::string_view text) { return parse_text(text, ops::find_operator); }

std::string all_bytes() {
  std::string text = "-";
  for (int byte = 0; byte < 256; ++byte) text += static_cast<char>(byte);
  return text;
}

TEST(Text, names_keys_and_texts_of_any_bytes_come_back) {
  const std::string odd[] = {"",          "\n",
                             "\"",        "\\",
                             "a\\nb",     "\\x41",
                             "a\" # \"b", std::string("\0", 1),
                             "\r\t\x7f",  "\xff\xfe not UTF-8",
                             all_bytes(), std::string(100'000, 'n'),
                             "unused~0",  "-"};
  for (const std::string& name : odd) {
    Graph g;
    g.name = name;
    g.metadata[name + "key"] = name;
    const TensorId x = g.add_input(name + "x", DataType::float32, {1, kUnknown}, {"", name});
    Attributes attributes;
    attributes.set("function", std::string("relu"));
    attributes.set(name + "=1}", name);
    const LayerId layer =
        g.add_layer_into(*ops::find_operator("unary"), name + "layer", {x}, {g.add_tensor(name + "y")}, attributes);
    g.infer(layer);
    g.mark_output(g.layer(layer).outputs[0], name + "out");
    const Graph back = parse(g.dump());
    EXPECT_EQ(back.dump(), g.dump());
    EXPECT_EQ(back.name, name);
    EXPECT_EQ(back.metadata, g.metadata);
    EXPECT_EQ(back.tensor(back.inputs()[0]).name, name + "x");
    EXPECT_EQ(back.tensor(back.inputs()[0]).symbols[1], name);
    EXPECT_EQ(back.layer(0).name, name + "layer");
    EXPECT_EQ(back.layer(0).attributes, attributes);
    EXPECT_EQ(back.outputs()[0].name, name + "out");
  }
  const Graph nameless =
      parse("input \"\" float32 1\n\"y\" = unary(\"\") {function=\"relu\"} \"l\"\noutput \"y\" \"\"");
  EXPECT_EQ(parse(nameless.dump()).dump(), nameless.dump());
}

TEST(Text, quoted_texts_are_one_line_of_printable_characters) {
  std::string out;
  append_quoted(out, all_bytes());
  for (const char c : out) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  std::string_view rest = out;
  EXPECT_EQ(take_quoted(rest), all_bytes());
  EXPECT_TRUE(rest.empty());
}

TEST(Text, what_is_no_quoted_text_is_not_taken) {
  for (const std::string text :
       {"", "a", "\"", "\"a", "\"a\\", "\"a\\\"", "\"\\q\"", "\"\\x4\"", "\"\\xg0\"", "\"\\x"}) {
    std::string_view rest = text;
    EXPECT_FALSE(take_quoted(rest)) << text;
    EXPECT_EQ(rest, text);
  }
}

TEST(Text, attributes_keep_their_type_and_value) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const AttributeValue values[] = {std::int64_t{0},
                                   std::numeric_limits<std::int64_t>::min(),
                                   std::numeric_limits<std::int64_t>::max(),
                                   0.0,
                                   -0.0,
                                   1.0,
                                   1e22,
                                   1e-310,
                                   0.1,
                                   kInfinity,
                                   -kInfinity,
                                   std::string("1.5"),
                                   std::vector<std::int64_t>{},
                                   std::vector<std::int64_t>{1, -2},
                                   std::vector<double>{},
                                   std::vector<double>{1, 2},
                                   std::vector<double>{kInfinity},
                                   std::vector<double>{1, kInfinity, 0.5},
                                   std::vector<double>{-0.0, 1e300}};
  for (const AttributeValue& value : values) {
    Graph g;
    Attributes attributes;
    attributes.set("function", std::string("relu"));
    attributes.set("value", value);
    const TensorId x = g.add_input("x", DataType::float32, {1});
    g.mark_output(g.layer(g.add_layer(*ops::find_operator("unary"), "l", {x}, attributes)).outputs[0]);
    const Graph back = parse(g.dump());
    EXPECT_EQ(back.layer(0).attributes, attributes) << g.dump();
    if (const auto* real = std::get_if<double>(&value)) {
      EXPECT_EQ(std::signbit(back.layer(0).attributes.real("value", 7)), std::signbit(*real));
    }
  }
  for (const char* list : {"nan", "-nan", "[nan]", "[1.0, nan]"}) {
    const Graph g = parse(std::string("input \"x\" float32 1\n\"y\" = unary(\"x\") {function=\"relu\", value=") + list +
                          "}\noutput \"y\" \"y\"");
    const std::vector<double> values_read = g.layer(0).attributes.all().at("value").index() == 1
                                                ? std::vector<double>{g.layer(0).attributes.real("value", 0)}
                                                : g.layer(0).attributes.reals("value");
    EXPECT_TRUE(std::isnan(values_read.back()));
    EXPECT_EQ(parse(g.dump()).dump(), g.dump());
  }
}

TEST(Text, small_constants_keep_every_bit_whatever_the_locale) {
  const char* const before = std::setlocale(LC_NUMERIC, nullptr);
  const std::string kept = before ? before : "C";
  for (const char* locale : {"de_DE.UTF-8", "fr_FR.UTF-8"})
    if (std::setlocale(LC_NUMERIC, locale)) break;
  Graph g;
  const std::vector<float> values{0.1f,
                                  -0.0f,
                                  1e-45f,
                                  std::numeric_limits<float>::max(),
                                  16777217.0f,
                                  1.0f / 3,
                                  std::numeric_limits<float>::infinity()};
  const TensorId c = g.add_constant("c", make_constant(values, {static_cast<std::int64_t>(values.size())}));
  const TensorId u = g.add_constant("u", [] {
    const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    return make_constant(DataType::uint64, {1}, &most, sizeof most);
  }());
  for (const TensorId id : {c, u}) g.mark_output(id);
  const Graph back = parse(g.dump());
  std::setlocale(LC_NUMERIC, kept.c_str());
  for (std::size_t i = 0; i < values.size(); ++i)
    EXPECT_EQ(std::bit_cast<std::uint32_t>(back.tensor(back.outputs()[0].tensor).constant->as<float>()[i]),
              std::bit_cast<std::uint32_t>(values[i]))
        << i;
  EXPECT_EQ(*back.tensor(back.outputs()[1].tensor).constant->as<std::uint64_t>(), ~std::uint64_t{0});
}

TEST(Text, outputs_that_nobody_named_do_not_take_a_name_of_the_text) {
  const Graph g = parse(R"(input "x" float32 4
"a", - = split("x") {axis=0, split=[2, 2]} "first"
"unused~0", "unused~1" = split("x") {axis=0, split=[2, 2]} "second"
output "a" "a"
output "unused~0" "b")");
  EXPECT_EQ(parse(g.dump()).dump(), g.dump());
  EXPECT_EQ(g.tensor(g.layer(0).outputs[1]).name, "unused~2");
}

TEST(Text, every_form_of_the_grammar_is_read) {
  const Graph g = parse(R"(
# a comment alone, and blanks in all places
graph "all"   # and after a statement
meta "key" "value"
input "x" float32 ?x2 "batch" ""
input"s"float32 scalar
const "c" int64 2 = 1 1
const "half" float32 1x2 = 0.5 -inf
const "empty" int64 0 =
"y" , - = split ( "x" , "c" ) { axis = -1 , "split" = [ 1 , 1 ] , odd = [] , real = [ 1 , 2.5 ] , none = [.] } "cut"
"z" = binary("y", "s") {function="add"}
output "z" "sum"
)");
  EXPECT_EQ(g.name, "all");
  EXPECT_EQ(g.metadata.at("key"), "value");
  EXPECT_EQ(g.tensor(g.inputs()[0]).dims, (Dims{kUnknown, 2}));
  EXPECT_EQ(g.tensor(g.inputs()[0]).symbols, (std::vector<std::string>{"batch", ""}));
  EXPECT_TRUE(g.tensor(g.inputs()[1]).dims.empty());
  EXPECT_EQ(to_integers(*g.tensor(g.find_tensor("c")).constant), (std::vector<std::int64_t>{1, 1}));
  EXPECT_EQ(g.layer(0).name, "cut");
  EXPECT_EQ(g.layer(0).attributes.integer("axis", 0), -1);
  EXPECT_EQ(g.layer(0).attributes.integers("split"), (std::vector<std::int64_t>{1, 1}));
  EXPECT_EQ(g.layer(0).attributes.reals("real"), (std::vector<double>{1, 2.5}));
  EXPECT_TRUE(std::holds_alternative<std::vector<std::int64_t>>(g.layer(0).attributes.all().at("odd")));
  EXPECT_TRUE(std::holds_alternative<std::vector<double>>(g.layer(0).attributes.all().at("none")));
  EXPECT_EQ(g.layer(1).name, "z");
  EXPECT_EQ(g.outputs()[0].name, "sum");
  EXPECT_EQ(parse(g.dump()).dump(), g.dump());
}

TEST(Text, what_is_no_network_is_an_error_that_names_the_line) {
  const std::string head = "input \"x\" float32 2x3\n";
  for (const std::string line :
       {"nonsense",
        "input \"y\" float32 2x",
        "input \"y\" float32 -5",
        "input \"y\" float32 -1",
        "input \"y\" float32 99999999999999999999",
        "input \"y\" nothing 2",
        "input \"x\" float32 2",
        "input \"y\" float32 2 \"open",
        "const \"c\" float32 2 = 1",
        "const \"c\" float32 2 = 1 2 3",
        "const \"c\" float32 4611686018427387904x4 = 1",
        "const \"c\" float32 ? = 1",
        "const \"c\" float32 2 @0",
        "const \"c\" int8 1 = x",
        "\"y\" = unary(\"later\") {function=\"relu\"}\n\"later\" = unary(\"x\") {function=\"relu\"}",
        "\"y\" = nothing(\"x\")",
        "\"y\" = unary(\"x\"",
        "\"y\" = unary(\"x\") {function=}",
        "\"y\" = unary(\"x\") {function",
        "\"y\" = unary(\"x\" ,) {function=\"relu\"}",
        "\"y\" = binary(\"x\" \"x\") {function=\"add\"}",
        "\"y\" = unary(\"x\") {function=\"clip\" min=0}",
        "\"y\" = unary(\"x\") {function=\"clip\",}",
        "\"y\" = unary(\"x\") {function=\"relu\", k=[1 2]}",
        "\"y\" = unary(\"x\") {function=\"relu\", k=[1.0, .]}",
        "\"y\" = unary(\"x\") {function=\"relu\", k=[1",
        "\"x\" = unary(\"x\") {function=\"relu\"}",
        "\"y\", \"y\" = split(\"x\") {axis=0, split=[1, 1]}",
        "\"y\"",
        "output \"y\" \"y\"",
        "output \"x\""}) {
    try {
      (void)parse(head + line);
      ADD_FAILURE() << "accepted: " << line;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("line 2"), std::string::npos) << line << ": " << error.what();
    }
  }
}

}  // namespace
}  // namespace vireo::graph

// Attention in all its forms, and what stands around it. Numbers without a formula beside them are ONNX Runtime's.
#include "tests/import/one_node.h"

namespace vireo::import_testing {
namespace {

constexpr std::int64_t kOne = 1, kTwo = 2;
const std::string kMicrosoft = "com.microsoft";

OneNode microsoft(std::string op, std::vector<Attribute> attributes, std::vector<Given> inputs,
                  std::vector<std::string> outputs = {"y"}) {
  return {std::move(op), kMicrosoft, 17, std::move(attributes), std::move(inputs), std::move(outputs)};
}

TEST(Attention, OnePacksQueriesKeysAndValuesBehindAPast) {
  expect_outputs(microsoft("Attention", {{"num_heads", kTwo}, {"unidirectional", kOne}},
                           {{"x", {2, 2, 3}},
                            known({"w", {3, 12}}),
                            known({"b", {12}}),
                            ints("m", {2, 3}, {1, 1, 1, 0, 1, 1}),
                            {"p", {2, 2, 2, 1, 2}}},
                           {"y"}),
                 {{-0.304277, 0.621868, 0.63809, -0.304285, -0.673553, 0.319294, 0.809279, 0.0422168, -0.812816,
                   0.37653, 1.01426, 0.166096, -0.758459, 0.236005, 0.882166, 0.238723}});
}

TEST(Attention, ThePresentIsThePastAndTheNewKeysAndValues) {
  const OneNode one =
      microsoft("Attention", {{"num_heads", kOne}},
                {{"x", {1, 1, 2}}, known({"w", {2, 6}}), absent(), absent(), {"p", {2, 1, 1, 1, 2}}}, {"y", "present"});
  const Values x = wave(2, 0), w = wave(12, 1), p = wave(4, 4);
  const auto product = [&](std::size_t column) { return x[0] * w[column] + x[1] * w[6 + column]; };
  Values present{p[0], p[1], product(2), product(3), p[2], p[3], product(4), product(5)};
  const Network network = model_of(one).load();
  expect_near(*graph::evaluate_graph(network.graph(), values_of(one)).at(1), present, "reference", 1);
}

TEST(Attention, MasksAreLengthsOrWhereKeysEndAndBegin) {
  expect_outputs(microsoft("Attention", {{"num_heads", kTwo}, {"qkv_hidden_sizes", Ints{4, 4, 2}}},
                           {{"x", {2, 3, 2}},
                            known({"w", {2, 10}}),
                            known({"b", {10}}),
                            ints("m", {2}, {3, 1}),
                            absent(),
                            {"ab", {1, 2, 3, 3}}}),
                 {{-1.60727, 0.182759, -0.957781, 0.263575, -0.61563, 0.249235, -2.21435, -0.203029, -2.21435,
                   -0.203029, -2.21435, -0.203029}});
  const OneNode edges =
      microsoft("Attention", {{"num_heads", kOne}, {"scale", 0.3f}},
                {{"x", {2, 3, 2}}, known({"w", {2, 6}}), known({"b", {6}}), ints("m", {4}, {3, 2, 1, 0})});
  const Network network = model_of(edges).load();
  expect_near(*graph::evaluate_graph(network.graph(), values_of(edges)).at(0),
              {-0.289114, 0.64712, -0.0680107, 0.61647, -0.25431, 0.642295, -0.263788, 0.155012, -0.309001, 0.833241,
               -0.27119, 0.26605},
              "reference", 0);
}

TEST(Attention, BiasesMasksAndScoresAreAdded) {
  expect_outputs(microsoft("MultiHeadAttention", {{"num_heads", kTwo}},
                           {{"q", {2, 2, 4}},
                            {"k", {2, 3, 4}},
                            {"v", {2, 3, 4}},
                            known({"b", {12}}),
                            ints("m", {2, 3}, {1, 1, 0, 1, 0, 1}),
                            {"ab", {2, 2, 2, 3}}},
                           {"y", "pk", "pv"}),
                 {{0.133395, 1.35648, 0.760269, -0.981176, -0.387292, 1.46478, 0.782811, -0.973335, -0.0137614,
                   0.406617, 0.930049, 0.509909, -0.548191, 0.164008, 0.0531033, -0.485049},
                  {0.884275, 1.96321, -0.145836,  1.64634,     -0.590586, 0.631129,    0.166035,  -1.87438,
                   1.02663,  -1.0971, 0.928239,   -0.134523,   0.0227785, -0.00330114, 1.04227,   0.417433,
                   1.38421,  1.4461,  -0.0245446, -0.00983018, -0.818947, -0.855567,   -0.610545, -1.77274}});
  expect_outputs(microsoft("MultiHeadAttention", {{"num_heads", kTwo}, {"scale", 0.9f}},
                           {{"q", {1, 2, 4}}, {"k", {1, 2, 3, 2}}, {"v", {1, 2, 3, 2}}}),
                 {{0.356781, 0.65366, 0.341195, -0.17793, 0.0565739, 0.435207, 0.681731, -0.0518223}});
}

TEST(Attention, PackedTensorsGiveWhatTheirPartsGive) {
  // Of [batch, entries, heads, 3, depth] the parts, with the same numbers.
  const Values all = wave(2 * 3 * 2 * 3 * 2, 0);
  std::vector<Values> parts(3);
  for (std::size_t i = 0; i < all.size(); ++i) parts[i / 2 % 3].push_back(all[i]);
  const int real = onnx::TensorProto::FLOAT;
  const std::vector<Attribute> heads{{"num_heads", kTwo}};
  const OneNode apart =
      microsoft("MultiHeadAttention", heads,
                {{"q", {2, 3, 4}, real, parts[0]}, {"k", {2, 3, 4}, real, parts[1]}, {"v", {2, 3, 4}, real, parts[2]}});
  const Network network = model_of(apart).load();
  const Values wanted = graph::to_reals(*graph::evaluate_graph(network.graph(), values_of(apart)).at(0));
  expect_outputs(microsoft("MultiHeadAttention", heads, {{"q", {2, 3, 2, 3, 2}}}), {wanted});
}

TEST(Attention, ACacheInABufferIsWrittenInPlaceOfTheNextEntry) {
  expect_outputs(
      microsoft("DecoderMaskedMultiHeadAttention", {{"num_heads", kTwo}, {"past_present_share_buffer", kOne}},
                {{"q", {1, 1, 4}},
                 {"k", {1, 1, 4}},
                 {"v", {1, 1, 4}},
                 absent(),
                 absent(),
                 {"pk", {1, 2, 4, 2}},
                 {"pv", {1, 2, 4, 2}},
                 ints("n", {1}, {2})},
                {"y", "ok"}),
      {{0.28327, 0.399167, -0.170982, -0.670051},
       {0.598472, -0.611858, -0.925815, 0.116549, 0.479426, 0.973848, -0.767686, -0.822829, 0.327474, 0.998027,
        0.206467, -0.887567, 0.0415807, -0.951602, 0.961153, -0.00885131}});
}

TEST(Attention, GroupsOfQueriesShareACacheOfSeveralLengths) {
  expect_outputs(microsoft("GroupQueryAttention",
                           {{"num_heads", kTwo},
                            {"kv_num_heads", kOne},
                            {"do_rotary", kOne},
                            {"local_window_size", std::int64_t{3}},
                            {"softcap", 0.8f}},
                           {{"q", {2, 1, 32}},
                            {"k", {2, 1, 16}},
                            {"v", {2, 1, 16}},
                            {"pk", {2, 1, 6, 16}},
                            {"pv", {2, 1, 6, 16}},
                            ints("n", {2}, {5, 2}),
                            ints("t", {}, {6}),
                            known({"c", {6, 8}}),
                            known({"s", {6, 8}})}),
                 {{0.618701,   0.230099,  -0.495598, -0.495243,  0.230644,  0.618638,   0.100325,   -0.564964,
                   -0.40258,   0.349585,  0.589607,  -0.0341465, -0.607875, -0.291065,  0.452156,   0.532967,
                   0.452025,   0.0194684, -0.441609, -0.255728,  0.304795,  0.418793,   -0.0807419, -0.46199,
                   -0.166421,  0.372954,  0.365951,  -0.177171,  -0.460738, -0.0693221, 0.42365,    0.295974,
                   0.403357,   -0.365303, -0.598793, 0.04495,    0.622841,  0.288269,   -0.468618,  -0.538978,
                   0.180266,   0.63542,   0.159682,  -0.549991,  -0.453926, 0.307141,   0.618246,   0.0236187,
                   0.518103,   -0.115543, -0.579918, -0.194712,  0.475748,  0.449236,   -0.235407,  -0.575179,
                   -0.0723119, 0.536492,  0.359334,  -0.344249,  -0.543506, 0.0534745,  0.572115,   0.252606}});
}

TEST(Attention, QuantisedCachesAndBeamsAreRefusedByName) {
  const OneNode beams = microsoft("MultiHeadAttention", {{"num_heads", kOne}},
                                  {{"q", {1, 1, 2}},
                                   {"k", {1, 1, 2}},
                                   {"v", {1, 1, 2}},
                                   absent(),
                                   absent(),
                                   absent(),
                                   {"pk", {1, 1, 4, 2}},
                                   {"pv", {1, 1, 4, 2}},
                                   ints("n", {1}, {2}),
                                   ints("c", {1, 1, 4}, {0, 0, 0, 0})});
  EXPECT_NE(error_of(model_of(beams).bytes()).find("a cache of several beams"), std::string::npos);
  const OneNode quantised = microsoft(
      "GroupQueryAttention", {{"num_heads", kOne}, {"kv_num_heads", kOne}, {"k_quant_type", std::string("PER_TENSOR")}},
      {{"q", {1, 1, 2}},
       {"k", {1, 1, 2}},
       {"v", {1, 1, 2}},
       absent(),
       absent(),
       ints("n", {1}, {0}),
       ints("t", {}, {1})});
  EXPECT_NE(error_of(model_of(quantised).bytes()).find("a quantised cache"), std::string::npos);
}

TEST(Attention, OfTheOnnxDomainInEveryForm) {
  expect_outputs({"Attention",
                  "",
                  23,
                  {{"is_causal", kOne}, {"softcap", 1.5f}, {"q_num_heads", kTwo}, {"kv_num_heads", kOne}},
                  {{"q", {1, 2, 4}},
                   {"k", {1, 2, 2}},
                   {"v", {1, 2, 3}},
                   {"m", {2, 4}},
                   {"pk", {1, 1, 2, 2}},
                   {"pv", {1, 1, 2, 3}}},
                  {"y", "ok"}},
                 {{0.524016, 0.0452822, -0.499791, 0.511184, -0.193608, -0.614764, 0.227139, 0.69858, 0.146599,
                   0.488878, 0.172303, -0.396696},
                  {0.909297, -0.157746, -0.993691, -0.373877, 0.479426, 0.973848, 0.0415807, -0.951602}});
  expect_outputs({"Attention",
                  "",
                  24,
                  {},
                  {{"q", {2, 1, 2, 2}},
                   {"k", {2, 1, 3, 2}},
                   {"v", {2, 1, 3, 2}},
                   absent(),
                   absent(),
                   absent(),
                   longs("n", {2}, {2, 3})}},
                 {{0.569044, 0.379039, -0.0380481, -0.438063, -0.207047, 0.0530706, 0.623229, -0.054637}});
}

TEST(Attention, WindowsHideWhatABooleanMaskHides) {
  Values shown;
  for (int i = 0; i < 5; ++i)
    for (int j = 0; j < 7; ++j) shown.push_back(j >= i - 2 && j <= i + 1);
  const std::vector<Given> tensors{{"q", {1, 2, 5, 4}}, {"k", {1, 2, 7, 4}}, {"v", {1, 2, 7, 3}}};
  OneNode masked{"Attention", "", 23, {}, tensors};
  masked.inputs.push_back(flags("m", {5, 7}, shown));
  const Network network = model_of(masked).load();
  const Values wanted = graph::to_reals(*graph::evaluate_graph(network.graph(), values_of(masked)).at(0));
  expect_outputs(masked, {wanted});
  expect_outputs({"Attention", "", 25, {{"left_window_size", kTwo}, {"right_window_size", kOne}}, tensors}, {wanted});
}

/// Entries [from, from + count) of axis 1 of [1, 6, 8].
graph::ConstantPtr entries(const graph::Constant& all, std::int64_t from, std::int64_t count) {
  return graph::make_constant(DataType::float32, {1, count, 8}, all.read() + from * 8 * 4,
                              static_cast<std::size_t>(count * 8) * 4);
}

TEST(Attention, TokensOneByOneGiveWhatAllOfThemGive) {
  const auto node = [](std::int64_t tokens, std::int64_t past) {
    return OneNode{"Attention",
                   "",
                   23,
                   {{"is_causal", kOne}, {"q_num_heads", kTwo}, {"kv_num_heads", kOne}},
                   {{"q", {1, tokens, 8}},
                    {"k", {1, tokens, 4}},
                    {"v", {1, tokens, 4}},
                    absent(),
                    {"pk", {1, 1, past, 4}},
                    {"pv", {1, 1, past, 4}}},
                   {"y", "ok", "ov"}};
  };
  const Network network = model_of(node(1, 1), true).load();
  Built built(network);
  const std::vector<graph::ConstantPtr> all = values_of(node(6, 0));
  const graph::ConstantPtr wanted = graph::evaluate_graph(network.graph(), all).at(0);
  graph::ConstantPtr keys = all[3], values = all[4];
  for (std::int64_t t = 0; t < 6; ++t) {
    SCOPED_TRACE(t);
    const auto row = [&](const graph::ConstantPtr& x) {
      return graph::make_constant(DataType::float32, {1, 1, 4}, x->read() + t * 4 * 4, 16);
    };
    const Status status = built.run({entries(*all[0], t, 1), row(all[1]), row(all[2]), keys, values});
    ASSERT_TRUE(status.ok()) << status.message();
    expect_near(*built.output(0), graph::to_reals(*entries(*wanted, t, 1)), "built", 0);
    keys = built.output(1);
    values = built.output(2);
    EXPECT_EQ(keys->dims, (Dims{1, 1, t + 1, 4}));
  }
}

TEST(Attention, LengthsThatAreNoneOfTheKeysFailTheRun) {
  const OneNode one{"Attention",
                    "",
                    24,
                    {},
                    {{"q", {1, 1, 1, 2}},
                     {"k", {1, 1, 3, 2}},
                     {"v", {1, 1, 3, 2}},
                     absent(),
                     absent(),
                     absent(),
                     longs("n", {1}, {4})}};
  const Network network = model_of(one).load();
  EXPECT_THROW((void)graph::evaluate_graph(network.graph(), values_of(one)), Error);
  EXPECT_FALSE(Built(network).run(values_of(one)).ok());
}

/// A body of one node chain over "s".
onnx::GraphProto capped(float cap) {
  onnx::GraphProto body;
  body.set_name("body");
  body.add_input()->set_name("s");
  body.add_output()->set_name("o");
  *body.add_initializer() = tensor_of("cap", {}, Floats{cap});
  add_node(body, "Div", {"s", "cap"}, {"d"});
  add_node(body, "Tanh", {"d"}, {"t"});
  add_node(body, "Mul", {"t", "cap"}, {"o"});
  return body;
}

TEST(Attention, BodiesStandBetweenProductsAndSoftmax) {
  const std::vector<Given> tensors{{"q", {2, 4, 3, 4}}, {"k", {2, 2, 5, 4}}, {"v", {2, 2, 5, 3}}};
  const OneNode plain{"Attention", "", 23, {{"softcap", 0.5f}}, tensors};
  const Network network = model_of(plain).load();
  const Values wanted = graph::to_reals(*graph::evaluate_graph(network.graph(), values_of(plain)).at(0));
  expect_outputs({"FlexAttention", "ai.onnx.preview", 25, {{"score_mod", capped(0.5f)}}, tensors}, {wanted});
}

TEST(Rotary, TurnsHalvesOrNeighboursAtPositions) {
  expect_outputs(
      microsoft("RotaryEmbedding", {{"num_heads", kTwo}, {"rotary_embedding_dim", kTwo}, {"interleaved", kOne}},
                {{"x", {1, 2, 8}}, longs("p", {1, 2}, {2, 0}), known({"c", {3, 1}}), known({"s", {3, 1}})}),
      {{0.788458, -0.426394, 0.515501, -0.687766, 0.566975, 0.627716, 0.998543, 0.319098, 0.0634829, -1.46694, 0.420167,
        0.986772, 1.01747, -0.674347, -0.604833, 0.60554}});
  const OneNode one{"RotaryEmbedding",
                    "",
                    23,
                    {},
                    {{"x", {1, 2, 2, 4}}, known({"c", {3, 2}}), known({"s", {3, 2}}), longs("p", {1, 2}, {2, 1})}};
  expect_outputs(one, {{0.0428327, 1.27817, -0.283879, 0.451964, 0.405141, 0.10879, 0.432467, -0.515, 0.490783,
                        -1.42621, -0.162596, -0.0664446, -0.26317, 1.47907, -0.0728325, 0.336587}});
  OneNode outside = one;
  outside.inputs[3].values = Values{2, 3};
  EXPECT_FALSE(Built(model_of(outside).load()).run(values_of(outside)).ok());
}

TEST(Caches, AnUpdateIsWrittenWhereItsIndexSays) {
  OneNode one{"TensorScatter", "", 24, {{"axis", kOne}}, {{"x", {2, 4, 1}}, {"u", {2, 2, 1}}, longs("i", {2}, {1, 2})}};
  const Values x = wave(8, 0), u = wave(4, 1);
  expect_outputs(one, {{x[0], u[0], u[1], x[3], x[4], x[5], u[2], u[3]}});
  one.inputs[2].values = Values{3, 0};
  EXPECT_FALSE(Built(model_of(one).load()).run(values_of(one)).ok());
  one.attributes.push_back({"mode", std::string("circular")});
  expect_outputs(one, {{u[1], x[1], x[2], u[0], u[2], u[3], x[6], x[7]}});
}

}  // namespace
}  // namespace vireo::import_testing

// ai.onnx.ml and string operators: small models whose results are known, by the references and built and run.
#include <cmath>

#include "engine/api/builder.h"
#include "engine/api/engine.h"
#include "engine/api/text.h"
#include "tests/import/model.h"

namespace vireo::import_testing {
namespace {

using graph::ConstantPtr;

ConstantPtr floats(const Dims& dims, const Floats& values) { return graph::make_constant(values, dims); }
ConstantPtr ints(const Dims& dims, const Ints& values) {
  return graph::make_constant(DataType::int64, dims, values.data(), values.size() * sizeof(std::int64_t));
}
ConstantPtr texts(const Dims& dims, const Texts& values) {
  std::vector<std::uint64_t> ids;
  for (const std::string& value : values) ids.push_back(text_id(value));
  return graph::make_constant(DataType::string, dims, ids.data(), ids.size() * sizeof(std::uint64_t));
}

int onnx_type(DataType type) { return static_cast<int>(type); }

/// One node of ai.onnx.ml over these inputs, whose first extent comes at run time.
struct Single {
  std::string op;
  std::vector<Attribute> attributes;
  std::vector<ConstantPtr> inputs;
  std::size_t outputs = 1;
  std::int64_t version = 3;
  std::string domain = "ai.onnx.ml";

  [[nodiscard]] Network load() const {
    Model model(20);
    model.import("ai.onnx.ml", version);
    std::vector<std::string> in, out;
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      in.push_back("x" + std::to_string(k));
      Dims dims = inputs[k]->dims;
      if (k == 0 && dims.size() > 1 && dims[0] != 1) dims[0] = -1;
      model.input(in.back(), dims, onnx_type(inputs[k]->dtype));
    }
    for (std::size_t k = 0; k < outputs; ++k) {
      out.push_back("y" + std::to_string(k));
      model.output(out.back());
    }
    model.node(op, in, out, attributes, domain);
    return model.load();
  }
};

std::vector<ConstantPtr> run_built(const Network& network, const std::vector<ConstantPtr>& inputs) {
  BuildOptions options;
  options.budget_s = 0;
  const auto engine = Engine::load(build(network, options));
  auto context = engine->create_context();
  const auto in = engine->inputs();
  for (std::size_t k = 0; k < in.size(); ++k) context->set_shape(in[k].name, inputs[k]->dims);
  for (std::size_t k = 0; k < in.size(); ++k)
    context->allocate(in[k].name).write(inputs[k]->data.get(), inputs[k]->bytes());
  for (const TensorInfo& output : engine->outputs())
    if (is_static(context->shape(output.name))) (void)context->allocate(output.name);
  const Status status = context->run();
  EXPECT_TRUE(status.ok()) << status.message();
  std::vector<ConstantPtr> results;
  for (const TensorInfo& output : engine->outputs()) {
    const Dims dims = context->shape(output.name);
    results.push_back(
        graph::make_constant(output.dtype, dims, context->result(output.name).data(), byte_count(output.dtype, dims)));
  }
  return results;
}

void expect_equal(const graph::Constant& found, const graph::Constant& expected) {
  ASSERT_EQ(found.dtype, expected.dtype);
  ASSERT_EQ(found.dims, expected.dims);
  for (std::int64_t i = 0; i < expected.count(); ++i) {
    SCOPED_TRACE("element " + std::to_string(i));
    if (expected.dtype == DataType::string)
      EXPECT_EQ(text_of(found.as<std::uint64_t>()[i]), text_of(expected.as<std::uint64_t>()[i]));
    else if (expected.dtype == DataType::int64) EXPECT_EQ(found.as<std::int64_t>()[i], expected.as<std::int64_t>()[i]);
    else if (expected.dtype == DataType::boolean) EXPECT_EQ(found.as<bool>()[i], expected.as<bool>()[i]);
    else if (std::isnan(expected.as<float>()[i])) EXPECT_TRUE(std::isnan(found.as<float>()[i]));
    else EXPECT_NEAR(found.as<float>()[i], expected.as<float>()[i], 1e-6 + 1e-5 * std::abs(expected.as<float>()[i]));
  }
}

void expect(Single single, const std::vector<ConstantPtr>& expected) {
  single.outputs = expected.size();
  const Network network = single.load();
  for (const bool built : {false, true}) {
    SCOPED_TRACE(built ? "built" : "by the references");
    const auto found =
        built ? run_built(network, single.inputs) : graph::evaluate_graph(network.graph(), single.inputs);
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t k = 0; k < expected.size(); ++k) expect_equal(*found[k], *expected[k]);
  }
}

TEST(Features, AreScaledAndNormalised) {
  const auto x = floats({3, 2}, {3, -4, 0, 0, -1, -2});
  expect({"Scaler", {{"offset", Floats{1, 2}}, {"scale", Floats{0.5f, 3}}}, {x}},
         {floats({3, 2}, {1, -18, -0.5f, -6, -1, -12})});
  expect({"Scaler", {{"offset", Floats{1}}, {"scale", Floats{2}}}, {ints({1, 2}, {4, -1})}}, {floats({1, 2}, {6, -4})});
  expect({"Normalizer", {{"norm", std::string("L1")}}, {x}},
         {floats({3, 2}, {3 / 7.0f, -4 / 7.0f, 0, 0, -1 / 3.0f, -2 / 3.0f})});
  const float root = std::sqrt(5.0f);
  expect({"Normalizer", {{"norm", std::string("L2")}}, {x}},
         {floats({3, 2}, {0.6f, -0.8f, 0, 0, -1 / root, -2 / root})});
  expect({"Normalizer", {{"norm", std::string("MAX")}}, {x}}, {floats({3, 2}, {1, -4 / 3.0f, 0, 0, 1, 2})});
}

TEST(Features, MissingOnesAreImputed) {
  expect({"Imputer",
          {{"imputed_value_floats", Floats{7, 8}}, {"replaced_value_float", std::nanf("")}},
          {floats({2, 2}, {NAN, 1, 2, NAN})}},
         {floats({2, 2}, {7, 1, 2, 8})});
  expect({"Imputer",
          {{"imputed_value_int64s", Ints{9}}, {"replaced_value_int64", std::int64_t{-1}}},
          {ints({2, 2}, {-1, 1, 2, -1})}},
         {ints({2, 2}, {9, 1, 2, 9})});
}

TEST(Features, AreChosenJoinedAndCut) {
  const auto x = floats({2, 3}, {1, 2, 3, 4, 5, 6});
  expect({"ArrayFeatureExtractor", {}, {x, ints({1, 2}, {2, 0})}}, {floats({2, 2}, {3, 1, 6, 4})});
  expect({"ArrayFeatureExtractor", {}, {floats({3}, {1, 2, 3}), ints({2}, {1, 1})}}, {floats({1, 2}, {2, 2})});
  expect({"Binarizer", {{"threshold", 2.0f}}, {x}}, {floats({2, 3}, {0, 0, 1, 1, 1, 1})});
  expect({"FeatureVectorizer", {{"inputdimensions", Ints{2, 3}}}, {x, ints({2, 2}, {7, 8, 9, 10})}},
         {floats({2, 5}, {1, 2, 7, 8, 0, 4, 5, 9, 10, 0})});
}

TEST(Labels, AreEncodedBothWays) {
  const auto x = texts({2, 2}, {"a", "zz", "b", "a"});
  expect({"LabelEncoder", {{"keys_strings", Texts{"a", "b"}}, {"values_int64s", Ints{5, 6}}}, {x}, 1, 2},
         {ints({2, 2}, {5, -1, 6, 5})});
  expect({"LabelEncoder", {{"classes_strings", Texts{"b", "a"}}, {"default_int64", std::int64_t{-7}}}, {x}, 1, 1},
         {ints({2, 2}, {1, -7, 0, 1})});
  expect({"LabelEncoder",
          {{"keys_floats", Floats{1, NAN}}, {"values_strings", Texts{"one", "none"}}},
          {floats({3}, {NAN, 1, 2})},
          1,
          2},
         {texts({3}, {"none", "one", "_Unused"})});
  expect({"CategoryMapper",
          {{"cats_strings", Texts{"x", "y"}}, {"cats_int64s", Ints{3, 4}}, {"default_string", std::string("?")}},
          {ints({3}, {4, 3, 0})},
          1,
          1},
         {texts({3}, {"y", "x", "?"})});
}

TEST(Labels, OneHotColumnsAreThoseOfTheCategories) {
  const auto x = texts({2, 2}, {"a", "b", "c", "none"});
  expect({"OneHotEncoder", {{"cats_strings", Texts{"a", "b", "c"}}}, {x}},
         {floats({2, 2, 3}, {1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0})});
  expect({"OneHotEncoder", {{"cats_int64s", Ints{2, 5}}}, {floats({3}, {5, 2.5f, 0})}},
         {floats({3, 2}, {0, 1, 1, 0, 0, 0})});
}

TEST(Labels, AnUnknownCategoryIsAnErrorWhereZerosAreNotAllowed) {
  const Single single{
      "OneHotEncoder", {{"cats_strings", Texts{"a"}}, {"zeros", std::int64_t{0}}}, {texts({2}, {"a", "b"})}};
  EXPECT_THROW((void)graph::evaluate_graph(single.load().graph(), single.inputs), Error);
}

TEST(Linear, TwoClassesOfOneScore) {
  const auto x = floats({3, 2}, {1, 1, -1, 0, 0.25f, 1});
  const std::vector<Attribute> base{{"coefficients", Floats{2, -1}}, {"intercepts", Floats{0.5f}}};
  const auto with = [&](std::vector<Attribute> more) {
    more.insert(more.end(), base.begin(), base.end());
    return more;
  };
  const auto sigmoid = [](double v) { return static_cast<float>(1 / (1 + std::exp(-v))); };
  expect({"LinearClassifier",
          with({{"classlabels_strings", Texts{"no", "yes"}}, {"post_transform", std::string("LOGISTIC")}}),
          {x}},
         {texts({3}, {"yes", "no", "no"}),
          floats({3, 2}, {sigmoid(-1.5), sigmoid(1.5), sigmoid(1.5), sigmoid(-1.5), 0.5f, 0.5f})});
  expect({"LinearClassifier", with({{"classlabels_ints", Ints{4, 9}}}), {x}},
         {ints({3}, {9, 4, 4}), floats({3, 2}, {-0.5f, 1.5f, 2.5f, -1.5f, 1, 0})});
}

TEST(Linear, SeveralClassesAndTargets) {
  const std::vector<Attribute> weights{{"coefficients", Floats{1, 0, 0, 1, -1, -1}},
                                       {"intercepts", Floats{0, 0.5f, 0}}};
  std::vector<Attribute> classifier = weights, regressor = weights;
  classifier.push_back({"classlabels_ints", Ints{7, 8, 9}});
  classifier.push_back({"post_transform", std::string("SOFTMAX")});
  regressor.push_back({"targets", std::int64_t{3}});
  const double sum = std::exp(1.0) + std::exp(2.5) + std::exp(-3.0);
  expect(
      {"LinearClassifier", classifier, {floats({1, 2}, {1, 2})}},
      {ints({1}, {8}), floats({1, 3}, {static_cast<float>(std::exp(1.0) / sum), static_cast<float>(std::exp(2.5) / sum),
                                       static_cast<float>(std::exp(-3.0) / sum)})});
  expect({"LinearRegressor", regressor, {ints({2, 2}, {1, 2, 0, -1})}}, {floats({2, 3}, {1, 2.5f, -3, 0, -0.5f, 1})});
}

/// Two trees over two features: "x0 <= 1 ? a : (x1 < 0 ? b : c)" and "x1 > 2 ? d : e", NaN counts as true in the
/// second.
std::vector<Attribute> two_trees(const std::string& prefix) {
  return {{"nodes_treeids", Ints{0, 0, 0, 0, 0, 1, 1, 1}},
          {"nodes_nodeids", Ints{0, 1, 2, 3, 4, 0, 1, 2}},
          {"nodes_featureids", Ints{0, 0, 1, 0, 0, 1, 0, 0}},
          {"nodes_values", Floats{1, 0, 0, 0, 0, 2, 0, 0}},
          {"nodes_modes", Texts{"BRANCH_LEQ", "LEAF", "BRANCH_LT", "LEAF", "LEAF", "BRANCH_GT", "LEAF", "LEAF"}},
          {"nodes_truenodeids", Ints{1, 0, 3, 0, 0, 1, 0, 0}},
          {"nodes_falsenodeids", Ints{2, 0, 4, 0, 0, 2, 0, 0}},
          {"nodes_missing_value_tracks_true", Ints{0, 0, 0, 0, 0, 1, 0, 0}},
          {prefix + "_treeids", Ints{0, 0, 0, 1, 1}},
          {prefix + "_nodeids", Ints{1, 3, 4, 1, 2}}};
}

TEST(Trees, AreAddedAveragedAndCompared) {
  const auto x = floats({4, 2}, {1, 3, 2, -1, NAN, 5, 1.5f, NAN});
  std::vector<Attribute> base = two_trees("target");
  base.push_back({"target_ids", Ints{0, 0, 0, 0, 0}});
  base.push_back({"target_weights", Floats{1, 10, 100, 0.25f, -0.5f}});
  const std::pair<std::string, Floats> kinds[] = {{"SUM", {1.25f, 9.5f, 100.25f, 100.25f}},
                                                  {"AVERAGE", {0.625f, 4.75f, 50.125f, 50.125f}},
                                                  {"MIN", {0.25f, -0.5f, 0.25f, 0.25f}},
                                                  {"MAX", {1, 10, 100, 100}}};
  for (const auto& [kind, sums] : kinds) {
    SCOPED_TRACE(kind);
    std::vector<Attribute> attributes = base;
    attributes.push_back({"aggregate_function", kind});
    expect({"TreeEnsembleRegressor", attributes, {x}}, {floats({4, 1}, sums)});
  }
  base.push_back({"base_values", Floats{1000}});
  expect({"TreeEnsembleRegressor", base, {x}}, {floats({4, 1}, {1001.25f, 1009.5f, 1100.25f, 1100.25f})});
}

TEST(Trees, VoteForClasses) {
  const auto x = floats({3, 2}, {1, 3, 2, -1, 2, 1});
  std::vector<Attribute> three = two_trees("class");
  three.push_back({"class_ids", Ints{0, 1, 2, 2, 1}});
  three.push_back({"class_weights", Floats{1, 1, 0.5f, 0.25f, 0.75f}});
  three.push_back({"classlabels_strings", Texts{"a", "b", "c"}});
  expect({"TreeEnsembleClassifier", three, {x}},
         {texts({3}, {"a", "b", "b"}), floats({3, 3}, {1, 0, 0.25f, 0, 1.75f, 0, 0, 0.75f, 0.5f})});
  std::vector<Attribute> two = two_trees("class");  // all say something of the one class
  two.push_back({"class_ids", Ints{0, 0, 0, 0, 0}});
  two.push_back({"class_weights", Floats{0.5f, 0.25f, 0, 0.25f, 0.125f}});
  two.push_back({"classlabels_int64s", Ints{3, 4}});
  expect({"TreeEnsembleClassifier", two, {x}},
         {ints({3}, {4, 3, 3}), floats({3, 2}, {0.25f, 0.75f, 0.625f, 0.375f, 0.875f, 0.125f})});
}

TEST(Trees, SayWhichNodeIsWrong) {
  std::vector<Attribute> attributes = two_trees("target");
  attributes[5] = {"nodes_truenodeids", Ints{1, 0, 9, 0, 0, 1, 0, 0}};
  attributes.push_back({"target_ids", Ints{0, 0, 0, 0, 0}});
  attributes.push_back({"target_weights", Floats{1, 10, 100, 0.25f, -0.5f}});
  try {
    (void)Single{"TreeEnsembleRegressor", attributes, {floats({1, 2}, {0, 0})}}.load();
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("node 2 of tree 0 leads to node 9"), std::string::npos) << error.what();
  }
  attributes[5] = {"nodes_truenodeids", Ints{1, 0, 0, 0, 0, 1, 0, 0}};  // back to the root
  EXPECT_THROW((void)Single({"TreeEnsembleRegressor", attributes, {floats({1, 2}, {0, 0})}}).load(), Error);
  attributes[5] = {"nodes_truenodeids", Ints{1, 0, 2, 0, 0, 1, 0, 0}};  // a node after itself
  const Single single{"TreeEnsembleRegressor", attributes, {floats({1, 2}, {2, -1})}};
  EXPECT_THROW((void)graph::evaluate_graph(single.load().graph(), single.inputs), Error);
}

TEST(Vectors, RegressionAndItsKernels) {
  const auto x = floats({2, 2}, {1, 2, 0, -1});
  const auto with = [](const char* kernel, Floats parameters) {
    return std::vector<Attribute>{{"kernel_type", std::string(kernel)},    {"kernel_params", std::move(parameters)},
                                  {"support_vectors", Floats{1, 0, 2, 1}}, {"coefficients", Floats{2, -1}},
                                  {"n_supports", std::int64_t{2}},         {"rho", Floats{0.5f}}};
  };
  expect({"SVMRegressor", with("LINEAR", {0, 0, 0}), {x}}, {floats({2, 1}, {2 * 1 - 4 + 0.5f, 0 + 1 + 0.5f})});
  expect({"SVMRegressor", with("POLY", {1, 1, 2}), {x}}, {floats({2, 1}, {2 * 4 - 25 + 0.5f, 2 - 0 + 0.5f})});
  const auto rbf = [](double a, double b) { return static_cast<float>(2 * std::exp(-a / 2) - std::exp(-b / 2) + 0.5); };
  expect({"SVMRegressor", with("RBF", {0.5f, 0, 0}), {x}}, {floats({2, 1}, {rbf(4, 2), rbf(2, 8)})});
}

TEST(Vectors, ClassesWinByTheirPairs) {
  // One vector a class, linear: the scores of (0,1), (0,2), (1,2) are x0 - x1, x0 + x1, 2 x1, say the coefficients.
  const std::vector<Attribute> attributes{{"support_vectors", Floats{1, 0, 0, 1, 0, 1}},
                                          {"vectors_per_class", Ints{1, 1, 1}},
                                          {"coefficients", Floats{1, -1, 1, 1, 1, 1}},
                                          {"rho", Floats{0, 0, 0}},
                                          {"classlabels_ints", Ints{10, 20, 30}}};
  expect({"SVMClassifier", attributes, {floats({3, 2}, {3, 1, 1, 2, -1, -2})}},
         {ints({3}, {10, 20, 30}), floats({3, 3}, {2, 4, 2, -1, 3, 4, 1, -3, -4})});
}

TEST(Maps, AreTheirScores) {
  const Single single{"ZipMap", {{"classlabels_strings", Texts{"a", "b"}}}, {floats({2, 2}, {0.25f, 0.75f, 1, 0})}};
  expect(single, {floats({2, 2}, {0.25f, 0.75f, 1, 0})});
  EXPECT_EQ(single.load().metadata().at("onnx.zipmap.y0"), "a\nb");
}

TEST(Maps, AsInputsAreRefusedByName) {
  try {
    (void)Single{"DictVectorizer", {{"string_vocabulary", Texts{"a"}}}, {floats({1}, {1})}}.load();
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_NE(std::string(error.what()).find("its input is a map"), std::string::npos) << error.what();
  }
}

TEST(Strings, AreNormalisedSplitAndCast) {
  const auto words = texts({1, 4}, {"The", "Cat", "sat", "the"});
  const auto normalizer = [](std::int64_t sensitive, const char* action) {
    return std::vector<Attribute>{
        {"stopwords", Texts{"the"}}, {"is_case_sensitive", sensitive}, {"case_change_action", std::string(action)}};
  };
  expect({"StringNormalizer", normalizer(1, "UPPER"), {words}, 1, 3, ""}, {texts({1, 3}, {"THE", "CAT", "SAT"})});
  expect({"StringNormalizer", normalizer(0, "LOWER"), {words}, 1, 3, ""}, {texts({1, 2}, {"cat", "sat"})});
  expect({"StringSplit", {{"maxsplit", std::int64_t{1}}}, {texts({2}, {" a b  c ", ""})}, 1, 3, ""},
         {texts({2, 2}, {"a", "b  c", "", ""}), ints({2}, {2, 0})});
  expect({"Cast", {{"to", std::int64_t{7}}}, {texts({3}, {"12", "-5", " 7 "})}, 1, 3, ""}, {ints({3}, {12, -5, 7})});
  expect({"Cast", {{"to", std::int64_t{8}}}, {floats({4}, {0.1f, -2, NAN, 1e30f})}, 1, 3, ""},
         {texts({4}, {"0.1", "-2", "NaN", "1e+30"})});
}

TEST(Strings, LanguagesWithCasesOfTheirOwnAreRefused) {
  const Single single{"StringNormalizer",
                      {{"case_change_action", std::string("UPPER")}, {"locale", std::string("tr_TR")}},
                      {texts({1}, {"i"})},
                      1,
                      3,
                      ""};
  EXPECT_THROW((void)single.load(), Error);
}

}  // namespace
}  // namespace vireo::import_testing

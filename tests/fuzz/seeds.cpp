#include "tests/fuzz/seeds.h"

#include "engine/api/builder.h"
#include "engine/base/file.h"
#include "engine/graph/operator.h"
#include "engine/ops/cases.h"
#include "engine/ops/table.h"
#include "tests/fuzz/export.h"
#include "tests/graphs/random_graph.h"
#include "tests/import/model.h"
#include "tests/support/texts.h"

namespace vireo::fuzz_testing {
namespace {

using import_testing::Floats;
using import_testing::Ints;
using import_testing::Model;

constexpr int kRandomGraphs = 60;
constexpr std::size_t kMostBytes = 200'000, kMostPlans = 24;

/// One layer: its first tensor is an input unless the case states its value, the rest are constants.
graph::Graph graph_of(const graph::Operator& op, const ops::Case& test) {
  graph::Graph g;
  std::vector<graph::TensorId> inputs;
  for (std::size_t k = 0; k < test.inputs.size(); ++k) {
    const DataType type = k < test.dtypes.size() ? test.dtypes[k] : DataType::float32;
    const auto given = test.constants.find(static_cast<int>(k));
    const std::string name = "input" + std::to_string(k);
    if (given == test.constants.end() && k < 2) {
      inputs.push_back(g.add_input(name, type, test.inputs[k]));
      continue;
    }
    const graph::MutableConstant value = graph::new_constant(type, test.inputs[k]);
    for (std::int64_t i = 0; i < value.constant->count(); ++i) {
      const double v = given == test.constants.end() ? 0.5 : given->second[static_cast<std::size_t>(i)];
      if (type == DataType::string) value.as<std::uint64_t>()[i] = testing::sample_text(v);
      if (type == DataType::float32) value.as<float>()[i] = static_cast<float>(v);
      if (type == DataType::float64) value.as<double>()[i] = v;
      if (type == DataType::int32) value.as<std::int32_t>()[i] = static_cast<std::int32_t>(v);
      if (type == DataType::int64) value.as<std::int64_t>()[i] = static_cast<std::int64_t>(v);
      if (size_of(type) == 1) value.as<std::uint8_t>()[i] = static_cast<std::uint8_t>(v);
    }
    inputs.push_back(g.add_constant(name, value.constant));
  }
  const graph::LayerId id = g.add_layer(op, "layer", inputs, test.attributes, test.outputs);
  for (const graph::TensorId t : g.layer(id).outputs) g.mark_output(t);
  return g;
}

onnx::GraphProto branch(const char* op) {
  onnx::GraphProto g;
  g.set_name(op);
  import_testing::add_node(g, op, {"x"}, {std::string("of_") + op});
  g.add_output()->set_name(std::string("of_") + op);
  return g;
}

/// What the operators' cases don't have: subgraphs, functions, sequences, other domains, old opsets, bytes in fields.
std::vector<Model> special_models() {
  std::vector<Model> models;
  Model branches(17);
  branches.input("x", {2, 3}).input("c", {}, onnx::TensorProto::BOOL).constant("yes", Ints{1});
  branches.node("Cast", {"yes"}, {"y1"}, {{"to", std::int64_t{9}}}).node("Squeeze", {"y1"}, {"flag"});
  branches.node("If", {"flag"}, {"y"}, {{"then_branch", branch("Relu")}, {"else_branch", branch("Exp")}}).output("y");
  models.push_back(branches);
  Model function(17);
  function.import("mine", 1).input("x", {2, 3}).node("Twice", {"x"}, {"y"}, {{"k", 2.0f}}, "mine").output("y");
  onnx::FunctionProto& f = *function.proto.add_functions();
  f.set_name("Twice");
  f.set_domain("mine");
  f.add_input("a");
  f.add_output("b");
  f.add_attribute("k");
  auto* id = f.add_opset_import();
  id->set_version(17);
  import_testing::add_node(f, "Elu", {"a"}, {"m"});
  auto* reference = f.mutable_node(0)->add_attribute();
  reference->set_name("alpha");
  reference->set_ref_attr_name("k");
  reference->set_type(onnx::AttributeProto::FLOAT);
  import_testing::add_node(f, "Add", {"m", "a"}, {"b"});
  models.push_back(function);
  Model sequences(17);
  sequences.input("x", {4, 6}).constant("at", {}, Floats{0}).constant("i", Ints{1}).constant("sizes", Ints{2, 4});
  sequences.node("SplitToSequence", {"x", "sizes"}, {"s"}, {{"axis", std::int64_t{1}}}).node("Squeeze", {"i"}, {"i0"});
  sequences.node("SequenceAt", {"s", "i0"}, {"p"})
      .node("ConcatFromSequence", {"s"}, {"y"}, {{"axis", std::int64_t{1}}});
  sequences.output("p").output("y");
  models.push_back(sequences);
  Model microsoft(17);
  microsoft.import("com.microsoft", 1)
      .input("x", {2, 8})
      .constant("w", {8, 4}, Floats(32, 0.1f))
      .constant("b", {4}, Floats(4, 1));
  microsoft.node("FusedGemm", {"x", "w", "b"}, {"g"}, {{"activation", std::string("Relu")}}, "com.microsoft");
  microsoft.node("QuickGelu", {"g"}, {"y"}, {{"alpha", 1.702f}}, "com.microsoft").output("y");
  models.push_back(microsoft);
  Model old(7);
  old.input("x", {-1, 3, 8, 8}).constant("w", {4, 3, 3, 3}, Floats(108, 0.1f)).constant("b", {4}, Floats{1, 2, 3, 4});
  old.node("Conv", {"x", "w", "b"}, {"c"}, {{"auto_pad", std::string("SAME_UPPER")}, {"strides", Ints{2, 2}}});
  old.node("BatchNormalization", {"c", "b", "b", "b", "b"}, {"n"}).node("Relu", {"n"}, {"r"});
  old.node("Upsample", {"r"}, {"u"}, {{"scales", Floats{1, 1, 2, 2}}, {"mode", std::string("nearest")}});
  old.node("Flatten", {"u"}, {"f"}).node("Softmax", {"f"}, {"y"}).output("y");
  models.push_back(old);
  Model detector(17);
  detector.input("boxes", {1, 12, 4})
      .input("scores", {1, 2, 12})
      .constant("most", Ints{5})
      .constant("iou", {1}, Floats{0.5f});
  detector.node("NonMaxSuppression", {"boxes", "scores", "most", "iou"}, {"chosen"})
      .constant("two", Ints{2})
      .constant("three", Ints{3})
      .constant("one", Ints{1});
  detector.node("Slice", {"chosen", "two", "three", "one"}, {"at"}).node("Squeeze", {"at", "one"}, {"index"});
  detector.node("Gather", {"boxes", "index"}, {"kept"}, {{"axis", std::int64_t{1}}})
      .node("Relu", {"kept"}, {"y"})
      .output("y");
  models.push_back(detector);
  return models;
}

bool imports(const onnx::ModelProto& model) {
  try {
    return import_testing::import_bytes(model.SerializeAsString()).outputs().size() > 0;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

Seeds make_seeds(const std::vector<std::filesystem::path>& files, const std::filesystem::path& scratch) {
  Seeds seeds;
  const auto add = [&](const onnx::ModelProto& model, const std::string& name) {
    if (model.ByteSizeLong() > kMostBytes || !imports(model)) return;
    seeds.models.push_back(model);
    seeds.names.push_back(name);
  };
  for (const Model& model : special_models()) add(model.proto, model.proto.graph().node(0).op_type());
  for (const graph::Operator* op : ops::all_operators())
    for (const ops::Case& test : ops::cases_of(*op))
      if (const auto model = to_onnx(graph_of(*op, test)))
        add(*model, std::string(op->name) + " " + std::string(test.name));
  for (std::uint64_t seed = 1; seed <= kRandomGraphs; ++seed)
    if (const auto model = to_onnx(graphs_testing::random_graph(seed).graph))
      add(*model, "random " + std::to_string(seed));
  for (const std::filesystem::path& file : files) {
    onnx::ModelProto model;
    if (model.ParseFromString(base::read_file(file))) add(model, file.string());
  }
  const std::filesystem::path path = scratch / "seed.plan";
  for (std::size_t k = 0; k < seeds.models.size() && seeds.plans.size() < kMostPlans; k += k < 6 ? 1 : 17) try {
      BuildOptions options;
      options.budget_s = 0;
      options.threads = 1;
      build(import_testing::import_bytes(seeds.models[k].SerializeAsString()), options).save(path);
      seeds.plans.push_back(base::read_file(path));
    } catch (const Error&) {  // a seed that can't be built is a seed all the same
    }
  std::filesystem::remove(path);
  return seeds;
}

}  // namespace vireo::fuzz_testing

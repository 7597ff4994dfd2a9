// Models: extents, attributes, wiring, names, constants, types, subgraphs.

#include "tests/fuzz/mutate.h"

#include <vector>

#include "tests/fuzz/mutate_parts.h"

namespace vireo::fuzz_testing {
namespace {

using onnx::AttributeProto;
using onnx::GraphProto;
using onnx::ModelProto;
using onnx::NodeProto;
using onnx::TensorProto;

template <typename List>
auto* any(List* list, Random& random) {
  return list->empty() ? nullptr
                       : list->Mutable(static_cast<int>(random.below(static_cast<std::uint64_t>(list->size()))));
}

std::string any_name(const GraphProto& g, Random& random) {
  std::vector<std::string> names{"", "nosuch"};
  for (const auto& input : g.input()) names.push_back(input.name());
  for (const auto& tensor : g.initializer()) names.push_back(tensor.name());
  for (const NodeProto& node : g.node()) names.insert(names.end(), node.output().begin(), node.output().end());
  return names[random.below(names.size())];
}

std::string strange_text(Random& random) {
  switch (random.below(6)) {
    case 0: return std::string(random.one_of({1000, 100000}), 'x');
    case 1: return std::string("a\0b", 3);
    case 2: return "line\nbreak \"quoted\" \\ %s%n";
    case 3: return "\xff\xfe\x80";
    case 4:
      return random.one_of<const char*>({"SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET", "wrap", "linear", "nearest",
                                         "cubic", "bidirectional", "add", "mul", "DCR", "CRD", "tf_crop_and_resize"});
    default: return "";
  }
}

void change_attribute(AttributeProto& a, Random& random) {
  switch (a.type()) {
    case AttributeProto::INT: a.set_i(random.awkward()); break;
    case AttributeProto::FLOAT: a.set_f(random.awkward_real()); break;
    case AttributeProto::STRING: a.set_s(strange_text(random)); break;
    case AttributeProto::INTS:
      if (random.chance(0.2)) a.add_ints(random.awkward());
      else if (random.chance(0.15) && a.ints_size() > 0) a.mutable_ints()->RemoveLast();
      else if (a.ints_size() > 0)
        a.set_ints(static_cast<int>(random.below(static_cast<std::uint64_t>(a.ints_size()))), random.awkward());
      break;
    case AttributeProto::FLOATS:
      if (a.floats_size() > 0)
        a.set_floats(static_cast<int>(random.below(static_cast<std::uint64_t>(a.floats_size()))),
                     random.awkward_real());
      break;
    default: break;
  }
}

/// The attribute keeps its name and becomes one of another type.
void retype_attribute(AttributeProto& a, Random& random) {
  const std::string name = a.name();
  a.Clear();
  a.set_name(name);
  switch (random.below(7)) {
    case 0: a.set_type(AttributeProto::INT), a.set_i(random.awkward()); break;
    case 1: a.set_type(AttributeProto::FLOAT), a.set_f(random.awkward_real()); break;
    case 2: a.set_type(AttributeProto::STRING), a.set_s(strange_text(random)); break;
    case 3: a.set_type(AttributeProto::INTS), a.add_ints(random.awkward()), a.add_ints(random.awkward()); break;
    case 4:
      a.set_type(AttributeProto::TENSOR), a.mutable_t()->set_data_type(7), a.mutable_t()->add_dims(random.awkward());
      break;
    case 5: a.set_type(AttributeProto::GRAPH), a.mutable_g()->set_name("g"); break;
    default:  // of a type without a value; numbers that are no type can't be set in builds with assertions
      if (const auto type = static_cast<int>(random.below(16)); AttributeProto::AttributeType_IsValid(type))
        a.set_type(static_cast<AttributeProto::AttributeType>(type));
  }
}

/// Raw bytes or typed fields, whichever holds the integers.
void change_values(TensorProto& t, Random& random) {
  const std::size_t size = t.data_type() == TensorProto::INT64 ? 8 : t.data_type() == TensorProto::FLOAT ? 4 : 1;
  if (t.raw_data().size() >= size) {
    const std::size_t at = random.below(t.raw_data().size() / size) * size;
    const std::int64_t integer = random.awkward();
    const float real = random.awkward_real();
    t.mutable_raw_data()->replace(
        at, size, size == 4 ? reinterpret_cast<const char*>(&real) : reinterpret_cast<const char*>(&integer), size);
  }
  if (t.int64_data_size() > 0)
    t.set_int64_data(static_cast<int>(random.below(static_cast<std::uint64_t>(t.int64_data_size()))), random.awkward());
  if (t.float_data_size() > 0)
    t.set_float_data(static_cast<int>(random.below(static_cast<std::uint64_t>(t.float_data_size()))),
                     random.awkward_real());
}

void make_external(TensorProto& t, Random& random) {
  t.clear_raw_data();
  t.set_data_location(TensorProto::EXTERNAL);
  const auto entry = [&](const char* key, const std::string& value) {
    auto* e = t.add_external_data();
    e->set_key(key);
    e->set_value(value);
  };
  entry("location", random.one_of<std::string>({"data.bin", "../data.bin", "/etc/passwd", "fifo", ".", "/dev/zero",
                                                "nosuch", "", std::string(5000, 'y')}));
  if (random.chance(0.6)) entry("offset", random.chance(0.5) ? std::to_string(random.awkward()) : strange_text(random));
  if (random.chance(0.6)) entry("length", std::to_string(random.awkward()));
}

/// An If within an If, many times over.
void nest(GraphProto& g, const std::string& condition, int depth) {
  NodeProto& node = *g.add_node();
  node.set_op_type("If");
  node.add_input(condition);
  node.add_output("nested" + std::to_string(depth));
  for (const char* name : {"then_branch", "else_branch"}) {
    AttributeProto& a = *node.add_attribute();
    a.set_name(name);
    a.set_type(AttributeProto::GRAPH);
    a.mutable_g()->set_name(name);
    if (depth > 0 && name[0] == 't') nest(*a.mutable_g(), condition, depth - 1);
    a.mutable_g()->add_output()->set_name(depth > 0 ? "nested" + std::to_string(depth - 1) : condition);
  }
}

void add_function(ModelProto& model, Random& random) {
  GraphProto& g = *model.mutable_graph();
  NodeProto* node = any(g.mutable_node(), random);
  if (node == nullptr) return;
  onnx::FunctionProto& f = *model.add_functions();
  f.set_name(node->op_type());
  f.set_domain(random.chance(0.5) ? "mine" : "");
  for (int k = 0; k < node->input_size(); ++k) f.add_input("i" + std::to_string(k));
  for (int k = 0; k < node->output_size(); ++k) f.add_output("o" + std::to_string(k));
  NodeProto& inner = *f.add_node();
  inner = *node;
  for (int k = 0; k < inner.input_size(); ++k) inner.set_input(k, "i" + std::to_string(k));
  for (int k = 0; k < inner.output_size(); ++k) inner.set_output(k, "o" + std::to_string(k));
  if (random.chance(0.3)) inner.set_domain(f.domain());  // calls itself
  auto* id = f.add_opset_import();
  id->set_version(random.one_of<std::int64_t>({17, 1, 23}));
  node->set_domain(f.domain());
  auto* import = model.add_opset_import();
  import->set_domain("mine");
  import->set_version(1);
}

void mutate_node(ModelProto& model, Random& random) {
  GraphProto& g = *model.mutable_graph();
  NodeProto* n = any(g.mutable_node(), random);
  if (n == nullptr) return;
  switch (random.below(13)) {
    case 0:
    case 1:
    case 2:
      if (auto* a = any(n->mutable_attribute(), random)) change_attribute(*a, random);
      break;
    case 3:
      if (auto* a = any(n->mutable_attribute(), random)) retype_attribute(*a, random);
      break;
    case 4:
      if (n->attribute_size() > 0)
        n->mutable_attribute()->DeleteSubrange(
            static_cast<int>(random.below(static_cast<std::uint64_t>(n->attribute_size()))), 1);
      break;
    case 5:
    case 6:
      if (auto* input = any(n->mutable_input(), random)) *input = any_name(g, random);
      break;
    case 7:
      if (auto* output = any(n->mutable_output(), random)) *output = any_name(g, random);
      break;
    case 8:
      n->set_op_type(random.chance(0.5)
                         ? g.node(static_cast<int>(random.below(static_cast<std::uint64_t>(g.node_size())))).op_type()
                         : random.one_of<std::string>({"Loop",
                                                       "If",
                                                       "Scan",
                                                       "Resize",
                                                       "NonMaxSuppression",
                                                       "Gather",
                                                       "ScatterND",
                                                       "Einsum",
                                                       "LSTM",
                                                       "Pad",
                                                       "Slice",
                                                       "ConvTranspose",
                                                       "MaxPool",
                                                       "TopK",
                                                       "RoiAlign",
                                                       "GridSample",
                                                       "QLinearConv",
                                                       "NonZero",
                                                       "Compress",
                                                       "Split",
                                                       "Tile",
                                                       "Expand",
                                                       "OneHot",
                                                       "Range",
                                                       "Attention",
                                                       "CumSum",
                                                       "MaxUnpool",
                                                       "Shape",
                                                       "ConstantOfShape"}));
      break;
    case 9:
      if (n->input_size() > 1) n->mutable_input()->SwapElements(0, n->input_size() - 1);
      break;
    case 10: n->add_input(any_name(g, random)); break;
    case 11: n->add_output(random.chance(0.5) ? any_name(g, random) : "more"); break;
    default: n->set_name(strange_text(random));
  }
}

void mutate_tensor(ModelProto& model, Random& random) {
  GraphProto& g = *model.mutable_graph();
  TensorProto* t = any(g.mutable_initializer(), random);
  if (t == nullptr) return;
  switch (random.below(9)) {
    case 0:
      if (t->dims_size() > 0)
        t->set_dims(static_cast<int>(random.below(static_cast<std::uint64_t>(t->dims_size()))), random.awkward());
      break;
    case 1: t->add_dims(random.awkward()); break;
    case 2: t->set_data_type(static_cast<int>(random.below(26))); break;
    case 3:
    case 4:
    case 5: change_values(*t, random); break;
    case 6: t->mutable_raw_data()->resize(random.below(t->raw_data().size() + 9)); break;
    case 7: make_external(*t, random); break;
    default: t->set_name(any_name(g, random));
  }
}

void mutate_graph(ModelProto& model, const ModelProto& other, Random& random) {
  GraphProto& g = *model.mutable_graph();
  switch (random.below(15)) {
    case 0:
    case 1:
      if (auto* input = any(g.mutable_input(), random)) {
        auto* shape = input->mutable_type()->mutable_tensor_type()->mutable_shape();
        if (auto* dim = any(shape->mutable_dim(), random)) dim->set_dim_value(random.awkward());
        else shape->add_dim()->set_dim_param("n");
      }
      break;
    case 2:
      if (auto* input = any(g.mutable_input(), random)) {
        auto* shape = input->mutable_type()->mutable_tensor_type()->mutable_shape();
        if (auto* dim = any(shape->mutable_dim(), random)) dim->set_dim_param(random.one_of({"n", "m", ""}));
      }
      break;
    case 3:
      if (auto* input = any(g.mutable_input(), random))
        input->mutable_type()->mutable_tensor_type()->set_elem_type(static_cast<int>(random.below(26)));
      break;
    case 4:
      if (auto* input = any(g.mutable_input(), random)) input->clear_type();
      break;
    case 5:
      if (auto* node = any(g.mutable_node(), random)) {
        const NodeProto copy = *node;
        *g.add_node() = copy;
      }
      break;
    case 6:
      if (g.node_size() > 0)
        g.mutable_node()->DeleteSubrange(static_cast<int>(random.below(static_cast<std::uint64_t>(g.node_size()))), 1);
      break;
    case 7:
      model.mutable_opset_import(0)->set_version(
          random.one_of<std::int64_t>({1, 6, 7, 9, 11, 13, 18, 22, 25, 0, -1, 999}));
      break;
    case 8:
      if (auto* output = any(g.mutable_output(), random)) output->set_name(any_name(g, random));
      break;
    case 9: g.add_output()->set_name(any_name(g, random)); break;
    case 10: {  // wired in a circle
      NodeProto *a = any(g.mutable_node(), random), *b = any(g.mutable_node(), random);
      if (a != nullptr && a->input_size() > 0 && b->output_size() > 0) a->set_input(0, b->output(0));
      break;
    }
    case 11: nest(g, any_name(g, random), static_cast<int>(random.one_of({3, 60, 400}))); break;
    case 12: add_function(model, random); break;
    case 13: {  // a node of another model, with its constants
      if (other.graph().node_size() == 0) break;
      const NodeProto& node =
          other.graph().node(static_cast<int>(random.below(static_cast<std::uint64_t>(other.graph().node_size()))));
      NodeProto& added = *g.add_node();
      added = node;
      for (int k = 0; k < added.input_size(); ++k) {
        bool known = false;
        for (const TensorProto& t : other.graph().initializer())
          if (t.name() == added.input(k)) {
            *g.add_initializer() = t;
            g.mutable_initializer(g.initializer_size() - 1)->set_name("grafted." + t.name());
            known = true;
          }
        added.set_input(k, known ? "grafted." + node.input(k) : any_name(g, random));
      }
      for (int k = 0; k < added.output_size(); ++k)
        added.set_output(k, "grafted" + std::to_string(k) + "." + std::to_string(g.node_size()));
      if (added.output_size() > 0) g.add_output()->set_name(added.output(0));
      break;
    }
    default:
      if (auto* value = any(g.mutable_input(), random))
        value->set_name(random.chance(0.5) ? strange_text(random) : any_name(g, random));
  }
}

}  // namespace

void mutate(ModelProto& model, const ModelProto& other, Random& random) {
  const std::uint64_t kind = random.below(10);
  if (kind < 5) mutate_node(model, random);
  else if (kind < 8) mutate_tensor(model, random);
  else mutate_graph(model, other, random);
}

Input make_input(const Seeds& seeds, std::uint64_t seed, std::uint64_t number) {
  Random random(seed * 0x9e3779b97f4a7c15u ^ (number * 0xbf58476d1ce4e5b9u + 1));
  if (!seeds.plans.empty() && random.chance(0.2))
    return {true, mutated_plan(seeds.plans[random.below(seeds.plans.size())], random)};
  ModelProto model = seeds.models[random.below(seeds.models.size())];
  const ModelProto& other = seeds.models[random.below(seeds.models.size())];
  for (std::uint64_t n = random.one_of({1, 1, 1, 2, 3, 6}); n > 0; --n) mutate(model, other, random);
  std::string bytes = model.SerializeAsString();
  if (random.chance(0.03)) bytes.resize(random.below(bytes.size() + 1));
  if (random.chance(0.03) && !bytes.empty())
    for (int n = 0; n < 4; ++n) bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
  return {false, std::move(bytes)};
}

}  // namespace vireo::fuzz_testing

// Graph::verify finds every kind of damage that an edit can leave.

#include <gtest/gtest.h>

#include <functional>

#include "engine/graph/operator.h"
#include "engine/graph/text.h"
#include "engine/ops/table.h"

namespace vireo::graph {
namespace {

struct Sample {
  Graph graph;
  TensorId x, c, y, z;
  LayerId first, second;
};

Sample make() {
  Sample s;
  s.graph = parse_text(R"(
input "x" float32 2x3
const "c" float32 3 = 1 2 3
"y" = binary("x", "c") {function="add"}
"z" = unary("y") {function="relu"}
output "z" "z"
)",
                       ops::find_operator);
  const auto id = [&](const char* name) { return s.graph.find_tensor(name); };
  s.x = id("x"), s.c = id("c"), s.y = id("y"), s.z = id("z");
  s.first = s.graph.tensor(s.y).producer, s.second = s.graph.tensor(s.z).producer;
  return s;
}

TEST(Verify, a_network_as_it_was_read_is_whole) { EXPECT_NO_THROW(make().graph.verify()); }

TEST(Verify, every_kind_of_damage_is_found) {
  struct Damage {
    const char* what;
    std::function<void(Sample&)> make;
  };
  const Damage kinds[] = {
      {"an input that is no tensor", [](Sample& s) { s.graph.layer(s.second).inputs[0] = 99; }},
      {"an output that is no tensor", [](Sample& s) { s.graph.layer(s.second).outputs[0] = 99; }},
      {"a tensor that nothing writes is read",
       [](Sample& s) { s.graph.set_input(s.second, 0, s.graph.add_tensor("nothing", DataType::float32)); }},
      {"a tensor that nothing writes is an output",
       [](Sample& s) { s.graph.mark_output(s.graph.add_tensor("nothing")); }},
      {"a producer that the tensor doesn't know", [](Sample& s) { s.graph.tensor(s.z).producer = kNone; }},
      {"another layer as producer", [](Sample& s) { s.graph.tensor(s.z).producer = s.first; }},
      {"a removed layer as producer", [](Sample& s) { s.graph.layer(s.first).op = nullptr; }},
      {"a missing consumer", [](Sample& s) { s.graph.tensor(s.y).consumers.clear(); }},
      {"a consumer that doesn't read", [](Sample& s) { s.graph.tensor(s.x).consumers.push_back(s.second); }},
      {"a constant that a layer writes",
       [](Sample& s) {
         s.graph.tensor(s.y).constant = make_constant(std::vector<float>(6), {2, 3});
       }},
      {"an input of the network that a layer writes", [](Sample& s) { s.graph.tensor(s.y).is_input = true; }},
      {"an input of the network that doesn't know it", [](Sample& s) { s.graph.tensor(s.x).is_input = false; }},
      {"a wrong count of outputs", [](Sample& s) { s.graph.tensor(s.z).output_uses = 2; }},
      {"a constant of another shape than its tensor", [](Sample& s) { s.graph.tensor(s.c).dims = {4}; }},
      {"a constant of another type than its tensor", [](Sample& s) { s.graph.tensor(s.c).dtype = DataType::int32; }},
      {"a type that the rule contradicts", [](Sample& s) { s.graph.tensor(s.z).dtype = DataType::int32; }},
      {"an extent that the rule contradicts", [](Sample& s) { s.graph.tensor(s.z).dims[1] = 4; }},
      {"a rank that the rule contradicts",
       [](Sample& s) {
         s.graph.tensor(s.z).dims = {2, 3, 1};
       }},
      {"too many inputs", [](Sample& s) { s.graph.add_layer_input(s.second, s.x); }},
      {"too few inputs",
       [](Sample& s) {
         s.graph.layer(s.first).inputs.pop_back();
         s.graph.tensor(s.c).consumers.clear();
       }},
      {"a cycle", [](Sample& s) { s.graph.set_input(s.first, 0, s.z); }},
  };
  for (const Damage& damage : kinds) {
    Sample s = make();
    damage.make(s);
    EXPECT_THROW(s.graph.verify(), Error) << damage.what;
  }
}

}  // namespace
}  // namespace vireo::graph

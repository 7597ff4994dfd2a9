#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> loop_cases() {
  // x doubled and b added, until its sum exceeds 100; each x is stacked.
  const std::string doubling = R"(input "i" int64 scalar
input "c" boolean scalar
input "x" float32 2x3
input "b" float32 3
const "most" float32 scalar = 100
"y" = binary("x", "x") {function="add"}
"z" = binary("y", "b") {function="add"}
"s" = reduce("z") {function="sum", keepdims=0}
"c2" = binary("s", "most") {function="less"}
output "c2" "c2"
output "z" "z"
output "z" "stacked"
)";
  // What is carried grows by a row each time; the condition stays.
  const std::string growing = R"(input "i" int64 scalar
input "c" boolean scalar
input "x" float32 ?x3
input "row" float32 1x3
"y" = concat("x", "row") {axis=0}
output "c" "c"
output "y" "y"
)";
  // Nothing is computed: two tensors change places.
  const std::string swapping = R"(input "i" int64 scalar
input "c" boolean scalar
input "a" float32 2
input "b" float32 2
const "yes" boolean scalar = 1
output "yes" "yes"
output "b" "b"
output "a" "a"
output "i" "number"
)";
  const auto with = [](const std::string& body, std::int64_t carried) {
    return attributes({{"body", body}, {"carried", carried}});
  };
  const std::vector<DataType> dtypes{DataType::int64, DataType::boolean};
  return {{.name = "until the condition fails",
           .inputs = {{}, {}, {2, 3}, {3}},
           .attributes = with(doubling, 1),
           .dtypes = dtypes,
           .constants = {{0, {40}}, {1, {1}}, {2, {1, 1, 1, 1, 1, 1}}, {3, {0.5, 0, 0}}},
           .outputs = 2},
          {.name = "not at all",
           .inputs = {{}, {1}, {2, 3}, {3}},
           .attributes = with(doubling, 1),
           .dtypes = dtypes,
           .constants = {{0, {40}}, {1, {0}}},
           .outputs = 2},
          {.name = "growing",
           .inputs = {{1}, {}, {2, 3}, {1, 3}},
           .attributes = with(growing, 1),
           .dtypes = dtypes,
           .constants = {{0, {3}}, {1, {1}}}},
          {.name = "changing places",
           .inputs = {{}, {}, {2}, {2}},
           .attributes = with(swapping, 2),
           .dtypes = dtypes,
           .constants = {{0, {3}}, {1, {1}}},
           .outputs = 3}};
}

}  // namespace vireo::ops

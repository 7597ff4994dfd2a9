#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> if_cases() {
  const std::string negated = R"(input "a" float32 2x3
"b" = unary("a") {function="neg"}
output "b" "b"
)";
  const std::string scaled = R"(input "a" float32 2x3
const "w" float32 1x3 @2
"b" = binary("a", "w") {function="mul"}
output "b" "b"
)";
  const std::string both = R"(input "a" float32 2x3
const "z" float32 2 = 1 2
output "a" "a"
output "z" "z"
)";

  const Attributes one = attributes({{"then", negated}, {"else", scaled}, {"types", Ints{1}}, {"shape0", Ints{2, 3}}});
  const std::vector<Dims> inputs{{}, {2, 3}, {1, 3}};
  const std::vector<DataType> dtypes{DataType::boolean};
  return {{.name = "then", .inputs = inputs, .attributes = one, .dtypes = dtypes, .constants = {{0, {1}}}},
          {.name = "else", .inputs = inputs, .attributes = one, .dtypes = dtypes, .constants = {{0, {0}}}},
          {.name = "what it reads is what it gives",
           .inputs = {{1}, {2, 3}},
           .attributes = attributes({{"then", both},
                                     {"else_fails", std::string("no such branch")},
                                     {"types", Ints{1, 1}},
                                     {"shape0", Ints{2, 3}},
                                     {"shape1", Ints{2}}}),
           .dtypes = dtypes,
           .constants = {{0, {1}}},
           .outputs = 2}};
}

}  // namespace vireo::ops

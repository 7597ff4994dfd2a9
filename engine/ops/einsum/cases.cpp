#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> einsum_cases() {
  const auto equation = [](const char* text) { return attributes({{"equation", text}}); };
  return {{.name = "matmul", .inputs = {{3, 5}, {5, 7}}, .attributes = equation("ij,jk->ik")},
          {.name = "batched", .inputs = {{2, 3, 4, 5}, {2, 3, 6, 5}}, .attributes = equation("bhqd,bhkd->bhqk")},
          {.name = "ellipsis", .inputs = {{2, 3, 4}, {4, 5}}, .attributes = equation("...a,ab->...b")},
          {.name = "diagonal", .inputs = {{4, 4}}, .attributes = equation("ii->i")},
          {.name = "implicit", .inputs = {{3, 4}, {4, 2}}, .attributes = equation("ba,ac")},
          {.name = "transposed", .inputs = {{3, 4}}, .attributes = equation("ij->ji")},
          {.name = "heads", .inputs = {{2, 40, 3, 9}, {2, 70, 3, 9}}, .attributes = equation("bqhd,bkhd->bhqk")},
          {.name = "three", .inputs = {{3}, {3, 4}, {4}}, .attributes = equation("i,ij,j->")}};
}

}  // namespace vireo::ops

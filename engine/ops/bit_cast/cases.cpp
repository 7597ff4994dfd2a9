#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> bit_cast_cases() {
  const auto to = [](const char* type) { return attributes({{"to", type}}); };
  return {{.name = "float bits", .inputs = {{3, 5}}, .attributes = to("int32")},
          {.name = "scalar", .inputs = {{}}, .attributes = to("uint32")},
          {.name = "back", .inputs = {{2, 3}}, .attributes = to("float64"), .dtypes = {DataType::int64}},
          {.name = "bytes", .inputs = {{7}}, .attributes = to("uint8"), .dtypes = {DataType::int8}},
          {.name = "nothing", .inputs = {{0, 4}}, .attributes = to("float32"), .dtypes = {DataType::uint32}}};
}

}  // namespace vireo::ops

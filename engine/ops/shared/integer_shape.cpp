#include "engine/ops/shared/integer_shape.h"

namespace vireo::ops {

void require_integer_operands(const InferContext& c, std::initializer_list<std::int64_t> extents) {
  for (const int k : {0, 1})
    c.require(is_byte(c.dtype(k)),
              "input " + std::to_string(k) + " is " + std::string(to_string(c.dtype(k))) + ", accepted: uint8, int8");
  int k = 0;
  for (const std::int64_t extent : extents) {
    const int zero = 2 + k;
    if (c.has_input(zero)) {
      c.require(c.dtype(zero) == c.dtype(k), "the zero point of input " + std::to_string(k) + " is " +
                                                 std::string(to_string(c.dtype(zero))) + ", its operand " +
                                                 std::string(to_string(c.dtype(k))));
      require_rank(c, zero, 0, 1);
      if (c.rank(zero) == 1 && c.dims(zero)[0] != 1) require_extent(c, zero, 0, extent, "one zero point, or one each");
    }
    ++k;
  }
}

}  // namespace vireo::ops

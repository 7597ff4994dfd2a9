// Comparisons and logic, element by element; the compiler makes vectors of the loops. Bound: reading the operands.
#include "engine/ops/binary/functions.h"
#include "engine/ops/binary/kernels.h"

namespace vireo::ops {
namespace {

template <typename T, typename Out, typename F>
void rows(const graph::TileArgs& args, F f) noexcept {
  const Loop& loop = static_cast<const BinaryState*>(args.state)->loop;
  const auto* x = static_cast<const T*>(args.inputs[0]);
  const auto* y = static_cast<const T*>(args.inputs[1]);
  auto* out = static_cast<Out*>(args.outputs[0]);
  const int last = loop.rank - 1;
  const bool repeat_x = loop.strides[0][last] == 0, repeat_y = loop.strides[1][last] == 0;
  for_rows<3>(loop, args.tile, [&](const std::int64_t* at, std::int64_t n) {
    const T *a = x + at[0], *b = y + at[1];
    Out* to = out + at[2];
    if (repeat_x) {
      const T value = *a;
      const std::int64_t step = repeat_y ? 0 : 1;
      for (std::int64_t i = 0; i < n; ++i) to[i] = f(value, b[i * step]);
    } else if (repeat_y) {
      const T value = *b;
      for (std::int64_t i = 0; i < n; ++i) to[i] = f(a[i], value);
    } else {
      for (std::int64_t i = 0; i < n; ++i) to[i] = f(a[i], b[i]);
    }
  });
}

// Comparisons of T, one tile function each.
template <typename T>
void equal(const graph::TileArgs& args) noexcept {
  rows<T, bool>(args, [](T a, T b) { return a == b; });
}
template <typename T>
void less(const graph::TileArgs& args) noexcept {
  rows<T, bool>(args, [](T a, T b) { return a < b; });
}
template <typename T>
void less_equal(const graph::TileArgs& args) noexcept {
  rows<T, bool>(args, [](T a, T b) { return a <= b; });
}
template <typename T>
void greater(const graph::TileArgs& args) noexcept {
  rows<T, bool>(args, [](T a, T b) { return a > b; });
}
template <typename T>
void greater_equal(const graph::TileArgs& args) noexcept {
  rows<T, bool>(args, [](T a, T b) { return a >= b; });
}

void both(const graph::TileArgs& args) noexcept {
  rows<bool, bool>(args, [](bool a, bool b) { return a && b; });
}
void either(const graph::TileArgs& args) noexcept {
  rows<bool, bool>(args, [](bool a, bool b) { return a || b; });
}
void one(const graph::TileArgs& args) noexcept {
  rows<bool, bool>(args, [](bool a, bool b) { return a != b; });
}

template <typename T>
graph::TileFunction comparison(BinaryFunction f) {
  switch (f) {
    case BinaryFunction::equal: return equal<T>;
    case BinaryFunction::less: return less<T>;
    case BinaryFunction::less_equal: return less_equal<T>;
    case BinaryFunction::greater: return greater<T>;
    case BinaryFunction::greater_equal: return greater_equal<T>;
    default: return nullptr;
  }
}

}  // namespace

graph::TileFunction compare_tile(DataType type, BinaryFunction f) {
  switch (type) {
    case DataType::float32: return comparison<float>(f);
    case DataType::int32: return comparison<std::int32_t>(f);
    case DataType::int64: return comparison<std::int64_t>(f);
    case DataType::string: return f == BinaryFunction::equal ? equal<std::uint64_t> : nullptr;
    case DataType::boolean:
      switch (f) {
        case BinaryFunction::equal: return equal<bool>;
        case BinaryFunction::logical_and: return both;
        case BinaryFunction::logical_or: return either;
        case BinaryFunction::logical_xor: return one;
        default: return nullptr;
      }
    default: return nullptr;
  }
}

}  // namespace vireo::ops

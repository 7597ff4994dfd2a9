#include "engine/compile/limits.h"

#include <algorithm>
#include <cstdint>

#include "engine/base/text.h"
#include "engine/graph/operator.h"

namespace vireo::compile {
using graph::Tensor;
using graph::TensorId;

namespace {

/// Extents of 0 count as 1.
bool fits(DataType dtype, const Dims& dims, const Limits& limits) {
  std::size_t bytes = size_of(dtype);
  for (std::int64_t extent : dims)
    if (__builtin_mul_overflow(bytes, static_cast<std::size_t>(std::max<std::int64_t>(extent, 1)), &bytes))
      return false;
  const std::size_t most = limits.max_tensor_bytes ? limits.max_tensor_bytes : static_cast<std::size_t>(INT64_MAX);
  return bytes <= std::min(most, static_cast<std::size_t>(INT64_MAX));
}

}  // namespace

void check_tensor(DataType dtype, const Dims& dims, std::string_view what, const Limits& limits) {
  if (fits(dtype, dims, limits)) return;
  Dims extents = dims;
  for (std::int64_t& extent : extents) extent = std::max<std::int64_t>(extent, 1);
  std::size_t bytes = 0;
  try {
    bytes = byte_count(dtype, extents);
  } catch (const Error& error) {
    base::fail(ErrorCode::out_of_memory, what, ": ", error.what());
  }
  base::fail(ErrorCode::out_of_memory, what, " is ", dims, " ", dtype, ", ",
             base::human_bytes(static_cast<double>(bytes)), "; a tensor may take ",
             base::human_bytes(static_cast<double>(limits.max_tensor_bytes)), " (raise limits.max_tensor_bytes)");
}

void check_inputs(const graph::Graph& graph, const Limits& limits) {
  for (TensorId id : graph.inputs()) {
    const Tensor& t = graph.tensor(id);
    if (t.is_static()) check_tensor(t.dtype, t.dims, base::str("input '", t.name, "'"), limits);
  }
}

void check_tensors(const graph::Graph& graph, const Limits& limits) {
  for (TensorId id = 0; id < graph.tensor_count(); ++id) {
    const Tensor& t = graph.tensor(id);
    if (!t.is_static() || fits(t.dtype, t.dims, limits)) continue;
    std::string what = base::str("tensor '", t.name, "'");
    if (t.producer != graph::kNone) what += " of " + graph::describe(graph, t.producer);
    check_tensor(t.dtype, t.dims, what, limits);
  }
}

void check_memory(std::size_t bytes, std::string_view largest, const Limits& limits) {
  if (limits.max_memory_bytes == 0 || bytes <= limits.max_memory_bytes) return;
  base::fail(ErrorCode::out_of_memory, "one inference takes ", base::human_bytes(static_cast<double>(bytes)),
             " of memory, most of it for ", largest, "; it may take ",
             base::human_bytes(static_cast<double>(limits.max_memory_bytes)),
             " (smaller input shapes need less; or raise limits.max_memory_bytes)");
}

}  // namespace vireo::compile

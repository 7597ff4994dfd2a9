#include "engine/ops/shared/opencl_rows.h"

#include <algorithm>

#include "engine/ops/shared/loop_plan.h"

namespace vireo::ops {

bool plan_opencl_rows(const Dims& dims, std::span<const Dims> strides, int width, OpenclRows& rows) {
  Loop loop;
  const int tensors = static_cast<int>(strides.size());
  if (!plan_loop(dims, strides, loop) || !make_unit_rows(loop, tensors)) return false;
  const int last = loop.rank - 1;
  rows.tensors = tensors;
  rows.length = loop.dims[last];
  rows.blocks = (rows.length + width - 1) / width;
  rows.items = rows.blocks;
  for (int k = 0; k < tensors; ++k)
    rows.steps.at[k] = rows.length == 1 ? 0 : static_cast<std::int32_t>(loop.strides[k][last]);
  for (int i = 0; i < last; ++i) rows.items *= loop.dims[i];
  loop.rank = last;
  rows.dims = loop_dims(loop);
  for (int k = 0; k < tensors; ++k) rows.strides[k] = loop_strides(loop, k);
  return true;
}

void add_rows(KernelCall& call, const OpenclRows& rows) {
  call.integer(rows.items).integer(rows.blocks).integer(rows.length).value(rows.steps).value(rows.dims);
  for (int k = 0; k < rows.tensors; ++k) call.value(rows.strides[k]);
  call.over({rows.items, 1, 1}, {128, 1, 1});
}

DataType without_sign(DataType type) noexcept {
  switch (type) {
    case DataType::int8: return DataType::uint8;
    case DataType::int16: return DataType::uint16;
    case DataType::int32: return DataType::uint32;
    case DataType::int64: return DataType::uint64;
    default: return type;
  }
}

int opencl_width(std::initializer_list<DataType> types) noexcept {
  const bool reals = std::all_of(types.begin(), types.end(),
                                 [](DataType type) { return type == DataType::float32 || type == DataType::float16; });
  const bool half = std::find(types.begin(), types.end(), DataType::float16) != types.end();
  return !reals ? 1 : half ? 8 : 4;
}

}  // namespace vireo::ops

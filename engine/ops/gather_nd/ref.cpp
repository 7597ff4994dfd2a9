#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void gather_nd_reference(const EvalContext& c) {
  const View &data = c.inputs[0], &index = c.inputs[1], &out = c.outputs[0];
  const auto batch = static_cast<std::size_t>(c.attributes.integer("batch_dims", 0));
  const auto depth = static_cast<std::size_t>(index.dims.back());
  const std::int64_t batches = product(data.dims, 0, batch),
                     positions = product(index.dims, batch, index.dims.size() - 1);
  const std::int64_t run = product_from(data.dims, batch + depth), block = product_from(data.dims, batch);
  const Dims strides = strides_of(data.dims);
  const std::vector<std::int64_t> indices = read_integers(index);
  const std::size_t size = size_of(data.dtype);
  if (out.count() == 0) return;
  std::size_t n = 0;
  char* y = out.as<char>();
  for (std::int64_t b = 0; b < batches; ++b)
    for (std::int64_t p = 0; p < positions; ++p) {
      std::int64_t at = b * block;
      for (std::size_t k = 0; k < depth; ++k) {
        const std::int64_t i = indices[n++], extent = data.dims[batch + k];
        if (i < -extent || i >= extent)
          throw Error(ErrorCode::invalid_argument, "gather_nd: index " + std::to_string(i) + " is outside an axis of " +
                                                       std::to_string(extent) + " entries");
        at += (i < 0 ? i + extent : i) * strides[batch + k];
      }
      const std::size_t bytes = static_cast<std::size_t>(run) * size;
      if (bytes > 0) std::memcpy(y, data.as<char>() + static_cast<std::size_t>(at) * size, bytes);
      y += bytes;
    }
}

}  // namespace vireo::ops

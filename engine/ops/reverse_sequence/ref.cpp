#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void reverse_sequence_reference(const EvalContext& c) {
  const View &in = c.inputs[0], &out = c.outputs[0];
  const bool time_first = c.attributes.integer("time_axis", 0) == 0;
  const std::int64_t times = in.dims[time_first ? 0 : 1], batches = in.dims[time_first ? 1 : 0];
  const std::vector<std::int64_t> lengths = read_integers(c.inputs[1]);
  for (const std::int64_t length : lengths)
    if (length < 0 || length > times)
      throw Error(ErrorCode::invalid_argument, "reverse_sequence: a length of " + std::to_string(length) +
                                                   ", accepted: 0 to " + std::to_string(times));
  const std::size_t run = static_cast<std::size_t>(product_from(in.dims, 2)) * size_of(in.dtype);
  if (in.count() == 0) return;
  const std::int64_t time_step = time_first ? batches : 1, batch_step = time_first ? 1 : times;
  const auto at = [&](std::int64_t b, std::int64_t t) {
    return static_cast<std::size_t>(b * batch_step + t * time_step) * run;
  };
  for (std::int64_t b = 0; b < batches; ++b) {
    const std::int64_t length = lengths[static_cast<std::size_t>(b)];
    for (std::int64_t t = 0; t < times; ++t)
      std::memcpy(out.as<char>() + at(b, t), in.as<char>() + at(b, t < length ? length - 1 - t : t), run);
  }
}

}  // namespace vireo::ops

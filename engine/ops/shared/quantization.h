#pragma once
// What quantize_linear and dequantize_linear share: which scale and zero point belong to an element (one for all, one
// for each entry of an axis, or one for each block of `block_size` entries along it), the shape rule of both, and the
// elements as runs for their kernels. Plain values; any thread.

#include "engine/ops/shared/reference.h"
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

struct QuantizationGroups {
  std::int64_t extent = 1, inner = 1, groups = 1, block = 1;
  bool whole = false, blocked = false;

  /// Throws Error(invalid_model) for scales that don't fit.
  QuantizationGroups(const Attributes& attributes, const Dims& dims, const Dims& scale);
  [[nodiscard]] std::size_t of(std::int64_t i) const {
    if (whole) return 0;
    const std::int64_t group = i / inner % extent / block;
    return static_cast<std::size_t>(blocked ? (i / inner / extent * groups + group) * inner + i % inner : group);
  }
};

/// The zero points (input 2) of `scales` scales; one number serves all of them. Throws Error(invalid_model).
[[nodiscard]] std::vector<double> zero_points(const EvalContext& context, std::size_t scales);

/// Scale (input 1) and zero point (input 2) as far as both operators agree: shapes, axis, blocks. A zero point that is
/// one number may be [1] beside a scalar scale and the other way round, and may serve several scales.
void infer_quantization(InferContext& context);
[[nodiscard]] bool varying_quantization(VaryingContext& context);

/// Elements that lie together: all of one scale, or each of the scale at its own place.
struct QuantizationRun {
  std::int64_t begin = 0, count = 0, scale = 0;
  bool one_scale = true;
};

/// The runs of a dense tensor in their order; none is longer than `most`.
class QuantizationRuns {
 public:
  QuantizationRuns(const QuantizationGroups& groups, std::int64_t elements, std::int64_t most);
  [[nodiscard]] std::int64_t count() const { return count_; }
  [[nodiscard]] QuantizationRun run(std::int64_t index) const {
    const std::int64_t part = index % parts_ * most_, line = index / parts_, group = line % lines_;
    QuantizationRun r{line / lines_ * period_ + group * length_, 0, 0, one_scale_};
    const std::int64_t length = group + 1 == lines_ ? last_ : length_;
    r.begin += part;
    r.count = length - part < most_ ? (length > part ? length - part : 0) : most_;
    r.scale = line / lines_ * scales_ + group / repeat_ * step_ + (one_scale_ ? 0 : part);
    return r;
  }

 private:
  std::int64_t count_ = 0, parts_ = 1, most_ = 1;
  std::int64_t lines_ = 1, length_ = 0, last_ = 0;                ///< of a period: the last line may be shorter
  std::int64_t period_ = 0, scales_ = 0, step_ = 0, repeat_ = 1;  ///< scales of a period, of a line, lines that share
  bool one_scale_ = true;
};

}  // namespace vireo::ops

// non_max_suppression as it runs: what the reference says, with vector kernels where the time goes.
#include <algorithm>
#include <array>

#include "engine/base/cpu.h"
#include "engine/ops/non_max_suppression/kernels.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

SuppressionKernels kernels() {
#if defined(__x86_64__)
  if (base::cpu_features().avx512) return suppression_kernels_avx512();
  if (base::cpu_features().avx2) return suppression_kernels_avx2();
#endif
  return suppression_kernels_portable();
}

/// The boxes kept of one class, a column for each edge.
class Kept {
 public:
  void clear() {
    for (std::vector<float>& column : columns_) column.clear();
  }
  void add(const float (&box)[4], float area) {
    for (std::size_t k = 0; k < 4; ++k) columns_[k].push_back(box[k]);
    columns_[4].push_back(area);
  }
  [[nodiscard]] std::int64_t count() const { return static_cast<std::int64_t>(columns_[0].size()); }
  [[nodiscard]] KeptBoxes view() const {
    return {columns_[0].data(), columns_[1].data(), columns_[2].data(),
            columns_[3].data(), columns_[4].data(), count()};
  }

 private:
  std::array<std::vector<float>, 5> columns_;
};

void edges(const float* p, bool centre, float (&box)[4]) {
  for (int k = 0; k < 2; ++k) {  // y, then x; with a centre x comes first
    const float a = p[centre ? 1 - k : k], b = p[centre ? 3 - k : k + 2];
    box[k] = centre ? a - b / 2 : std::min(a, b);
    box[k + 2] = centre ? a + b / 2 : std::max(a, b);
  }
}

float number(const EvalContext& c, std::size_t k, float fallback) {
  return has_input(c, k) && c.inputs[k].count() > 0 ? *c.inputs[k].as<float>() : fallback;
}

}  // namespace

void non_max_suppression_evaluate(const EvalContext& c) {
  const View &boxes = c.inputs[0], &scores = c.inputs[1];
  const std::int64_t count = boxes.dims[1], classes = scores.dims[1];
  const std::int64_t most = has_input(c, 2) && c.inputs[2].count() > 0 ? read_integers(c.inputs[2])[0] : 0;
  const bool any_score = !has_input(c, 4) || c.inputs[4].count() == 0,
             centre = c.attributes.integer("center_point_box", 0) != 0;
  const float limit = number(c, 3, 0), floor = number(c, 4, 0);
  const SuppressionKernels kernel = kernels();
  if (scores.count() == 0) {
    c.outputs[0].dims = {0, 3};
    return;
  }
  auto* y = c.outputs[0].as<std::int64_t>();
  std::int64_t written = 0;
  std::vector<std::int32_t> order(static_cast<std::size_t>(count));
  Kept kept;
  for (std::int64_t n = 0; n < scores.dims[0]; ++n)
    for (std::int64_t k = 0; k < classes && most > 0; ++k) {
      const float* score = scores.as<float>() + (n * classes + k) * count;
      std::int64_t candidates = 0;
      if (!any_score) candidates = kernel.above(score, count, floor, order.data());
      else
        for (std::int64_t i = 0; i < count; ++i)
          if (score[i] == score[i]) order[static_cast<std::size_t>(candidates++)] = static_cast<std::int32_t>(i);
      std::sort(order.begin(), order.begin() + candidates, [&](std::int32_t a, std::int32_t b) {
        return score[a] > score[b] || (score[a] == score[b] && a < b);
      });
      kept.clear();
      for (std::int64_t i = 0; i < candidates && kept.count() < most; ++i) {
        const std::int32_t at = order[static_cast<std::size_t>(i)];
        float box[4];
        edges(boxes.as<float>() + (n * count + at) * 4, centre, box);
        const float area = (box[2] - box[0]) * (box[3] - box[1]);
        if (kernel.overlaps(kept.view(), box, area, limit)) continue;
        kept.add(box, area);
        *y++ = n;
        *y++ = k;
        *y++ = at;
        ++written;
      }
    }
  c.outputs[0].dims = {written, 3};
}

}  // namespace vireo::ops

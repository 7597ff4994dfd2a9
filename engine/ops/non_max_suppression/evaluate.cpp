// non_max_suppression as it runs: what the reference says, with vector kernels where the time goes.
#include <algorithm>
#include <array>
#include <vector>

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

/// What one class needs beside its scores: candidates in order, and the boxes kept, a column for each edge.
class Room {
 public:
  static std::size_t bytes(std::int64_t boxes) { return static_cast<std::size_t>(boxes) * (4 + 5 * 4); }
  Room(std::byte* memory, std::int64_t boxes) : order(reinterpret_cast<std::int32_t*>(memory)) {
    auto* column = reinterpret_cast<float*>(order + boxes);
    for (float*& c : columns_) c = column, column += boxes;
  }
  void clear() { count_ = 0; }
  void add(const float (&box)[4], float area) {
    for (std::size_t k = 0; k < 4; ++k) columns_[k][count_] = box[k];
    columns_[4][count_++] = area;
  }
  [[nodiscard]] std::int64_t count() const { return count_; }
  [[nodiscard]] KeptBoxes view() const {
    return {columns_[0], columns_[1], columns_[2], columns_[3], columns_[4], count_};
  }
  std::int32_t* order;

 private:
  std::array<float*, 5> columns_;
  std::int64_t count_ = 0;
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

std::int64_t most_boxes(const EvalContext& c) {
  if (!has_input(c, 2) || c.inputs[2].count() == 0) return 0;
  return c.inputs[2].dtype == DataType::int64 ? *c.inputs[2].as<std::int64_t>() : read_integers(c.inputs[2])[0];
}

}  // namespace

std::size_t non_max_suppression_scratch(std::span<const View> inputs) { return Room::bytes(inputs[0].dims[1]); }

void non_max_suppression_evaluate(const EvalContext& c) {
  const View &boxes = c.inputs[0], &scores = c.inputs[1];
  const std::int64_t count = boxes.dims[1], classes = scores.dims[1];
  const std::int64_t most = most_boxes(c);
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
  std::vector<std::byte> own(c.scratch ? 0 : Room::bytes(count));
  Room room(c.scratch ? c.scratch : own.data(), count);
  std::int32_t* const order = room.order;
  for (std::int64_t n = 0; n < scores.dims[0]; ++n)
    for (std::int64_t k = 0; k < classes && most > 0; ++k) {
      const float* score = scores.as<float>() + (n * classes + k) * count;
      std::int64_t candidates = 0;
      if (!any_score) candidates = kernel.above(score, count, floor, order);
      else
        for (std::int64_t i = 0; i < count; ++i)
          if (score[i] == score[i]) order[candidates++] = static_cast<std::int32_t>(i);
      std::sort(order, order + candidates,
                [&](std::int32_t a, std::int32_t b) { return score[a] > score[b] || (score[a] == score[b] && a < b); });
      room.clear();
      for (std::int64_t i = 0; i < candidates && room.count() < most; ++i) {
        const std::int32_t at = order[i];
        float box[4];
        edges(boxes.as<float>() + (n * count + at) * 4, centre, box);
        const float area = (box[2] - box[0]) * (box[3] - box[1]);
        if (kernel.overlaps(room.view(), box, area, limit)) continue;
        room.add(box, area);
        *y++ = n;
        *y++ = k;
        *y++ = at;
        ++written;
      }
    }
  c.outputs[0].dims = {written, 3};
}

}  // namespace vireo::ops

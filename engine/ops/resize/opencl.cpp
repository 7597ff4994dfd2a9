// resize on OpenCL devices: every mode, up to three axes, from a table of taps for each.
#include <algorithm>
#include <bit>

#include "engine/ops/resize/kernels.h"
#include "engine/ops/resize/plan.h"
#include "engine/ops/shared/loop_plan.h"
#include "engine/ops/shared/opencl_movement.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

constexpr std::int64_t kMostTaps = std::int64_t{1} << 24;  ///< of a table

bool moves(const Problem& p, const std::vector<ResizeAxis>& axes) {
  if (p.attributes->text("mode", "nearest") != "nearest") return false;
  return std::none_of(axes.begin(), axes.end(), [](const ResizeAxis& axis) { return axis.crops; });
}

}  // namespace

std::string refuse_resize_opencl(const Problem& p) {
  for (std::size_t k = 1; k < p.inputs.size(); ++k)
    if (p.inputs[k].present() && !p.inputs[k].constant) return "the scales are not known when building";
  Problem data = p;
  data.inputs.resize(1);
  const DataType type = p.inputs[0].dtype;
  if (type == DataType::string || type == DataType::undefined) return "the type has no fixed size";
  if (std::string why = refuse_opencl(data, {type}); !why.empty()) return why;
  if (p.inputs[0].count() == 0) return "the input is empty";
  if (p.inputs[0].dims.size() > 8) return "more than eight axes";
  const std::vector<ResizeAxis> axes = resize_outline(*p.attributes, resize_request_of(p));
  if (!moves(p, axes) && type != DataType::float32 && type != DataType::float16)
    return "computes in float32 and float16 only";
  std::int64_t changing = 0;
  for (const ResizeAxis& axis : axes) {
    if (axis.identity) continue;
    ++changing;
    if (axis.taps > kMostTaps || axis.out > kMostTaps || axis.taps * axis.out > kMostTaps)
      return "the table of taps is too large";
  }
  return changing > 3 ? "more than three axes change" : "";
}

Launch prepare_resize_opencl(const Problem& p) {
  const std::vector<ResizeAxis> axes = resize_axes(*p.attributes, resize_request_of(p));
  const bool move = moves(p, axes);
  Dims dims = p.outputs[0].dims, from = strides_of(p.inputs[0]), to = strides_of(p.outputs[0]);
  std::int64_t vector = 1;
  bool aligned = p.inputs[0].alignment % 16 == 0 && p.outputs[0].alignment % 16 == 0;
  const auto size = static_cast<std::int64_t>(size_of(p.inputs[0].dtype));
  const auto divides = [&](std::int64_t v) {  // the rows, and where they lie
    for (const Dims* strides : {&from, &to})
      for (std::size_t i = 0; i + 1 < strides->size(); ++i)
        if ((*strides)[i] % v != 0) return false;
    return dims.back() % v == 0;
  };
  if (!axes.empty() && axes.back().identity) {
    if (move) {
      if (aligned && divides(16 / size)) vector = 16 / size;
    } else {
      for (const std::int64_t v : {4, 8, 16})
        if (dims.back() % v == 0 && (v <= 8 || p.target->opencl.on_processor)) vector = v;
      aligned = aligned && vector <= 8 && divides(vector);
    }
  }
  aligned = aligned && vector > 1;
  if (vector > 1) {
    dims.back() /= vector;
    if (move) {  // in sixteen bytes
      for (Dims* strides : {&from, &to})
        for (std::size_t i = 0; i + 1 < strides->size(); ++i) (*strides)[i] /= vector;
    } else {
      from.back() *= vector;
      to.back() *= vector;
    }
  }
  auto table = std::make_shared<std::vector<std::int32_t>>(std::vector<std::int32_t>{0, std::bit_cast<int>(1.0f)});
  Int4 extent{{1, 1, 1, 1}}, taps{{1, 1, 1, 1}}, at{{0, 0, 0, 0}};
  Int8 axis_of[3] = {};
  std::size_t k = 0;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const ResizeAxis& axis = axes[i];
    if (axis.identity) continue;
    axis_of[k].at[8 - axes.size() + i] = static_cast<std::int32_t>(axis.taps);
    extent.at[k] = static_cast<std::int32_t>(axis.out);
    taps.at[k] = static_cast<std::int32_t>(axis.taps);
    at.at[k++] = static_cast<std::int32_t>(table->size());
    const auto count = static_cast<std::size_t>(axis.out * axis.taps);
    for (std::size_t tap = 0; tap < count; ++tap) {
      const bool outside = !axis.outside.empty() && axis.outside[tap / static_cast<std::size_t>(axis.taps)];
      table->push_back(outside ? -1 : static_cast<std::int32_t>(axis.indices[tap] * from[i]));
    }
    for (std::size_t tap = 0; tap < count; ++tap)
      table->push_back(std::bit_cast<int>(axis.weights.empty() ? 1.0f : static_cast<float>(axis.weights[tap])));
    from[i] = 0;
  }
  KernelCall call("resize/taps.cl", "resize_taps");
  if (move) {
    call.define_text("T", vector > 1 ? "uint4" : opencl_bits(p.inputs[0].dtype)).define("MOVE", 1);
  } else {
    call.define_type("T", p.inputs[0].dtype).define("VECTOR", vector);
    if (aligned) call.define("ALIGNED", 1);
  }
  const std::int64_t count = p.outputs[0].count() / vector;
  call.input(0).state(0).output(0).integer(count);
  call.value(int8_last(dims, 1)).value(int8_last(from, 0)).value(int8_last(to, 0));
  for (const Int8& axis : axis_of) call.value(axis);
  call.value(extent).value(taps).value(at);
  call.value(static_cast<float>(p.attributes->real("extrapolation_value", 0.0)));
  call.over({count, 1, 1}, {128, 1, 1});
  OpenclLaunch launch;
  launch.state_bytes = table->size() * sizeof(std::int32_t);
  launch.states.push_back({table, reinterpret_cast<const std::byte*>(table->data()), launch.state_bytes});
  launch.unread_inputs = 0b1110;
  launch.kernels.push_back(call.done());
  return launch;
}

}  // namespace vireo::ops

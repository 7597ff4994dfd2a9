// The conversions that models make at run time, on dense tensors; the others are left to the reference.
#include <algorithm>

#include "engine/ops/shared/reference.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

std::string refuse_cast_opencl(const Problem&);
Launch prepare_cast_opencl(const Problem&);
std::string refuse_cast_part(const Problem&);
Launch prepare_cast_part(const Problem&);

namespace {

struct State {
  std::int64_t count, chunk;
};

/// Floats to integers as the reference does where the value fits 64 bits; NaN gives 0.
template <typename To, typename From>
inline To convert(From x) {
  if constexpr (std::is_same_v<To, bool>) return x != From(0);
  else if constexpr (std::is_same_v<From, float> && !std::is_same_v<To, float>) {
    if (!(x > -0x1p63f)) return x <= -0x1p63f ? static_cast<To>(INT64_MIN) : To{0};
    return x >= 0x1p63f ? static_cast<To>(INT64_MAX) : static_cast<To>(static_cast<std::int64_t>(x));
  } else {
    return static_cast<To>(x);
  }
}

template <typename From, typename To>
void run(const graph::TileArgs& args) noexcept {
  const auto& s = *static_cast<const State*>(args.state);
  const From* x = static_cast<const From*>(args.inputs[0]);
  To* y = static_cast<To*>(args.outputs[0]);
  for (std::int64_t i = args.tile * s.chunk, end = std::min(i + s.chunk, s.count); i < end; ++i)
    y[i] = convert<To>(x[i]);
}

template <typename From>
graph::TileFunction choose_to(DataType to) {
  switch (to) {
    case DataType::float32: return &run<From, float>;
    case DataType::int64: return &run<From, std::int64_t>;
    case DataType::int32: return &run<From, std::int32_t>;
    case DataType::uint8: return &run<From, std::uint8_t>;
    case DataType::boolean: return &run<From, bool>;
    default: return nullptr;
  }
}

graph::TileFunction choose(DataType from, DataType to) {
  switch (from) {
    case DataType::float32: return choose_to<float>(to);
    case DataType::int64: return choose_to<std::int64_t>(to);
    case DataType::int32: return choose_to<std::int32_t>(to);
    case DataType::uint8: return choose_to<std::uint8_t>(to);
    case DataType::boolean: return choose_to<bool>(to);
    default: return nullptr;
  }
}

std::string refuse(const Problem& p) {
  if (!choose(p.inputs[0].dtype, p.outputs[0].dtype)) return "leaves this pair of types to the reference";
  if (!p.inputs[0].dense() || !p.outputs[0].dense()) return "takes dense tensors only";
  return p.outputs[0].count() == 0 ? "nothing to do" : "";
}

Launch prepare(const Problem& p) {
  auto state = std::make_shared<State>(State{p.outputs[0].count(), 16384});
  state->chunk = std::max(state->chunk, state->count / (32 * p.workers) + 1);
  graph::CpuLaunch launch;
  launch.phases = {{choose(p.inputs[0].dtype, p.outputs[0].dtype), (state->count + state->chunk - 1) / state->chunk}};
  launch.state = std::move(state);
  return launch;
}

constexpr Tactic kTactics[] = {
    {.name = "cast_elements_portable", .refuse = refuse, .prepare = prepare},
    {.name = "cast_part_opencl", .refuse = refuse_cast_part, .prepare = prepare_cast_part, .device = "opencl"},
    {.name = "cast_elements_opencl", .refuse = refuse_cast_opencl, .prepare = prepare_cast_opencl, .device = "opencl"}};

}  // namespace

std::span<const Tactic> cast_tactics() { return kTactics; }

}  // namespace vireo::ops

#include "engine/ops/shared/opencl_movement.h"

#include <algorithm>
#include <cstring>

#include "engine/base/narrow.h"
#include "engine/ops/shared/loop_plan.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

constexpr std::initializer_list<DataType> kSized{DataType::float32,
                                                 DataType::float16,
                                                 DataType::bfloat16,
                                                 DataType::float64,
                                                 DataType::boolean,
                                                 DataType::int8,
                                                 DataType::int16,
                                                 DataType::int32,
                                                 DataType::int64,
                                                 DataType::uint8,
                                                 DataType::uint16,
                                                 DataType::uint32,
                                                 DataType::uint64,
                                                 DataType::float8e4m3fn,
                                                 DataType::float8e4m3fnuz,
                                                 DataType::float8e5m2,
                                                 DataType::float8e5m2fnuz,
                                                 DataType::float8e8m0,
                                                 DataType::float4e2m1,
                                                 DataType::uint4,
                                                 DataType::int4,
                                                 DataType::uint2,
                                                 DataType::int2};

constexpr std::int64_t kTile = 32;        ///< TILE in movement.cl
constexpr std::int64_t kNarrow = 6;       ///< turned axes shorter than this leave most of a tile idle
constexpr std::int64_t kManyPlaces = 64;  ///< of a plane: fewer aren't worth a program of their own

std::int64_t items_of(const Loop& loop) {
  std::int64_t items = 1;
  for (int i = 0; i < loop.rank; ++i) items *= loop.dims[i];
  return items;
}

/// Sixteen bytes an item where rows are dense in the tensors `row`, the same in all others, and everything is a
/// multiple of that; the loop then counts in sixteen bytes.
bool widen(Loop& loop, std::initializer_list<int> row, std::initializer_list<int> same, std::int64_t wide,
           std::initializer_list<std::int64_t> offsets) {
  const int last = loop.rank - 1;
  bool fits = loop.dims[last] % wide == 0;
  for (const std::int64_t offset : offsets) fits = fits && offset % wide == 0;
  for (const int k : same) fits = fits && loop.strides[k][last] == 0;
  for (const int k : row) {
    fits = fits && loop.strides[k][last] == 1;
    for (int i = 0; i < last; ++i) fits = fits && loop.strides[k][i] % wide == 0;
  }
  if (!fits) return false;
  loop.dims[last] /= wide;
  for (const int k : row)
    for (int i = 0; i < last; ++i) loop.strides[k][i] /= wide;
  return true;
}

OpenclKernel turn(const MovementPart& part, DataType type) {
  Loop outer = part.loop;
  const int last = outer.rank - 1;
  const std::int64_t rows = outer.dims[last], columns = outer.dims[last - 1];
  outer.rank -= 2;
  KernelCall call("shared/opencl/turn.cl", "movement_tiles");
  call.define_text("T", opencl_bits(type));
  const std::size_t gap = size_of(type) < 4 ? 4 / size_of(type) : 1;  // as in turn.cl
  call.group_part(kTile * (kTile + gap) * size_of(type));
  call.input(part.input).output(part.output).integer(part.from).integer(part.to).integer(rows).integer(columns);
  call.integer(part.loop.strides[0][last]).integer(part.loop.strides[1][last - 1]);
  call.value(loop_dims(outer)).value(loop_strides(outer, 0)).value(loop_strides(outer, 1));
  const std::int64_t tiles = (rows + kTile - 1) / kTile * ((columns + kTile - 1) / kTile) * items_of(outer);
  call.over({tiles * kTile, 8, 1}, {kTile, 8, 1});
  return call.done();
}

/// Few planes and many places in each, whatever the order.
OpenclKernel turn_planes(const MovementPart& part, DataType type) {
  Loop outer = part.loop;
  const int last = outer.rank - 1;
  const bool to_planes = outer.dims[last - 1] < outer.dims[last];
  const std::int64_t columns = outer.dims[to_planes ? last - 1 : last],
                     length = outer.dims[to_planes ? last : last - 1];
  outer.rank -= 2;
  const std::int64_t wide = opencl_wide(type), blocks = (length + wide - 1) / wide, items = blocks * items_of(outer);
  KernelCall call("shared/opencl/planes.cl", "movement_planes");
  call.define_text("T", opencl_bits(type)).define("WIDE", wide).define("COLUMNS", columns);
  if (to_planes) call.define("TO_PLANES", 1);
  call.input(part.input).output(part.output).integer(part.from).integer(part.to).integer(items).integer(blocks);
  call.integer(length);
  if (to_planes) call.integer(part.loop.strides[1][last - 1]).integer(part.loop.strides[0][last]);
  else call.integer(part.loop.strides[0][last]).integer(part.loop.strides[1][last - 1]);
  call.value(loop_dims(outer)).value(loop_strides(outer, 0)).value(loop_strides(outer, 1));
  call.over({items, 1, 1}, {128, 1, 1});
  return call.done();
}

OpenclKernel move(MovementPart part, DataType type, std::uint64_t bits) {
  Loop& loop = part.loop;
  const int last = loop.rank - 1;
  if (part.input == kZeros) {
    KernelCall call = movement_call("movement_fill", type);
    call.output(part.output).integer(part.to).integer(items_of(loop));
    call.value(loop_dims(loop)).value(loop_strides(loop, 1)).value(bits);
    call.over({items_of(loop), 1, 1}, {64, 1, 1});
    return call.done();
  }
  if (part.kind == MovementPart::Kind::blocks) {
    const auto [few, many] = std::minmax(loop.dims[last], loop.dims[last - 1]);
    if (few >= kNarrow) return turn(part, type);
    if (many >= kManyPlaces) return turn_planes(part, type);
  }
  const bool wide = widen(loop, {0, 1}, {}, opencl_wide(type), {part.from, part.to});
  KernelCall call = movement_call("movement_elements", type);
  call.input(part.input).output(part.output).integer(part.from).integer(part.to).integer(items_of(loop));
  call.integer(wide).value(loop_dims(loop)).value(loop_strides(loop, 0)).value(loop_strides(loop, 1));
  call.over({items_of(loop), 1, 1}, {64, 1, 1});
  return call.done();
}

bool plan_indexed(const IndexedCopy& copy, Loop& loop) {
  const Dims strides[] = {copy.data, copy.index, copy.other};
  return plan_loop(copy.dims, strides, loop);
}

/// Indices come at run time; others were looked at by refuse_opencl_indexed().
bool checked(const Problem& p) { return !p.inputs[1].constant; }

KernelCall indexed(std::string_view entry, const Problem& p, const IndexedCopy& copy, Loop loop) {
  std::int64_t wide = opencl_wide(p.outputs[0].dtype);
  bool fits = true;
  for (const std::int64_t step : copy.steps) fits = fits && step % wide == 0;
  if (!fits || !widen(loop, {0, 2}, {1}, wide, {})) wide = 1;
  Int8 extents{}, steps{};
  for (std::size_t k = 0; k < copy.steps.size(); ++k) {
    extents.at[k] = static_cast<std::int32_t>(copy.extents[k]);
    steps.at[k] = static_cast<std::int32_t>(copy.steps[k] / wide);
  }
  KernelCall call = movement_call(entry, p.outputs[0].dtype);
  if (checked(p)) call.define("CHECKED", 1);
  call.integer(items_of(loop)).integer(wide > 1).integer(p.inputs[1].dtype == DataType::int64);
  call.integer(static_cast<std::int64_t>(copy.steps.size())).value(extents).value(steps).value(loop_dims(loop));
  call.value(loop_strides(loop, 0)).value(loop_strides(loop, 1)).value(loop_strides(loop, 2));
  call.over({items_of(loop), 1, 1}, {64, 1, 1});
  return call;
}

}  // namespace

std::string_view opencl_bits(DataType type) {
  switch (size_of(type)) {
    case 1: return "uchar";
    case 2: return "ushort";
    case 4: return "uint";
    default: return "ulong";
  }
}

std::int64_t opencl_wide(DataType type) { return 16 / static_cast<std::int64_t>(size_of(type)); }

KernelCall movement_call(std::string_view entry, DataType type) {
  KernelCall call("shared/opencl/movement.cl", entry);
  call.define_text("T", opencl_bits(type)).define("WIDE", opencl_wide(type));
  return call;
}

std::uint64_t element_bits(DataType type, double number) {
  std::uint64_t bits = 0;
  if (is_narrow(type)) return base::narrow_bits(type, number);
  dispatch_any(type, [&](auto tag) {
    const auto element = static_cast<typename decltype(tag)::type>(number);
    std::memcpy(&bits, &element, sizeof(element));
  });
  return bits;
}

std::string refuse_opencl_movement(const Problem& problem) { return refuse_opencl(problem, kSized); }

OpenclLaunch opencl_movement(const Problem& problem, const std::vector<StridedCopy>& copies, std::uint64_t bits) {
  OpenclLaunch launch;
  for (std::size_t k = 0; k < std::min<std::size_t>(problem.inputs.size(), 64); ++k)
    launch.unread_inputs |= std::uint64_t{1} << k;
  for (const StridedCopy& copy : copies) {
    MovementPart part;
    if (!plan_movement_part(copy, part)) throw Error(ErrorCode::internal, "a copy has too many axes");
    if (part.loop.tiles == 0) continue;
    if (copy.input >= 0 && copy.input < 64) launch.unread_inputs &= ~(std::uint64_t{1} << copy.input);
    launch.kernels.push_back(move(part, problem.outputs[static_cast<std::size_t>(copy.output)].dtype, bits));
  }
  return launch;
}

std::string refuse_opencl_indexed(const Problem& problem, const IndexedCopy& copy) {
  if (std::string why = refuse_opencl_movement(problem); !why.empty()) return why;
  const graph::Desc& index = problem.inputs[1];
  if (index.dtype != DataType::int64 && index.dtype != DataType::int32) return "takes indices of int32 and int64 only";
  if (copy.steps.size() > 8) return "an index has more than eight parts";
  Loop loop;
  if (!plan_indexed(copy, loop) && loop.tiles != 0) return "too many axes";
  if (!index.constant || copy.steps.empty()) return {};
  std::size_t n = 0;
  for (const std::int64_t entry : to_integers(*index.constant)) {
    const std::int64_t extent = copy.extents[n++ % copy.extents.size()];
    if (entry < -extent || entry >= extent) return "an index is outside its axis";
  }
  return {};
}

OpenclLaunch opencl_gather(const Problem& problem, const IndexedCopy& copy) {
  Loop loop;
  OpenclLaunch launch;
  if (!plan_indexed(copy, loop)) return launch;
  KernelCall call = indexed("movement_gather", problem, copy, loop);
  call.input(0).input(1).output(0);
  if (checked(problem)) call.fault();
  launch.kernels.push_back(call.done());
  return launch;
}

OpenclLaunch opencl_scatter(const Problem& problem, const IndexedCopy& copy) {
  OpenclLaunch launch = opencl_movement(problem, {{.dims = problem.outputs[0].dims,
                                                   .from_strides = strides_of(problem.inputs[0]),
                                                   .to_strides = strides_of(problem.outputs[0])}});
  Loop loop;
  if (!plan_indexed(copy, loop)) return launch;  // no updates
  launch.unread_inputs = 0;
  KernelCall call = indexed("movement_scatter", problem, copy, loop);
  call.input(2).input(1).output(0);
  if (checked(problem)) call.fault();
  launch.kernels.push_back(call.done());
  return launch;
}

}  // namespace vireo::ops

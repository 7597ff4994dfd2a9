// pad as one copy of the input and fills of the slabs around it.
#include <algorithm>

#include "engine/ops/pad/pad.h"
#include "engine/ops/shared/loop_plan.h"
#include "engine/ops/shared/movement.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {

std::string refuse_pad_opencl(const Problem&);
Launch prepare_pad_opencl(const Problem&);

namespace {

std::vector<StridedCopy> copies(const Problem& p) {
  const std::size_t rank = p.inputs[0].dims.size();
  const Dims begin = pad_begins(p);
  StridedCopy copy{
      .dims = p.inputs[0].dims, .from_strides = strides_of(p.inputs[0]), .to_strides = strides_of(p.outputs[0])};
  for (std::size_t i = 0; i < rank; ++i) {  // the part of the input that is inside the output
    const std::int64_t extent = p.inputs[0].dims[i], low = std::clamp<std::int64_t>(-begin[i], 0, extent),
                       high = std::min(extent, p.outputs[0].dims[i] - begin[i]);
    copy.dims[i] = std::max<std::int64_t>(high - low, 0);
    if (copy.dims[i] == 0) continue;  // nothing of the input is left
    copy.from += low * copy.from_strides[i];
    copy.to += (low + begin[i]) * copy.to_strides[i];
  }
  const bool inside = std::find(copy.dims.begin(), copy.dims.end(), 0) == copy.dims.end();
  std::vector<StridedCopy> list;
  if (inside) list.push_back(copy);
  // Slabs before and after along each axis: outer axes inside the copy's box, inner axes whole.
  StridedCopy slab{.input = p.inputs.size() > 2 && p.inputs[2].present() ? 2 : kZeros,
                   .dims = p.outputs[0].dims,
                   .from_strides = Dims(rank, 0),
                   .to_strides = copy.to_strides};
  if (!inside) list.push_back(slab);
  for (std::size_t i = 0; i < rank && inside; ++i) {
    const std::int64_t low = std::max<std::int64_t>(0, begin[i]), high = low + copy.dims[i],
                       extent = p.outputs[0].dims[i];
    for (const auto& [from, to] : {std::pair{std::int64_t{0}, low}, std::pair{high, extent}}) {
      if (from >= to) continue;
      StridedCopy fill = slab;
      fill.to += from * copy.to_strides[i];
      fill.dims[i] = to - from;
      list.push_back(fill);
    }
    slab.to += low * copy.to_strides[i];
    slab.dims[i] = copy.dims[i];
  }
  return list;
}

std::string refuse(const Problem& p) {
  if (p.attributes->text("mode", "constant") != "constant") return "takes mode constant only";
  for (std::size_t k = 1; k < p.inputs.size(); ++k)
    if (k != 2 && p.inputs[k].present() && !p.inputs[k].constant) return "the pads are not known when building";
  if (std::string why = refuse_movement(p); !why.empty()) return why;
  return movable(copies(p)) ? "" : "too many axes";
}

Launch prepare(const Problem& p) { return plan_movement(p, copies(p), size_of(p.outputs[0].dtype)); }

constexpr Tactic kTactics[] = {
    {.name = "pad_copies_portable", .refuse = refuse, .prepare = prepare},
    {.name = "pad_rows_portable", .refuse = refuse_pad_rows, .prepare = prepare_pad_rows},
    {.name = "pad_elements_opencl", .refuse = refuse_pad_opencl, .prepare = prepare_pad_opencl, .device = "opencl"}};

}  // namespace

Dims pad_begins(const Problem& p) {
  const bool given = p.inputs.size() > 3 && p.inputs[3].present();
  const Ints axes = given ? to_integers(*p.inputs[3].constant) : Ints{};
  return pad_begins(p.inputs[0].dims, to_integers(*p.inputs[1].constant), given ? &axes : nullptr);
}

std::span<const Tactic> pad_tactics() { return kTactics; }

}  // namespace vireo::ops

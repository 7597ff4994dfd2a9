// trilu on OpenCL devices.
#include <algorithm>

#include "engine/ops/shared/opencl_movement.h"

namespace vireo::ops {

std::string refuse_trilu_opencl(const Problem& p) {
  if (p.inputs.size() > 1 && p.inputs[1].present() && !p.inputs[1].constant)
    return "the diagonal is not known when building";
  return refuse_opencl_movement(p);
}

Launch prepare_trilu_opencl(const Problem& p) {
  const Dims& dims = p.outputs[0].dims;
  const std::int64_t columns = dims.back(), rows = dims[dims.size() - 2];
  const bool given = p.inputs.size() > 1 && p.inputs[1].present();
  const std::int64_t k =
      std::clamp(given ? to_integers(*p.inputs[1].constant).at(0) : std::int64_t{0}, -rows - 1, columns + 1);
  KernelCall call("trilu/elements.cl", "trilu_elements");
  call.define_text("T", opencl_bits(p.outputs[0].dtype)).input(0).output(0).integer(p.outputs[0].count());
  call.integer(rows).integer(columns).integer(p.inputs[0].pitch).integer(p.outputs[0].pitch);
  call.integer(p.attributes->integer("upper", 1) != 0).integer(k);
  call.over({p.outputs[0].count(), 1, 1}, {64, 1, 1});
  OpenclLaunch launch;
  launch.unread_inputs = 0b10;
  launch.kernels.push_back(call.done());
  return launch;
}

}  // namespace vireo::ops

#include "engine/api/catalog.h"

#include <set>

#include "engine/compile/compile.h"
#include "engine/device/device.h"
#include "engine/graph/operator.h"
#include "engine/ops/table.h"
#include "engine/passes/passes.h"

namespace vireo {

std::vector<OperatorInfo> list_operators() {
  std::vector<OperatorInfo> list;
  for (const graph::Operator* op : ops::all_operators())
    list.push_back({std::string(op->name), op->min_inputs, op->max_inputs,
                    op->tactics ? static_cast<int>(op->tactics().size()) : 0});
  return list;
}

std::vector<KernelInfo> list_kernels() {
  std::vector<KernelInfo> list;
  std::set<std::string> kinds;  // of devices that are here
  for (const DeviceInfo& info : device::list())
    if (info.usable) kinds.insert(info.name.substr(0, info.name.find(':')));
  for (const graph::Operator* op : ops::all_operators()) {
    if (op->tactics)
      for (const graph::Tactic& t : op->tactics())
        list.push_back({std::string(op->name), std::string(t.name), std::string(t.device),
                        t.device == "cpu" ? std::string(graph::name_of(t.isa)) : std::string(), t.exact,
                        kinds.contains(std::string(t.device)) &&
                            (t.device != "cpu" || graph::runs_on(t.isa, base::cpu_features()))});
    list.push_back({std::string(op->name), "reference", "cpu", "scalar", true, true});
  }
  return list;
}

std::vector<PassInfo> list_passes() {
  std::vector<PassInfo> list;
  for (const passes::Pass& pass : passes::all_passes())
    list.push_back({std::string(pass.name), std::string(pass.what)});
  return list;
}

}  // namespace vireo

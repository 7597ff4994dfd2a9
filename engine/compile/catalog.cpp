#include "engine/api/catalog.h"

#include "engine/compile/compile.h"
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
  for (const graph::Operator* op : ops::all_operators()) {
    if (op->tactics)
      for (const graph::Tactic& t : op->tactics())
        list.push_back({std::string(op->name), std::string(t.name), std::string(t.device),
                        std::string(graph::name_of(t.isa)), t.exact, graph::runs_on(t.isa, base::cpu_features())});
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

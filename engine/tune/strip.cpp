#include "engine/tune/strip.h"

#include "engine/base/cpu.h"
#include "engine/base/text.h"
#include "engine/compile/lower.h"
#include "engine/device/device.h"
#include "engine/runtime/module.h"

namespace vireo::tune {

void strip_weights(Plan::State& state, const std::vector<std::map<std::string, Dims>>& shapes) {
  for (const TensorInfo& input : plan::input_info(state.graph))
    if (!is_static(input.dims))
      base::fail(ErrorCode::unsupported, "a plan can't be stripped while shapes are open (input '", input.name, "' is ",
                 input.dims, "): other shapes may need any weight");
  // Weights that say whether anybody has read them.
  graph::Graph& g = state.graph;
  for (graph::TensorId id = 0; id < g.tensor_count(); ++id) {
    graph::ConstantPtr& constant = g.tensor(id).constant;
    if (!constant || constant->bytes() <= plan::PackedWeightStore::kSmall) continue;
    auto seal = std::make_shared<graph::Seal>();
    seal->checksum = constant->checksum();
    seal->where = base::str("weight '", g.tensor(id).name, "'");
    const std::shared_ptr<const std::byte> data(constant, constant->read());
    constant = std::make_shared<graph::Constant>(graph::Constant{constant->dtype, constant->dims, data, seal});
  }
  for (const plan::Section& section : state.sections) {
    const graph::Graph lowered = compile::lower(state, section);
    const int workers = section.workers > 0 ? section.workers : base::available_cores();
    compile::CompileOptions options = compile::options_of(section, state.disabled_passes, workers);
    const std::shared_ptr<device::Device> device = device::open(section.device);
    options.target = &device->target();
    for (const auto& one : shapes) (void)runtime::Module(lowered, one, {options, {}});
  }
  for (graph::TensorId id = 0; id < g.tensor_count(); ++id) {
    graph::ConstantPtr& constant = g.tensor(id).constant;
    if (!constant || !constant->seal || constant->bytes() <= plan::PackedWeightStore::kSmall) continue;
    if (!constant->seal->checked) constant = plan::stripped(*constant, g.tensor(id).name);
  }
}

}  // namespace vireo::tune

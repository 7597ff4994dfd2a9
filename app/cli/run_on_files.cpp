#include <cstring>

#include "app/cli/model.h"

namespace vireo::cli {

Ran run_on_files(const ModelFlags& f, const Outputs& files, const std::string& folder) {
  ModelFlags flags = f;
  const std::vector<HostTensor> tensors = read_inputs(folder);
  double build_s = 0;
  const Plan plan = [&] {
    if (Plan::is_plan(flags.model)) return Plan::load(flags.model);
    const auto inputs = import_model(flags).inputs();
    flags.quiet = flags.quiet || flags.random_weights;  // it has said how many were drawn
    for (std::size_t k = 0; k < inputs.size() && k < tensors.size(); ++k)
      if (!is_static(inputs[k].dims) && !tensors[k].dims.empty())
        flags.shapes += (flags.shapes.empty() ? "" : ",") + inputs[k].name + ":" + to_string(tensors[k].dims);
    return make_plan(flags, files, build_s);
  }();
  EngineOptions options;
  options.threads = flags.threads;
  options.limits = limits_of(flags);
  Ran ran{Engine::load(plan, Device{flags.devices.empty() ? "cpu" : flags.devices.front()}, options), {}};
  const auto inputs = ran.engine->inputs();
  check_inputs(*ran.engine, tensors, folder);
  auto context = ran.engine->create_context();
  for (std::size_t k = 0; k < inputs.size(); ++k) context->set_shape(inputs[k].name, tensors[k].dims);
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    const Buffer buffer = context->allocate(inputs[k].name);
    if (!tensors[k].data.empty()) std::memcpy(buffer.data(), tensors[k].data.data(), tensors[k].data.size());
  }
  for (const TensorInfo& output : ran.engine->outputs())
    if (is_static(context->shape(output.name))) (void)context->allocate(output.name);
  if (const Status status = context->run(); !status.ok()) throw Error(status.code(), status.message());
  for (const TensorInfo& output : ran.engine->outputs()) {
    HostTensor& tensor =
        ran.outputs.emplace_back(HostTensor{output.name, output.dtype, context->shape(output.name), {}});
    const Buffer result = context->result(output.name);
    tensor.data.assign(result.data(), result.data() + byte_count(tensor.dtype, tensor.dims));
  }
  return ran;
}

}  // namespace vireo::cli

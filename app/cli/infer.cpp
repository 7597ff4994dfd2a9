#include <fmt/core.h>

#include <cstring>

#include "app/cli/command.h"
#include "app/cli/model.h"
#include "engine/api/tensor_file.h"

namespace vireo::cli {
namespace {

struct InferFlags {
  ModelFlags model;
  std::string inputs, outputs;
};

/// Only the model knows how many outputs there are: every output_0.pb, … that exists already counts.
void add_tensor_files(Outputs& files, const InferFlags& f) {
  for (const std::filesystem::path& file : input_files(f.inputs)) files.read("the input", file);
  files.write_folder("--outputs", f.outputs);
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(f.outputs, failed)) {
    const std::string name = entry.path().stem().string();
    if (entry.path().extension() == ".pb" && name.starts_with("output_") &&
        name.find_first_not_of("0123456789", 7) == std::string::npos)
      files.write("--outputs", entry.path(), OutputKind::replaced);
  }
}

int infer(const InferFlags& f) {
  ModelFlags flags = f.model;
  Outputs files = files_of(flags);
  add_tensor_files(files, f);
  files.check();
  const std::vector<HostTensor> tensors = read_inputs(f.inputs);
  // The shapes of the files are the shapes to run at.
  double build_s = 0;
  const Plan plan = [&] {
    if (Plan::is_plan(flags.model)) return Plan::load(flags.model);
    const auto inputs = import_onnx(std::filesystem::path(flags.model), limits_of(flags)).inputs();
    for (std::size_t k = 0; k < inputs.size() && k < tensors.size(); ++k)
      if (!is_static(inputs[k].dims) && !tensors[k].dims.empty())
        flags.shapes += (flags.shapes.empty() ? "" : ",") + inputs[k].name + ":" + to_string(tensors[k].dims);
    return make_plan(flags, files, build_s);
  }();
  EngineOptions options;
  options.threads = flags.threads;
  options.limits = limits_of(flags);
  auto engine = Engine::load(plan, Device{flags.devices.empty() ? "cpu" : flags.devices.front()}, options);
  const auto inputs = engine->inputs();
  check_inputs(*engine, tensors, f.inputs);
  auto context = engine->create_context();
  for (std::size_t k = 0; k < inputs.size(); ++k) context->set_shape(inputs[k].name, tensors[k].dims);
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    const Buffer buffer = context->allocate(inputs[k].name);
    if (!tensors[k].data.empty()) std::memcpy(buffer.data(), tensors[k].data.data(), tensors[k].data.size());
  }
  for (const TensorInfo& output : engine->outputs())
    if (is_static(context->shape(output.name))) (void)context->allocate(output.name);
  if (const Status status = context->run(); !status.ok()) throw Error(status.code(), status.message());
  std::filesystem::create_directories(f.outputs);
  for (std::size_t k = 0; k < engine->outputs().size(); ++k) {
    const TensorInfo output = engine->outputs()[k];
    HostTensor tensor{output.name, output.dtype, context->shape(output.name), {}};
    const std::size_t bytes = byte_count(tensor.dtype, tensor.dims);
    const Buffer result = context->result(output.name);
    tensor.data.assign(result.data(), result.data() + bytes);
    const std::filesystem::path path = std::filesystem::path(f.outputs) / fmt::format("output_{}.pb", k);
    write_tensor(path, tensor);
    fmt::print("{}: '{}' {} {}\n", path.string(), output.name, to_string(tensor.dims), to_string(tensor.dtype));
  }
  return 0;
}

}  // namespace

void add_infer(Program& program) {
  Command c = program.add("infer", "run once on tensors from files (ONNX TensorProto input_0.pb …)");
  auto f = std::make_shared<InferFlags>();
  add_model_flags(c, f->model);
  c.option("--inputs", f->inputs, "folder with input_0.pb, input_1.pb … in the network's order").required();
  c.option("--outputs", f->outputs, "folder for output_0.pb …").required();
  f->model.budget_s = 0;
  c.run([f] { return infer(*f); });
}

}  // namespace vireo::cli

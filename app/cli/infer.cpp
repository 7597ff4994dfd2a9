#include <fmt/core.h>

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
  Outputs files = files_of(f.model);
  add_tensor_files(files, f);
  files.check();
  const Ran ran = run_on_files(f.model, files, f.inputs);
  std::filesystem::create_directories(f.outputs);
  for (std::size_t k = 0; k < ran.outputs.size(); ++k) {
    const HostTensor& tensor = ran.outputs[k];
    const std::filesystem::path path = std::filesystem::path(f.outputs) / fmt::format("output_{}.pb", k);
    write_tensor(path, tensor);
    fmt::print("{}: '{}' {} {}\n", path.string(), tensor.name, to_string(tensor.dims), to_string(tensor.dtype));
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

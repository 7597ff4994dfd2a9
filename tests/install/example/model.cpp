// Imports an ONNX model, builds it and runs it once on zeros. model ONNX
#include <vireo/builder.h>
#include <vireo/engine.h>
#include <cmath>
#include <cstdio>
#include <cstring>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  try {
    vireo::BuildOptions options;
    options.budget_s = 0;
    const auto engine = vireo::Engine::load(vireo::build(vireo::import_onnx(argv[1]), options));
    const auto context = engine->create_context();
    for (const vireo::TensorInfo& input : engine->inputs()) {
      vireo::Dims dims = input.dims;
      for (auto& extent : dims)
        if (extent == vireo::kUnknown) extent = 1;
      context->set_shape(input.name, dims);
      vireo::Buffer buffer = context->allocate(input.name);
      std::memset(buffer.data(), 0, buffer.bytes());
    }
    for (const vireo::TensorInfo& output : engine->outputs()) context->allocate(output.name);
    const vireo::Status status = context->run();
    if (!status.ok()) throw vireo::Error(status.code(), status.message());
    for (const vireo::TensorInfo& output : engine->outputs()) std::printf("%s\n", output.name.c_str());
  } catch (const vireo::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}

// A program that links libvireo alone: runs the plan it is given once on zeros, and names the libraries that were
// loaded.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <set>
#include <string>

#include "engine/api/engine.h"
#include "engine/api/error.h"

int main(int argc, char** argv) {
  try {
    auto engine = vireo::Engine::load(argc > 1 ? argv[1] : "");
    const std::unique_ptr<vireo::Context> context = engine->create_context();
    for (const vireo::TensorInfo& tensor : engine->inputs()) {
      vireo::Dims dims = tensor.dims;
      std::replace(dims.begin(), dims.end(), vireo::kUnknown, std::int64_t{1});
      context->set_shape(tensor.name, dims);
      vireo::Buffer buffer = context->allocate(tensor.name);
      std::memset(buffer.data(), 0, buffer.bytes());
      context->bind(tensor.name, buffer);
    }
    for (const vireo::TensorInfo& tensor : engine->outputs())
      context->bind(tensor.name, context->allocate(tensor.name));
    const vireo::Status status = context->run();
    if (!status.ok()) throw vireo::Error(status.code(), status.message());
  } catch (const vireo::Error& error) {
    std::printf("error: %s\n", error.what());
    return 1;
  }
  std::set<std::string> loaded;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    const std::size_t at = line.rfind('/');
    if (at != std::string::npos && line.find(".so", at) != std::string::npos) loaded.insert(line.substr(at + 1));
  }
  for (const std::string& name : loaded) std::printf("%s\n", name.c_str());
  return 0;
}

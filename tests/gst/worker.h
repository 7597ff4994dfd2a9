#pragma once
// Networks that take as long as a test wants: a row of convolutions on a small picture, as a plan file that goes away
// with its scope. Their one output has the name that they are given, so that a frame's raw tensors tell who saw it.

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/api/builder.h"
#include "engine/api/network.h"
#include "engine/api/plan.h"

namespace vireo::gst_test {

class Worker {
 public:
  Worker(const std::string& output, int layers) {
    std::string name = (std::filesystem::temp_directory_path() / "vireo-worker-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
    folder_ = name;
    Network network;
    const auto weights = [&](const std::string& called, const Dims& dims) {
      const std::vector<float> values(std::size_t(element_count(dims)), 0.01f);
      return network.add_constant(called, DataType::float32, dims, values.data(), values.size() * sizeof(float));
    };
    constexpr std::int64_t kChannels = 32;
    auto x = network.add_input("image", DataType::float32, {1, 3, 64, 64});
    x = network.add_convolution(x, weights("first", {kChannels, 3, 3, 3}), {}, {.pads = {1, 1, 1, 1}});
    for (int i = 0; i < layers; ++i)
      x = network.add_convolution(x, weights("w" + std::to_string(i), {kChannels, kChannels, 3, 3}), {},
                                  {.pads = {1, 1, 1, 1}});
    x = network.add_convolution(x, weights("last", {1, kChannels, 1, 1}), {}, {.strides = {64, 64}});
    network.mark_output(x, output);
    BuildOptions options;
    options.budget_s = 0;
    build(network, options).save(path());
  }
  ~Worker() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  [[nodiscard]] std::string path() const { return (folder_ / "worker.plan").string(); }

 private:
  std::filesystem::path folder_;
};

}  // namespace vireo::gst_test

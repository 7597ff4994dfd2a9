#pragma once
// OpenCL's devices in the registry. Without headers and loader at build time there are none, and list() says so.

#include <memory>

namespace vireo::device {

class Backend;
[[nodiscard]] std::shared_ptr<Backend> opencl_backend();

}  // namespace vireo::device

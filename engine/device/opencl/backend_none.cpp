// In place of the rest of this folder where there are no OpenCL headers.
#include "engine/base/text.h"
#include "engine/device/device.h"
#include "engine/device/opencl/backend.h"

namespace vireo::device {
namespace {

class NoBackend final : public Backend {
 public:
  [[nodiscard]] std::vector<DeviceInfo> list() override { return {}; }
  [[nodiscard]] std::shared_ptr<Device> open(const std::string& name) override {
    if (name.rfind("opencl:", 0) != 0) return nullptr;
    base::fail(ErrorCode::unsupported, "device '", name,
               "': this build has no OpenCL; install ocl-icd-opencl-dev and opencl-headers and build again");
  }
};

}  // namespace

std::shared_ptr<Backend> opencl_backend() { return std::make_shared<NoBackend>(); }

}  // namespace vireo::device

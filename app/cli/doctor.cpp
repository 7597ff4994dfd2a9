#include <fmt/core.h>

#include "app/cli/command.h"
#include "engine/api/catalog.h"
#include "engine/api/device.h"
#ifdef VIREO_HAVE_PIPELINE
#include "app/cli/list_plugins.h"
#endif

namespace vireo::cli {

void add_doctor(Program& program) {
  Command c = program.add("doctor", "check this machine: what works, what is missing, how to get it");
  c.run([] {
    fmt::print("vireo {}\n", VIREO_VERSION);
    bool vector_code = false;
    for (const DeviceInfo& d : list_devices()) {
      for (const std::string& f : d.features) vector_code |= f == "avx2";
      fmt::print("[ok]      device {}: {}\n", d.name, d.description);
    }
    if (!vector_code) fmt::print("[slow]    this processor has no AVX2: engines run by reference kernels\n");
    fmt::print("[ok]      engine: {} operators, {} kernels\n", list_operators().size(), list_kernels().size());
#ifdef VIREO_HAVE_PIPELINE
    return examine_pipeline() ? 0 : 1;
#else
    fmt::print(
        "[missing] the video pipeline: this build has none; install libgstreamer1.0-dev and build with "
        "-DVIREO_GSTREAMER=ON\n");
    return 0;
#endif
  });
}

}  // namespace vireo::cli

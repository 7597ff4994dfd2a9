#include <fmt/core.h>

#include "app/cli/command.h"
#include "engine/api/buffer.h"
#include "engine/api/catalog.h"
#include "engine/api/device.h"
#include "engine/api/error.h"
#ifdef VIREO_HAVE_PIPELINE
#include "app/cli/list_plugins.h"
#endif

namespace vireo::cli {
namespace {

/// No device is listed: the engine says what is missing where one is asked for.
std::string why_no_opencl() {
  try {
    (void)Buffer::on({"opencl:0"}, MemoryKind::device, 1);
  } catch (const Error& error) {
    return error.what();
  }
  return "no OpenCL device";
}

}  // namespace

void add_doctor(Program& program) {
  Command c = program.add("doctor", "check this machine: what works, what is missing, how to get it");
  c.run([] {
    fmt::print("vireo {}\n", VIREO_VERSION);
    bool vector_code = false, opencl = false;
    for (const DeviceInfo& d : list_devices(true)) {
      for (const std::string& f : d.features) vector_code |= f == "avx2";
      opencl |= d.name != "cpu";
      if (d.usable) fmt::print("[ok]      device {}: {}\n", d.name, d.description);
      else fmt::print("[broken]  device {}: {}: {}\n", d.name, d.description, d.note);
    }
    if (!opencl) fmt::print("[none]    {}\n", why_no_opencl());
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

// For builds without GStreamer: the commands of the pipeline say what is missing.

#include "app/cli/command.h"
#include "engine/api/error.h"

namespace vireo::cli {
namespace {

void add_missing(Program& program, const char* name) {
  Command c = program.add(name, "not in this build: it has no video pipeline");
  c.take_anything();
  c.run([]() -> int {
    throw Error(ErrorCode::unsupported,
                "this build has no video pipeline; install libgstreamer1.0-dev and libgstreamer-plugins-base1.0-dev, "
                "configure with -DVIREO_GSTREAMER=ON, and build again");
  });
}

}  // namespace

void add_run(Program& program) { add_missing(program, "run"); }

void add_demo(Program& program) { add_missing(program, "demo"); }

}  // namespace vireo::cli

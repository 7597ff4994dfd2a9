#include <fmt/core.h>

#include "app/cli/command.h"
#include "engine/api/error.h"
#include "engine/api/log.h"

int main(int argc, char** argv) {
  using namespace vireo;
  CLI::App app{"Vireo: inference engine and video pipeline", "vireo"};
  app.set_version_flag("--version", "vireo " VIREO_VERSION);
  app.require_subcommand(1);
  bool verbose = false;
  app.add_flag("-v,--verbose", verbose, "say more on stderr");
  app.fallthrough();
  cli::Action action;
#ifdef VIREO_HAVE_PIPELINE
  cli::add_run(app, action);
  cli::add_demo(app, action);
#endif
  cli::add_build(app, action);
  cli::add_bench(app, action);
  cli::add_infer(app, action);
  cli::add_compare(app, action);
  cli::add_inspect(app, action);
  cli::add_devices(app, action);
  cli::add_doctor(app, action);
  cli::add_list(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (verbose) set_log_level(LogLevel::info);
  try {
    return action();
  } catch (const Error& error) {
    fmt::print(stderr, "vireo: {}\n", error.what());
  } catch (const std::exception& error) {
    fmt::print(stderr, "vireo: unexpected failure: {}\n", error.what());
  }
  return 1;
}

#include <fmt/core.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "app/cli/command.h"
#include "app/machine/machine.h"
#include "engine/api/buffer.h"
#include "engine/api/catalog.h"
#include "engine/api/device.h"
#include "engine/api/error.h"
#ifdef VIREO_HAVE_PIPELINE
#include "app/control/server.h"
#include "app/deployment/survey.h"
#endif

namespace vireo::cli {
namespace {

using machine::Finding;
using machine::State;
using Findings = std::vector<Finding>;

std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

/// No device is listed: the engine says what is missing where one is asked for.
std::string why_no_opencl() {
  try {
    (void)Buffer::on({"opencl:0"}, MemoryKind::device, 1);
  } catch (const Error& error) {
    return error.what();
  }
  return "no OpenCL device";
}

void add(Findings& list, const Findings& more) { list.insert(list.end(), more.begin(), more.end()); }

Findings examine_engine() {
  Findings list;
  bool vector_code = false, opencl = false;
  for (const DeviceInfo& d : list_devices(true)) {
    for (const std::string& f : d.features) vector_code |= f == "avx2";
    opencl |= d.name != "cpu";
    const std::string name = "device " + d.name + ": " + d.description;
    if (d.usable) list.push_back({"device", State::ok, name, ""});
    else list.push_back({"device", State::broken, name + ": " + d.note, ""});
  }
  if (!opencl) list.push_back({"device", State::none, why_no_opencl(), ""});
  if (!vector_code)
    list.push_back({"device", State::slow, "this processor has no AVX2: engines run by reference kernels", ""});
  list.push_back({"engine", State::ok,
                  fmt::format("engine: {} operators, {} kernels", list_operators().size(), list_kernels().size()), ""});
  return list;
}

/// Where vireoinfer keeps plans.
std::filesystem::path cache_folder() {
  const std::string given = from_environment("XDG_CACHE_HOME"), home = from_environment("HOME");
  return (given.empty() ? std::filesystem::path(home) / ".cache" : std::filesystem::path(given)) / "vireo" / "plans";
}

Findings examine_pipeline() {
#ifdef VIREO_HAVE_PIPELINE
  Findings list = deployment::survey();
  add(list, machine::examine_versions(VIREO_VERSION, deployment::plugin_version()));
  if (control::Server::available()) list.push_back({"control", State::ok, "the HTTP server of `run --control`", ""});
  else
    list.push_back({"control", State::absent, "the HTTP server of `run --control`: this build has none",
                    machine::install("libcpp-httplib-dev prometheus-cpp-dev") + "  # then configure and build"});
  return list;
#else
  Findings list = {{"video", State::absent, "the video pipeline: this build has none",
                    machine::install("libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev") +
                        "  # then build with -DVIREO_GSTREAMER=ON"}};
  add(list, machine::examine_versions(VIREO_VERSION, ""));
  return list;
#endif
}

std::string_view word(State state) {
  static constexpr std::array<std::string_view, 6> kWords = {"ok", "none", "absent", "slow", "broken", "missing"};
  return kWords[std::size_t(state)];
}

void print(const Findings& list) {
  fmt::print("vireo {}\n", VIREO_VERSION);
  for (const Finding& finding : list) {
    fmt::print("{:<9} {}\n", fmt::format("[{}]", word(finding.state)), finding.what);
    if (!finding.fix.empty()) fmt::print("{:<9}   {}\n", "", finding.fix);
  }
}

void print_json(const Findings& list, bool good) {
  nlohmann::ordered_json findings = nlohmann::ordered_json::array();
  for (const Finding& finding : list)
    findings.push_back(
        {{"area", finding.area}, {"state", word(finding.state)}, {"what", finding.what}, {"fix", finding.fix}});
  const nlohmann::ordered_json all = {{"version", VIREO_VERSION}, {"good", good}, {"findings", findings}};
  fmt::print("{}\n", all.dump(1, ' ', false, nlohmann::json::error_handler_t::replace));
}

int examine(bool json) {
  Findings list = examine_engine();
  add(list, machine::examine_opencl(from_environment("OCL_ICD_VENDORS")));
  add(list, examine_pipeline());
  add(list, machine::examine_devices("/dev", machine::this_user()));
  list.push_back(machine::examine_cache(cache_folder()));
  bool good = true;
  for (const Finding& finding : list) good &= finding.state != State::missing;
  if (json) print_json(list, good);
  else print(list);
  return good ? 0 : 1;
}

}  // namespace

void add_doctor(Program& program) {
  Command c = program.add("doctor", "check this machine: what works, what is missing, how to get it");
  c.footer(
      "[missing] things keep Vireo from its main job, inference, on video where it was built for it: then the exit "
      "code\n"
      "is 1. [absent] and [broken] ones cost one feature. The line below says how to get it.");
  auto json = std::make_shared<bool>(false);
  c.flag("--json", *json, "the same for programs");
  c.run([json] { return examine(*json); });
}

}  // namespace vireo::cli

#include "engine/device/target.h"

#include <unistd.h>

#include <algorithm>

namespace vireo::device {
namespace {

/// Name of the processor, its instruction sets and forced tactics: where measured choices hold.
std::string fingerprint() {
  std::string text = base::cpu_name();
  for (const std::string& feature : base::feature_names(base::cpu_features())) text += " " + feature;
  for (const std::string& tactic : base::forced_tactics()) text += " forced:" + tactic;
  // The timing cache has it in a line of its own.
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return text;
}

Target describe_host() {
  Target target;
  target.description = base::cpu_name();
  target.fingerprint = fingerprint();
  target.features = base::feature_names(base::cpu_features());
  target.cpu = base::cpu_features();
  target.cache_bytes = base::second_level_cache_bytes();
  target.memory_bytes =
      static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGE_SIZE));
  target.workers = base::available_cores();
  return target;
}

}  // namespace

const Target& host_target() {
  static const Target target = describe_host();
  return target;
}

}  // namespace vireo::device

#include "engine/compile/tactic_sources.h"

#include <mutex>

namespace vireo::compile {
namespace {

using Sources = std::vector<std::shared_ptr<const TacticSource>>;

struct Registry {
  std::mutex mutex;
  std::shared_ptr<const Sources> sources = std::make_shared<Sources>();
};

Registry& registry() {
  static Registry all;
  return all;
}

}  // namespace

void add_tactic_source(std::shared_ptr<const TacticSource> source) {
  const std::lock_guard lock(registry().mutex);
  auto more = std::make_shared<Sources>(*registry().sources);
  more->push_back(std::move(source));
  registry().sources = std::move(more);
}

void remove_tactic_source(const TacticSource& source) {
  const std::lock_guard lock(registry().mutex);
  auto fewer = std::make_shared<Sources>(*registry().sources);
  std::erase_if(*fewer, [&](const auto& s) { return s.get() == &source; });
  registry().sources = std::move(fewer);
}

std::shared_ptr<const Sources> tactic_sources() {
  const std::lock_guard lock(registry().mutex);
  return registry().sources;
}

}  // namespace vireo::compile

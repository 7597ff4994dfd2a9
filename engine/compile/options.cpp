#include "engine/compile/compile.h"
#include "engine/plan/section.h"

namespace vireo::compile {

CompileOptions options_of(const plan::Section& section, const std::vector<std::string>& disabled_passes, int workers) {
  CompileOptions options;
  options.workers = workers;
  options.exact = section.exact;
  options.precision = section.precision;
  options.max_workspace = section.max_workspace;
  options.disabled_passes = disabled_passes;
  options.packs = section.packs.get();
  options.binaries = std::make_shared<plan::SectionBinaries>(section.packs);
  options.choices = &section.choices;
  options.timed_workers = section.workers;
  return options;
}

namespace {

/// The key with another number of workers: each problem in it ends with " w" and the number.
std::string with_workers(std::string_view key, int from, int to) {
  const std::string old = " w" + std::to_string(from), fresh = " w" + std::to_string(to);
  std::string text;
  for (std::size_t at = 0;;) {
    const std::size_t found = key.find(old, at);
    if (found == std::string_view::npos) return text.append(key.substr(at));
    const std::size_t end = found + old.size();
    text.append(key.substr(at, found - at));
    text += end == key.size() || key[end] == ' ' ? fresh : old;
    at = end;
  }
}

}  // namespace

const plan::Choice* known_choice(const CompileOptions& options, const std::string& key) {
  if (!options.choices) return nullptr;
  auto it = options.choices->find(key);
  if (it == options.choices->end() && options.timed_workers > 0 && options.timed_workers != options.workers)
    it = options.choices->find(with_workers(key, options.workers, options.timed_workers));
  if (it == options.choices->end()) return nullptr;
  if (options.asked) options.asked->insert(it->first);
  return &it->second;
}

}  // namespace vireo::compile

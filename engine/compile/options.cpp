#include <cstring>

#include "engine/base/memory.h"
#include "engine/compile/compile.h"
#include "engine/plan/section.h"

namespace vireo::compile {
namespace {

/// Programs of a section's device among its packed weights; they are added while a plan is built.
class SectionBinaries final : public device::BinaryStore {
 public:
  explicit SectionBinaries(std::shared_ptr<plan::PackedWeightStore> packs) : packs_(std::move(packs)) {}
  [[nodiscard]] std::string get(const std::string& key) override {
    const plan::PackedWeightStore::Block block = packs_->find(key);
    return block.data ? std::string(reinterpret_cast<const char*>(block.data.get()), block.bytes) : std::string();
  }
  [[nodiscard]] bool grows() const noexcept override { return packs_->keeps(); }
  void put(const std::string& key, const std::string& binary) override {
    const std::shared_ptr<std::byte> data = base::allocate_aligned(binary.size());
    std::memcpy(data.get(), binary.data(), binary.size());
    packs_->put(key, data, binary.size());
  }

 private:
  std::shared_ptr<plan::PackedWeightStore> packs_;
};

}  // namespace

CompileOptions options_of(const plan::Section& section, const std::vector<std::string>& disabled_passes, int workers) {
  CompileOptions options;
  options.workers = workers;
  options.exact = section.exact;
  options.precision = section.precision;
  options.max_workspace = section.max_workspace;
  options.disabled_passes = disabled_passes;
  options.packs = section.packs.get();
  options.binaries = std::make_shared<SectionBinaries>(section.packs);
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

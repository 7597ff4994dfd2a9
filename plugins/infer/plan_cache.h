#pragma once
// Plans that were built from ONNX files, kept in a folder for the next start. An entry is the plan itself under a name
// made from the model's path and the options; inside it says what it was made from (files with sizes and times,
// options, device, library), and an entry that says anything else is built again. Entries are written to a temporary
// file and renamed, so that processes may share the folder. Any thread.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "engine/api/network.h"
#include "engine/api/plan.h"

namespace vireo::infer {

struct ModelOptions;

class CachedPlan {
 public:
  /// The entry of options.path in the folder options.plan_cache; no folder, no cache.
  explicit CachedPlan(const ModelOptions& options);

  /// The plan, if there is one that fits; warns of a stale or damaged one.
  [[nodiscard]] std::optional<Plan> load() const;
  /// Warns that a plan which load() gave can't be used after all.
  void refuse(const std::string& why) const;
  /// Notes in the network what it is made from; to be called before it is built.
  void label(Network& network) const;
  /// Keeps the plan. A failure is logged, not thrown: only the next start is slower.
  void store(const Plan& plan) const noexcept;

  [[nodiscard]] const std::filesystem::path& file() const noexcept { return file_; }

 private:
  [[nodiscard]] std::string origin(const std::map<std::string, std::string>& metadata) const;
  std::filesystem::path model_, file_;  ///< file_ is empty without a cache
  std::string options_;
};

/// Removes entries of the folder, those used longest ago first, until all together take at most `most_bytes`; `kept`
/// stays.
void prune_cached_plans(const std::filesystem::path& folder, const std::filesystem::path& kept,
                        std::uintmax_t most_bytes);

}  // namespace vireo::infer

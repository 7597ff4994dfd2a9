#pragma once
// Timings of tactics that outlive a build: the next build of a network with the same layers on the same device takes
// them instead of measuring. One cache holds the timings of several devices. A value; one thread at a time.

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/api/export.h"

namespace vireo {

class VIREO_API TimingCache {
 public:
  TimingCache();
  TimingCache(const TimingCache& other);
  TimingCache& operator=(const TimingCache& other);
  TimingCache(TimingCache&&) noexcept;
  TimingCache& operator=(TimingCache&&) noexcept;
  ~TimingCache();

  /// A readable file that save() wrote; a file that isn't there is an empty cache. Throws Error(invalid_model) naming
  /// the file and the line, Error(unsupported) for a version that this Vireo does not read, and Error(io).
  [[nodiscard]] static TimingCache load(const std::filesystem::path& path);
  /// Adds what `other` has and this one lacks.
  void merge(const TimingCache& other);
  /// Writes atomically. What the file has by then and this cache lacks is kept: builds that share a file don't lose
  /// each other's timings. Throws Error(io), and what load() throws.
  void save(const std::filesystem::path& path) const;

  [[nodiscard]] std::vector<std::string> devices() const;  ///< fingerprints, DeviceInfo's
  [[nodiscard]] std::size_t size() const noexcept;         ///< timings of all devices

  struct State;  ///< engine/plan/timing_cache.h
  [[nodiscard]] State& state() noexcept { return *state_; }
  [[nodiscard]] const State& state() const noexcept { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

}  // namespace vireo

#pragma once
// The plan: optimised network, weights once, and one tuned section for each device it was built for. An immutable
// value; copying shares the bytes. A plan without a section for the device at hand still runs there, with heuristic
// tactics.

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/api/export.h"
#include "engine/api/network.h"

namespace vireo {

/// What a plan holds for one device.
struct SectionInfo {
  std::string device;       ///< "cpu", "opencl:0": the name that it was built under
  std::string fingerprint;  ///< where it is used: DeviceInfo::fingerprint
  int workers = 0;          ///< that tactics were timed with; 0: nothing was timed
  Precision precision = Precision::fp32;
  bool exact = false;
  std::size_t tactics = 0;         ///< timed choices
  std::uint64_t packed_bytes = 0;  ///< packed weights that the plan keeps
};

class VIREO_API Plan {
 public:
  Plan() noexcept = default;
  /// Writes atomically: a temporary file that is on the disk before it is renamed. Throws Error(io).
  void save(const std::filesystem::path& path) const;
  /// Reads and checks header and texts, and maps the rest. Throws Error(not_found | invalid_model | io | unsupported).
  /// The weights stay in the file: replace it by rename, as save() does, never in place. Who cuts it off while a plan
  /// or engine of it lives makes the kernel end the process (SIGBUS) when a weight is read.
  [[nodiscard]] static Plan load(const std::filesystem::path& path);
  /// True when the file starts with a plan's magic bytes; false when it can't be read.
  [[nodiscard]] static bool is_plan(const std::filesystem::path& path) noexcept;

  [[nodiscard]] std::vector<TensorInfo> inputs() const;
  [[nodiscard]] std::vector<TensorInfo> outputs() const;
  [[nodiscard]] const std::map<std::string, std::string>& metadata() const;
  [[nodiscard]] std::uint64_t bytes() const noexcept;  ///< size of the file that it was loaded from; 0: of none
  [[nodiscard]] std::uint64_t weight_bytes() const;    ///< of the network, each weight once
  [[nodiscard]] std::vector<SectionInfo> sections() const;
  /// This plan with the sections of another one of the same network, for devices that it has none for. Throws
  /// Error(invalid_argument) where the networks differ.
  [[nodiscard]] Plan with_sections_of(const Plan& other) const;
  [[nodiscard]] explicit operator bool() const noexcept { return state_ != nullptr; }

  struct State;  ///< engine/plan/plan_state.h
  explicit Plan(std::shared_ptr<const State> state) noexcept : state_(std::move(state)) {}
  [[nodiscard]] const State& state() const noexcept { return *state_; }

 private:
  std::shared_ptr<const State> state_;
};

}  // namespace vireo

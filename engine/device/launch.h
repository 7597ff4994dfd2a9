#pragma once
// Work of one device's own kind, as a tactic's prepare() makes it: on the CPU phases of tiles (cpu/launch.h). What is
// here is what planning must know of it, whatever the kind.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace vireo::device {

struct LaunchBase {
  virtual ~LaunchBase() = default;
  std::size_t state_bytes = 0;      ///< packed weights and the like, for reports
  std::size_t workspace_bytes = 0;  ///< for each context, while the step runs
  std::uint64_t unread_inputs = 0;  ///< bit k: never reads input k (its value is packed in the state)
  /// Can mark the words of its output, each of which it writes once, and wait for those of its inputs by their marks
  /// (Step::waits_for).
  bool marks = false;
};

/// A copy that every kind of device must be able to make: rows, possibly with gaps, of input 0 into dense output 0.
struct CopyLaunch final : LaunchBase {
  std::size_t rows = 0, row_bytes = 0, pitch_bytes = 0;
};

/// A value that shares one immutable launch.
class Launch {
 public:
  Launch() = default;
  template <std::derived_from<LaunchBase> T>
  Launch(T own) : own_(std::make_shared<const T>(std::move(own))) {}  // NOLINT: a kernel returns its own kind

  [[nodiscard]] explicit operator bool() const { return own_ != nullptr; }
  [[nodiscard]] const LaunchBase* operator->() const { return own_.get(); }
  /// Null where it is of another kind.
  template <std::derived_from<LaunchBase> T>
  [[nodiscard]] const T* as() const {
    return dynamic_cast<const T*>(own_.get());
  }

 private:
  std::shared_ptr<const LaunchBase> own_;
};

}  // namespace vireo::device

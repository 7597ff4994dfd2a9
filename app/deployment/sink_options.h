#pragma once
// What a sink's properties say that are the sink's own and not its element's: durations, sizes, what is kept, what is
// waited for. Plain values, any thread. Everything throws Error(invalid_argument) that names the place and what is
// accepted.

#include <gst/gst.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"
#include "plugins/sdk/detection.h"

namespace vireo::deployment {

/// How many of a sink's files stay; 0: no limit. The newest one always stays.
struct Keep {
  std::uint64_t files = 0, bytes = 0;
  double seconds = 0;
};

/// "60s", "2h", "500MB", "20": seconds, bytes, or a plain number.
struct Amount {
  enum class Unit : std::uint8_t { none, seconds, bytes } unit = Unit::none;
  double value = 0;
};

/// What a frame must show: "person>0.5, car": one of these classes, with more than that score; `*` is any class.
class When {
 public:
  When() = default;
  explicit When(const config::Option& option);
  [[nodiscard]] bool empty() const { return wanted_.empty(); }
  [[nodiscard]] bool matches(const sdk::Detection& detection) const;
  /// The frame's result with those detections only.
  [[nodiscard]] sdk::FrameResult causes(const sdk::FrameResult& result) const;

 private:
  struct Wanted {
    std::string label;
    float score;
    bool equal;  ///< that score is enough
  };
  std::vector<Wanted> wanted_;
};

class SinkOptions {
 public:
  /// `own`: the names of the sink's own properties. Borrows the sink.
  SinkOptions(const config::SinkConfig& sink, std::vector<std::string_view> own);

  [[nodiscard]] bool has(const std::string& name) const;
  [[nodiscard]] GstClockTime time(const std::string& name, double otherwise_s, double least_s, double most_s) const;
  [[nodiscard]] std::uint64_t bytes(const std::string& name, std::uint64_t otherwise, std::uint64_t least) const;
  /// Seconds or bytes, more than none.
  [[nodiscard]] Amount time_or_bytes(const std::string& name, Amount otherwise) const;
  [[nodiscard]] Keep keep() const;
  [[nodiscard]] When when() const;
  /// Sets the others on the element; its names and the sink's own are told where one is unknown.
  void set_others(GstElement* element) const;

 private:
  const config::SinkConfig& sink_;
  std::vector<std::string_view> own_;
};

}  // namespace vireo::deployment

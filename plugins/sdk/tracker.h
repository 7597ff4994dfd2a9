#pragma once
// The contract of trackers: they give detections of one source stable ids over time. One tracker for each source; one
// thread at a time; frames come in display order.

#include <memory>
#include <span>
#include <string_view>

#include "plugins/sdk/detection.h"
#include "plugins/sdk/frame.h"
#include "plugins/sdk/params.h"

namespace vireo::sdk {

class Tracker {
 public:
  virtual ~Tracker() = default;
  /// Sets track_id of the result's detections; may add coasting detections and may drop unconfirmed ones. `image` is
  /// the frame for trackers that look at pixels (row.needs_image), null otherwise.
  virtual void update(FrameResult& result, const Image* image) = 0;
  /// Forgets all tracks (new stream, seek); ids are not used again.
  virtual void reset() = 0;
};

struct TrackerRow {
  std::string_view name, summary;
  std::unique_ptr<Tracker> (*create)(const Params& params);
  std::span<const ParamRow> params;
  bool needs_image = false;
};

}  // namespace vireo::sdk

#pragma once
// The properties of vireoinfer, as values and as a table. InferSettings is a plain value; the element guards it by its
// object lock.

#include <gst/gst.h>

#include <string>

#include "plugins/gst/properties.h"
#include "plugins/infer/batcher.h"
#include "plugins/infer/degree.h"
#include "plugins/infer/model.h"
#include "plugins/sdk/params.h"

namespace vireo::gst {

enum class DropPolicy : int { automatic, newest, never };

struct InferSettings {
  std::string model, smaller_model, device = "cpu", plan_cache = "auto", decoder = "auto", labels, classes, input_size,
                                    layout, mean, scale, color, resize, options, source_id, stage;
  int precision = 0;  ///< Precision
  int threads = 0, batch_size = 0, contexts = 0, max_inflight = 0, interval = 1, max_detections = 0;
  double max_delay_ms = 5, build_budget_s = 2, score_threshold = -1, iou_threshold = -1;
  DropPolicy drop = DropPolicy::automatic;
  infer::OverloadPolicy overload = infer::OverloadPolicy::skip;
  bool qos = true, hold_results = true, regions = true, analytics = true, raw_tensors = false;

  [[nodiscard]] infer::ModelOptions model_options() const;
  /// Of the smaller network: the same but for what only the usual one's file says.
  [[nodiscard]] InferSettings smaller() const;
  /// Options of decoder and input; throws Error when the free-form `options` can't be read.
  [[nodiscard]] sdk::Params params() const;
  [[nodiscard]] infer::StreamOptions stream_options(bool live, int max_batch) const;
};

/// A marked row makes decoders and preprocessors anew.
[[nodiscard]] PropertyTable<InferSettings> infer_properties();

inline constexpr guint kInferStatsProperty = 1000;  ///< "stats", handled by the element

}  // namespace vireo::gst

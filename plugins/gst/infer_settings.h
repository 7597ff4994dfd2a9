#pragma once
// The properties of vireoinfer: one table row each, which installs, reads and writes them. InferSettings is a plain
// value; the element guards it by its object lock.

#include <gst/gst.h>

#include <string>

#include "plugins/infer/batcher.h"
#include "plugins/infer/model.h"
#include "plugins/sdk/params.h"

namespace vireo::gst {

enum class DropPolicy : int { automatic, newest, never };

struct InferSettings {
  std::string model, device = "cpu", plan_cache = "auto", decoder = "auto", labels, classes, input_size, layout, mean,
                     scale, color, resize, options, source_id, stage;
  int precision = 0;  ///< Precision
  int threads = 0, batch_size = 0, contexts = 0, max_inflight = 0, interval = 1, max_detections = 0;
  double max_delay_ms = 5, build_budget_s = 2, score_threshold = -1, iou_threshold = -1;
  DropPolicy drop = DropPolicy::automatic;
  bool qos = true, hold_results = true, regions = true, analytics = true, raw_tensors = false;

  [[nodiscard]] infer::ModelOptions model_options() const;
  /// Options of decoder and input; throws Error when the free-form `options` can't be read.
  [[nodiscard]] sdk::Params params() const;
  [[nodiscard]] infer::StreamOptions stream_options(bool live, int max_batch) const;
};

void install_infer_properties(GObjectClass* object_class);
/// False when the table doesn't have the id. `session_changed` becomes true when decoder or input options changed.
bool set_infer_property(InferSettings& settings, guint id, const GValue* value, bool& session_changed);
/// True for a property that the loaded model depends on: it can't change while there is one.
[[nodiscard]] bool is_fixed_infer_property(guint id);
bool get_infer_property(const InferSettings& settings, guint id, GValue* value);

inline constexpr guint kInferStatsProperty = 1000;  ///< "stats", handled by the element

}  // namespace vireo::gst

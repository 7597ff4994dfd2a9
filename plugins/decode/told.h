#pragma once
// What a model's metadata tells of its outputs, as the usual exporters write it. Pure functions.

#include <optional>
#include <string>
#include <vector>

#include "plugins/sdk/decoder.h"

namespace vireo::decode {

struct Told {
  std::string task;              ///< "detect", "segment", "pose", "obb", "classify"; empty: not told
  std::string head;              ///< name of the last module; may be empty
  std::size_t names = 0;         ///< how many classes have a name; 0: not told
  int keypoints = 0;             ///< of each object; 0: not told
  int keypoint_values = 3;       ///< x, y and maybe how visible
  std::optional<bool> selected;  ///< whether the graph ends with its own selection
};

[[nodiscard]] Told told_by(const sdk::ModelDescription& description);

/// By how much to believe less in a family that reads `classes` classes: 0.5 where the metadata names another number.
[[nodiscard]] double doubt(const Told& told, std::int64_t classes);

/// Channels of the mask prototypes [channels, H, W] that output `index` holds; 0 where it is none.
[[nodiscard]] int prototype_channels(const sdk::ModelDescription& description, std::size_t index);

}  // namespace vireo::decode

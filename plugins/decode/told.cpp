#include "plugins/decode/told.h"

#include <algorithm>

#include "plugins/decode/labels.h"
#include "plugins/decode/shared.h"

namespace vireo::decode {
namespace {

std::string fact(const sdk::ModelDescription& d, const char* key) {
  const auto found = d.metadata.find(key);
  return found == d.metadata.end() ? std::string() : found->second;
}

/// The whole numbers in "[17, 3]"; nothing for any other text.
std::vector<int> numbers_in(const std::string& text) {
  std::vector<int> numbers;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] < '0' || text[at] > '9') {
      ++at;
      continue;
    }
    int value = 0;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at)
      value = std::min(value * 10 + (text[at] - '0'), 1 << 20);
    numbers.push_back(value);
  }
  return numbers;
}

}  // namespace

Told told_by(const sdk::ModelDescription& d) {
  Told told;
  told.task = fact(d, "task");
  told.head = fact(d, "head");
  told.names = named_classes(d).size();
  if (const auto shape = numbers_in(fact(d, "kpt_shape"));
      shape.size() == 2 && shape[0] >= 1 && shape[0] <= 512 && (shape[1] == 2 || shape[1] == 3)) {
    told.keypoints = shape[0];
    told.keypoint_values = shape[1];
  }
  const std::string end = fact(d, "end2end");
  if (end == "True" || end == "true") told.selected = true;
  const std::string arguments = fact(d, "args");
  if (arguments.find("'nms': True") != std::string::npos) told.selected = true;
  if (!told.selected && (end == "False" || end == "false")) told.selected = false;
  return told;
}

double doubt(const Told& told, std::int64_t classes) {
  return told.names > 0 && classes > 0 && std::int64_t(told.names) != classes ? 0.5 : 1;
}

int prototype_channels(const sdk::ModelDescription& d, std::size_t index) {
  if (index >= d.outputs.size()) return 0;
  const Dims dims = image_dims(d.outputs[index].dims);
  if (dims.size() != 3 || dims[0] < 1 || dims[0] > 1024) return 0;
  const Size size = input_size(d);
  const bool known = size.known() && dims[1] != kUnknown && dims[2] != kUnknown;
  if (known && (dims[1] > size.height || dims[2] > size.width)) return 0;
  return int(dims[0]);
}

}  // namespace vireo::decode

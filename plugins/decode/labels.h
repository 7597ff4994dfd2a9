#pragma once
// Class names: from the user, from the model's metadata, or a well-known set of the right size. Pure functions.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/sdk/decoder.h"

namespace vireo::decode {

/// The 80 object classes of COCO in the usual contiguous order.
[[nodiscard]] std::span<const std::string_view> coco80();

/// The 1000 classes of ImageNet in the usual order.
[[nodiscard]] std::span<const std::string_view> imagenet1000();

/// Names by class id; empty where nothing is known. The option `labels` wins, then the metadata key `names` (a Python
/// dict or list, or JSON: {0: 'person', ...}) or one of its other usual names (class_names, labels, id2label, …; also
/// comma lists), then COCO for 80 classes and ImageNet for 1000 (1001: a background first). The option is a list
/// "a,'b, c',d", a literal as above, coco80, imagenet, or a file: "file:PATH", or what looks like one. Throws Error
/// when a labels file can't be read.
[[nodiscard]] std::vector<std::string> choose_labels(const sdk::ModelDescription& description,
                                                     const sdk::Params& params, int class_count);

/// What the model's metadata says; empty where it says nothing.
[[nodiscard]] std::vector<std::string> named_classes(const sdk::ModelDescription& description);

/// Names out of "{0: 'person', 1: \"it's\"}", "{'person': 0}" or "['a', 'b']", with the escapes of Python and JSON;
/// empty when the text is none of them.
[[nodiscard]] std::vector<std::string> parse_names(std::string_view text);

}  // namespace vireo::decode

#pragma once
// Reads deployment and model files (protobuf text format). Errors name file, line, column, what was found and the
// fields that are accepted there. Stateless, any thread.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "config/settings.h"

namespace vireo::config {

/// A property of an element, which is a field of the message that stands for the element.
struct Knob {
  enum class Type : std::uint8_t { boolean, integer, natural, number, text };
  std::string name;  ///< "max-delay"; in files max_delay
  Type type = Type::text;
};
/// By message: "Infer", "Draw".
using Knobs = std::map<std::string, std::vector<Knob>>;

/// What a deployment without streams is: a mistake, unless they can be added later.
enum class NoStreams { refused, accepted };

/// Throws Error(not_found | io | invalid_argument). Model files that it names are read too. One that has `control` may
/// have no streams.
[[nodiscard]] DeploymentConfig load_deployment(const std::filesystem::path& path, const Knobs& knobs,
                                               NoStreams none = NoStreams::refused);

/// Adds what a model file says to the properties of vireoinfer; what is there already wins. Throws Error.
void apply_model_file(const std::filesystem::path& path, Options& infer);

/// True for the names of text-format files: .pbtxt, .textproto, .prototxt.
[[nodiscard]] bool is_text_config(const std::filesystem::path& path);

}  // namespace vireo::config

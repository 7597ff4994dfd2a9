#pragma once
// Reads deployment and model files (protobuf text format). Errors name file, line, column, what was found and the
// fields that are accepted there. Paths inside come back absolute. Stateless, any thread.

#include <filesystem>

namespace vireo::config {

class Deployment;
class Model;

/// Throws Error(not_found | io | invalid_argument).
void load(const std::filesystem::path& path, Deployment& deployment);
void load(const std::filesystem::path& path, Model& model);

/// True for the names of text-format files: .pbtxt, .textproto, .prototxt.
[[nodiscard]] bool is_text_config(const std::filesystem::path& path);

}  // namespace vireo::config

#pragma once
// Frame results as JSON (RFC 8259): one object on one line, no line breaks inside. Pure functions, any thread.

#include <string>
#include <string_view>

#include "plugins/sdk/detection.h"

namespace vireo::publish {

/// Appends the text in quotes. Bytes that are not UTF-8 become U+FFFD, so the output is always valid.
void append_quoted(std::string& json, std::string_view text);

/// Version of what plugins/publish/README.md describes. It grows when a key changes its meaning or goes; readers must
/// ignore keys that they don't know.
inline constexpr int kSchema = 1;

/// Appends the object without a line end. Numbers that are not finite become null. What is not known is left out.
void append_frame(std::string& json, const sdk::FrameResult& result);
/// The same, with the schema's version in front.
void append_record(std::string& json, const sdk::FrameResult& result);

}  // namespace vireo::publish

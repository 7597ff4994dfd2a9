#pragma once
// The sinks of a stream: the one owner of their addresses. A kind of sink is one file with one row: what its addresses
// look like, which file they name, and the output that takes the frames.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "app/deployment/output.h"

namespace vireo::deployment {

struct SinkAddress {
  std::string scheme;  ///< "jsonl:", or the whole address where there is no file
  std::string file;    ///< that is written; "" and "-": none
  std::string mount;   ///< a path that is no file, and one stream's
  std::string place;   ///< of a mount: the same for all spellings of it
};

struct SinkRow {
  std::string_view forms;  ///< "FILE.mp4, FILE.mkv", for messages
  bool keeps_every_frame;  ///< even where a window shown at the same time skips late ones
  bool replaces;           ///< the file appears under its name when it is whole; else it is opened and added to
  bool a_file_each;        ///< streams can't write into one file together
  /// Nothing where the address is another kind's.
  std::optional<SinkAddress> (*parse)(const std::string& to);
  /// Null: frames go nowhere. Throws Error.
  std::unique_ptr<Output> (*create)(const config::SinkConfig& sink, const OutputContext& context);
};

[[nodiscard]] std::span<const SinkRow* const> sink_rows();
/// Throws Error(invalid_argument) listing what is accepted.
[[nodiscard]] const SinkRow& sink_row(const config::SinkConfig& sink);
[[nodiscard]] SinkAddress sink_address(const config::SinkConfig& sink);
/// The file that the sink writes; "" for none.
[[nodiscard]] std::string sink_file(const config::SinkConfig& sink);
/// With its path seen from its folder, and the stream's name in it where streams share the sink.
[[nodiscard]] config::SinkConfig resolved(config::SinkConfig sink, const std::string& stream);

/// Throws Error(invalid_argument) when two streams would be found at one place. The configuration is resolved.
void check_mounts(const config::DeploymentConfig& config);

/// True when a window can be opened; the sink's factory name, else empty.
[[nodiscard]] std::string find_display_sink();

/// For rows that are files by their names' ends: {".mp4", …}.
[[nodiscard]] bool is_file_named(const std::string& to, std::span<const std::string_view> ends);

}  // namespace vireo::deployment

#pragma once
// A deployment as plain values: read from files by config/loader.h, or filled by the command line and tests. Values
// that a person wrote know their place, so that whoever refuses one can say where it stands. Equal settings mean the
// same running stream: places do not count.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace vireo::config {

/// "file.pbtxt:3:9", "$.source.uri" of JSON, "--set", or nothing, and what stands there ("max_delay"). All are equal.
struct Place {
  std::string text;
  std::string written{};
  friend bool operator==(const Place&, const Place&) { return true; }
};

/// The value of an element's property, as text.
struct Option {
  std::string value;
  Place place;
  bool operator==(const Option&) const = default;
};
/// By the property's name: "max-delay".
using Options = std::map<std::string, Option>;

struct SourceConfig {
  std::string uri;  ///< file, directory or glob of pictures or videos, /dev/videoN, scheme://…, "vireoscene", "test"
  Place place;
  std::string folder;         ///< relative paths start here; empty: the working directory
  int width = 0, height = 0;  ///< vireoscene, test, cameras; 0: their own
  double fps = 0;
  bool live = false;  ///< vireoscene, test: frames come at their time; http(s): it is a camera
  bool loop = false;  ///< a file or folder begins again at its end
  // Seconds without a frame: until a live source is opened anew and a file has failed (0: by its kind), until the
  // stream has failed whatever is tried (0: never), and the same until the first frame.
  double stall_timeout_s = 0, give_up_s = 0, first_frame_s = 0;
  double retry_max_s = 0;  ///< between two attempts to open it; 0: 30
  Options properties;      ///< of the element that opens it: rtspsrc, v4l2src, vireoscene, …
  bool operator==(const SourceConfig&) const = default;
};

/// One element that looks at the frames.
struct StageConfig {
  std::string element = "vireoinfer";
  Options properties;
  bool operator==(const StageConfig&) const = default;
};

struct SinkConfig {
  std::string to;  ///< "display", "FILE.mp4", "jsonl:FILE", … (app/deployment/sinks.h)
  Place place;
  std::string folder;   ///< relative paths start here; empty: the working directory
  bool shared = false;  ///< with other streams: a file's name gets the stream's
  Options properties;
  bool operator==(const SinkConfig&) const = default;
};

struct StreamConfig {
  std::string name;  ///< in results, figures and file names
  Place place;
  SourceConfig source;
  std::vector<StageConfig> stages;
  bool draw = true;  ///< results into pictures
  Options draw_properties;
  std::vector<SinkConfig> sinks;
  std::uint64_t max_frames = 0;  ///< 0: until the source ends
  bool operator==(const StreamConfig&) const = default;
};

/// Whether and where the deployment is changed from outside while it runs (app/control).
struct ControlConfig {
  std::string listen;  ///< "[HOST:]PORT"
  Place place;
  std::string token_file;  ///< "": no token is asked for
  Place token_place;
  bool operator==(const ControlConfig&) const = default;
};

struct DeploymentConfig {
  std::vector<StreamConfig> streams;
  StreamConfig defaults;  ///< what a stream that is added later begins with
  std::optional<ControlConfig> control;
  /// The files that were read for it, by what they are: "the deployment", "the model file".
  std::vector<std::pair<std::string, std::string>> files;
};

}  // namespace vireo::config

#pragma once
// What a pipeline is made of, as plain values: filled by the command line or from a deployment file. No GStreamer here.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace vireo::config {
class Deployment;
class Model;
}  // namespace vireo::config

namespace vireo::deployment {

struct SourceConfig {
  std::string uri;            ///< file, directory or glob of pictures, /dev/videoN, scheme://…, "vireoscene", "test"
  std::string name;           ///< in results and file names; empty: source0, source1, …
  int width = 0, height = 0;  ///< vireoscene, test, cameras; 0: their own
  double fps = 0;
  bool live = false;                              ///< vireoscene, test
  std::map<std::string, std::string> properties;  ///< of vireoscene: seed, first-frame, step, …
};

using Properties = std::map<std::string, std::string>;

struct PipelineConfig {
  std::vector<SourceConfig> sources;
  Properties infer;            ///< of vireoinfer; "model" must be there
  bool draw = true;            ///< results into pictures before display and video files
  Properties draw_properties;  ///< of vireodraw
  std::vector<std::string>
      sinks;  ///< "display", "FILE.mp4", "FILE.mkv", "jsonl:FILE", "jsonl:-", "none"; none: count only
  std::uint64_t max_frames = 0;  ///< of each source; 0: until it ends
  double stall_timeout_s = 30;   ///< error when nothing moves for this long
};

/// Adds what a model file says to the properties of vireoinfer; what is there already wins.
void apply_model(const config::Model& model, Properties& infer);
/// Throws Error when the deployment names a model file that can't be read.
[[nodiscard]] PipelineConfig from_deployment(const config::Deployment& deployment);

}  // namespace vireo::deployment

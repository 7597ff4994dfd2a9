#pragma once
// The schema with the elements' properties as fields, and how its messages become values whatever they were written
// in. For the readers in this folder.

#include <google/protobuf/dynamic_message.h>

#include <memory>

#include "config/loader.h"
#include "config/text_file.h"

namespace vireo::config {

/// Owns the types of one reading.
struct Schema {
  /// `root`: "Deployment" or "Stream".
  Schema(const Knobs& knobs, const char* root);
  google::protobuf::DescriptorPool pool;
  google::protobuf::DynamicMessageFactory factory{&pool};
  std::unique_ptr<google::protobuf::Message> message;
};

[[nodiscard]] DeploymentConfig read_deployment(const Node& root, NoStreams none);
/// Over what `stream` holds already.
void read_stream(const Node& node, StreamConfig& stream);
/// Refuses what lacks a source or model, and reads model files, which are added to the files of `config`.
void complete(StreamConfig& stream, DeploymentConfig& config);

}  // namespace vireo::config

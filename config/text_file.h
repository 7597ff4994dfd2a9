#pragma once
// A protobuf text file with the places of its fields. For the readers in this folder.

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/text_format.h>

#include <filesystem>
#include <string>
#include <vector>

#include "config/settings.h"

namespace vireo::config {

/// Fills the message and the places of what was written. Throws Error that names file, line, column and what is
/// accepted.
void parse_text(const std::filesystem::path& path, google::protobuf::Message& message,
                google::protobuf::TextFormat::ParseInfoTree& places);

/// A message of a file: fields by name, each with its place. Borrows message and tree. Of JSON, `path` is the message's
/// place ("$.source"), and the file is one that would lie in the folder that relative paths start in.
class Node {
 public:
  Node(const google::protobuf::Message& message, const google::protobuf::TextFormat::ParseInfoTree* places,
       const std::filesystem::path& file, std::string path = {})
      : message_(&message), places_(places), file_(&file), path_(std::move(path)) {}

  [[nodiscard]] bool has(const char* field) const;
  [[nodiscard]] std::string text(const char* field) const;
  [[nodiscard]] double number(const char* field, double otherwise) const;
  [[nodiscard]] bool flag(const char* field, bool otherwise) const;
  /// A message field; one per element where it is repeated, none where it is absent.
  [[nodiscard]] std::vector<Node> children(const char* field) const;
  /// All scalar fields that were written, as properties: `max_delay` is "max-delay".
  [[nodiscard]] Options options() const;
  /// A map<string, string>. (The place of a repeated field without an index is that of its first element.)
  [[nodiscard]] Options map(const char* field) const;
  [[nodiscard]] Place place(const char* field, int index = -1) const;
  [[nodiscard]] const std::filesystem::path& file() const { return *file_; }

 private:
  [[nodiscard]] const google::protobuf::FieldDescriptor* find(const char* field) const;
  const google::protobuf::Message* message_;
  const google::protobuf::TextFormat::ParseInfoTree* places_;
  const std::filesystem::path* file_;
  std::string path_;
};

}  // namespace vireo::config

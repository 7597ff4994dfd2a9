#pragma once
// The list of tests that are refused, one a line: the test's name, a blank, the reason. Sorted by name; lines that
// begin with # say what the list is. For the conformance test alone.

#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace vireo::testing {

class RefusedList {
 public:
  explicit RefusedList(std::string path) : path_(std::move(path)) {
    std::ifstream file(path_);
    for (std::string line; std::getline(file, line);) {
      if (line.starts_with('#')) head_ += line + "\n";
      const std::size_t blank = line.find(' ');
      if (line.empty() || line.starts_with('#')) continue;
      reasons_[line.substr(0, blank)] = blank == std::string::npos ? "" : line.substr(blank + 1);
    }
  }
  [[nodiscard]] bool has(const std::string& name) const { return reasons_.contains(name); }
  [[nodiscard]] const std::map<std::string, std::string>& reasons() const { return reasons_; }

  /// Writes the list anew; reasons that somebody wrote for a test that is still refused stay.
  void write(std::map<std::string, std::string> found) const {
    std::ofstream file(path_);
    file << head_;
    for (auto& [name, reason] : found) {
      const auto known = reasons_.find(name);
      file << name << ' ' << (known == reasons_.end() || known->second.empty() ? reason : known->second) << '\n';
    }
  }

 private:
  std::string path_, head_;
  std::map<std::string, std::string> reasons_;
};

/// The kind of a refusal, by the importer's words.
inline std::string reason_of(const std::string& name, const std::string& message) {
  const auto says = [&](const char* part) { return message.find(part) != std::string::npos; };
  const auto named = [&](const char* part) { return name.find(part) != std::string::npos; };
  if (says("training") || named("training") || says("(Adam,") || says("(Adagrad,") || says("(Momentum,") ||
      says("(Gradient,") || says(".training'"))
    return "training";
  static const std::pair<const char*, const char*> kOperators[] = {
      {"(ImageDecoder", "image decoder"}, {"(Loop", "loop"},         {"(Scan", "scan"},
      {"(Optional", "optional"},          {"(Sequence", "sequence"}, {"(SplitToSequence", "sequence"}};
  for (const auto& [part, reason] : kOperators)
    if (says(part)) return reason;
  if (named("optional") || named("_opt")) return "optional";
  if (says("is a sequence") || says("is no tensor") || says("sequence whose length")) return "sequence";
  for (const char* type : {"float8", "float4", "int4", "int2"})
    if (says(type)) return std::string("element type ") + type;
  if (says("element type string")) return "element type string";
  const std::size_t open = message.find(" (");
  const std::size_t end = open == std::string::npos ? open : message.find_first_of(",)", open);
  return end == std::string::npos ? "refused" : "operator " + message.substr(open + 2, end - open - 2);
}

}  // namespace vireo::testing

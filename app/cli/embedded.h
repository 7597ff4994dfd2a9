#pragma once
// The demo's model, held in the program itself, as a file without a place on disk.

#include <string>

namespace vireo::cli {

/// A file in memory; its path is valid in this process while the object lives.
class EmbeddedFile {
 public:
  explicit EmbeddedFile(int descriptor) : descriptor_(descriptor) {}
  EmbeddedFile(EmbeddedFile&& other) noexcept : descriptor_(other.descriptor_) { other.descriptor_ = -1; }
  EmbeddedFile& operator=(EmbeddedFile&&) = delete;
  ~EmbeddedFile();
  [[nodiscard]] std::string path() const;

 private:
  int descriptor_;
};

/// Throws Error(io).
[[nodiscard]] EmbeddedFile embedded_model();

}  // namespace vireo::cli

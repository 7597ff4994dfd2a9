#pragma once
// The files that a command or deployment reads and those that it writes, by path, so that no file of the user is
// overwritten: an output that is an input, or another output, is refused before anything is opened, and so is one that
// can't be written, before minutes of building. Files are the same by name, by another spelling of it, by a symbolic or
// a hard link.

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "engine/api/error.h"
#include "engine/api/network.h"

namespace vireo::files {

/// What the user asked for can't be meant: a command's exit code is 2.
class UsageError : public Error {
 public:
  explicit UsageError(const std::string& message) : Error(ErrorCode::invalid_argument, message) {}
};

enum class OutputKind {
  replaced,  ///< written to a temporary file and renamed: a regular file, or a device such as /dev/null
  text,      ///< the same, but a pipe is written too
  in_place,  ///< opened under its name and written piece by piece; pipes too
};

class Outputs {
 public:
  /// A file to read; `what` as in "the model". "" and "-" mean no file.
  void read(const std::string& what, const std::filesystem::path& path);
  /// A file to write; `what` is the flag that names it. "" and "-" (standard output) mean no file.
  void write(const std::string& what, const std::filesystem::path& path, OutputKind kind = OutputKind::text);
  /// A folder to write files into, which is made if need be.
  void write_folder(const std::string& what, const std::filesystem::path& path);

  /// Throws UsageError where an output is an input or another output, Error(not_found | io) where one can't be written.
  void check() const;
  /// True when an output is there already and lies in the folder or below, or has several names.
  [[nodiscard]] bool may_replace_in(const std::filesystem::path& folder) const;

 private:
  struct File {
    std::string what;
    std::filesystem::path path, canonical;
    OutputKind kind;
    bool exists, regular;  ///< links followed
    dev_t device;
    ino_t inode;
    nlink_t names;
  };
  [[nodiscard]] static File look_at(const std::string& what, const std::filesystem::path& path, OutputKind kind);
  [[nodiscard]] static bool same(const File& a, const File& b);
  static void check_written(const File& output);

  std::vector<File> inputs_, outputs_, folders_;
};

/// The files next to the model that hold its weights; known only once it was imported.
void read_external_data(Outputs& files, const std::string& model, const Network& network);

}  // namespace vireo::files

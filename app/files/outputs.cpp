#include "app/files/outputs.h"

#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sstream>

#include "engine/api/error.h"

namespace vireo::files {
namespace {

namespace fs = std::filesystem;

bool none(const fs::path& path) { return path.empty() || path == "-"; }

/// The one path of a file, whether it is there or not. Links to nothing are followed too: they say where it would be.
fs::path one_path(fs::path path) {
  std::error_code failed;
  for (int links = 0; links < 40; ++links) {
    const fs::path target = fs::read_symlink(path, failed);
    if (failed) break;
    path = path.parent_path() / target;  // an absolute target replaces the path
  }
  const fs::path absolute = fs::absolute(path, failed);
  const fs::path canonical = fs::weakly_canonical(absolute, failed);
  return failed ? absolute.lexically_normal() : canonical;
}

fs::path folder_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : "."; }

void check_folder(const std::string& what, const fs::path& path, const fs::path& folder) {
  std::error_code failed;
  const fs::file_status status = fs::status(folder, failed);
  if (status.type() == fs::file_type::not_found)
    throw Error(ErrorCode::not_found,
                fmt::format("{} '{}': there is no folder '{}'", what, path.string(), folder.string()));
  if (!fs::is_directory(status))
    throw Error(ErrorCode::io, fmt::format("{} '{}': '{}' is no folder", what, path.string(), folder.string()));
  if (::access(folder.c_str(), W_OK | X_OK) != 0)
    throw Error(ErrorCode::io, fmt::format("{} '{}': nothing can be written into the folder '{}': {}", what,
                                           path.string(), folder.string(), std::strerror(errno)));
}

}  // namespace

Outputs::File Outputs::look_at(const std::string& what, const fs::path& path, OutputKind kind) {
  struct stat info {};
  const bool exists = ::stat(path.c_str(), &info) == 0;
  return {what,        path,        one_path(path), kind, exists, exists && S_ISREG(info.st_mode),
          info.st_dev, info.st_ino, info.st_nlink};
}

bool Outputs::same(const File& a, const File& b) {
  if (a.exists != b.exists) return false;
  if (a.exists) return a.regular && b.regular && a.device == b.device && a.inode == b.inode;
  if (a.canonical == b.canonical) return true;
  struct stat one {
  }, other{};  // a folder may be mounted in two places
  return a.canonical.filename() == b.canonical.filename() && ::stat(folder_of(a.canonical).c_str(), &one) == 0 &&
         ::stat(folder_of(b.canonical).c_str(), &other) == 0 && one.st_dev == other.st_dev &&
         one.st_ino == other.st_ino;
}

void Outputs::read(const std::string& what, const fs::path& path) {
  if (!none(path)) inputs_.push_back(look_at(what, path, OutputKind::text));
}

void Outputs::write(const std::string& what, const fs::path& path, OutputKind kind) {
  if (!none(path)) outputs_.push_back(look_at(what, path, kind));
}

void Outputs::write_folder(const std::string& what, const fs::path& path) {
  if (!path.empty()) folders_.push_back(look_at(what, path, OutputKind::replaced));
}

void Outputs::check_written(const File& out) {
  const std::string text = out.path.string();
  std::error_code failed;
  const fs::path folder = folder_of(fs::is_symlink(out.path, failed) ? out.canonical : out.path);
  struct stat info {};
  if (::stat(out.path.c_str(), &info) != 0) {
    if (errno != ENOENT) throw Error(ErrorCode::io, fmt::format("{} '{}': {}", out.what, text, std::strerror(errno)));
    check_folder(out.what, out.path, folder);
    return;
  }
  if (S_ISDIR(info.st_mode))
    throw Error(ErrorCode::io, fmt::format("{} '{}' is a folder; name a file", out.what, text));
  if (out.kind == OutputKind::replaced && !S_ISREG(info.st_mode) && !S_ISCHR(info.st_mode))
    throw Error(ErrorCode::io, fmt::format("{} '{}' is a pipe, a socket or a disk; name a file", out.what, text));
  if (S_ISREG(info.st_mode) && out.kind != OutputKind::in_place) check_folder(out.what, out.path, folder);
  else if (::access(out.path.c_str(), W_OK) != 0)
    throw Error(ErrorCode::io, fmt::format("{} '{}' can't be written: {}", out.what, text, std::strerror(errno)));
}

void Outputs::check() const {
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    const File& out = outputs_[i];
    for (const File& in : inputs_)
      if (same(in, out))
        throw UsageError(fmt::format("{} '{}' would overwrite {}{}; name another file", out.what, out.path.string(),
                                     in.what, in.path == out.path ? "" : " '" + in.path.string() + "', the same file"));
    for (std::size_t k = 0; k < i; ++k)
      if (same(outputs_[k], out))
        throw UsageError(fmt::format("{} '{}' and {} '{}' are the same file; name another one for one of them",
                                     outputs_[k].what, outputs_[k].path.string(), out.what, out.path.string()));
  }
  for (const File& out : outputs_) check_written(out);
  for (const File& folder : folders_) {
    fs::path there = folder.canonical;
    std::error_code failed;
    while (!fs::exists(there, failed) && there.has_relative_path()) there = there.parent_path();
    check_folder(folder.what, folder.path, there);
  }
}

bool Outputs::may_replace_in(const fs::path& folder) const {
  const fs::path root = one_path(folder.empty() ? fs::path(".") : folder);
  return std::any_of(outputs_.begin(), outputs_.end(), [&](const File& out) {
    if (!out.regular) return false;
    const auto ends = std::mismatch(root.begin(), root.end(), out.canonical.begin(), out.canonical.end());
    return out.names > 1 || ends.first == root.end();
  });
}

void read_external_data(Outputs& files, const std::string& model, const Network& network) {
  const auto list = network.metadata().find("onnx.external_data");  // one a line
  if (list == network.metadata().end()) return;
  std::istringstream lines(list->second);
  for (std::string line; std::getline(lines, line);)
    files.read("the model's external data", fs::path(model).parent_path() / line);
}

}  // namespace vireo::files

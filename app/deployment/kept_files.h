#pragma once
// The files that a sink writes one after the other under a pattern, and how many of them stay. A list beside them
// (".PATTERN.written") knows which ones this sink has written: only those are ever removed, and only as long as they
// are what was written (same file, size and time). Names that anything has are never taken. Any thread.

#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "app/deployment/sink_options.h"

namespace vireo::deployment {

/// "DIR/rec-%05d.mp4" (a number of at least five digits) or "DIR/rec-%t.mp4" (when it began, in UTC:
/// 20261128T205504.123Z).
class NamePattern {
 public:
  /// Nothing where the file's name holds neither, or more than one of them.
  [[nodiscard]] static std::optional<NamePattern> parse(const std::filesystem::path& path);
  [[nodiscard]] std::filesystem::path path(std::uint64_t number, std::int64_t utc_ms) const;
  [[nodiscard]] bool numbered() const { return digits_ >= 0; }
  /// The number of a file of this pattern (0 where it has a time); nothing for other names.
  [[nodiscard]] std::optional<std::uint64_t> number_of(const std::string& name) const;
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
  std::string before_, after_;
  int digits_ = -1;  ///< least ones; -1: the time
};

class KeptFiles {
 public:
  /// A part that a killed process left is given to `salvage`, which makes it a whole file where it can, and then has
  /// its own name. Throws Error(io) when nothing can be written there, or another process writes this pattern.
  KeptFiles(const std::filesystem::path& pattern, Keep keep,
            const std::function<bool(const std::filesystem::path&)>& salvage = {});
  ~KeptFiles();
  KeptFiles(const KeptFiles&) = delete;
  KeptFiles& operator=(const KeptFiles&) = delete;

  /// A name that nothing has, nor with the other extension beside it.
  [[nodiscard]] std::filesystem::path next(const std::string& beside = {});
  struct Written {
    std::filesystem::path name, now;  ///< how it will be called, and where it lies until then
  };
  /// They belong together: they go together. None goes before settle(), which has to follow, whether the first has got
  /// its name or not.
  void add(const std::vector<Written>& files);
  /// What was added with this name first is called so now, or never will be. Removes what is too much.
  void settle(const std::filesystem::path& name);
  /// Removes what is too much.
  void prune();

 private:
  struct File {
    std::string name;
    std::uint64_t inode = 0, size = 0;
    std::int64_t mtime_ns = 0;
  };
  struct Group {
    std::uint64_t id;
    std::vector<File> files;
    bool on_its_way = false;  ///< in the list, and about to get its name
    [[nodiscard]] std::uint64_t bytes() const;
  };
  void open_list();
  void read_list();
  void write_list();
  void append(const std::string& lines);
  void look_around(const std::function<bool(const std::filesystem::path&)>& salvage);
  void add_locked(const std::vector<Written>& files, bool on_its_way);
  void forget_missing();
  [[nodiscard]] bool too_much() const;
  void prune_locked();
  void remove(const Group& group);

  const NamePattern pattern_;
  const Keep keep_;
  std::filesystem::path list_;
  std::mutex mutex_;  ///< guards what follows
  int lock_ = -1;     ///< the list, open and locked
  std::deque<Group> groups_;
  std::uint64_t next_number_ = 0, next_id_ = 0, gone_ = 0;
  std::int64_t last_ms_ = 0;
  bool list_broken_ = false;  ///< the list lacks something: it is written anew when it can be
};

}  // namespace vireo::deployment

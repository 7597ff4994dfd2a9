#include "app/deployment/kept_files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <sstream>

#include "app/deployment/recording_file.h"
#include "engine/api/error.h"
#include "engine/api/log.h"

namespace vireo::deployment {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kGoneBeforeAnew = 1000;  ///< removed groups, then the list is written anew

bool digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// 20261128T205504.123Z
bool is_time(std::string_view text) {
  return text.size() == 20 && digits(text.substr(0, 8)) && text[8] == 'T' && digits(text.substr(9, 6)) &&
         text[15] == '.' && digits(text.substr(16, 3)) && text[19] == 'Z';
}

std::string time_text(std::int64_t utc_ms) {
  const std::time_t seconds = utc_ms / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32], all[40];
  std::strftime(text, sizeof text, "%Y%m%dT%H%M%S", &parts);
  std::snprintf(all, sizeof all, "%s.%03dZ", text, int(utc_ms % 1000));
  return all;
}

std::int64_t now_utc_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::int64_t mtime_of(const struct stat& info) {
  return std::int64_t(info.st_mtim.tv_sec) * 1000000000 + info.st_mtim.tv_nsec;
}

bool is_there(const fs::path& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0 || errno != ENOENT;
}

[[noreturn]] void fail_list(const fs::path& path, const std::string& why) {
  throw Error(ErrorCode::io, "the list of written files '" + path.string() + "' " + why);
}

}  // namespace

// ---- names ---------------------------------------------------------------------------------------------------------

std::optional<NamePattern> NamePattern::parse(const fs::path& path) {
  const std::string name = path.filename().string();
  NamePattern pattern;
  pattern.folder_ = path.parent_path();
  bool found = false;
  for (std::size_t at = 0; at < name.size(); ++at) {
    if (static_cast<unsigned char>(name[at]) < 0x20) return std::nullopt;
    if (name[at] == '%') {
      std::size_t end = at + 1;
      while (end < name.size() && name[end] >= '0' && name[end] <= '9') ++end;
      const bool number = end < name.size() && name[end] == 'd' && end - at <= 3;
      const bool time = name.compare(at, 2, "%t") == 0;
      if (number || time) {
        if (found) return std::nullopt;
        found = true;
        pattern.digits_ = number ? std::atoi(name.substr(at + 1, end - at - 1).c_str()) : -1;
        at = end;
        continue;
      }
    }
    (found ? pattern.after_ : pattern.before_) += name[at];
  }
  if (!found) return std::nullopt;
  return pattern;
}

fs::path NamePattern::path(std::uint64_t number, std::int64_t utc_ms) const {
  std::string middle = numbered() ? std::to_string(number) : time_text(utc_ms);
  if (numbered() && middle.size() < std::size_t(digits_)) middle.insert(0, std::size_t(digits_) - middle.size(), '0');
  return folder_ / (before_ + middle + after_);
}

std::optional<std::uint64_t> NamePattern::number_of(const std::string& name) const {
  if (name.size() <= before_.size() + after_.size() || !name.starts_with(before_) || !name.ends_with(after_))
    return std::nullopt;
  const std::string middle = name.substr(before_.size(), name.size() - before_.size() - after_.size());
  if (!numbered()) return is_time(middle) ? std::optional<std::uint64_t>(0) : std::nullopt;
  const bool padded = middle.size() > 1 && middle[0] == '0' && middle.size() > std::size_t(digits_);
  if (!digits(middle) || middle.size() > 18 || middle.size() < std::size_t(digits_) || padded) return std::nullopt;
  return std::stoull(middle);
}

// ---- the list ------------------------------------------------------------------------------------------------------

std::uint64_t KeptFiles::Group::bytes() const {
  std::uint64_t sum = 0;
  for (const File& file : files) sum += file.size;
  return sum;
}

KeptFiles::KeptFiles(const fs::path& pattern, Keep keep, const std::function<bool(const fs::path&)>& salvage)
    : pattern_(*NamePattern::parse(pattern)),
      keep_(keep),
      list_(pattern.parent_path() / ("." + pattern.filename().string() + ".written")) {
  open_list();
  try {
    read_list();
    look_around(salvage);
    prune_locked();
  } catch (...) {
    ::close(lock_);
    throw;
  }
}

KeptFiles::~KeptFiles() {
  if (list_broken_) write_list();
  struct stat held {};
  if (groups_.empty() && ::fstat(lock_, &held) == 0 && held.st_size == 0) ::unlink(list_.c_str());
  ::close(lock_);
}

void KeptFiles::open_list() {
  for (int attempt = 0; attempt < 100; ++attempt) {
    lock_ = ::open(list_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (lock_ < 0) fail_list(list_, std::string("can't be written: ") + std::strerror(errno));
    if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
      ::close(lock_);
      fail_list(list_, "is in use: another sink or process writes files of these names");
    }
    struct stat held {
    }, named{};
    if (::fstat(lock_, &held) == 0 && ::lstat(list_.c_str(), &named) == 0 && held.st_ino == named.st_ino) return;
    ::close(lock_);
  }
  fail_list(list_, "changes all the time");
}

/// "+ GROUP INODE SIZE MTIME NAME" and "- GROUP", a line each; what can't be read is left out.
void KeptFiles::read_list() {
  std::ifstream lines(list_);
  std::map<std::uint64_t, Group> groups;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    char what = 0;
    std::uint64_t id = 0;
    File file;
    words >> what >> id;
    if (what == '-') {
      gone_ += groups.erase(id);
    } else if (what == '+' && words >> file.inode >> file.size >> file.mtime_ns) {
      words.get();
      if (!std::getline(words, file.name) || file.name.empty() || file.name.find('/') != std::string::npos) continue;
      groups.try_emplace(id, Group{id, {}}).first->second.files.push_back(file);
    }
    next_id_ = std::max(next_id_, id + 1);
  }
  for (auto& [id, group] : groups) groups_.push_back(std::move(group));
  forget_missing();
}

/// What somebody has removed or renamed counts no more.
void KeptFiles::forget_missing() {
  const auto before = groups_.size();
  std::erase_if(groups_, [&](const Group& group) {
    return !group.on_its_way && !is_there(pattern_.folder() / group.files.front().name);
  });
  gone_ += before - groups_.size();
}

namespace {

template <typename Group>
std::string lines_for(const Group& group) {
  std::ostringstream lines;
  for (const auto& file : group.files)
    lines << "+ " << group.id << ' ' << file.inode << ' ' << file.size << ' ' << file.mtime_ns << ' ' << file.name
          << '\n';
  return lines.str();
}

bool write_all(int file, const std::string& text) {
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t written = ::write(file, text.data() + at, text.size() - at);
    if (written <= 0) return false;
    at += std::size_t(written);
  }
  return true;
}

}  // namespace

void KeptFiles::append(const std::string& lines) {
  if (list_broken_ || gone_ > kGoneBeforeAnew) return write_list();
  if (!write_all(lock_, lines)) list_broken_ = true;  // the disk is full: later
}

/// Anew, beside the old one, which is the lock until the new one is.
void KeptFiles::write_list() {
  const std::string fresh = list_.string() + ".new";
  const int file = ::open(fresh.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
  std::string text;
  for (const Group& group : groups_) text += lines_for(group);
  if (file < 0 || ::flock(file, LOCK_EX | LOCK_NB) != 0 || !write_all(file, text) || ::fdatasync(file) != 0 ||
      ::rename(fresh.c_str(), list_.c_str()) != 0) {
    list_broken_ = true;
    if (file < 0) return;
    ::unlink(fresh.c_str());
    ::close(file);
    return;
  }
  ::close(lock_);
  lock_ = file;
  gone_ = 0;
  list_broken_ = false;
}

// ---- files ---------------------------------------------------------------------------------------------------------

/// What is there already: the numbers go on behind it, and what a killed process left becomes whole.
void KeptFiles::look_around(const std::function<bool(const fs::path&)>& salvage) {
  std::error_code failed;
  std::vector<std::string> parts;
  const fs::path folder = pattern_.folder().empty() ? fs::path(".") : pattern_.folder();
  for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end; entry.increment(failed)) {
    std::string name = entry->path().filename().string();
    const bool part = name.ends_with(".part");
    if (part) name.resize(name.size() - 5);
    const std::optional<std::uint64_t> number = pattern_.number_of(name);
    if (!number) continue;
    next_number_ = std::max(next_number_, *number + 1);
    if (part) parts.push_back(name);
  }
  if (!salvage) return;
  std::sort(parts.begin(), parts.end());
  for (const std::string& name : parts) {
    const fs::path target = pattern_.folder() / name, part = target.string() + ".part";
    struct stat info {};
    if (::lstat(part.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    if (is_there(target) || !salvage(part)) continue;  // not ours, or nothing in it
    try {
      add_locked({{target, part}}, false);
      rename_to_free(part, target);
      log(LogLevel::warning, "what a process that was killed has recorded is now '" + target.string() + "'");
    } catch (const Error& error) {
      log(LogLevel::warning, error.what());
    }
  }
}

fs::path KeptFiles::next(const std::string& beside) {
  std::lock_guard lock(mutex_);
  for (;;) {
    last_ms_ = std::max(last_ms_ + 1, now_utc_ms());
    fs::path path = pattern_.path(next_number_++, last_ms_);
    fs::path other = path;
    other.replace_extension(beside);
    if (!is_there(path) && !is_there(path.string() + ".part") && (beside.empty() || !is_there(other))) return path;
  }
}

void KeptFiles::add(const std::vector<Written>& files) {
  std::lock_guard lock(mutex_);
  add_locked(files, true);
}

void KeptFiles::settle(const fs::path& name) {
  std::lock_guard lock(mutex_);
  for (Group& group : groups_)
    if (group.on_its_way && group.files.front().name == name.filename().string()) group.on_its_way = false;
  forget_missing();
  prune_locked();
}

void KeptFiles::add_locked(const std::vector<Written>& files, bool on_its_way) {
  Group group{next_id_++, {}, on_its_way};
  for (const Written& file : files) {
    struct stat info {};
    if (::lstat(file.now.c_str(), &info) != 0) continue;
    group.files.push_back({file.name.filename().string(), info.st_ino, std::uint64_t(info.st_size), mtime_of(info)});
  }
  if (group.files.empty()) return;
  groups_.push_back(group);
  append(lines_for(group));
}

void KeptFiles::prune() {
  std::lock_guard lock(mutex_);
  prune_locked();
}

bool KeptFiles::too_much() const {
  if (groups_.size() < 2) return false;
  std::uint64_t bytes = 0;
  for (const Group& group : groups_) bytes += group.bytes();
  const double age_s = double(now_utc_ms()) / 1e3 - double(groups_.front().files.front().mtime_ns) / 1e9;
  return (keep_.files > 0 && groups_.size() > keep_.files) || (keep_.bytes > 0 && bytes > keep_.bytes) ||
         (keep_.seconds > 0 && age_s > keep_.seconds);
}

void KeptFiles::prune_locked() {
  if (too_much()) forget_missing();
  while (too_much() && !groups_.front().on_its_way) {  // who settles that one comes here again
    const Group oldest = groups_.front();
    groups_.pop_front();
    ++gone_;
    remove(oldest);
    append("- " + std::to_string(oldest.id) + "\n");
  }
}

/// Only what was written: what somebody has put in its place stays.
void KeptFiles::remove(const Group& group) {
  for (const File& file : group.files) {
    const fs::path path = pattern_.folder() / file.name;
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    if (info.st_ino != file.inode || std::uint64_t(info.st_size) != file.size || mtime_of(info) != file.mtime_ns)
      continue;
    if (::unlink(path.c_str()) != 0)
      log(LogLevel::warning, "'" + path.string() + "' can't be removed: " + std::strerror(errno));
  }
}

}  // namespace vireo::deployment

// JSON lines into a file or standard output: one line per frame. A line reaches the file in one write, so a reader that
// follows the file, and other writers that append to it, see whole lines. Lines wait in memory until `flush_lines` of
// them are there or `flush_ms` have passed since the last write, whichever comes first (checked when a frame comes).

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "engine/api/error.h"
#include "engine/api/log.h"
#include "plugins/publish/families.h"
#include "plugins/publish/json.h"

namespace vireo::publish {
namespace {

constexpr sdk::ParamRow kRows[] = {
    {"append", "true|false", "false", "keep what the file holds and add to it"},
    {"flush_lines", "1..100000", "1", "lines written at once"},
    {"flush_ms", "0..60000", "1000", "longest time that lines wait while frames come"},
    {"empty", "true|false", "true", "write a line for frames without results too"},
};

using Clock = std::chrono::steady_clock;

struct LineSettings {
  explicit LineSettings(const sdk::Params& params)
      : append(params.flag("append", false)),
        empty(params.flag("empty", true)),
        flush_lines(int(params.integer("flush_lines", 1, 1, 100000))),
        flush_time(params.integer("flush_ms", 1000, 0, 60000)) {}
  bool append, empty;
  int flush_lines;
  std::chrono::milliseconds flush_time;
};

class JsonLines final : public sdk::Publisher {
 public:
  JsonLines(const std::string& target, const sdk::Params& params)
      : name_(target == "-" ? "standard output" : target), is_file_(target != "-"), settings_(params) {
    if (target.empty())
      throw Error(ErrorCode::invalid_argument, "jsonl: the target is empty; accepted are a file or -");
    file_ = is_file_ ? open(settings_.append ? 0 : O_TRUNC) : ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    if (file_ < 0) fail("can't be opened for writing");
  }

  ~JsonLines() override {
    try {
      flush();
    } catch (const Error& error) {
      log(LogLevel::error, error.what());
    }
    ::close(file_);
  }
  JsonLines(const JsonLines&) = delete;
  JsonLines& operator=(const JsonLines&) = delete;

  void publish(const sdk::FrameResult& result) override {
    if (!settings_.empty && result.empty()) return;
    append_record(pending_, result);
    pending_ += '\n';
    ++lines_;
    if (lines_ >= settings_.flush_lines || Clock::now() - written_ >= settings_.flush_time) flush();
  }

  void flush() override {
    follow();
    if (torn_ && !pending_.empty()) {
      pending_.insert(0, 1, '\n');
      torn_ = false;
    }
    std::size_t done = 0;
    while (done < pending_.size()) {
      const ssize_t wrote = ::write(file_, pending_.data() + done, pending_.size() - done);
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0) {
        // Lost; keeping it would grow without bound on a full disk. What comes next begins on a line of its own.
        torn_ = done > 0 ? pending_[done - 1] != '\n' : torn_;
        pending_.clear();
        lines_ = 0;
        fail("can't be written");
      }
      done += std::size_t(wrote);
    }
    pending_.clear();
    lines_ = 0;
    written_ = Clock::now();
  }

 private:
  [[nodiscard]] int open(int fate) const {
    return ::open(name_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | fate, 0644);
  }
  /// A file that was renamed or removed, as logrotate does, is made anew under its name.
  void follow() {
    constexpr std::chrono::seconds kEvery{1};
    if (!is_file_ || pending_.empty() || Clock::now() - followed_ < kEvery) return;
    followed_ = Clock::now();
    struct stat ours {
    }, there{};
    if (::fstat(file_, &ours) != 0 || !S_ISREG(ours.st_mode)) return;
    if (::stat(name_.c_str(), &there) == 0 && there.st_dev == ours.st_dev && there.st_ino == ours.st_ino) return;
    const int fresh = open(0);
    if (fresh < 0) return;  // its folder has gone: what is open still takes lines
    ::close(file_);
    file_ = fresh;
    torn_ = false;
  }
  [[noreturn]] void fail(const char* what) const {
    throw Error(ErrorCode::io, "jsonl: '" + name_ + "' " + what + ": " + std::strerror(errno));
  }

  std::string name_;
  bool is_file_;
  LineSettings settings_;
  int file_ = -1;
  std::string pending_;
  int lines_ = 0;
  bool torn_ = false;  ///< the file ends inside a line
  Clock::time_point written_ = Clock::now(), followed_ = Clock::now();
};

std::unique_ptr<sdk::Publisher> create(const std::string& target, const sdk::Params& params) {
  return std::make_unique<JsonLines>(target, params);
}

}  // namespace

const sdk::PublisherRow kJsonl{"jsonl", "JSON lines into a file or standard output",
                               "jsonl", create,
                               kRows,   [](const sdk::Params& params) { (void)LineSettings(params); }};

}  // namespace vireo::publish

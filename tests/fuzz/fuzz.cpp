#include "tests/fuzz/fuzz.h"

#include <execinfo.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstring>
#include <fstream>
#include <vector>

#include "engine/api/log.h"
#include "engine/base/text.h"

namespace vireo::fuzz_testing {
namespace {

constexpr std::uint64_t kInputsOfAChild = 400;
constexpr rlim_t kMemory = rlim_t{6} << 30;
constexpr std::uint64_t kReportsOfAKind = 20;
constexpr const char* kErrors = "stderr.txt";  // of a child: what a sanitizer or the C++ runtime says last

/// What a child and its parent share.
struct Shared {
  std::atomic<std::uint64_t> number;
  std::atomic<int> stage;
  std::atomic<std::uint64_t> tried, refused;
  char text[2048];  ///< of a failure that the child lived through
  std::atomic<bool> told;
  char stack[4096];  ///< of one that it didn't
};
Shared* g_shared = nullptr;  // for the signal handler, in the child

/// Writes where it happened, and dies of the same signal.
void on_signal(int number) {
  void* frames[24];
  const int count = backtrace(frames, 24);
  int ends[2];
  if (pipe(ends) == 0) {
    (void)fcntl(ends[1], F_SETPIPE_SZ, 65536);
    backtrace_symbols_fd(frames, count, ends[1]);
    close(ends[1]);
    std::size_t at = 0;
    for (ssize_t n = 0; at + 1 < sizeof g_shared->stack &&
                        (n = read(ends[0], g_shared->stack + at, sizeof g_shared->stack - 1 - at)) > 0;)
      at += static_cast<std::size_t>(n);
    g_shared->stack[at] = '\0';
  }
  signal(number, SIG_DFL);
  raise(number);
}

[[noreturn]] void work(const Seeds& seeds, const Settings& settings, Shared& shared, std::uint64_t first,
                       std::uint64_t end, std::uint64_t step, const std::filesystem::path& scratch) {
  g_shared = &shared;
  (void)!freopen((scratch / kErrors).c_str(), "w", stderr);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  const rlimit memory{kMemory, kMemory};
  setrlimit(RLIMIT_AS, &memory);
  static char stack[1 << 16];
  const stack_t other{.ss_sp = stack, .ss_flags = 0, .ss_size = sizeof stack};
  sigaltstack(&other, nullptr);
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_ONSTACK;
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGALRM}) sigaction(number, &action, nullptr);
#endif
  const rlimit core{0, 0};
  setrlimit(RLIMIT_CORE, &core);
  set_log_level(LogLevel::off);
  for (std::uint64_t k = first; k < end; k += step) {
    shared.number = k;
    shared.stage = static_cast<int>(Stage::make);
    alarm(settings.seconds);
    const Input input = make_input(seeds, settings.seed, k);
    bool refused = false;
    const auto enter = [&](Stage stage) {
      shared.stage = static_cast<int>(stage);
      alarm(stage == Stage::run ? settings.run_seconds : settings.seconds);
    };
    const std::string failure = try_input(input, scratch, enter, refused);
    alarm(0);
    shared.stage = static_cast<int>(Stage::nothing);
    ++shared.tried;
    if (refused) ++shared.refused;
    if (failure.empty()) continue;
    std::strncpy(shared.text, failure.c_str(), sizeof shared.text - 1);
    shared.told = true;
    _exit(3);  // the parent saves it and goes on
  }
  _exit(0);
}

/// "lib+0x12 lib+0x34": the innermost frames that are ours.
std::string frames_of(const std::string& stack) {
  std::string text;
  int count = 0;
  for (std::size_t at = 0; at < stack.size() && count < 5;) {
    const std::size_t end = std::min(stack.find('\n', at), stack.size());
    const std::string line = stack.substr(at, end - at);
    at = end + 1;
    const std::size_t open = line.find('('), close = line.find(')');
    if (line.find("libvireo") == std::string::npos || open == std::string::npos || close == std::string::npos) continue;
    text += " " + line.substr(open + 1, close - open - 1);
    ++count;
  }
  return text;
}

/// What the dead child said: the line of a sanitizer that sums up, or the last one.
std::string last_words(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string line, last;
  while (std::getline(in, line)) {
    if (line.rfind("SUMMARY:", 0) == 0) return ": " + line;
    if (line.find("runtime error") != std::string::npos) return ": " + line;
    if (!line.empty()) last = ": " + line;
  }
  return last;
}

/// Without names, numbers and addresses, so that alike failures are one kind.
std::string kind_of(const std::string& what) {
  std::string kind;
  bool quoted = false;
  for (const char c : what.substr(0, what.find('(', what.find(':') == std::string::npos ? 0 : what.find(':')))) {
    if (c == '\'') quoted = !quoted;
    else if (!quoted && (c < '0' || c > '9')) kind += c;
  }
  return kind.substr(0, 100);
}

/// Files beside which external data is looked for: data, and a pipe that nobody writes.
void prepare_scratch(const std::filesystem::path& scratch) {
  std::filesystem::create_directories(scratch);
  std::ofstream(scratch / "data.bin") << std::string(4096, '\1');
  (void)mkfifo((scratch / "fifo").c_str(), 0600);
}

struct Worker {
  pid_t child = -1;
  Shared* shared = nullptr;
  std::uint64_t next = 0;  ///< input
  std::filesystem::path scratch;
};

class Run {
 public:
  Run(const Seeds& seeds, const Settings& settings, const std::function<void(const Failure&)>& report)
      : seeds_(seeds), settings_(settings), report_(report) {}

  Totals run() {
    std::vector<Worker> workers(static_cast<std::size_t>(settings_.workers));
    for (std::size_t k = 0; k < workers.size(); ++k) {
      Worker& w = workers[k];
      w.shared = static_cast<Shared*>(
          mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
      w.next = settings_.first + k;
      w.scratch = settings_.folder / base::str("scratch", k);
      prepare_scratch(w.scratch);
      start(w);
    }
    for (std::size_t living = workers.size(); living > 0;) {
      int status = 0;
      const pid_t child = waitpid(-1, &status, 0);
      const auto it = std::find_if(workers.begin(), workers.end(), [&](const Worker& w) { return w.child == child; });
      if (it == workers.end()) continue;
      finish(*it, status);
      if (it->next >= settings_.first + settings_.count) --living;
      else start(*it);
    }
    for (Worker& w : workers) {
      munmap(w.shared, sizeof(Shared));
      std::filesystem::remove_all(w.scratch);
    }
    return totals_;
  }

 private:
  void start(Worker& w) {
    w.shared->~Shared();
    new (w.shared) Shared{};
    w.child = fork();
    if (w.child != 0) return;
    const std::uint64_t step = static_cast<std::uint64_t>(settings_.workers);
    const std::uint64_t end = std::min(settings_.first + settings_.count, w.next + step * kInputsOfAChild);
    work(seeds_, settings_, *w.shared, w.next, end, step, w.scratch);
  }

  void finish(Worker& w, int status) {
    const Shared& s = *w.shared;
    const auto step = static_cast<std::uint64_t>(settings_.workers);
    totals_.tried += s.tried;
    totals_.refused += s.refused;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
      w.next += step * kInputsOfAChild;
      return;
    }
    const auto stage = static_cast<Stage>(s.stage.load());
    w.next = s.number + step;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM && stage == Stage::run) {
      ++totals_.tried;
      ++totals_.long_runs;
      return;
    }
    std::string what;
    if (s.told) {
      what = s.text;
    } else {
      ++totals_.tried;
      const std::string how = WIFSIGNALED(status) ? WTERMSIG(status) == SIGALRM ? std::string("hang")
                                                                                : base::str("signal ", WTERMSIG(status))
                                                  : base::str("exit code ", WEXITSTATUS(status));
      what = base::str("crash: ", how, " in stage ", name_of(stage), " at", frames_of(s.stack),
                       last_words(w.scratch / kErrors));
    }
    ++totals_.failures;
    const std::string kind = kind_of(what);
    if (++totals_.by_kind[kind] > kReportsOfAKind) return;
    const Input input = make_input(seeds_, settings_.seed, s.number);
    Failure failure{s.number, what,
                    settings_.folder / base::str("input-", s.number.load(), input.plan ? ".plan" : ".onnx")};
    std::ofstream(failure.file, std::ios::binary) << input.bytes;
    report_(failure);
  }

  const Seeds& seeds_;
  const Settings& settings_;
  const std::function<void(const Failure&)>& report_;
  Totals totals_;
};

}  // namespace

Totals fuzz(const Seeds& seeds, const Settings& settings, const std::function<void(const Failure&)>& report) {
  std::filesystem::create_directories(settings.folder);
  return Run(seeds, settings, report).run();
}

}  // namespace vireo::fuzz_testing

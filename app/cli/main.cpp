#include <fmt/core.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <new>

#include "app/cli/command.h"
#include "engine/api/error.h"
#include "engine/api/log.h"

namespace vireo {
namespace {

/// True when standard output is a pipe or socket whose other end is closed.
bool nobody_reads() {
  pollfd out{STDOUT_FILENO, 0, 0};
  return poll(&out, 1, 0) == 1 && (out.revents & (POLLERR | POLLHUP)) != 0;
}

/// Never throws; printing by fmt does when stderr is closed too.
template <typename... Parts>
int complain(int code, const Parts&... parts) {
  std::fputs("vireo: ", stderr);
  (std::fputs(parts, stderr), ...);
  std::fputs("\n", stderr);
  return code;
}

/// Output must arrive; otherwise the exit code says so.
int finish(int code) {
  std::cout.flush();
  if (std::cout && std::fflush(stdout) == 0 && !std::ferror(stdout)) return code;
  const int error = errno;
  if (!nobody_reads()) complain(1, "standard output can't be written: ", std::strerror(error));
  return code == 0 ? 1 : code;
}

/// Every exception that leaves a command becomes one message and an exit code.
int guarded(const cli::Action& action) {
  try {
    return finish(action());
  } catch (const cli::UsageError& error) {
    return complain(2, error.what());
  } catch (const Error& error) {
    return complain(1, error.what());
  } catch (const std::bad_alloc&) {
    return complain(1, "there is not enough memory");
  } catch (const std::filesystem::filesystem_error& error) {
    return complain(1, error.path1().c_str(), ": ", error.code().message().c_str());
  } catch (const std::exception& error) {
    return nobody_reads() ? 1 : complain(1, "unexpected failure: ", error.what());
  } catch (...) {
    return complain(1, "unexpected failure, of a kind that says nothing about itself");
  }
}

}  // namespace
}  // namespace vireo

int main(int argc, char** argv) {
  using namespace vireo;
  std::signal(SIGPIPE, SIG_IGN);  // a reader that has gone is an error of the write, not the end of the process
  cli::Program program;
  cli::add_run(program);
  cli::add_demo(program);
  cli::add_build(program);
  cli::add_bench(program);
  cli::add_infer(program);
  cli::add_compare(program);
  cli::add_convert(program);
  cli::add_inspect(program);
  cli::add_devices(program);
  cli::add_doctor(program);
  cli::add_list(program);
  const int result = guarded([&] {
    if (const std::optional<int> code = program.parse(argc, argv)) return *code;
    if (program.verbose()) set_log_level(LogLevel::info);
    return program.chosen()();
  });
  // exit() would wait for it, or take from it what it uses.
  if (cli::leaves_work()) {
    std::fflush(nullptr);
    std::_Exit(result);
  }
  return result;
}

#pragma once
// Runs a function in a child process with one environment variable set: for what the engine reads once. The parent must
// not have used the engine itself, nor started a thread.

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <functional>
#include <string>

namespace vireo::tests {

struct ChildResult {
  bool ok = false;   ///< the function returned
  std::string text;  ///< what it returned, or the message of what it threw
};

inline ChildResult in_child(const char* variable, const std::string& value,
                            const std::function<std::string()>& function) {
  int ends[2];
  if (pipe(ends) != 0) return {false, "no pipe"};
  const pid_t child = fork();
  if (child < 0) return {false, "no child"};
  if (child == 0) {
    close(ends[0]);
    setenv(variable, value.c_str(), 1);
    int code = 0;
    std::string text;
    try {
      text = function();
    } catch (const std::exception& error) {
      text = error.what();
      code = 1;
    }
    for (std::size_t at = 0; at < text.size();) {
      const ssize_t written = write(ends[1], text.data() + at, text.size() - at);
      if (written <= 0) _exit(2);
      at += static_cast<std::size_t>(written);
    }
    _exit(code);
  }
  close(ends[1]);
  ChildResult result;
  char buffer[4096];
  for (ssize_t got = 0; (got = read(ends[0], buffer, sizeof buffer)) > 0;)
    result.text.append(buffer, static_cast<std::size_t>(got));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  result.ok = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  if (!WIFEXITED(status)) result.text = "the child died of signal " + std::to_string(WTERMSIG(status));
  return result;
}

}  // namespace vireo::tests

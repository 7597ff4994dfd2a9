#include "app/control/process.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace vireo::control {
namespace {

double boot_time_s() {
  std::ifstream stat("/proc/stat");
  for (std::string word; stat >> word;) {
    double seconds = 0;
    if (word == "btime" && stat >> seconds) return seconds;
  }
  return 0;
}

}  // namespace

ProcessFigures process_figures() {
  ProcessFigures figures;
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  // The name, in parentheses, may hold blanks; behind it comes the third field (proc(5)).
  std::istringstream fields(line.substr(std::min(line.size(), line.rfind(')') + 1)));
  const double ticks = double(sysconf(_SC_CLK_TCK));
  std::string word;
  for (int field = 3; fields >> word; ++field) {
    const double value = std::strtod(word.c_str(), nullptr);
    if (field == 14 || field == 15) figures.cpu_s += value / ticks;
    if (field == 20) figures.threads = std::uint64_t(value);
    if (field == 22) figures.start_s = boot_time_s() + value / ticks;
    if (field == 23) figures.virtual_bytes = std::uint64_t(value);
    if (field == 24) figures.resident_bytes = std::uint64_t(value) * std::uint64_t(sysconf(_SC_PAGESIZE));
  }
  std::error_code failed;
  for (auto entry = std::filesystem::directory_iterator("/proc/self/fd", failed);
       !failed && entry != std::filesystem::directory_iterator(); entry.increment(failed))
    ++figures.open_files;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) figures.most_files = limit.rlim_cur;
  return figures;
}

}  // namespace vireo::control

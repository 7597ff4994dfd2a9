#include "engine/base/cpu.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string_view>
#include <thread>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "engine/base/text.h"

namespace vireo::base {
namespace {

/// The system keeps the state of AMX tiles only for processes that asked for it.
bool may_use_tiles() {
#if defined(__x86_64__) && defined(__linux__)
  constexpr long kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

CpuFeatures detect() {
  CpuFeatures f;
#if defined(__x86_64__)
  __builtin_cpu_init();
  f.avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  f.avx512 = f.avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  f.avx512_vnni = f.avx512 && __builtin_cpu_supports("avx512vnni");
  f.avx512_bf16 = f.avx512 && __builtin_cpu_supports("avx512bf16");
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (f.avx512 && __get_cpuid_count(7, 0, &a, &b, &c, &d)) {
    f.avx512_fp16 = (d >> 23) & 1;
    const bool tiles = (((d >> 22) | (d >> 25)) & 1) != 0 && may_use_tiles();
    f.amx_bf16 = tiles && f.avx512_bf16 && ((d >> 22) & 1) != 0;
    f.amx_int8 = tiles && ((d >> 25) & 1) != 0;
  }
#endif
  return f;
}

/// What VIREO_FORCE_KERNEL asks for.
struct Forced {
  CpuFeatures features = detect();
  std::vector<std::string> tactics;
};

/// Lowers the features to an instruction set; false when the word names none.
bool lower(CpuFeatures& f, std::string_view word) {
  if (word != "scalar" && word != "avx2" && word != "avx512") return false;
  CpuFeatures kept;
  kept.avx2 = f.avx2 && word != "scalar";
  kept.avx512 = f.avx512 && word == "avx512";
  f = kept;
  return true;
}

Forced read_forced() {
  Forced forced;
  const char* text = std::getenv("VIREO_FORCE_KERNEL");
  const std::string_view words = text ? text : "";
  std::string_view set;
  for (std::size_t start = 0; start < words.size();) {
    const std::size_t stop = std::min(words.find(',', start), words.size());
    const std::string_view word = words.substr(start, stop - start);
    start = stop + 1;
    if (word.empty() || word.find(' ') != std::string_view::npos)
      fail(ErrorCode::invalid_argument, "VIREO_FORCE_KERNEL is '", words,
           "'; accepted: scalar, avx2 or avx512, and names of kernels (`vireo list kernels`; * stands for any text), "
           "separated by commas without spaces");
    if (!lower(forced.features, word)) {
      forced.tactics.emplace_back(word);
      continue;
    }
    if (!set.empty())
      fail(ErrorCode::invalid_argument, "VIREO_FORCE_KERNEL names two instruction sets, ", set, " and ", word);
    set = word;
  }
  return forced;
}

const Forced& forced() {
  static const Forced read = read_forced();
  return read;
}

std::string read_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.rfind("model name", 0) == 0 && line.find(": ") != std::string::npos)
      return line.substr(line.find(": ") + 2);
  return "unknown CPU";
}

}  // namespace

const CpuFeatures& cpu_features() { return forced().features; }

const std::vector<std::string>& forced_tactics() { return forced().tactics; }

const std::string& cpu_name() {
  static const std::string name = read_name();
  return name;
}

std::size_t second_level_cache_bytes() {
  static const std::size_t bytes = [] {
    const long size = sysconf(_SC_LEVEL2_CACHE_SIZE);
    return size > 0 ? static_cast<std::size_t>(size) : std::size_t{512} << 10;
  }();
  return bytes;
}

int available_cores() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

std::vector<std::string> feature_names(const CpuFeatures& f) {
  std::vector<std::string> names;
  if (f.avx2) names.emplace_back("avx2");
  if (f.avx512) names.emplace_back("avx512");
  if (f.avx512_vnni) names.emplace_back("avx512_vnni");
  if (f.avx512_bf16) names.emplace_back("avx512_bf16");
  if (f.avx512_fp16) names.emplace_back("avx512_fp16");
  if (f.amx_int8) names.emplace_back("amx_int8");
  if (f.amx_bf16) names.emplace_back("amx_bf16");
  return names;
}

}  // namespace vireo::base

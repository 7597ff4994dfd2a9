#include "engine/base/cpu.h"

#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <thread>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "engine/base/text.h"

namespace vireo::base {
namespace {

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
    f.amx_bf16 = (d >> 22) & 1;
    f.amx_int8 = (d >> 25) & 1;
  }
#endif
  return f;
}

CpuFeatures restricted() {
  CpuFeatures f = detect();
  const char* forced = std::getenv("VIREO_FORCE_KERNEL");
  if (!forced || !*forced) return f;
  const std::string name = forced;
  if (name == "scalar" || name == "reference") return {};
  if (name == "avx2") {
    CpuFeatures only;
    only.avx2 = f.avx2;
    return only;
  }
  if (name == "avx512") {
    f.avx512_vnni = f.avx512_bf16 = f.avx512_fp16 = f.amx_int8 = f.amx_bf16 = false;
    return f;
  }
  fail(ErrorCode::invalid_argument, "VIREO_FORCE_KERNEL is '", name, "'; accepted: scalar, avx2, avx512");
}

std::string read_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.rfind("model name", 0) == 0 && line.find(": ") != std::string::npos) return line.substr(line.find(": ") + 2);
  return "unknown CPU";
}

}  // namespace

const CpuFeatures& cpu_features() {
  static const CpuFeatures features = restricted();
  return features;
}

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

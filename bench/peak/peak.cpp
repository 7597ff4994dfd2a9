// The machine's fp32 peak: how many GFLOP/s independent fused multiply-adds in registers reach, for each instruction
// set that the CPU has, on 1 to N threads at once. `vireo_peak [N]` prints a JSON list; N is the number of CPUs if left
// out. The share of peak in the comparisons' tables refers to it.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace {

using Clock = std::chrono::steady_clock;

/// Runs `rounds` rounds of the loop; returns the floating-point operations done. `seed` keeps the compiler from knowing
/// values.
using Loop = double (*)(long rounds, float seed);

volatile float sink;

#if defined(__x86_64__)
// Twelve sums: enough for a latency of four or five cycles on two units.
__attribute__((target("avx2,fma"))) double loop_avx2(long rounds, float seed) {
  __m256 sum[12];
  for (auto& s : sum) s = _mm256_set1_ps(seed);
  const __m256 a = _mm256_set1_ps(seed * 0.5f);
  for (long i = 0; i < rounds; ++i) {
#pragma GCC unroll 12
    for (auto& s : sum) s = _mm256_fmadd_ps(s, a, a);
  }
  for (int k = 1; k < 12; ++k) sum[0] = _mm256_add_ps(sum[0], sum[k]);
  sink = _mm256_cvtss_f32(sum[0]);
  return double(rounds) * 12 * 8 * 2;
}

__attribute__((target("avx512f"))) double loop_avx512(long rounds, float seed) {
  __m512 sum[12];
  for (auto& s : sum) s = _mm512_set1_ps(seed);
  const __m512 a = _mm512_set1_ps(seed * 0.5f);
  for (long i = 0; i < rounds; ++i) {
#pragma GCC unroll 12
    for (auto& s : sum) s = _mm512_fmadd_ps(s, a, a);
  }
  for (int k = 1; k < 12; ++k) sum[0] = _mm512_add_ps(sum[0], sum[k]);
  sink = _mm512_cvtss_f32(sum[0]);
  return double(rounds) * 12 * 16 * 2;
}
#else
double loop_portable(long rounds, float seed) {
  constexpr int kLanes = 48;
  float sum[kLanes];
  for (auto& s : sum) s = seed;
  const float a = seed * 0.5f;
  for (long i = 0; i < rounds; ++i) {
    for (auto& s : sum) s = s * a + a;
  }
  for (const float s : sum) sink = s;
  return double(rounds) * kLanes * 2;
}
#endif

/// The best of some trials, all threads starting together.
double measure(Loop loop, int threads) {
  constexpr long kRounds = 2'000'000;
  double best = 0;
  for (int trial = 0; trial < 40; ++trial) {
    std::atomic<int> waiting{threads};
    std::vector<double> work(static_cast<std::size_t>(threads));
    std::vector<Clock::time_point> begin(work.size()), end(work.size());
    std::vector<std::thread> pool;
    for (std::size_t t = 0; t < work.size(); ++t) {
      pool.emplace_back([&, t] {
        waiting.fetch_sub(1);
        while (waiting.load() > 0) std::this_thread::yield();
        begin[t] = Clock::now();
        work[t] = loop(kRounds, 0.9f);
        end[t] = Clock::now();
      });
    }
    for (auto& member : pool) member.join();
    Clock::time_point first = begin[0], last = end[0];
    double total = 0;
    for (std::size_t t = 0; t < work.size(); ++t) {
      first = std::min(first, begin[t]);
      last = std::max(last, end[t]);
      total += work[t];
    }
    best = std::max(best, total / std::chrono::duration<double>(last - first).count() / 1e9);
  }
  return best;
}

}  // namespace

int main(int argc, char** argv) {
  const int most = argc > 1 ? std::atoi(argv[1]) : int(std::thread::hardware_concurrency());
  if (most < 1 || most > 4096) {
    std::fprintf(stderr, "usage: vireo_peak [THREADS]\n");
    return 2;
  }
  struct Row {
    const char* name;
    Loop loop;
    bool there;
  };
  const Row rows[] = {
#if defined(__x86_64__)
    {"avx512", loop_avx512, __builtin_cpu_supports("avx512f") > 0},
    {"avx2", loop_avx2, __builtin_cpu_supports("avx2") > 0 && __builtin_cpu_supports("fma") > 0},
#else
    {"portable", loop_portable, true},
#endif
  };
  const char* separator = "[";
  for (const Row& row : rows) {
    if (!row.there) continue;
    for (int threads = 1; threads <= most; threads = threads < most ? std::min(2 * threads, most) : most + 1) {
      std::printf("%s{\"isa\": \"%s\", \"threads\": %d, \"gflops\": %.1f}", separator, row.name, threads,
                  measure(row.loop, threads));
      separator = ",\n ";
    }
  }
  std::printf("]\n");
}

#include "engine/ops/shared/fourier.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>

namespace vireo::ops {
namespace {

constexpr std::size_t kMostScratch = std::size_t{256} << 20;

/// e^(-2 pi i k / n).
std::complex<double> root_of_one(std::int64_t k, std::int64_t n) {
  return std::polar(1.0, -2 * std::numbers::pi * static_cast<double>(k % n) / static_cast<double>(n));
}

std::int64_t next_radix(std::int64_t n) {
  if (n % 4 == 0) return 4;
  for (std::int64_t radix = 2; radix <= kMostFftRadix; ++radix)
    if (n % radix == 0) return radix;
  return n;
}

bool has_large_prime(std::int64_t n) {
  while (n > 1) {
    const std::int64_t radix = next_radix(n);
    if (radix > kMostFftRadix) return true;
    n /= radix;
  }
  return false;
}

/// In place, for powers of two; for tables only.
void transform_table(std::vector<std::complex<double>>& x) {
  const std::size_t n = x.size();
  for (std::size_t i = 1, j = 0; i < n; ++i) {
    std::size_t bit = n >> 1;
    for (; (j & bit) != 0; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) std::swap(x[i], x[j]);
  }
  for (std::size_t half = 1; half < n; half *= 2)
    for (std::size_t k = 0; k < half; ++k) {
      const auto w = root_of_one(static_cast<std::int64_t>(k), static_cast<std::int64_t>(2 * half));
      for (std::size_t i = k; i < n; i += 2 * half) {
        const auto low = x[i], high = x[i + half] * w;
        x[i] = low + high;
        x[i + half] = low - high;
      }
    }
}

std::vector<float> as_floats(const std::vector<std::complex<double>>& values) {
  std::vector<float> floats;
  floats.reserve(2 * values.size());
  for (const auto& v : values) {
    floats.push_back(static_cast<float>(v.real()));
    floats.push_back(static_cast<float>(v.imag()));
  }
  return floats;
}

}  // namespace

std::int64_t Fft::length_for(std::int64_t points) {
  if (!has_large_prime(points)) return points;
  std::int64_t length = 1;
  while (length < 2 * points - 1) length *= 2;
  return length;
}

void Fft::add_stages(std::int64_t length) {
  std::int64_t rest = length, step = 1;
  while (rest > 1) {
    const std::int64_t radix = next_radix(rest);
    rest /= radix;
    std::vector<std::complex<double>> twiddles, roots;
    for (std::int64_t p = 0; p < rest; ++p)
      for (std::int64_t k = 1; k < radix; ++k) twiddles.push_back(root_of_one(p * k, rest * radix));
    for (std::int64_t k = 0; k < radix; ++k) roots.push_back(root_of_one(k, radix));
    tables_.push_back(as_floats(twiddles));
    const float* const twiddle_table = tables_.back().data();
    tables_.push_back(as_floats(roots));
    stages_.push_back({radix, rest, step, twiddle_table, tables_.back().data()});
    step *= radix;
  }
}

Fft::Fft(std::int64_t points) {
  plan_.points = points;
  plan_.length = length_for(points);
  add_stages(plan_.length);
  plan_.stages = stages_.data();
  plan_.stage_count = static_cast<std::int64_t>(stages_.size());
  if (!has_large_prime(points)) return;
  const auto size = static_cast<std::size_t>(points), length = static_cast<std::size_t>(plan_.length);
  std::vector<std::complex<double>> chirp(size), filter(length);
  for (std::size_t k = 0; k < size; ++k) {
    const auto square = static_cast<std::int64_t>(k) * static_cast<std::int64_t>(k) % (2 * points);
    chirp[k] = root_of_one(square, 2 * points);
    filter[k] = std::conj(chirp[k]) / static_cast<double>(length);
    if (k > 0) filter[length - k] = filter[k];
  }
  transform_table(filter);
  tables_.push_back(as_floats(chirp));
  plan_.chirp = tables_.back().data();
  tables_.push_back(as_floats(filter));
  plan_.filter = tables_.back().data();
}

namespace {

/// The entries of a line into one part (0 real, 1 imaginary) of one lane.
void load_part(const FourierLines& s, const float* from, const float* window, float* to) noexcept {
  const std::int64_t point = 2 * s.kernel.width;
  for (std::int64_t k = 0; k < s.given; ++k)
    to[k * point] = window ? from[k * s.in_step] * window[k] : from[k * s.in_step];
  for (std::int64_t k = s.given; k < s.fft->plan().points; ++k) to[k * point] = 0;
}

/// Two half spectra as one whole: of real signals a and b that of a + i b. Parts are swapped, as for all inverses.
void load_halves(const FourierLines& s, const float* a, const float* b, float* to) noexcept {
  const std::int64_t point = 2 * s.kernel.width, width = s.kernel.width, points = s.fft->plan().points;
  for (std::int64_t k = 0; k <= points / 2; ++k) {
    const bool there = k < s.given, own = k == 0 || 2 * k == points;  // where the imaginary part can only be 0
    const auto read = [&](const float* x, int part) {
      return x && there && !(part == 1 && own) ? x[k * s.in_step + part] : 0.0f;
    };
    const float ar = read(a, 0), ai = read(a, 1), br = read(b, 0), bi = read(b, 1);
    to[k * point + width] = ar - bi;
    to[k * point] = ai + br;
    if (own) continue;
    to[(points - k) * point + width] = ar + bi;
    to[(points - k) * point] = br - ai;
  }
}

/// The spectra of two real lines, which were real and imaginary part of one.
void store_pair(const FourierLines& s, const float* r, float* a, float* b) noexcept {
  const std::int64_t point = 2 * s.kernel.width, width = s.kernel.width, points = s.fft->plan().points;
  for (std::int64_t k = 0; k < s.wanted; ++k) {
    const float *z = r + k * point, *mirror = r + (k == 0 ? 0 : points - k) * point;
    const float re = z[0], im = z[width], mirror_re = mirror[0], mirror_im = mirror[width];
    a[k * s.out_step] = 0.5f * (re + mirror_re);
    a[k * s.out_step + 1] = 0.5f * (im - mirror_im);
    if (!b) continue;
    b[k * s.out_step] = 0.5f * (im + mirror_im);
    b[k * s.out_step + 1] = 0.5f * (mirror_re - re);
  }
}

}  // namespace

void transform_lines(const FourierLines& s, const float* const* from, float* const* to, int count, const float* window,
                     float* scratch) noexcept {
  const FftPlan& plan = s.fft->plan();
  const int width = s.kernel.width;
  const std::int64_t point = 2 * width;
  float* const a = scratch;
  float* const b = a + plan.length * point;
  if (count < s.lanes()) std::fill(a, a + plan.points * point, 0.0f);
  for (int lane = 0; lane < std::min(count, width); ++lane) {
    const int other = lane + width;  // the line that shares the lane, where two do
    if (s.kind == LineKind::real) {
      load_part(s, from[lane], window, a + lane);
      if (other < count) load_part(s, from[other], window, a + other);
    } else if (s.kind == LineKind::half_back) {
      load_halves(s, from[lane], other < count ? from[other] : nullptr, a + lane);
    } else {
      float *re = a + lane + (s.inverse ? width : 0), *im = a + lane + (s.inverse ? 0 : width);
      load_part(s, from[lane], window, re);
      if (s.components == 2) load_part(s, from[lane] + 1, window, im);
      else
        for (std::int64_t k = 0; k < plan.points; ++k) im[k * point] = 0;
    }
  }
  const float* const r = s.kernel.run(plan, a, b);
  const float scale = s.inverse ? 1.0f / static_cast<float>(plan.points) : 1.0f;
  for (int lane = 0; lane < std::min(count, width); ++lane) {
    const int other = lane + width;
    if (s.kind == LineKind::real) {
      store_pair(s, r + lane, to[lane], other < count ? to[other] : nullptr);
    } else if (s.kind == LineKind::half_back) {
      for (std::int64_t k = 0; k < s.wanted; ++k) to[lane][k * s.out_step] = r[k * point + lane + width] * scale;
      for (std::int64_t k = 0; other < count && k < s.wanted; ++k)
        to[other][k * s.out_step] = r[k * point + lane] * scale;
    } else {
      const float *re = r + lane + (s.inverse ? width : 0), *im = r + lane + (s.inverse ? 0 : width);
      for (std::int64_t k = 0; k < s.wanted; ++k) {
        to[lane][k * s.out_step] = re[k * point] * scale;
        to[lane][k * s.out_step + 1] = im[k * point] * scale;
      }
    }
  }
}

void fourier_reference(const std::vector<double>& x, std::int64_t points, bool inverse, std::vector<double>& y) {
  std::vector<std::complex<double>> roots(static_cast<std::size_t>(points));
  for (std::int64_t k = 0; k < points; ++k)
    roots[static_cast<std::size_t>(k)] = inverse ? std::conj(root_of_one(k, points)) : root_of_one(k, points);
  for (std::size_t j = 0; j < y.size() / 2; ++j) {
    std::complex<double> sum = 0;
    std::size_t at = 0;
    for (std::size_t k = 0; k < x.size() / 2; ++k) {
      sum += std::complex<double>(x[2 * k], x[2 * k + 1]) * roots[at];
      at = (at + j) % roots.size();
    }
    if (inverse) sum /= static_cast<double>(points);
    y[2 * j] = sum.real();
    y[2 * j + 1] = sum.imag();
  }
}

std::string refuse_points(std::int64_t points, const FftKernel& kernel) {
  if (points < 1) return "nothing to do";
  if (points > kMostDepth) return "more points than a plan is made for";
  const auto bytes =
      static_cast<std::size_t>(Fft::length_for(points)) * 4 * sizeof(float) * static_cast<std::size_t>(kernel.width);
  return bytes > kMostScratch ? "more points than lie in scratch memory" : "";
}

}  // namespace vireo::ops

#pragma once
// What dft and stft have in common: plans with their tables, the specification by the definition, and tiles of lines
// that are transformed together. Plans are immutable; any thread.

#include <cstddef>
#include <memory>
#include <vector>

#include "engine/ops/shared/fft.h"
#include "engine/ops/shared/reference.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

/// A plan for that many points, 1 or more.
class Fft {
 public:
  explicit Fft(std::int64_t points);
  Fft(const Fft&) = delete;
  Fft& operator=(const Fft&) = delete;
  [[nodiscard]] const FftPlan& plan() const { return plan_; }
  /// Length of the buffers, without making a plan.
  [[nodiscard]] static std::int64_t length_for(std::int64_t points);

 private:
  void add_stages(std::int64_t length);

  FftPlan plan_;
  std::vector<FftStage> stages_;
  std::vector<std::vector<float>> tables_;
};

/// What is known of a line.
enum class LineKind : std::uint8_t {
  complex,   ///< complex to complex; real numbers where it has one component
  real,      ///< real to complex: two lines are transformed at once
  half_back  ///< the first half of a symmetric spectrum to real, two at once
};

struct FourierLines {
  std::shared_ptr<const Fft> fft;
  FftKernel kernel;
  LineKind kind = LineKind::complex;
  bool inverse = false;
  std::int64_t components = 2;             ///< of an entry of a complex line that comes in
  std::int64_t given = 0;                  ///< entries that are read; zero behind them
  std::int64_t wanted = 0;                 ///< entries that are written
  std::int64_t in_step = 1, out_step = 2;  ///< floats between entries
  /// Lines of a tile.
  [[nodiscard]] int lanes() const { return kind == LineKind::complex ? kernel.width : 2 * kernel.width; }
  [[nodiscard]] std::size_t scratch_bytes() const {
    return static_cast<std::size_t>(fft->plan().length * 4 * kernel.width) * sizeof(float);
  }
};
inline constexpr int kMostLanes = 32;

/// Transforms `count` lines; `window`, where given, are factors on the entries that come in.
void transform_lines(const FourierLines& lines, const float* const* from, float* const* to, int count,
                     const float* window, float* scratch) noexcept;

/// The definition: sum over k < given of x[k] e^(-+ 2 pi i k j / points) for each j < wanted, over points where
/// `inverse`. x and y are pairs of real and imaginary part.
void fourier_reference(const std::vector<double>& x, std::int64_t points, bool inverse, std::vector<double>& y);

/// Why kernels don't take transforms of that many points.
[[nodiscard]] std::string refuse_points(std::int64_t points, const FftKernel& kernel);

}  // namespace vireo::ops

// Weights of Winograd's convolution: their transform into points, and the error that a tile size has with a layer's own
// weights. The points are worked out in double and rounded once.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "engine/base/text.h"
#include "engine/graph/packed_weights.h"
#include "engine/ops/conv/conv.h"

namespace vireo::ops {
namespace {

constexpr double kG2[4][3] = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};
constexpr double kG4[6][3] = {{1.0 / 4, 0, 0},
                              {-1.0 / 6, -1.0 / 6, -1.0 / 6},
                              {-1.0 / 6, 1.0 / 6, -1.0 / 6},
                              {1.0 / 24, 1.0 / 12, 1.0 / 6},
                              {1.0 / 24, -1.0 / 12, 1.0 / 6},
                              {0, 0, 1}};
constexpr double kG6[8][3] = {{1, 0, 0},
                              {-2.0 / 9, -2.0 / 9, -2.0 / 9},
                              {-2.0 / 9, 2.0 / 9, -2.0 / 9},
                              {1.0 / 90, 1.0 / 45, 2.0 / 45},
                              {1.0 / 90, -1.0 / 45, 2.0 / 45},
                              {32.0 / 45, 16.0 / 45, 8.0 / 45},
                              {32.0 / 45, -16.0 / 45, 8.0 / 45},
                              {0, 0, 1}};

const double (*points_matrix(int out))[3] { return out == 2 ? kG2 : out == 4 ? kG4 : kG6; }

// The error is measured on a map of kMap x kMap outputs, which is whole blocks of every size, for some channels.
constexpr int kMap = 12, kInMap = kMap + 2;
constexpr std::int64_t kSampleColumns = 16;

/// Inputs as layers have them: noise, half of it zeroed as by a ReLU. All channels of every pixel.
std::vector<float> sample_inputs(std::int64_t cin) {
  std::minstd_rand random(20261121);
  std::vector<float> x(static_cast<std::size_t>(kInMap * kInMap * cin));
  for (float& v : x) v = std::max(static_cast<float>(random() % 20001) * 1e-4f - 1.0f, 0.0f);
  return x;
}

/// Which output channels are measured: spread over all.
struct Columns {
  std::int64_t cin, cout, count;
  const float* weights;
  [[nodiscard]] const float* kernel(std::int64_t column, std::int64_t c) const {
    return weights + ((column * cout / count) * cin + c) * 9;
  }
};

/// The exact outputs, [pixel][column].
std::vector<double> direct(const Columns& w, const std::vector<float>& x) {
  std::vector<double> y(static_cast<std::size_t>(kMap * kMap * kSampleColumns)),
      taps(static_cast<std::size_t>(9 * w.cin * kSampleColumns));
  for (std::int64_t c = 0; c < w.cin; ++c)
    for (std::int64_t j = 0; j < w.count; ++j)
      for (std::int64_t t = 0; t < 9; ++t)
        taps[static_cast<std::size_t>((t * w.cin + c) * kSampleColumns + j)] = w.kernel(j, c)[t];
  for (std::int64_t pixel = 0; pixel < kMap * kMap; ++pixel) {
    double sums[kSampleColumns] = {};
    for (std::int64_t t = 0; t < 9; ++t) {
      const float* from = x.data() + ((pixel / kMap + t / 3) * kInMap + pixel % kMap + t % 3) * w.cin;
      const double* tap = taps.data() + t * w.cin * kSampleColumns;
      for (std::int64_t c = 0; c < w.cin; ++c, tap += kSampleColumns)
        for (std::int64_t j = 0; j < kSampleColumns; ++j) sums[j] += static_cast<double>(from[c]) * tap[j];
    }
    for (std::int64_t j = 0; j < kSampleColumns; ++j) y[static_cast<std::size_t>(pixel * kSampleColumns + j)] = sums[j];
  }
  return y;
}

/// The same by the tactics' own arithmetic, in float32.
std::vector<float> by_points(const Columns& w, const std::vector<float>& x, int out) {
  const WinogradKernels transforms = winograd_kernels_portable(out);
  const int points = transforms.points();
  const std::int64_t cin = w.cin;
  std::vector<float> packed(static_cast<std::size_t>(points * cin * kSampleColumns)),
      inputs(static_cast<std::size_t>(points * cin)), products(static_cast<std::size_t>(points * kSampleColumns)),
      y(static_cast<std::size_t>(kMap * kMap * kSampleColumns));
  for (std::int64_t c = 0; c < cin; ++c)
    for (std::int64_t j = 0; j < w.count; ++j) {
      double one[kMaxWinogradIn * kMaxWinogradIn];
      winograd_points(out, w.kernel(j, c), one);
      for (std::int64_t e = 0; e < points; ++e)
        packed[static_cast<std::size_t>((e * cin + c) * kSampleColumns + j)] = static_cast<float>(one[e]);
    }
  WinogradInput in{.x_pitch = cin,
                   .x_row = kInMap * cin,
                   .bottom = out + 2,
                   .right = out + 2,
                   .channels = cin,
                   .to = inputs.data(),
                   .point_step = cin};
  WinogradOutput back{.from = products.data(),
                      .point_step = kSampleColumns,
                      .channels = kSampleColumns,
                      .y_pitch = kSampleColumns,
                      .y_row = kMap * kSampleColumns,
                      .rows = out,
                      .columns = out,
                      .lo = -__builtin_inff(),
                      .hi = __builtin_inff()};
  for (std::int64_t row = 0; row < kMap; row += out)
    for (std::int64_t column = 0; column < kMap; column += out) {
      in.x = x.data() + (row * kInMap + column) * cin;
      transforms.input(in);
      for (std::int64_t e = 0; e < points; ++e) {
        float sums[kSampleColumns] = {};
        const float* weights = packed.data() + e * cin * kSampleColumns;
        for (std::int64_t c = 0; c < cin; ++c, weights += kSampleColumns)
          for (std::int64_t j = 0; j < kSampleColumns; ++j)
            sums[j] += inputs[static_cast<std::size_t>(e * cin + c)] * weights[j];
        for (std::int64_t j = 0; j < kSampleColumns; ++j)
          products[static_cast<std::size_t>(e * kSampleColumns + j)] = sums[j];
      }
      back.y = y.data() + (row * kMap + column) * kSampleColumns;
      transforms.output(back);
    }
  return y;
}

}  // namespace

void winograd_points(int out, const float* kernel, double* points) {
  const double(*matrix)[3] = points_matrix(out);
  const int in = out + 2;
  for (int i = 0; i < in; ++i) {
    double row[3];
    for (int j = 0; j < 3; ++j)
      row[j] = matrix[i][0] * kernel[j] + matrix[i][1] * kernel[3 + j] + matrix[i][2] * kernel[6 + j];
    for (int j = 0; j < in; ++j)
      points[i * in + j] = row[0] * matrix[j][0] + row[1] * matrix[j][1] + row[2] * matrix[j][2];
  }
}

double winograd_error(const graph::Constant& weights, int out) {
  const std::int64_t cout = weights.dims[0], cin = weights.dims[1];
  const Columns columns{cin, cout, std::min(cout, kSampleColumns), weights.as<float>()};
  // All weights: nothing may overflow in the transform to points.
  constexpr float kMost = 1e30f;
  for (std::int64_t i = 0; i < cout * cin * 9; ++i)
    if (!(std::abs(columns.weights[i]) <= kMost)) return std::numeric_limits<double>::infinity();
  const std::vector<float> x = sample_inputs(cin);
  const std::vector<double> exact = direct(columns, x);
  const std::vector<float> found = by_points(columns, x, out);
  double error = 0, norm = 0;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    const double difference = static_cast<double>(found[i]) - exact[i];
    error += difference * difference;
    norm += exact[i] * exact[i];
  }
  return norm == 0 && error == 0 ? 0 : std::sqrt(error / norm);
}

std::string admit_winograd(const graph::Problem& problem, int out) {
  const auto block = graph::packed(problem, base::str("conv_winograd_error ", out, "x", out), DataType::float64, {1},
                                   sizeof(double), [&](std::byte* to) {
                                     const double error = winograd_error(*problem.inputs[1].constant, out);
                                     std::memcpy(to, &error, sizeof error);
                                   });
  double error = 0;
  std::memcpy(&error, block.get(), sizeof error);
  if (error <= kWinogradError) return {};
  return base::str("its relative error with these weights is ", error, ", more than ", kWinogradError);
}

}  // namespace vireo::ops

// Discrete Fourier transform along one axis of x [..., components], components 1 (real) or 2 (real and imaginary part).
// Inputs: x, length (absent: that of the axis; x is cut or has zeros behind it), axis (absent: the last but
// components). `onesided`: the first half of the spectrum only; `inverse`: back, divided by the length; both: from the
// first half to a real signal, by default of 2 (extent - 1) elements.
#include <algorithm>
#include <cmath>

#include "engine/ops/dft/dft.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {
namespace {

void infer(InferContext& c) {
  require_float(c, 0);
  require_rank(c, 0, 2);
  require_single(c, 1);
  require_single(c, 2);
  for (int k = 1; k < 3; ++k) c.require(!c.has_input(k) || is_integer(c.dtype(k)), "length and axis must be integers");
  const bool inverse = c.attributes().integer("inverse", 0) != 0,
             one_sided = c.attributes().integer("onesided", 0) != 0;
  const bool to_real = inverse && one_sided;
  Dims out = c.dims(0);
  const std::int64_t components = out.back();
  c.require(components == kUnknown || components == 2 || (components == 1 && !to_real),
            std::to_string(components) + (to_real ? " components, accepted: 2" : " components, accepted: 1 and 2"));
  out.back() = to_real ? 1 : 2;
  Ints axis{-2}, length;
  if (c.has_input(2) && !c.integers(2, axis)) {
    if (c.has_input(1) || one_sided) std::fill(out.begin(), out.end() - 1, kUnknown);
    return c.output(0, c.dtype(0), out);
  }
  c.require(axis.size() == 1, "the axis must be one number");
  const auto along = static_cast<std::size_t>(c.axis(axis[0], c.rank(0)));
  c.require(along + 1 < out.size(), "the last axis holds the components");
  std::int64_t points = out[along];
  if (c.has_input(1)) {
    if (c.integers(1, length)) c.require(length.size() == 1, "the length must be one number");
    points = length.empty() ? kUnknown : length[0];
    c.require(length.empty() || points > 0, "a length of " + std::to_string(points) + ", accepted: 1 or more");
  } else if (to_real && points != kUnknown) {
    c.require(points > 1, "half a spectrum of " + std::to_string(points) + " entries, accepted: 2 or more");
    points = checked_mul(c, 2, points - 1, "the length");
  }
  c.require(points <= kMostDepth, "a transform of " + std::to_string(points) + " points");
  out[along] = one_sided && !inverse && points != kUnknown ? points / 2 + 1 : points;
  c.output(0, c.dtype(0), out);
}

double flops(const Problem& p) {
  double points = 1;
  for (const std::int64_t extent : p.inputs[0].dims) points = std::max(points, static_cast<double>(extent));
  return 2.5 * static_cast<double>(p.inputs[0].count()) * std::log2(points + 1);
}

bool varying(VaryingContext& c) {  // line by line
  Ints axis{-2};
  if (c.has_input(2) && !c.integers(2, axis)) return false;
  return axis.size() == 1 && varying_but_axis(c, VaryingContext::wrap(axis[0], c.rank(0)));
}

}  // namespace

extern const Operator dft_operator;
const Operator dft_operator{.name = "dft",
                            .min_inputs = 1,
                            .max_inputs = 3,
                            .infer = infer,
                            .reference = dft_reference,
                            .flops = flops,
                            .tactics = dft_tactics,
                            .costly = true,
                            .varying = varying};

}  // namespace vireo::ops

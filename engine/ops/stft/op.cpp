// Fourier transforms of the frames of a signal [N, length, components], components 1 (real) or 2: one every `step`
// elements, times a window. Inputs: signal, step, window (absent: ones), frame length (absent: that of the window, or
// of the signal). Output [N, frames, bins, 2]; `onesided` (the default): the first half of the spectrum.
#include <algorithm>
#include <cmath>

#include "engine/ops/shared/varying.h"
#include "engine/ops/stft/stft.h"

namespace vireo::ops {
namespace {

/// One number where it is known, else kUnknown.
std::int64_t known_number(const InferContext& c, int input, const char* what) {
  Ints values;
  if (!c.integers(input, values)) return kUnknown;
  c.require(values.size() == 1 && values[0] > 0, std::string(what) + " must be one number, 1 or more");
  return values[0];
}

void infer(InferContext& c) {
  require_float(c, 0);
  require_rank(c, 0, 3, 3);
  const std::int64_t components = c.dims(0)[2], length = c.dims(0)[1];
  c.require(components == kUnknown || components == 1 || components == 2,
            std::to_string(components) + " components, accepted: 1 and 2");
  const std::int64_t step = known_number(c, 1, "the step");
  for (const int k : {1, 3}) {
    require_single(c, k);
    c.require(!c.has_input(k) || is_integer(c.dtype(k)), "step and frame length must be integers");
  }
  std::int64_t frame = c.has_input(3) ? known_number(c, 3, "the frame length") : length;
  if (c.has_input(2)) {
    require_rank(c, 2, 1, 1);
    require_same_type(c, 2);
    if (!c.has_input(3) || frame == kUnknown) frame = c.dims(2)[0];
    require_extent(c, 2, 0, frame, "the window is as long as a frame");
  }
  c.require(frame == kUnknown || (frame > 0 && frame <= kMostDepth),
            "a frame of " + std::to_string(frame) + " elements");
  std::int64_t frames = kUnknown;
  if (step != kUnknown && length != kUnknown && frame != kUnknown) {
    c.require(frame <= length,
              "a frame of " + std::to_string(frame) + " elements in a signal of " + std::to_string(length));
    frames = (length - frame) / step + 1;
  }
  const bool one_sided = c.attributes().integer("onesided", 1) != 0;
  c.output(0, c.dtype(0), {c.dims(0)[0], frames, frame == kUnknown ? kUnknown : one_sided ? frame / 2 + 1 : frame, 2});
}

double flops(const Problem& p) {
  const double bins = static_cast<double>(p.outputs[0].dims[2]);
  return 2.5 * static_cast<double>(p.outputs[0].count()) * std::log2(bins + 1);
}

bool varying(VaryingContext& c) { return varying_batch(c); }

}  // namespace

extern const Operator stft_operator;
const Operator stft_operator{.name = "stft",
                             .min_inputs = 2,
                             .max_inputs = 4,
                             .infer = infer,
                             .reference = stft_reference,
                             .flops = flops,
                             .tactics = stft_tactics,
                             .keeps = KeptExtents::batch,
                             .costly = true,
                             .varying = varying};

}  // namespace vireo::ops

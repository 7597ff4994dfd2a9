// The triangles that sum a spectrum of length / 2 + 1 bins into bands of equal width in mel (2595 log10(1 + f / 700)):
// [bins, bands]. Inputs, all of one element: bands, length of the transform, sample rate, lowest and highest edge in
// hertz. Attribute `dtype`.
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

void mel_weight_matrix_reference(const EvalContext&);

namespace {

void infer(InferContext& c) {
  const std::string name = c.attributes().text("dtype", "float32");
  const DataType type = data_type_from(name);
  c.require(is_float(type) || is_integer(type), "an output of '" + name + "'");
  for (int k = 0; k < 3; ++k) c.require(is_integer(c.dtype(k)), "bands, length and sample rate must be integers");
  for (int k = 3; k < 5; ++k) require_float(c, k);
  for (int k = 0; k < 5; ++k) require_single(c, k);
  Ints bands, length;
  Dims out{kUnknown, kUnknown};
  if (c.integers(0, bands)) {
    c.require(bands.size() == 1 && bands[0] >= 0, "the number of bands must be one number, 0 or more");
    out[1] = bands[0];
  }
  if (c.integers(1, length)) {
    c.require(length.size() == 1 && length[0] >= 0, "the length must be one number, 0 or more");
    out[0] = length[0] / 2 + 1;
  }
  c.output(0, type, out);
}

}  // namespace

extern const Operator mel_weight_matrix_operator;
const Operator mel_weight_matrix_operator{.name = "mel_weight_matrix",
                                          .min_inputs = 5,
                                          .max_inputs = 5,
                                          .infer = infer,
                                          .reference = mel_weight_matrix_reference,
                                          .costly = true};

}  // namespace vireo::ops

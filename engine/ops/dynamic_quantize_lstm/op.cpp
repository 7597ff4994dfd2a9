// One direction of an LSTM whose recurrent weights are 8-bit integers: before each step the states of each sequence are
// quantised by their range. (ONNX Runtime does so with as many threads as sequences; with fewer it quantises several
// sequences together, and its results differ.) Inputs: the input part of the gates with all biases [sequence, batch,
// 4 · hidden], r [hidden, 4 · hidden], scale of r (one, or one for each column), zero point of r? (one, or one each),
// lengths?, initial h? and c? [batch, hidden], peepholes? [3 · hidden]. Outputs: h of all steps [sequence, batch,
// hidden], the last h and the last c. Attributes of lstm; `direction` is forward or reverse.
#include "engine/ops/shared/integer_shape.h"
#include "engine/ops/shared/recurrent.h"

namespace vireo::ops {

void dynamic_quantize_lstm_reference(const EvalContext&);
std::span<const Tactic> dynamic_quantize_lstm_tactics();

namespace {

void require_dims(const InferContext& c, int index, const Dims& dims, const char* why) {
  if (!c.has_input(index)) return;
  require_rank(c, index, static_cast<int>(dims.size()), static_cast<int>(dims.size()));
  for (std::size_t i = 0; i < dims.size(); ++i) require_extent(c, index, i, dims[i], why);
}

void infer(InferContext& c) {
  for (const int k : {0, 2, 5, 6, 7})
    if (c.has_input(k))
      c.require(c.dtype(k) == DataType::float32,
                "input " + std::to_string(k) + " is " + std::string(to_string(c.dtype(k))) + ", accepted: float32");
  c.require(is_byte(c.dtype(1)), "the weights are " + std::string(to_string(c.dtype(1))) + ", accepted: uint8, int8");
  require_rank(c, 0, 3, 3);
  require_rank(c, 1, 2, 2);
  const std::int64_t hidden = c.dims(1)[0], sequence = c.dims(0)[0], batch = c.dims(0)[1];
  c.require(hidden != kUnknown && hidden <= (std::int64_t{1} << 24), "the weights' extents must be known");
  require_extent(c, 1, 1, 4 * hidden, "a column for each gate and unit");
  require_extent(c, 0, 2, 4 * hidden, "an entry for each gate and unit");
  for (const int k : {2, 3}) {
    if (!c.has_input(k)) continue;
    require_rank(c, k, 0, 1);
    if (c.rank(k) == 1 && c.dims(k)[0] != 1) require_extent(c, k, 0, 4 * hidden, "one, or one for each column");
  }
  if (c.has_input(3)) c.require(c.dtype(3) == c.dtype(1), "the zero point must have the type of the weights");
  if (c.has_input(4)) c.require(is_integer(c.dtype(4)), "lengths must be integers");
  require_dims(c, 4, {batch}, "a length for each sequence");
  for (const int k : {5, 6}) require_dims(c, k, {batch, hidden}, "an initial state for each unit");
  require_dims(c, 7, {3 * hidden}, "three peepholes for each unit");
  const std::string direction = c.attributes().text("direction", "forward");
  c.require(direction == "forward" || direction == "reverse",
            "direction is '" + direction + "', accepted: forward, reverse");
  (void)c.attributes().integer("input_forget", 0);
  try {
    (void)gate_activations(c.attributes(), {"sigmoid", "tanh", "tanh"}, 1);
  } catch (const Error& error) {
    c.fail(error.what());
  }
  c.output(0, DataType::float32, {sequence, batch, hidden});
  for (int k = 1; k < 3; ++k) c.output(k, DataType::float32, {batch, hidden});
}

double flops(const Problem& p) {
  return 2.0 * static_cast<double>(p.inputs[0].count()) * static_cast<double>(p.inputs[1].dims[0]);
}

}  // namespace

extern const Operator dynamic_quantize_lstm_operator;
const Operator dynamic_quantize_lstm_operator{.name = "dynamic_quantize_lstm",
                                              .min_inputs = 3,
                                              .max_inputs = 8,
                                              .max_outputs = 3,
                                              .infer = infer,
                                              .reference = dynamic_quantize_lstm_reference,
                                              .flops = flops,
                                              .tactics = dynamic_quantize_lstm_tactics,
                                              .costly = true};

}  // namespace vireo::ops

#include "engine/ops/lstm/kernels.h"

#include "engine/base/text.h"
#include "engine/graph/packed_weights.h"
#include "engine/ops/shared/opencl_recurrent.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {
namespace {

constexpr std::int64_t kColumns = 32;  ///< of a strip

bool given(const Problem& p, std::size_t k) { return k < p.inputs.size() && p.inputs[k].present(); }

std::string refuse(const Problem& p) {
  for (std::size_t k = 0; k < p.inputs.size(); ++k) {
    if (k == 4 || !given(p, k)) continue;
    if (p.inputs[k].dtype != DataType::float32 || !p.inputs[k].dense()) return "takes dense float32 only";
  }
  for (const graph::Desc& out : p.outputs)
    if (out.present() && !out.dense()) return "takes dense float32 only";
  for (std::size_t k = 1; k < 4; ++k)
    if (given(p, k) && !p.inputs[k].constant) return "the weights are not known when building";
  if (given(p, 4)) return "takes sequences of full length only";
  if (given(p, 7)) return "has no peepholes";
  const Attributes& a = *p.attributes;
  if (a.real("clip", 0) != 0 || a.integer("input_forget", 0) != 0) return "has neither clip nor coupled gates";
  const std::string names = a.text("activations", "");
  if (!names.empty() && names != "Sigmoid,Tanh,Tanh" && names != "Sigmoid,Tanh,Tanh,Sigmoid,Tanh,Tanh")
    return "takes the default activations only";
  return p.inputs[0].count() == 0 || p.inputs[2].count() == 0 ? "nothing to do" : "";
}

struct Owned : LstmState {
  std::shared_ptr<const std::byte> memory;
};

/// rows [4 · hidden, depth] of a direction → strips of columns, each gate padded with zeros.
void pack(const float* rows, std::int64_t depth, const LstmState& s, float* to) {
  for (std::int64_t column = 0; column < 4 * s.padded; ++column) {
    const std::int64_t gate = column / s.padded, unit = column % s.padded;
    for (std::int64_t i = 0; i < depth; ++i)
      to[(column / kColumns * depth + i) * kColumns + column % kColumns] =
          unit < s.hidden ? rows[(gate * s.hidden + unit) * depth + i] : 0;
  }
}

/// Input weights, recurrent weights, biases, one after the other; returns their bytes.
std::size_t pack_weights(const Problem& p, Owned& s) {
  const std::int64_t columns = 4 * s.padded, rows = 4 * s.hidden;
  const std::int64_t recurrent = s.directions * s.width * columns, bias = recurrent + s.directions * s.hidden * columns;
  const auto bytes = static_cast<std::size_t>(bias + s.directions * columns) * sizeof(float);
  s.memory =
      graph::packed(p, base::str("lstm w", kColumns), DataType::float32, {1, 2, 3}, bytes, [&](std::byte* block) {
        auto* to = reinterpret_cast<float*>(block);
        for (std::int64_t d = 0; d < s.directions; ++d) {
          pack(p.inputs[1].constant->as<float>() + d * rows * s.width, s.width, s, to + d * s.width * columns);
          pack(p.inputs[2].constant->as<float>() + d * rows * s.hidden, s.hidden, s,
               to + recurrent + d * s.hidden * columns);
          if (!given(p, 3)) continue;
          const float* b = p.inputs[3].constant->as<float>() + d * 2 * rows;
          for (std::int64_t k = 0; k < rows; ++k)
            to[bias + d * columns + k / s.hidden * s.padded + k % s.hidden] = b[k] + b[rows + k];
        }
      });
  s.w = reinterpret_cast<const float*>(s.memory.get());
  s.r = s.w + recurrent;
  s.bias = s.w + bias;
  return bytes;
}

template <LstmKernels (*kKernels)()>
Launch prepare(const Problem& p) {
  auto state = std::make_shared<Owned>();
  Owned& s = *state;
  const Dims& x = p.inputs[0].dims;
  s.batch_first = p.attributes->integer("layout", 0) != 0;
  s.reversed = p.attributes->text("direction", "forward") == "reverse";
  s.sequence = x[s.batch_first ? 1 : 0];
  s.batch = x[s.batch_first ? 0 : 1];
  s.width = x[2];
  s.hidden = p.inputs[2].dims[2];
  s.directions = p.inputs[1].dims[0];
  s.padded = (s.hidden + 15) / 16 * 16;
  if (given(p, 5)) s.h_input = 5;
  if (given(p, 6)) s.c_input = 6;
  for (std::size_t k = 0; k < p.outputs.size() && k < 3; ++k) s.outputs[k] = p.outputs[k].present();
  graph::CpuLaunch launch;
  launch.state_bytes = pack_weights(p, s);
  const std::int64_t rows = s.sequence * s.batch;
  launch.phases = {{kKernels().input, s.directions * ((rows + kLstmRows - 1) / kLstmRows)},
                   {kKernels().recurrence, s.directions * ((s.batch + kLstmSequences - 1) / kLstmSequences)}};
  launch.workspace_bytes = static_cast<std::size_t>(s.directions * rows * 4 * s.padded) * sizeof(float);
  launch.scratch_bytes = static_cast<std::size_t>(2 * kLstmSequences * s.padded) * sizeof(float);
  launch.unread_inputs = 0b1110;
  launch.state = std::shared_ptr<const void>(state, static_cast<const LstmState*>(state.get()));
  return launch;
}

constexpr Tactic kTactics[] = {
#if defined(__x86_64__)
    {.name = "lstm_strips_avx512",
     .isa = graph::Isa::avx512,
     .refuse = refuse,
     .prepare = prepare<lstm_kernels_avx512>},
    {.name = "lstm_strips_avx2", .isa = graph::Isa::avx2, .refuse = refuse, .prepare = prepare<lstm_kernels_avx2>},
#endif
    {.name = "lstm_strips_portable", .refuse = refuse, .prepare = prepare<lstm_kernels_portable>},
    {.name = "lstm_groups_opencl",
     .refuse = RecurrentTactic<RecurrentCellKind::lstm, LineForm::shared>::refuse,
     .prepare = RecurrentTactic<RecurrentCellKind::lstm, LineForm::shared>::prepare,
     .device = "opencl",
     .predict = RecurrentTactic<RecurrentCellKind::lstm, LineForm::shared>::predict},
    {.name = "lstm_items_opencl",
     .refuse = RecurrentTactic<RecurrentCellKind::lstm, LineForm::serial>::refuse,
     .prepare = RecurrentTactic<RecurrentCellKind::lstm, LineForm::serial>::prepare,
     .device = "opencl",
     .predict = RecurrentTactic<RecurrentCellKind::lstm, LineForm::serial>::predict},
};

}  // namespace

std::span<const Tactic> lstm_tactics() { return kTactics; }

}  // namespace vireo::ops

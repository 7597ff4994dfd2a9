#pragma once
// lstm, gru and rnn on OpenCL devices: a launch for each step (opencl/recurrent.cl). Used when a launch is prepared;
// any thread.

#include "engine/ops/shared/opencl_lines.h"

namespace vireo::ops {

enum class RecurrentCellKind : std::uint8_t { lstm, rnn, gru };

[[nodiscard]] std::string refuse_recurrent(const Problem& problem, RecurrentCellKind kind);
/// LineForm::shared: 16 items share a unit's sums; serial: one has them all.
[[nodiscard]] Launch prepare_recurrent(const Problem& problem, RecurrentCellKind kind, LineForm form);
[[nodiscard]] double predict_recurrent(const Problem& problem, LineForm form);

/// For the rows of an operator's table.
template <RecurrentCellKind kKind, LineForm kForm>
struct RecurrentTactic {
  static std::string refuse(const Problem& p) { return refuse_recurrent(p, kKind); }
  static Launch prepare(const Problem& p) { return prepare_recurrent(p, kKind, kForm); }
  static double predict(const Problem& p) { return predict_recurrent(p, kForm); }
};

}  // namespace vireo::ops

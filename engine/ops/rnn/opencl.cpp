// rnn on OpenCL devices.
#include "engine/ops/shared/opencl_recurrent.h"

namespace vireo::ops {
namespace {

constexpr Tactic kTactics[] = {
    {.name = "rnn_groups_opencl",
     .refuse = RecurrentTactic<RecurrentCellKind::rnn, LineForm::shared>::refuse,
     .prepare = RecurrentTactic<RecurrentCellKind::rnn, LineForm::shared>::prepare,
     .device = "opencl",
     .predict = RecurrentTactic<RecurrentCellKind::rnn, LineForm::shared>::predict},
    {.name = "rnn_items_opencl",
     .refuse = RecurrentTactic<RecurrentCellKind::rnn, LineForm::serial>::refuse,
     .prepare = RecurrentTactic<RecurrentCellKind::rnn, LineForm::serial>::prepare,
     .device = "opencl",
     .predict = RecurrentTactic<RecurrentCellKind::rnn, LineForm::serial>::predict},
};

}  // namespace

std::span<const Tactic> rnn_tactics() { return kTactics; }

}  // namespace vireo::ops

// gru on OpenCL devices.
#include "engine/ops/shared/opencl_recurrent.h"

namespace vireo::ops {
namespace {

constexpr Tactic kTactics[] = {
    {.name = "gru_groups_opencl",
     .refuse = RecurrentTactic<RecurrentCellKind::gru, LineForm::shared>::refuse,
     .prepare = RecurrentTactic<RecurrentCellKind::gru, LineForm::shared>::prepare,
     .device = "opencl",
     .predict = RecurrentTactic<RecurrentCellKind::gru, LineForm::shared>::predict},
    {.name = "gru_items_opencl",
     .refuse = RecurrentTactic<RecurrentCellKind::gru, LineForm::serial>::refuse,
     .prepare = RecurrentTactic<RecurrentCellKind::gru, LineForm::serial>::prepare,
     .device = "opencl",
     .predict = RecurrentTactic<RecurrentCellKind::gru, LineForm::serial>::predict},
};

}  // namespace

std::span<const Tactic> gru_tactics() { return kTactics; }

}  // namespace vireo::ops

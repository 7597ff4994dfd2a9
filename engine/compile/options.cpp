#include "engine/compile/compile.h"
#include "engine/plan/plan_state.h"

namespace vireo::compile {

CompileOptions options_of(const Plan::State& state, int workers) {
  compile::CompileOptions options;
  options.workers = workers;
  options.exact = state.exact;
  options.precision = state.precision;
  options.max_workspace = state.max_workspace;
  options.disabled_passes = state.disabled_passes;
  options.packs = state.packs.get();
  const auto tuned = state.choices.find(plan::cpu_fingerprint());
  if (tuned != state.choices.end()) options.choices = &tuned->second;
  return options;
}

}  // namespace vireo::compile

#include "engine/compile/share_work.h"

#include <algorithm>
#include <charconv>

#include "engine/base/text.h"

namespace vireo::compile {

std::string workers_key(const std::string& problem) { return "workers " + problem; }

void share_stages(device::Segment& program) {
  for (device::Stage& stage : program.stages) {
    int workers = 1;
    for (const device::StagePhase& phase : stage.phases) {
      const int own = program.steps[static_cast<std::size_t>(phase.step)].workers;
      workers = std::max(workers, own == 0 ? program.workers : own);
    }
    stage.share_among(workers < program.workers ? workers : 0);
  }
}

int chosen_workers(const CompileOptions& options, const std::string& problem) {
  const plan::Choice* known = known_choice(options, workers_key(problem));
  if (!known) return 0;
  int chosen = 0;
  const std::string& text = known->tactic;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), chosen);
  if (result.ec != std::errc() || result.ptr != text.data() + text.size() || chosen < 1)
    base::fail(ErrorCode::invalid_model, "the timings have '", text, "' workers for ", problem.substr(0, 80));
  return chosen < options.workers ? chosen : 0;
}

}  // namespace vireo::compile

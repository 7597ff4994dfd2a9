#include "engine/tune/forms.h"

#include <algorithm>
#include <limits>

#include "engine/api/log.h"
#include "engine/base/stopwatch.h"
#include "engine/base/text.h"
#include "engine/compile/form.h"

namespace vireo::tune {
namespace {

/// A program's own segments on the device, with memory of their own for what they read and write.
class Runs {
 public:
  Runs(const device::Program& program, device::Device& device, const device::Loading& loading)
      : queue_(device.create_queue()) {
    for (const auto& segment : program.segments) {
      if (program.devices[static_cast<std::size_t>(segment->device)] != device.target().name) continue;
      Part& part = parts_.emplace_back();
      for (const device::Binding& binding : segment->bindings) {
        part.memory.push_back(device.allocate(binding.bytes, MemoryKind::device));
        part.regions.push_back({part.memory.back().get(), nullptr, 0});
      }
      part.executable = device.load(segment, {nullptr, false, nullptr, loading});
    }
  }

  /// Of one run, the best of a few.
  [[nodiscard]] double seconds() {
    constexpr int kRounds = 7, kTogether = 20;
    double best = std::numeric_limits<double>::infinity();
    for (int round = 0; round < kRounds; ++round) {
      const base::Stopwatch watch;
      for (int i = 0; i < kTogether; ++i)
        for (Part& part : parts_) queue_->run(*part.executable, part.regions);
      if (!queue_->synchronize().ok()) return std::numeric_limits<double>::infinity();
      if (round > 0) best = std::min(best, watch.seconds() / kTogether);
    }
    return best;
  }

 private:
  struct Part {
    std::vector<std::shared_ptr<device::Memory>> memory;
    std::vector<device::Region> regions;
    std::unique_ptr<device::Executable> executable;
  };
  std::unique_ptr<device::Queue> queue_;
  std::vector<Part> parts_;
};

device::Program in_form(std::string_view form, const graph::Graph& graph, const compile::CompileOptions& options,
                        const plan::Choices& choices) {
  plan::Choices with = choices;
  with[compile::form_key(graph)] = {std::string(form), 0};
  compile::CompileOptions own = options;
  own.choices = &with;
  own.asked = nullptr;
  return compile::compile(graph, own);
}

}  // namespace

double seconds_of_plan_form(const graph::Graph& graph, const compile::CompileOptions& options) {
  const plan::Choices none;
  return compile::plan_compile_seconds(
      in_form(compile::kPlanForm, graph, options, options.choices ? *options.choices : none), *options.target);
}

void time_forms(const graph::Graph& graph, const compile::CompileOptions& options, device::Device& device,
                plan::Choices& choices, const device::Loading& loading) {
  const std::string key = compile::form_key(graph);
  if (choices.contains(key)) return;
  std::vector<plan::Choice> timed;
  for (const std::string_view form : {compile::kPlanForm, compile::kLaunchForm}) {
    try {
      const device::Program program = in_form(form, graph, options, choices);
      timed.push_back({std::string(form), Runs(program, device, loading).seconds()});
    } catch (const Error& error) {
      if (error.code() == ErrorCode::cancelled) throw;
      log(LogLevel::warning, base::str("the form '", form, "' is out of its trial: ", error.what()));
    }
  }
  std::erase_if(timed, [](const plan::Choice& c) { return c.seconds == std::numeric_limits<double>::infinity(); });
  if (timed.empty()) return;
  const auto best = std::min_element(
      timed.begin(), timed.end(), [](const plan::Choice& a, const plan::Choice& b) { return a.seconds < b.seconds; });
  plan::Choice choice = *best;
  for (const plan::Choice& other : timed)
    if (other.tactic != choice.tactic) choice.beside.emplace_back(other.tactic, other.seconds);
  choices[key] = std::move(choice);
}

}  // namespace vireo::tune

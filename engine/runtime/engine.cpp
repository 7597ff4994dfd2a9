#include "engine/api/engine.h"

#include <algorithm>
#include <atomic>

#include "engine/api/log.h"
#include "engine/base/affinity.h"
#include "engine/base/text.h"
#include "engine/compile/kernel_override.h"
#include "engine/compile/lower.h"
#include "engine/runtime/engine_state.h"

namespace vireo {

std::shared_ptr<const runtime::Module> Engine::State::module_for(const runtime::Shapes& shapes, int workers) {
  const std::lock_guard lock(mutex);
  for (Compiled& c : compiled)
    if (c.workers == workers && c.shapes == shapes) {
      c.last_use = ++uses;
      return c.module;
    }
  compile::CompileOptions options = compile::options_of(*section, plan.state().disabled_passes, workers);
  options.limits = limits;
  options.target = &device->target();
  options.loading = loading;
  if (!device->target().is_cpu())
    options.cpu_choices = &plan.state().section_for(device::host_target().fingerprint).choices;
  // The plan's state outlives the module: its choices and packed weights are borrowed.
  auto module = std::make_shared<const runtime::Module>(
      graph, shapes, runtime::CompileSettings{options, std::make_shared<Plan>(plan)});
  constexpr std::size_t kCached = 16;
  if (compiled.size() >= kCached)
    compiled.erase(std::min_element(compiled.begin(), compiled.end(),
                                    [](const Compiled& a, const Compiled& b) { return a.last_use < b.last_use; }));
  compiled.push_back({shapes, workers, module, ++uses});
  return module;
}

namespace {

/// Says where a plan's timings are not this machine's.
void report_section(const Plan::State& plan, const plan::Section& section, const device::Target& target, int threads) {
  const auto lower = std::ranges::find_if(
      plan.sections, [](const plan::Section& other) { return other.precision != Precision::fp32; });
  if (section.fingerprint.empty() && lower != plan.sections.end())
    log(LogLevel::warning, base::str("the plan was built in ", to_string(lower->precision), " for another device (",
                                     lower->fingerprint, "); this one (", target.fingerprint,
                                     ") computes in fp32 with predicted tactics. Build it here for the speed it had."));
  else if (section.fingerprint.empty() && !plan.sections.empty())
    log(LogLevel::info, base::str("the plan was tuned for another device (", plan.sections.front().fingerprint,
                                  "); predicted tactics are used. Build it here for the best speed."));
  else if (section.workers > 0 && section.workers != threads && target.is_cpu())
    log(LogLevel::info, base::str("the plan was tuned for ", section.workers, " threads, this engine has ", threads,
                                  "; its tactics are used. Build it with --threads ", threads, " for the best speed."));
}

}  // namespace

Engine::Engine(std::unique_ptr<State> state) : state_(std::move(state)) {}
Engine::~Engine() = default;

std::shared_ptr<Engine> Engine::load(const std::filesystem::path& plan, const Device& device,
                                     const EngineOptions& options) {
  return load(Plan::load(plan), device, options);
}

std::shared_ptr<Engine> Engine::load(const Plan& plan, const Device& device, const EngineOptions& options) {
  if (!plan) base::fail(ErrorCode::invalid_argument, "an empty plan can't be loaded");
  if (options.threads < 0 || options.threads > 1024)
    base::fail(ErrorCode::invalid_argument, "threads is ", options.threads, "; accepted: 0 (all cores) to 1024");
  compile::check_kernel_override();
  auto state = std::make_unique<State>();
  state->plan = plan;
  state->device = device::open(device.name);
  state->limits = options.limits;
  if (options.compiling)
    state->loading = [wanted = options.compiling](std::size_t made, std::size_t of) {
      if (!wanted(made, of)) throw Error(ErrorCode::cancelled, "the device's programs are not wanted any more");
    };
  state->threads = options.threads > 0 ? options.threads : base::available_cores();
  state->pool = std::make_shared<device::ThreadPool>(state->threads);
  state->section = &plan.state().section_for(state->device->target().fingerprint);
  report_section(plan.state(), *state->section, state->device->target(), state->threads);
  state->graph = compile::lower(plan.state(), *state->section);
  auto engine = std::make_shared<Engine>(std::move(state));
  // Static networks and the profiles' shapes are compiled now, so that errors and waiting happen here.
  runtime::Shapes none;
  if (std::all_of(plan.state().inputs.begin(), plan.state().inputs.end(),
                  [](const TensorInfo& t) { return is_static(t.dims); }))
    (void)engine->state_->module_for(none, engine->state_->threads);
  for (const Profile& profile : plan.state().profiles) {
    runtime::Shapes shapes;
    for (const ShapeRange& range : profile) shapes[range.input] = range.opt;
    (void)engine->state_->module_for(shapes, engine->state_->threads);
  }
  return engine;
}

std::vector<TensorInfo> Engine::inputs() const { return state_->plan.inputs(); }
std::vector<TensorInfo> Engine::outputs() const { return state_->plan.outputs(); }
const std::map<std::string, std::string>& Engine::metadata() const { return state_->plan.metadata(); }
const std::vector<LayoutReport>& Engine::layouts() const noexcept { return state_->section->layouts; }
int Engine::threads() const noexcept { return state_->threads; }

std::unique_ptr<Context> Engine::create_context(const ContextOptions& options) {
  if (options.threads < 0 || options.threads > 1024)
    base::fail(ErrorCode::invalid_argument, "threads is ", options.threads, "; accepted: 0 (as the engine) to 1024");
  if (!options.cores.empty() && options.threads != 0 && options.threads != static_cast<int>(options.cores.size()))
    base::fail(ErrorCode::invalid_argument, "threads is ", options.threads, " and there are ", options.cores.size(),
               " cores; one worker runs on each, so leave threads at 0");
  base::check_cores(options.cores);
  auto state = std::make_unique<Context::State>();
  state->engine = shared_from_this();
  state->profile = options.profile;
  if (!options.cores.empty()) state->pool = std::make_shared<device::ThreadPool>(options.cores);
  else state->pool = options.threads > 0 ? std::make_shared<device::ThreadPool>(options.threads) : state_->pool;
  // A context starts at the first profile's opt shapes, so that simple programs never need set_shape.
  if (!state_->plan.state().profiles.empty())
    for (const ShapeRange& range : state_->plan.state().profiles.front()) state->shapes[range.input] = range.opt;
  return std::make_unique<Context>(std::move(state));
}

void Engine::run_on_workers(int tiles, const std::function<void(int)>& body) noexcept {
  struct Region {
    const std::function<void(int)>& body;
    const int tiles;
    device::ThreadPool& pool;
    std::atomic<int> next{0}, done{0};
  } region{body, tiles, *state_->pool};
  const auto work = [](void* context, int) noexcept {
    auto& r = *static_cast<Region*>(context);
    for (int tile = r.next++; tile < r.tiles; tile = r.next++) {
      r.body(tile);
      if (++r.done == r.tiles) r.pool.signal();
    }
    return r.done.load() >= r.tiles;
  };
  if (tiles > 0) state_->pool->run(work, &region);
}

Stream Engine::create_stream() {
  return Stream(std::make_unique<Stream::State>(Stream::State{state_->device->create_queue()}));
}

std::vector<LayerReport> Engine::report(const std::map<std::string, Dims>& shapes) {
  runtime::Shapes wanted = shapes;
  if (wanted.empty() && !state_->plan.state().profiles.empty())
    for (const ShapeRange& range : state_->plan.state().profiles.front()) wanted[range.input] = range.opt;
  return state_->module_for(wanted, state_->threads)->report();
}

}  // namespace vireo

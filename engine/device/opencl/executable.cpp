#include "engine/device/opencl/executable.h"

#include <algorithm>

#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/device/opencl/compilation.h"
#include "engine/device/opencl/faults.h"
#include "engine/device/opencl/queue.h"
#include "engine/device/opencl/tensor_map.h"

namespace vireo::device::opencl {

OpenclExecutable::OpenclExecutable(std::shared_ptr<OpenclDevice> device, std::shared_ptr<const Segment> segment,
                                   const LoadOptions& options)
    : device_(std::move(device)), segment_(std::move(segment)), profile_(options.profile) {
  const OpenclFacts& facts = device_->target().opencl;
  if (facts.most_buffer && segment_->arena_bytes > facts.most_buffer)
    base::fail(ErrorCode::out_of_memory, "the activations take ", segment_->arena_bytes, " bytes, and one buffer of '",
               device_->target().description, "' holds at most ", facts.most_buffer, ": try a smaller batch");
  arena_ = std::make_unique<const Buffer>(device_->context(), segment_->arena_bytes, CL_MEM_READ_WRITE);
  // Words that nobody has written carry no mark of the first run.
  if (std::ranges::any_of(segment_->steps, [](const Step& step) { return step.marks; })) device_->clear(*arena_);
  for (const ConstantBytes& constant : segment_->constants)
    constants_.push_back(device_->constant(constant.owner, constant.data, constant.bytes));
  std::size_t maps = 0, counters = 0;
  for (const Step& step : segment_->steps)
    if (const auto* launch = step.launch.as<OpenclLaunch>()) {
      maps += launch->maps.size();
      counters += base::align_up(launch->counters * sizeof(cl_int));
    }
  faults_ = Faults::of(*device_, *segment_);
  if (counters) {
    counters_ = std::make_unique<const Buffer>(device_->context(), counters, CL_MEM_READ_WRITE);
    device_->clear(*counters_);
  }
  if (maps) maps_ = std::make_unique<const Buffer>(device_->context(), maps * kMapBytes, CL_MEM_READ_WRITE);
  for (std::size_t s = 0; s < segment_->steps.size(); ++s) {
    const Step& step = segment_->steps[s];
    if (const auto* launch = step.launch.as<OpenclLaunch>()) add_kernels(s, *launch);
    else if (const auto* copy = step.launch.as<CopyLaunch>()) {
      finish_plan();
      add_copy(s, *copy);
    } else base::fail(ErrorCode::internal, "step '", step.layer, "' is not made for an OpenCL device");
  }
  finish_plan();
  compile(options);
  write_maps();
  if (profile_) {
    timed_ = create_command_queue(device_->context(), device_->id(), true);
    events_.resize(commands_.size());
    seconds_.assign(segment_->steps.size(), 0);
  }
}

OpenclExecutable::~OpenclExecutable() = default;

OpenclExecutable::Where OpenclExecutable::where(const Place& place) const {
  switch (place.in) {
    case Place::In::arena: return {arena_->get(), -1, place.offset};
    case Place::In::constant: return {constants_[static_cast<std::size_t>(place.index)]->get(), -1, place.offset};
    case Place::In::binding: return {nullptr, place.index, place.offset};
    case Place::In::nowhere: break;
  }
  return {arena_->get(), -1, 0};  // never read
}

void OpenclExecutable::add_kernels(std::size_t s, const OpenclLaunch& launch) {
  Launched own;
  for (const OpenclState& state : launch.states) {
    states_.push_back(device_->constant(state.owner, state.data, state.bytes));
    own.states.push_back(states_.back()->get());
  }
  own.first_map = map_words_.size() * sizeof(std::uint32_t);
  own.counters = counters_used_;
  for (const TensorMap& map : launch.maps) place_map(map, s, own.states);
  counters_used_ += base::align_up(launch.counters * sizeof(cl_int));
  passes_ += segment_->steps[s].pass;
  bool first = true;
  for (const OpenclKernel& described : launch.kernels) {
    if (described.groups[0] * described.groups[1] * described.groups[2] == 0) continue;
    if (!add_part(s, described, own, first)) {
      finish_plan();
      add_kernel(s, described, own);
    }
    first = false;
  }
}

OpenclExecutable::Where OpenclExecutable::where(const OpenclArgument& argument, std::size_t s,
                                                const Launched& own) const {
  const Step& step = segment_->steps[s];
  const auto index = static_cast<std::size_t>(argument.index);
  switch (argument.kind) {
    case OpenclArgument::Kind::input: return where(step.inputs[index]);
    case OpenclArgument::Kind::output: return where(step.outputs[index]);
    case OpenclArgument::Kind::state: return {own.states[index], -1, argument.offset};
    case OpenclArgument::Kind::map: return {maps_->get(), -1, own.first_map + index * kMapBytes};
    case OpenclArgument::Kind::counters: return {counters_->get(), -1, own.counters};
    case OpenclArgument::Kind::fault: return {faults_->get(), -1, faults_->place_of(s)};
    case OpenclArgument::Kind::workspace:
    case OpenclArgument::Kind::value: break;
  }
  return {arena_->get(), -1, step.workspace + argument.offset};
}

void OpenclExecutable::add_kernel(std::size_t s, const OpenclKernel& described, const Launched& own) {
  Command command;
  command.step = s;
  for (std::size_t d = 0; d < 3; ++d) {
    command.global[d] = described.groups[d] * described.local[d];
    command.local[d] = described.local[d];
    if (command.global[d] > 1) command.axes = static_cast<cl_uint>(d + 1);
  }
  pending_.push_back({commands_.size(), &described, own});
  commands_.push_back(std::move(command));
}

/// All at once, since each takes its time.
void OpenclExecutable::compile(const LoadOptions& options) {
  std::vector<const OpenclKernel*> kernels;
  for (const Pending& pending : pending_) kernels.push_back(pending.kernel);
  programs_ = programs_of(device_, kernels, options.binaries, options.loading);
  for (std::size_t k = 0; k < pending_.size(); ++k) {
    Command& command = commands_[pending_[k].command];
    if (command.plan) {
      command.plan->begin(programs_[k]);
      continue;
    }
    const OpenclKernel& described = *kernels[k];
    cl_int code = CL_SUCCESS;
    command.kernel = KernelHandle(clCreateKernel(programs_[k]->get(), described.entry.c_str(), &code));
    check(code, base::str("clCreateKernel '", described.entry, "'"));
    set_arguments(command, described, pending_[k].own);
  }
  pending_ = {};
}

void OpenclExecutable::set_arguments(Command& command, const OpenclKernel& described, const Launched& own) {
  cl_uint number = 0;
  for (const OpenclArgument& argument : described.arguments) {
    if (argument.kind == OpenclArgument::Kind::value) {
      check(clSetKernelArg(command.kernel.get(), number, argument.size, argument.value.data()),
            base::str("clSetKernelArg ", number, " of '", described.entry, "'"));
      ++number;
      continue;
    }
    if (described.by_address) {
      const Where at = where(argument, command.step, own);
      if (at.binding >= 0) base::fail(ErrorCode::internal, "'", described.entry, "' can't follow a binding");
      const cl_ulong address = address_of(at.object) + at.offset;
      check(clSetKernelArg(command.kernel.get(), number, sizeof(address), &address),
            base::str("clSetKernelArg ", number, " of '", described.entry, "'"));
      ++number;
      continue;
    }
    set_tensor(command, number, where(argument, command.step, own));
    number += 2;
  }
}

/// False where it can't be a part. A segment that is watched has a plan kernel for each part.
bool OpenclExecutable::add_part(std::size_t s, const OpenclKernel& described, const Launched& own, bool first) {
  const Step& step = segment_->steps[s];
  const bool alone = step.wave < 0 || segment_->source;
  if (step.wave < 0 && described.part != OpenclKernel::Part::resident) return false;
  if (!refuse_part(described, device_->target().opencl.wgmma).empty()) return false;
  if (alone) finish_plan();
  PlanPart part;
  part.kernel = &described;
  part.step = s;
  if (described.ahead.bytes) part.weights = own.states[static_cast<std::size_t>(described.ahead.state)];
  part.marks = step.marks;
  part.mark = step.mark;
  part.pass = passes_ > 0;
  std::size_t inputs = 0;
  for (const OpenclArgument& argument : described.arguments) {
    if (argument.kind == OpenclArgument::Kind::value) continue;
    if (argument.kind == OpenclArgument::Kind::input && described.part == OpenclKernel::Part::resident && inputs < 2) {
      const auto index = static_cast<std::size_t>(argument.index);
      part.waits[inputs] = index < 64 && (step.waits_for >> index & 1) != 0;
      part.awaited[inputs++] = index < step.awaits.size() ? step.awaits[index] : std::uint8_t{0};
    }
    const Where at = where(argument, s, own);
    part.places.push_back({at.binding, at.binding >= 0 ? at.offset : address_of(at.object) + at.offset});
  }
  parts_.push_back(std::move(part));
  launched_.push_back(own);
  if (PlanRun::table_bytes(parts_) > most_table_bytes()) {  // the last one begins another
    PlanPart last = std::move(parts_.back());
    parts_.pop_back();
    launched_.pop_back();
    finish_plan();
    parts_.push_back(std::move(last));
    launched_.push_back(own);
  }
  // Two passes, of steps of which one had nothing to do, are not one.
  parts_.back().meet = parts_.size() > 1 && (!first || step.wave != part_wave_ || passes_ > 1);
  part_wave_ = step.wave;
  passes_ = 0;
  if (alone) finish_plan();
  return true;
}

void OpenclExecutable::finish_plan() {
  if (parts_.empty()) return;
  const bool needed = parts_.size() > 1 || parts_[0].kernel->part == OpenclKernel::Part::resident;
  if (needed) {
    Command command;
    command.step = parts_.front().step;
    command.plan = std::make_unique<PlanRun>(*device_, parts_, profile_);
    pending_.push_back({commands_.size(), &command.plan->kernel(), {}});
    commands_.push_back(std::move(command));
  } else {
    add_kernel(parts_[0].step, *parts_[0].kernel, launched_[0]);
  }
  parts_.clear();
  launched_.clear();
}

void OpenclExecutable::place_map(const TensorMap& map, std::size_t s, const std::vector<cl_mem>& states) {
  const Step& step = segment_->steps[s];
  const auto index = static_cast<std::size_t>(map.index);
  Where at{arena_->get(), -1, step.workspace};
  if (map.of == OpenclArgument::Kind::input) at = where(step.inputs[index]);
  else if (map.of == OpenclArgument::Kind::output) at = where(step.outputs[index]);
  else if (map.of == OpenclArgument::Kind::state) at = {states[index], -1, 0};
  const std::size_t first = map_words_.size();
  map_words_.resize(first + kMapBytes / sizeof(std::uint32_t));
  if (at.binding >= 0) bound_maps_.push_back({map, at.binding, at.offset, first});
  else put_map(map, address_of(at.object) + at.offset, first);
}

void OpenclExecutable::put_map(const TensorMap& map, std::uint64_t address, std::size_t first) {
  const auto words = encode(map, address);
  std::copy(words.begin(), words.end(), map_words_.begin() + static_cast<std::ptrdiff_t>(first));
}

void OpenclExecutable::write_maps() {
  if (map_words_.empty()) return;
  check(clEnqueueWriteBuffer(device_->transfers(), maps_->get(), CL_TRUE, 0, map_words_.size() * sizeof(std::uint32_t),
                             map_words_.data(), 0, nullptr, nullptr),
        "clEnqueueWriteBuffer");
}

std::uint64_t OpenclExecutable::address_of(cl_mem object) {
  const auto [known, fresh] = addresses_.try_emplace(object, 0);
  if (fresh) known->second = device_->address_of(object);
  return known->second;
}

void OpenclExecutable::add_copy(std::size_t s, const CopyLaunch& launch) {
  if (launch.rows == 0 || launch.row_bytes == 0) return;
  Command command;
  command.step = s;
  command.from = where(segment_->steps[s].inputs[0]);
  command.to = where(segment_->steps[s].outputs[0]);
  command.rows = launch.rows;
  command.row_bytes = launch.row_bytes;
  command.pitch_bytes = launch.pitch_bytes;
  commands_.push_back(std::move(command));
}

void OpenclExecutable::set_tensor(Command& command, cl_uint argument, const Where& where) {
  if (where.binding >= 0) {
    command.follows.push_back({argument, where.binding, where.offset});
    return;
  }
  const cl_ulong offset = where.offset;
  check(clSetKernelArg(command.kernel.get(), argument, sizeof(cl_mem), &where.object),
        base::str("clSetKernelArg ", argument));
  check(clSetKernelArg(command.kernel.get(), argument + 1, sizeof(offset), &offset),
        base::str("clSetKernelArg ", argument + 1));
}

OpenclExecutable::Where OpenclExecutable::resolve(const Where& where, std::span<const Region> bindings) const {
  if (where.binding < 0) return where;
  const Region& region = bindings[static_cast<std::size_t>(where.binding)];
  const auto* memory = dynamic_cast<const OpenclMemory*>(region.memory);
  return {memory ? memory->object() : arena_->get(), -1, region.offset + where.offset};  // no memory: empty, not read
}

/// Sets the arguments that follow a binding which lies elsewhere than in the run before.
void OpenclExecutable::bind(OpenclQueue& queue, std::span<const Region> bindings) {
  const bool first = bound_.size() != bindings.size();
  bound_.resize(bindings.size());
  moved_.assign(bindings.size(), 0);
  bool any = false;
  for (std::size_t k = 0; k < bindings.size(); ++k) {
    const auto* memory = dynamic_cast<const OpenclMemory*>(bindings[k].memory);
    const Bound now = memory ? Bound{memory->number(), bindings[k].offset, memory->object()}
                             : Bound{0, 0, arena_->get()};  // empty: never read
    moved_[k] = first || bound_[k] != now;
    any |= moved_[k] != 0;
    bound_[k] = now;
  }
  if (!any) return;
  bool maps = false;
  for (const BoundMap& bound : bound_maps_) {
    const auto k = static_cast<std::size_t>(bound.binding);
    if (!moved_[k]) continue;
    maps = true;
    put_map(bound.map, device_->address_of(bound_[k].object) + bound_[k].offset + bound.offset, bound.at);
  }
  bool plans = false;
  for (Command& command : commands_)
    for (std::size_t k = 0; command.plan && k < bound_.size(); ++k)
      if (moved_[k] && command.plan->follows(k)) {
        command.plan->move(k, device_->address_of(bound_[k].object) + bound_[k].offset);
        plans = true;
      }
  if (maps || plans) {
    check(clFinish(queue.get()), "clFinish");  // a run in the queue may still read them
    write_maps();
    for (Command& command : commands_)
      if (command.plan) command.plan->write();
  }
  for (Command& command : commands_)
    for (const Follows& f : command.follows) {
      const Bound& bound = bound_[static_cast<std::size_t>(f.binding)];
      if (!moved_[static_cast<std::size_t>(f.binding)]) continue;
      const cl_ulong offset = bound.offset + f.offset;
      check(clSetKernelArg(command.kernel.get(), f.argument, sizeof(cl_mem), &bound.object), "clSetKernelArg");
      check(clSetKernelArg(command.kernel.get(), f.argument + 1, sizeof(offset), &offset), "clSetKernelArg");
    }
}

void OpenclExecutable::enqueue(OpenclQueue& queue, std::span<const Region> bindings) {
  bind(queue, bindings);
  for (const Command& command : commands_)
    if (command.plan) queue.watch(command.plan->counters());
  if (profile_) enqueue_timed(queue, bindings);
  else enqueue_commands(queue.get(), &queue, bindings);
  if (faults_) queue.watch(faults_);
}

void OpenclExecutable::enqueue_timed(OpenclQueue& queue, std::span<const Region> bindings) {
  // In a queue of its own, which waits for this one and which this one waits for.
  EventHandle reached, done;
  check(clEnqueueMarkerWithWaitList(queue.get(), 0, nullptr, reached.out()), "clEnqueueMarkerWithWaitList");
  check(clFlush(queue.get()), "clFlush");
  const cl_event before = reached.get();
  check(clEnqueueBarrierWithWaitList(timed_.get(), 1, &before, nullptr), "clEnqueueBarrierWithWaitList");
  enqueue_commands(timed_.get(), nullptr, bindings);
  check(clEnqueueMarkerWithWaitList(timed_.get(), 0, nullptr, done.out()), "clEnqueueMarkerWithWaitList");
  check(clFlush(timed_.get()), "clFlush");
  const cl_event after = done.get();
  check(clEnqueueBarrierWithWaitList(queue.get(), 1, &after, nullptr), "clEnqueueBarrierWithWaitList");
}

void OpenclExecutable::enqueue_commands(cl_command_queue queue, OpenclQueue* traced, std::span<const Region> bindings) {
  if (observer_) tell(queue, -1, bindings);
  for (std::size_t c = 0; c < commands_.size(); ++c) {
    const Command& command = commands_[c];
    if (profile_) events_[c] = {};
    const auto kind = command.plan || command.kernel ? StreamWork::Kind::kernel : StreamWork::Kind::copy;
    cl_event* event = profile_ ? events_[c].out() : nullptr;
    if (traced) {
      const std::string& layer = segment_->steps[command.step].layer;
      event = traced->event_for(kind, command.plan ? std::string_view("plan kernel") : layer,
                                command.rows * command.row_bytes);
    }
    if (command.plan) {
      command.plan->enqueue(queue, event);
    } else if (command.kernel) {
      const cl_int code = clEnqueueNDRangeKernel(queue, command.kernel.get(), command.axes, nullptr,
                                                 command.global.data(), command.local.data(), 0, nullptr, event);
      if (code != CL_SUCCESS)
        check(code, base::str("clEnqueueNDRangeKernel of layer '", segment_->steps[command.step].layer, "'"));
    } else {
      const Where from = resolve(command.from, bindings), to = resolve(command.to, bindings);
      if (command.rows == 1 || command.pitch_bytes == command.row_bytes) {
        check(clEnqueueCopyBuffer(queue, from.object, to.object, from.offset, to.offset,
                                  command.rows * command.row_bytes, 0, nullptr, event),
              "clEnqueueCopyBuffer");
      } else {
        const std::size_t source[3] = {from.offset, 0, 0}, target[3] = {to.offset, 0, 0};
        const std::size_t region[3] = {command.row_bytes, command.rows, 1};
        check(clEnqueueCopyBufferRect(queue, from.object, to.object, source, target, region, command.pitch_bytes, 0,
                                      command.row_bytes, 0, 0, nullptr, event),
              "clEnqueueCopyBufferRect");
      }
    }
    const bool last = c + 1 == commands_.size() || commands_[c + 1].step != command.step;
    if (observer_ && last) tell(queue, static_cast<int>(command.step), bindings);
  }
  check(clFlush(queue), "clFlush");
}

}  // namespace vireo::device::opencl

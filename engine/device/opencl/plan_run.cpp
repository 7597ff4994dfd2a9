#include "engine/device/opencl/plan_run.h"

#include <algorithm>
#include <map>

#include "engine/base/text.h"

namespace vireo::device::opencl {
namespace {

template <typename T>
void write_all(OpenclDevice& device, const Buffer& to, const std::vector<T>& from) {
  check(clEnqueueWriteBuffer(device.transfers(), to.get(), CL_TRUE, 0, from.size() * sizeof(T), from.data(), 0, nullptr,
                             nullptr),
        "clEnqueueWriteBuffer");
}

constexpr std::size_t kCounterBytes = 64;

}  // namespace

PlanCounters::PlanCounters(OpenclDevice& device) : memory_(device.context(), kCounterBytes, CL_MEM_READ_WRITE) {
  device.clear(memory_);
  const cl_uint words[5] = {0, 1, 0, 0, 0};  // the first run is number 1, whose marks are not what fresh memory has
  check(clEnqueueWriteBuffer(device.transfers(), get(), CL_TRUE, 0, sizeof(words), words, 0, nullptr, nullptr),
        "clEnqueueWriteBuffer");
}

bool PlanCounters::gave_up(OpenclDevice& device) const {
  cl_uint words[5] = {};
  check(clEnqueueReadBuffer(device.transfers(), get(), CL_TRUE, 0, sizeof(words), words, 0, nullptr, nullptr),
        "clEnqueueReadBuffer");
  if (words[2] == 0) return false;
  words[0] = words[2] = words[3] = words[4] = 0;
  check(clEnqueueWriteBuffer(device.transfers(), get(), CL_TRUE, 0, sizeof(words), words, 0, nullptr, nullptr),
        "clEnqueueWriteBuffer");
  return true;
}

std::size_t PlanRun::table_bytes(std::span<const PlanPart> parts) {
  std::size_t places = 0;
  for (const PlanPart& part : parts) places += part.places.size();
  return places * sizeof(std::uint64_t) + parts.size() * sizeof(PlanStep) + 64;
}

PlanRun::PlanRun(OpenclDevice& device, std::span<const PlanPart> parts, bool profile)
    : device_(device), counters_(std::make_shared<const PlanCounters>(device)) {
  const OpenclFacts& facts = device.target().opencl;
  groups_ = static_cast<std::size_t>(std::max(1, facts.resident_groups));
  std::map<std::string, std::uint32_t> numbers;
  std::vector<const OpenclKernel*> kinds;
  std::vector<PlanStep> table;
  // Few exchange buffers, for what a run touches should stay in the cache beside the weights (ResNet-50 at batch 1 with
  // 4, 8, 16, 32: 157, 164, 184, 209 us); enough that tags don't run out.
  constexpr std::size_t kFewBuffers = 4;
  std::size_t exchanging = 0;
  std::int64_t most_pieces = 0;
  for (const PlanPart& part : parts) {
    if (!part.kernel->exchanges) continue;
    ++exchanging;
    most_pieces = std::max(most_pieces, part.kernel->pieces);
  }
  std::size_t buffers =
      std::max<std::size_t>((exchanging + kExchangeUses - 1) / kExchangeUses, std::min(exchanging, kFewBuffers));
  buffers += buffers % 2;
  std::uint64_t exchange = 0;
  const std::size_t buffer_bytes = static_cast<std::size_t>(most_pieces) * kExchangeBytes;
  if (exchanging) {
    exchange_ = std::make_unique<const Buffer>(device.context(), buffers * buffer_bytes, CL_MEM_READ_WRITE);
    device.clear(*exchange_);
    exchange = device.address_of(exchange_->get());
  }
  std::size_t exchanged = 0, uses = 0;  // in all, and since the last meeting or pass
  std::size_t taken = 0;                // pieces since the meeting: whose first group comes next
  for (const PlanPart& part : parts) {
    const auto [known, fresh] = numbers.try_emplace(kind_of(*part.kernel), static_cast<std::uint32_t>(kinds.size()));
    if (fresh) kinds.push_back(part.kernel);
    PlanStep step;
    step.kind = known->second;
    if (part.meet) {
      step.kind |= PlanStep::meet << 16;
      taken = uses = 0;
    } else if (part.pass || (part.kernel->exchanges && uses > 0 && uses >= buffers / 2)) {
      step.kind |= PlanStep::pass << 16;
      uses = 0;
    }
    if (part.waits[0]) step.kind |= PlanStep::waits_for_first << 16;
    if (part.waits[1]) step.kind |= PlanStep::waits_for_second << 16;
    if (part.marks) step.kind |= PlanStep::marks << 16;
    step.kind |= static_cast<std::uint32_t>(part.awaited[0]) << (16 + PlanStep::kFirstMark) |
                 static_cast<std::uint32_t>(part.awaited[1]) << (16 + PlanStep::kSecondMark) |
                 static_cast<std::uint32_t>(part.mark) << (16 + PlanStep::kOwnMark);
    step.place = static_cast<std::uint32_t>(addresses_.size());
    step.first = static_cast<std::uint32_t>(taken % groups_);
    const OpenclKernel& kernel = *part.kernel;
    if (kernel.part == OpenclKernel::Part::resident) {
      step.pieces = static_cast<std::uint32_t>(kernel.pieces);
      taken += static_cast<std::size_t>(kernel.pieces);
      if (kernel.ahead.bytes) {
        step.bytes = kernel.ahead.bytes;
        step.period = kernel.ahead.period;
        step.chunks = kernel.ahead.chunks;
        step.weights = device.address_of(part.weights);
      }
    } else {
      taken += kernel.groups[0] * kernel.groups[1] * kernel.groups[2];
    }
    if (kernel.exchanges) {
      step.use = static_cast<std::uint32_t>(exchanged / buffers);
      step.exchanged = exchange + exchanged % buffers * buffer_bytes;
      ++exchanged;
      ++uses;
    }
    for (const PlanPart::Place& place : part.places) {
      if (place.binding >= 0) followers_.push_back({addresses_.size(), place.binding, place.address});
      addresses_.push_back(place.binding >= 0 ? 0 : place.address);
    }
    steps_.push_back(part.step);
    table.push_back(step);
  }
  const bool hopper = facts.wgmma;
  described_ = plan_kernel(kinds, hopper, static_cast<int>(groups_), table_bytes(parts));
  items_ = described_.local[0];
  rounds_ = exchanging ? (exchanging + buffers - 1) / buffers : 0;
  places_ = std::make_unique<const Buffer>(device.context(), std::max<std::size_t>(addresses_.size(), 1) * 8,
                                           CL_MEM_READ_WRITE);
  table_ = std::make_unique<const Buffer>(device.context(), table.size() * sizeof(PlanStep), CL_MEM_READ_WRITE);
  write_all(device, *table_, table);
  if (profile && hopper)
    clocks_ = std::make_unique<const Buffer>(device.context(), (table.size() + 1) * 4, CL_MEM_READ_WRITE);
}

void PlanRun::begin(std::shared_ptr<const Program> program) {
  program_ = std::move(program);
  cl_int code = CL_SUCCESS;
  kernel_ = KernelHandle(clCreateKernel(program_->get(), described_.entry.c_str(), &code));
  check(code, base::str("clCreateKernel '", described_.entry, "'"));
  described_ = {};  // its text is long
  const cl_mem objects[] = {counters_->get(), places_->get(), table_->get(), clocks_ ? clocks_->get() : nullptr};
  const auto count = [](std::size_t number) { return static_cast<cl_int>(number); };
  const cl_int numbers_of[] = {count(addresses_.size()), count(steps_.size()), count(rounds_)};
  const auto set = [&](cl_uint argument, std::size_t bytes, const void* value) {
    check(clSetKernelArg(kernel_.get(), argument, bytes, value), base::str("clSetKernelArg ", argument));
  };
  set(0, sizeof(cl_mem), &objects[0]);
  set(1, sizeof(cl_mem), &objects[1]);
  set(2, sizeof(cl_int), &numbers_of[0]);
  set(3, sizeof(cl_mem), &objects[2]);
  set(4, sizeof(cl_int), &numbers_of[1]);
  set(5, sizeof(cl_int), &numbers_of[2]);
  set(6, sizeof(cl_mem), &objects[3]);
  write();
}

bool PlanRun::follows(std::size_t binding) const {
  return std::any_of(followers_.begin(), followers_.end(),
                     [&](const Follower& f) { return static_cast<std::size_t>(f.binding) == binding; });
}

void PlanRun::move(std::size_t binding, std::uint64_t address) {
  for (const Follower& f : followers_)
    if (static_cast<std::size_t>(f.binding) == binding) addresses_[f.at] = address + f.offset;
}

void PlanRun::write() {
  if (!addresses_.empty()) write_all(device_, *places_, addresses_);
}

void PlanRun::enqueue(cl_command_queue queue, cl_event* event) {
  device_.enqueue_resident(queue, kernel_.get(), groups_ * items_, items_, event);
}

void PlanRun::share(double seconds, std::span<double> of_steps) const {
  std::vector<std::uint32_t> clocks(steps_.size() + 1);
  // Logged where it fails; whoever asks for times can't be thrown at.
  if (clocks_)
    (void)status_of(clEnqueueReadBuffer(device_.transfers(), clocks_->get(), CL_TRUE, 0, clocks.size() * 4,
                                        clocks.data(), 0, nullptr, nullptr),
                    "clEnqueueReadBuffer");
  const auto between = [&](std::size_t from, std::size_t to) {
    return static_cast<double>(static_cast<std::uint32_t>(clocks[to] - clocks[from]));
  };
  const double all = between(0, steps_.size());
  for (std::size_t i = 0; i < steps_.size(); ++i)
    of_steps[steps_[i]] += all > 0 ? seconds * between(i, i + 1) / all : seconds / static_cast<double>(steps_.size());
}

}  // namespace vireo::device::opencl

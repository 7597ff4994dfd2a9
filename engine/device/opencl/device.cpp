#include "engine/device/opencl/device.h"

#include <algorithm>
#include <atomic>

#include "engine/api/log.h"
#include "engine/base/memory.h"
#include "engine/base/stopwatch.h"
#include "engine/base/text.h"
#include "engine/device/opencl/executable.h"
#include "engine/device/opencl/probe.h"
#include "engine/device/opencl/ptx.h"
#include "engine/device/opencl/queue.h"

namespace vireo::device::opencl {
namespace {

std::string numbered(const std::string& text) {
  std::string out;
  int line = 1;
  for (std::size_t begin = 0; begin < text.size(); ++line) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    out += base::str(line, ": ", text.substr(begin, end - begin), "\n");
    begin = end + 1;
  }
  return out;
}

void build(cl_program program, cl_device_id device, const std::string& options, const std::string& source) {
  const cl_int code = clBuildProgram(program, 1, &device, options.c_str(), nullptr, nullptr);
  if (code == CL_SUCCESS) return;
  std::size_t bytes = 0;
  clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, 0, nullptr, &bytes);
  std::string log(bytes, '\0');
  if (bytes) clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, bytes, log.data(), nullptr);
  while (!log.empty() && (log.back() == '\0' || log.back() == '\n')) log.pop_back();
  vireo::log(LogLevel::debug, "the OpenCL program that could not be compiled:\n" + numbered(source));
  if (code != CL_BUILD_PROGRAM_FAILURE) check(code, "clBuildProgram (" + log + ")");
  base::fail(ErrorCode::unsupported, "OpenCL: '", text_of(device, CL_DEVICE_NAME), "' can't compile a kernel (options ",
             options, "): ", log);
}

std::string options_of(const OpenclKernel& kernel) { return "-cl-std=CL1.2 -cl-mad-enable " + kernel.options; }

ProgramHandle from_source(cl_context context, cl_device_id device, const OpenclKernel& kernel) {
  const char* text = kernel.source.c_str();
  const std::size_t length = kernel.source.size();
  cl_int code = CL_SUCCESS;
  ProgramHandle program(clCreateProgramWithSource(context, 1, &text, &length, &code));
  check(code, "clCreateProgramWithSource");
  build(program.get(), device, options_of(kernel), kernel.source);
  return program;
}

std::string binary_of(cl_program program) {
  std::size_t bytes = 0;
  check(clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof(bytes), &bytes, nullptr), "clGetProgramInfo");
  std::string binary(bytes, '\0');
  auto* to = reinterpret_cast<unsigned char*>(binary.data());
  check(clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof(to), &to, nullptr), "clGetProgramInfo");
  return binary;
}

/// PTX of a text whose instructions of sm_90a are hidden in comments (ptx.h). The driver would go on and make machine
/// code of it, which nobody runs: half of the time that it takes. So there is a word in it that ends this part as soon
/// as it begins, and what was made until then is asked for. Empty where that is nothing: the text is wrong, or the
/// driver doesn't hand it out.
std::string ptx_of(cl_context context, cl_device_id device, const OpenclKernel& kernel) {
  constexpr std::string_view kStop = "vireo_no_instruction;";
  const std::string source =
      base::str(kernel.source, "\nkernel void vireo_stop(void) { asm volatile(\"", kStop, "\"); }\n");
  const char* text = source.c_str();
  const std::size_t length = source.size();
  cl_int code = CL_SUCCESS;
  const ProgramHandle program(clCreateProgramWithSource(context, 1, &text, &length, &code));
  check(code, "clCreateProgramWithSource");
  if (clBuildProgram(program.get(), 1, &device, options_of(kernel).c_str(), nullptr, nullptr) == CL_SUCCESS) return {};
  std::size_t bytes = 0;
  if (clGetProgramInfo(program.get(), CL_PROGRAM_BINARY_SIZES, sizeof(bytes), &bytes, nullptr) != CL_SUCCESS ||
      bytes == 0)
    return {};
  std::string ptx(bytes, '\0');
  auto* to = reinterpret_cast<unsigned char*>(ptx.data());
  if (clGetProgramInfo(program.get(), CL_PROGRAM_BINARIES, sizeof(to), &to, nullptr) != CL_SUCCESS) return {};
  const std::size_t at = ptx.find(kStop);
  if (at == std::string::npos || ptx.find(base::str(".entry ", kernel.entry)) == std::string::npos) return {};
  return ptx.erase(at, kStop.size());
}

/// PTX is text, which the driver wants with its end.
ProgramHandle from_binary(cl_context context, cl_device_id device, const std::string& binary) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(binary.c_str());
  const std::size_t size = binary.size() + (binary.empty() || binary.back() == '\0' ? 0 : 1);
  cl_int status = CL_SUCCESS, code = CL_SUCCESS;
  ProgramHandle program(clCreateProgramWithBinary(context, 1, &device, &size, &bytes, &status, &code));
  check(code, "clCreateProgramWithBinary");
  build(program.get(), device, "", binary);
  return program;
}

}  // namespace

QueueHandle create_command_queue(cl_context context, cl_device_id id, bool timed) {
  cl_int code = CL_SUCCESS;
  QueueHandle queue(clCreateCommandQueue(context, id, timed ? CL_QUEUE_PROFILING_ENABLE : 0, &code));
  check(code, "clCreateCommandQueue");
  return queue;
}

Program::Program(cl_context context, cl_device_id device, const OpenclKernel& kernel) {
  std::string ptx;
  if (kernel.hopper) ptx = ptx_of(context, device, kernel);
  if (ptx.empty()) {
    own_ = from_source(context, device, kernel);  // says what is wrong with it
    if (kernel.hopper) ptx = binary_of(own_.get());
  }
  if (kernel.hopper) own_ = from_binary(context, device, uncover_hopper(std::move(ptx), kernel.most_registers));
}

Program::Program(cl_context context, cl_device_id device, const std::string& binary)
    : own_(from_binary(context, device, binary)) {}

std::string Program::binary() const { return binary_of(own_.get()); }

namespace {
std::atomic<std::uint64_t> next_number{1};
}

Buffer::Buffer(cl_context context, std::size_t bytes, cl_mem_flags flags) : bytes_(base::padded(bytes)) {
  cl_int code = CL_SUCCESS;
  own_ = MemoryHandle(clCreateBuffer(context, flags, bytes_, nullptr, &code));
  check(code, base::str("clCreateBuffer of ", bytes, " bytes"));
}

OpenclMemory::OpenclMemory(std::shared_ptr<OpenclDevice> device, std::size_t bytes, MemoryKind kind)
    : device_(device),
      number_(next_number++),
      transfers_(device->transfers()),
      buffer_(device->context(), bytes, CL_MEM_READ_WRITE | (kind == MemoryKind::device ? 0 : CL_MEM_ALLOC_HOST_PTR)),
      bytes_(bytes),
      kind_(kind == MemoryKind::device ? kind : MemoryKind::pinned) {
  const std::size_t all = buffer_.bytes();
  if (kind_ == MemoryKind::device) {
    device->clear(buffer_);
    return;
  }
  cl_int code = CL_SUCCESS;
  host_ = static_cast<std::byte*>(clEnqueueMapBuffer(transfers_, object(), CL_TRUE, CL_MAP_READ | CL_MAP_WRITE, 0, all,
                                                     0, nullptr, nullptr, &code));
  check(code, "clEnqueueMapBuffer");
  std::fill_n(host_, all, std::byte{0});
}

OpenclMemory::~OpenclMemory() {
  if (!host_) return;
  clEnqueueUnmapMemObject(transfers_, object(), host_, 0, nullptr, nullptr);
  clFinish(transfers_);
}

OpenclDevice::OpenclDevice(std::string name, cl_platform_id platform, cl_device_id id) : id_(id) {
  const cl_context_properties properties[] = {CL_CONTEXT_PLATFORM, reinterpret_cast<cl_context_properties>(platform),
                                              0};
  cl_int code = CL_SUCCESS;
  context_ = ContextHandle(clCreateContext(properties, 1, &id, nullptr, nullptr, &code));
  check(code, "clCreateContext");
  transfers_ = create_command_queue(context(), id);
  target_ = describe(std::move(name), platform, id);
  probe(context_.get(), id, target_);
  if (target_.opencl.resident_groups == 0) return;
  Target other = target_;
  other.opencl.resident_groups = 0;
  const bool alone = target_.opencl.resident_groups == 1;  // waits for nobody, so that nobody need wait for it
  if (alone || lock_.take(target_)) target_.launches_only = std::make_shared<const Target>(std::move(other));
  else target_ = std::move(other);
}

OpenclDevice::~OpenclDevice() = default;

std::shared_ptr<Memory> OpenclDevice::allocate(std::size_t bytes, MemoryKind kind) {
  return std::make_shared<OpenclMemory>(std::static_pointer_cast<OpenclDevice>(shared_from_this()), bytes, kind);
}

std::unique_ptr<Queue> OpenclDevice::create_queue() {
  return std::make_unique<OpenclQueue>(std::static_pointer_cast<OpenclDevice>(shared_from_this()),
                                       create_command_queue(context(), id_));
}

std::unique_ptr<Executable> OpenclDevice::load(std::shared_ptr<const Segment> segment, const LoadOptions& options) {
  return std::make_unique<OpenclExecutable>(std::static_pointer_cast<OpenclDevice>(shared_from_this()),
                                            std::move(segment), options);
}

std::string OpenclDevice::text_of(const OpenclKernel& kernel) {
  return base::str(kernel.hopper, " ", kernel.most_registers, " ", kernel.options, "\n", kernel.source);
}

std::shared_ptr<const Program> OpenclDevice::known_program(const std::string& text) {
  const std::lock_guard lock(mutex_);
  const auto known = programs_.find(text);
  return known == programs_.end() ? nullptr : known->second;
}

std::shared_ptr<const Program> OpenclDevice::make_program(const OpenclKernel& kernel, const std::string& text,
                                                          const std::string& binary) {
  const base::Stopwatch watch;
  std::shared_ptr<const Program> made;
  if (!binary.empty()) try {
      made = std::make_shared<const Program>(context(), id_, binary);
    } catch (const Error& error) {
      log(LogLevel::info, base::str("the plan's program '", kernel.entry, "' is compiled again: ", error.what()));
    }
  if (!made) made = std::make_shared<const Program>(context(), id_, kernel);
  if (watch.seconds() > 1)
    log(LogLevel::info, base::str("the driver compiled '", kernel.entry, "', ", kernel.source.size() >> 10, " KB, in ",
                                  watch.seconds(), " s"));
  const std::lock_guard lock(mutex_);
  return programs_.try_emplace(text, std::move(made)).first->second;
}

std::uint64_t OpenclDevice::address_of(cl_mem object) {
  OpenclKernel kernel;
  kernel.source = "kernel void address(global ulong *out, global uchar *object) { out[0] = (ulong)object; }";
  const std::string text = text_of(kernel);
  std::shared_ptr<const Program> made = known_program(text);
  if (!made) made = make_program(kernel, text, {});
  cl_int code = CL_SUCCESS;
  const KernelHandle own(clCreateKernel(made->get(), "address", &code));
  check(code, "clCreateKernel 'address'");
  const Buffer result(context(), sizeof(cl_ulong), CL_MEM_READ_WRITE);
  const cl_mem out = result.get();
  check(clSetKernelArg(own.get(), 0, sizeof(out), &out), "clSetKernelArg");
  check(clSetKernelArg(own.get(), 1, sizeof(object), &object), "clSetKernelArg");
  const std::size_t one = 1;
  check(clEnqueueNDRangeKernel(transfers(), own.get(), 1, nullptr, &one, &one, 0, nullptr, nullptr),
        "clEnqueueNDRangeKernel");
  cl_ulong address = 0;
  check(clEnqueueReadBuffer(transfers(), out, CL_TRUE, 0, sizeof(address), &address, 0, nullptr, nullptr),
        "clEnqueueReadBuffer");
  return address;
}

void OpenclDevice::clear(const Buffer& buffer) {
  const cl_uint zero = 0;
  check(clEnqueueFillBuffer(transfers(), buffer.get(), &zero, sizeof(zero), 0, buffer.bytes(), 0, nullptr, nullptr),
        "clEnqueueFillBuffer");
  check(clFinish(transfers()), "clFinish");
}

void OpenclDevice::enqueue_resident(cl_command_queue queue, cl_kernel kernel, std::size_t global, std::size_t local,
                                    cl_event* event) {
  constexpr int kAwhile = 16;
  const std::lock_guard lock(residents_);
  // Where queues take turns, the next one waits for the kernel alone, not for the copies that its queue has behind it.
  // Events cost the host something, so nobody asks for one while a single queue has them all.
  const bool other = last_queue_ && last_queue_.get() != queue;
  EventHandle before;
  if (other) {
    before = std::move(last_resident_);
    if (!before)
      check(clEnqueueMarkerWithWaitList(last_queue_.get(), 0, nullptr, before.out()), "clEnqueueMarkerWithWaitList");
    check(clFlush(last_queue_.get()), "clFlush");
    turns_ = kAwhile;
  }
  last_resident_ = {};
  const bool keep = turns_ > 0 && turns_-- > 0;
  cl_event* made = event ? event : keep ? last_resident_.out() : nullptr;
  const cl_event wait = before.get();
  check(clEnqueueNDRangeKernel(queue, kernel, 1, nullptr, &global, &local, wait ? 1 : 0, wait ? &wait : nullptr, made),
        "clEnqueueNDRangeKernel of a plan kernel");
  if (event && keep) {
    check(clRetainEvent(*event), "clRetainEvent");
    last_resident_ = EventHandle(*event);
  }
  if (!last_queue_ || other) {
    check(clRetainCommandQueue(queue), "clRetainCommandQueue");
    last_queue_ = QueueHandle(queue);
  }
}

std::shared_ptr<const Buffer> OpenclDevice::constant(const std::shared_ptr<const void>& owner, const std::byte* data,
                                                     std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  std::erase_if(constants_, [](const auto& known) { return known.second.buffer.expired(); });
  const auto known = constants_.find(data);
  if (known != constants_.end() && known->second.bytes == bytes && known->second.owner.lock() == owner)
    if (auto buffer = known->second.buffer.lock()) return buffer;
  auto buffer = std::make_shared<const Buffer>(context(), bytes, CL_MEM_READ_WRITE);
  if (bytes)
    check(clEnqueueWriteBuffer(transfers(), buffer->get(), CL_TRUE, 0, bytes, data, 0, nullptr, nullptr),
          "clEnqueueWriteBuffer");
  constants_[data] = {owner, buffer, bytes};
  return buffer;
}

}  // namespace vireo::device::opencl

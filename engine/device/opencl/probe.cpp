#include "engine/device/opencl/probe.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "engine/base/text.h"
#include "engine/device/opencl/api.h"
#include "engine/device/opencl/ptx.h"

namespace vireo::device::opencl {
namespace {

bool lists(const std::string& extensions, std::string_view name) {
  const std::string padded = " " + extensions + " ";
  return padded.find(base::str(" ", name, " ")) != std::string::npos;
}

/// The program with its instructions of sm_90a in force (ptx.h); null where that fails.
ProgramHandle uncovered(cl_context context, cl_device_id device, cl_program program) {
  std::size_t size = 0;
  if (clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof(size), &size, nullptr) != CL_SUCCESS) return {};
  std::string ptx(size, '\0');
  auto* to = reinterpret_cast<unsigned char*>(ptx.data());
  if (clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof(to), &to, nullptr) != CL_SUCCESS) return {};
  ptx = uncover_hopper(std::move(ptx), 0);
  const auto* bytes = reinterpret_cast<const unsigned char*>(ptx.c_str());
  size = ptx.size() + 1;
  cl_int status = CL_SUCCESS, code = CL_SUCCESS;
  ProgramHandle made(clCreateProgramWithBinary(context, 1, &device, &size, &bytes, &status, &code));
  if (code != CL_SUCCESS || clBuildProgram(made.get(), 1, &device, "", nullptr, nullptr) != CL_SUCCESS) return {};
  return made;
}

/// One work-group of `items` runs `kernel probe(global float* out)`; the values it leaves, or nothing where anything
/// failed.
std::vector<float> try_kernel(cl_context context, cl_device_id device, const std::string& source, std::size_t items,
                              bool uncover = false) {
  cl_int code = CL_SUCCESS;
  const char* text = source.c_str();
  const ProgramHandle program(clCreateProgramWithSource(context, 1, &text, nullptr, &code));
  if (code != CL_SUCCESS) return {};
  if (clBuildProgram(program.get(), 1, &device, "-cl-std=CL1.2", nullptr, nullptr) != CL_SUCCESS) return {};
  ProgramHandle hopper;
  if (uncover) {
    hopper = uncovered(context, device, program.get());
    if (!hopper) return {};
  }
  const KernelHandle kernel(clCreateKernel(uncover ? hopper.get() : program.get(), "probe", &code));
  if (code != CL_SUCCESS) return {};
  const QueueHandle queue(clCreateCommandQueue(context, device, 0, &code));
  if (code != CL_SUCCESS) return {};
  std::vector<float> values(items, -1.0f);
  const MemoryHandle memory(clCreateBuffer(context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR,
                                           values.size() * sizeof(float), values.data(), &code));
  if (code != CL_SUCCESS) return {};
  const cl_mem object = memory.get();
  if (clSetKernelArg(kernel.get(), 0, sizeof(object), &object) != CL_SUCCESS) return {};
  if (clEnqueueNDRangeKernel(queue.get(), kernel.get(), 1, nullptr, &items, &items, 0, nullptr, nullptr) != CL_SUCCESS)
    return {};
  if (clEnqueueReadBuffer(queue.get(), object, CL_TRUE, 0, values.size() * sizeof(float), values.data(), 0, nullptr,
                          nullptr) != CL_SUCCESS)
    return {};
  return values;
}

bool all_are(const std::vector<float>& values, float wanted) {
  if (values.empty()) return false;
  for (float v : values)
    if (v != wanted) return false;
  return true;
}

/// A work-group hands numbers around through that much local memory.
bool local_memory_works(cl_context context, cl_device_id device, std::size_t bytes) {
  const std::string source = base::str(
      "kernel void probe(global float* out) { local uint block[", bytes / 4, "]; const uint me = get_local_id(0);\n",
      "for (uint i = me; i < ", bytes / 4, "; i += 32) block[i] = i;\n", "barrier(CLK_LOCAL_MEM_FENCE);\n",
      "uint wrong = 0; for (uint i = me; i < ", bytes / 4, "; i += 32) { const uint k = ", bytes / 4 - 1,
      " - i; wrong += block[k] != k; }\n", "out[me] = (float)wrong; }");
  return all_are(try_kernel(context, device, source, 32), 0.0f);
}

constexpr char kHalf[] = R"(
#pragma OPENCL EXTENSION cl_khr_fp16 : enable
kernel void probe(global float* out) {
  const half a = (half)(float)get_local_id(0), b = (half)0.5f;
  const half c = a * b + a;
  out[get_local_id(0)] = (float)c - 1.5f * (float)get_local_id(0);
})";

constexpr char kPtx[] = R"(
kernel void probe(global float* out) {
  uint lane;
  asm volatile("mov.u32 %0, %%laneid;" : "=r"(lane));
  out[get_local_id(0)] = (float)lane - (float)get_local_id(0);
})";

/// A 16x8x16 product of what lies in `out`, -1.0f: halfs 0 and -1.875 in turn. It comes by copies that are waited for
/// and by loads of matrices; the right operand's last four columns are zeros that the copy left. Sums of columns 1 and
/// 3 are 8 x 1.875 x 1.875, all others 0.
constexpr char kMma[] = R"(
kernel void probe(global float* out) {
  local ushort block[64 * 8] __attribute__((aligned(16)));
  const global float* from = out;
  const uint item = get_local_id(0);
  const uint at = (uint)(size_t)block;
  asm volatile("cp.async.cg.shared.global [%0],[%1],16,%2;" ::"r"(at + item * 16), "l"(from), "r"(16) : "memory");
  asm volatile("cp.async.cg.shared.global [%0],[%1],16,%2;" ::"r"(at + 512 + item * 16), "l"(from), "r"(8) : "memory");
  asm volatile("cp.async.commit_group;" ::: "memory");
  asm volatile("cp.async.wait_group 0;" ::: "memory");
  barrier(CLK_LOCAL_MEM_FENCE);
  uint a0, a1, a2, a3, b0, b1, b2, b3;
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3},[%4];"
               : "=r"(a0), "=r"(a1), "=r"(a2), "=r"(a3) : "r"(at + item * 16) : "memory");
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3},[%4];"
               : "=r"(b0), "=r"(b1), "=r"(b2), "=r"(b3) : "r"(at + 512 + item * 16) : "memory");
  float c0 = 0, c1 = 0, c2 = 0, c3 = 0;
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+f"(c0), "+f"(c1), "+f"(c2), "+f"(c3)
               : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
  barrier(CLK_LOCAL_MEM_FENCE);
  out[item] = c0 + c1 + c2 + c3 + ((item & 3) < 2 ? 7.75f : 64.0f);
})";

/// Instructions of sm_90a in force, and one multiply-add of zeros.
constexpr char kWgmma[] = R"(
__attribute__((reqd_work_group_size(128, 1, 1))) kernel void probe(global float* out) {
  float d0 = 1, d1 = 2, d2 = 3, d3 = 4;
  local uint block[1024] __attribute__((aligned(1024)));
  for (uint i = get_local_id(0); i < 1024; i += 128) block[i] = 0x3c003c00u;
  barrier(CLK_LOCAL_MEM_FENCE);
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
  const uint at = (uint)(size_t)block;
  const ulong d = (ulong)((at >> 4) & 0x3FFF) | (8UL << 16) | (16UL << 32);
  asm volatile("//@ {.reg .pred p; setp.eq.u32 p,0,0; wgmma.fence.sync.aligned;wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 {%0,%1,%2,%3},%4,%4,p,1,1,0,0;wgmma.commit_group.sync.aligned;wgmma.wait_group.sync.aligned 0;}\n"
               : "+f"(d0), "+f"(d1), "+f"(d2), "+f"(d3) : "l"(d) : "memory");
  out[get_local_id(0)] = d0 + d1 + d2 + d3;
})";

}  // namespace

Target describe(std::string name, cl_platform_id platform, cl_device_id device) {
  Target target;
  target.name = std::move(name);
  target.kind = "opencl";
  target.description = text_of(device, CL_DEVICE_NAME);
  target.fingerprint = base::str("opencl ", text_of(platform, CL_PLATFORM_NAME), " | ", target.description,
                                 " | driver ", text_of(device, CL_DRIVER_VERSION));
  for (const std::string& tactic : base::forced_tactics()) target.fingerprint += " forced:" + tactic;
  for (char& c : target.fingerprint)
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  target.workers = static_cast<int>(number_of<cl_uint>(device, CL_DEVICE_MAX_COMPUTE_UNITS));
  target.memory_bytes = number_of<cl_ulong>(device, CL_DEVICE_GLOBAL_MEM_SIZE);
  OpenclFacts& facts = target.opencl;
  facts.on_processor = (number_of<cl_device_type>(device, CL_DEVICE_TYPE) & CL_DEVICE_TYPE_CPU) != 0;
  facts.local_bytes = number_of<cl_ulong>(device, CL_DEVICE_LOCAL_MEM_SIZE);
  facts.most_items = number_of<std::size_t>(device, CL_DEVICE_MAX_WORK_GROUP_SIZE);
  facts.most_buffer = number_of<cl_ulong>(device, CL_DEVICE_MAX_MEM_ALLOC_SIZE);
  target.features.push_back(text_of(device, CL_DEVICE_VERSION));
  const std::string extensions = text_of(device, CL_DEVICE_EXTENSIONS);
  for (const auto& [extension, feature] : {std::pair{"cl_khr_fp16", "fp16"},
                                           {"cl_khr_subgroups", "subgroups"},
                                           {"cl_intel_subgroups", "subgroups"},
                                           {"cl_khr_integer_dot_product", "integer_dot"},
                                           {"cl_khr_command_buffer", "command_buffer"}})
    if (lists(extensions, extension) && target.features.back() != feature) target.features.emplace_back(feature);
  return target;
}

std::string why_not(cl_device_id device) {
  if (!number_of<cl_bool>(device, CL_DEVICE_AVAILABLE)) return "its driver says that it is not available";
  if (!number_of<cl_bool>(device, CL_DEVICE_COMPILER_AVAILABLE)) return "its driver has no compiler for kernels";
  if (!number_of<cl_bool>(device, CL_DEVICE_ENDIAN_LITTLE)) return "its numbers are big-endian";
  return {};
}

void probe(cl_context context, cl_device_id device, Target& target) {
  OpenclFacts& facts = target.opencl;
  const auto found = [&](bool works, const char* feature) {
    if (works && std::find(target.features.begin(), target.features.end(), feature) == target.features.end())
      target.features.emplace_back(feature);
    return works;
  };
  const std::string extensions = text_of(device, CL_DEVICE_EXTENSIONS);
  // Some compilers for processors end the whole program on assembly that they don't know, so that those are not asked.
  const bool nvidia = extensions.find("cl_nv_") != std::string::npos;
  if (lists(extensions, "cl_khr_fp16") || nvidia)
    facts.half_arithmetic = found(all_are(try_kernel(context, device, kHalf, 32), 0.0f), "fp16");
  if (nvidia) {
    facts.ptx = found(all_are(try_kernel(context, device, kPtx, 32), 0.0f), "ptx");
    facts.mma = facts.ptx && found(all_are(try_kernel(context, device, kMma, 32), 64.0f), "mma");
    if (facts.mma) {
      const std::vector<float> sums = try_kernel(context, device, kWgmma, 128, true);
      facts.wgmma = found(all_are(sums, 4 * 16.0f + 10), "wgmma");
    }
    // More than it says is there, for those who declare it.
    for (const std::size_t kib : {99, 163, 224})
      if (facts.ptx && local_memory_works(context, device, kib << 10)) facts.local_bytes = kib << 10;
  }
  target.features.push_back(base::str("local ", facts.local_bytes >> 10, " KiB"));
  // One group of all local memory for each multiprocessor: the hardware gives each of them one as long as nothing else
  // runs, and a plan kernel waits until nothing else does.
  const char* text = std::getenv("VIREO_PLAN_KERNELS");
  const std::string_view wanted = text ? text : "";
  if (wanted == "0") return;
  if (facts.wgmma && facts.local_bytes >= std::size_t{224} << 10) facts.resident_groups = target.workers;
  else if (wanted == "1") facts.resident_groups = 1;  // for tests: a group alone has nobody to wait for
}

}  // namespace vireo::device::opencl

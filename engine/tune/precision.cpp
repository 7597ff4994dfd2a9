#include "engine/tune/precision.h"

#include <algorithm>

#include "engine/api/log.h"
#include "engine/base/cpu.h"
#include "engine/base/text.h"

namespace vireo::tune {

void check_precision(const BuildOptions& options) {
  if (options.precision == Precision::fp32) return;
  const bool on_cpu = std::ranges::any_of(options.devices, [](const std::string& name) { return name == "cpu"; });
  const bool beyond = std::ranges::any_of(options.devices, [](const std::string& name) { return name != "cpu"; });
  if (options.precision == Precision::fp16 && !beyond)
    base::fail(ErrorCode::unsupported,
               "precision fp16 is for OpenCL devices (--device opencl:0), not for cpu; accepted there: fp32, bf16");
  if (options.precision != Precision::bf16 && options.precision != Precision::fp16)
    base::fail(ErrorCode::unsupported, "precision ", to_string(options.precision),
               " is not available yet; accepted: fp32, bf16 (cpu), fp16 (OpenCL devices)");
  if (options.exact)
    base::fail(ErrorCode::invalid_argument, "precision ", to_string(options.precision),
               " changes arithmetic, which exact forbids; leave one of them out");
  if (options.precision == Precision::bf16 && on_cpu && !base::cpu_features().avx512_bf16)
    log(LogLevel::warning, base::str("precision bf16: ", base::cpu_name(),
                                     " has no AVX-512 BF16 instructions, or VIREO_FORCE_KERNEL "
                                     "switches them off; the engine computes in float32 here"));
}

Precision precision_on(const device::Target& target, Precision asked) {
  const bool has = target.is_cpu() ? asked == Precision::bf16 : asked == Precision::fp16;
  return has ? asked : Precision::fp32;
}

}  // namespace vireo::tune

#include "engine/tune/precision.h"

#include "engine/api/log.h"
#include "engine/base/cpu.h"
#include "engine/base/text.h"

namespace vireo::tune {

void check_precision(const BuildOptions& options) {
  if (options.precision == Precision::fp32) return;
  if (options.precision != Precision::bf16)
    base::fail(ErrorCode::unsupported, "precision ", to_string(options.precision),
               " is not available on cpu yet; accepted: fp32, bf16");
  if (options.exact)
    base::fail(ErrorCode::invalid_argument,
               "precision bf16 changes arithmetic, which exact forbids; leave one of them out");
  if (!base::cpu_features().avx512_bf16)
    log(LogLevel::warning, base::str("precision bf16: ", base::cpu_name(),
                                     " has no AVX-512 BF16 instructions, or VIREO_FORCE_KERNEL "
                                     "switches them off; the engine computes in float32 here"));
}

}  // namespace vireo::tune

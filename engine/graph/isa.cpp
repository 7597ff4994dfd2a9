#include "engine/graph/tactic.h"

namespace vireo::graph {

std::string_view name_of(Isa isa) {
  switch (isa) {
    case Isa::scalar: return "scalar";
    case Isa::avx2: return "avx2";
    case Isa::avx512: return "avx512";
    case Isa::avx512_vnni: return "avx512_vnni";
    case Isa::avx512_bf16: return "avx512_bf16";
    case Isa::amx_bf16: return "amx_bf16";
  }
  return "unknown";
}

bool runs_on(Isa isa, const base::CpuFeatures& f) {
  switch (isa) {
    case Isa::scalar: return true;
    case Isa::avx2: return f.avx2;
    case Isa::avx512: return f.avx512;
    case Isa::avx512_vnni: return f.avx512_vnni;
    case Isa::avx512_bf16: return f.avx512_bf16;
    case Isa::amx_bf16: return f.amx_bf16;
  }
  return false;
}

}  // namespace vireo::graph

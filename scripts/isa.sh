#!/usr/bin/env bash
# The instruction sets that the engine has kernels for, as this processor has them (the rules of engine/base/cpu.cpp).
#   isa.sh                        one a line: "has avx2", "lacks avx512"
#   isa.sh has SET                status 0 if the processor has it
#   isa.sh hold SET PROGRAM …     runs the program with the engine held to portable or avx2; where the processor has no
#                                 more than that, a plain run is the same: exits with 77, which ctest counts as skipped
# VIREO_CPUINFO names another file than /proc/cpuinfo, for tests.
set -euo pipefail
readonly sets=(portable avx2 avx512 avx512_vnni avx512_bf16 amx_bf16)
flags=" $(sed -n 's/^flags[^:]*: //p' "${VIREO_CPUINFO:-/proc/cpuinfo}" 2>/dev/null | head -n 1) "

flagged() {
  local flag
  for flag in "$@"; do [[ $flags == *" $flag "* ]] || return 1; done
}
has() {
  case $1 in
    portable) ;;
    avx2) flagged avx2 fma ;;
    avx512) has avx2 && flagged avx512f avx512bw avx512dq avx512vl ;;
    avx512_vnni | avx512_bf16) has avx512 && flagged "$1" ;;
    amx_bf16) has avx512_bf16 && flagged amx_tile amx_bf16 ;;
    *) echo "isa.sh: '$1' is none of ${sets[*]}" >&2; exit 2 ;;
  esac
}

case ${1:-} in
  has) has "${2:-}" ;;
  hold)
    case ${2:-} in
      portable) more=avx2 value=scalar ;;
      avx2) more=avx512 value=avx2 ;;
      *) echo "isa.sh: hold takes portable or avx2, not '${2:-}'" >&2; exit 2 ;;
    esac
    has $more || { echo "skipped: this processor lacks $more, so a plain run is the same"; exit 77; }
    shift 2
    VIREO_FORCE_KERNEL=$value exec "$@" ;;
  '') for set in "${sets[@]}"; do has "$set" && echo "has $set" || echo "lacks $set"; done ;;
  *) echo "isa.sh: '$1' is none of has, hold" >&2; exit 2 ;;
esac

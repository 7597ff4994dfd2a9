#!/usr/bin/env bash
# On the machine with the accelerator, from the repository's root, after prepare.sh has packed .carry/device.tar.xz:
# checks every CPU kernel against the reference, times operators, and compares with the peers that are there.
#   bench/device/run.sh check                      tests and operators
#   bench/device/run.sh peers OUT [MODEL…] [-- ARGUMENTS OF bench/peers/run.py]     needs PyTorch and ONNX Runtime there
# Models are names of bench/peers/zoo.py; what is not installed for them is left out.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
export LD_LIBRARY_PATH=$PWD/build/lib-carried PYTHONUNBUFFERED=1
if [ ! -d build/lib-carried ]; then
  mkdir -p build/carried && tar -C build/carried -xJf .carry/device.tar.xz
  ln -sfn carried/bin build/bin
  ln -sfn carried/lib build/lib-carried
fi

check() {
  lscpu | grep -E 'Model name|^CPU\(s\)|Thread|L2|L3'
  build/bin/vireo devices
  for test in dense_kernels table precision isa; do
    echo "== $test"
    build/bin/${test}_test --gtest_brief=1 || return 1
  done
  build/bin/vireo_bench_operators conv
  build/bin/vireo_bench_operators matmul
}

peers() {
  local out=$1 models=()
  shift
  while [ $# -gt 0 ] && [ "$1" != -- ]; do models+=("$1"); shift; done
  [ $# = 0 ] || shift
  if [ ! -d .venv-peers ]; then  # the packages that are there already, and those that were carried
    local site
    python3 -m venv --without-pip .venv-peers
    site=$(echo .venv-peers/lib/python3*/site-packages)
    python3 -c 'import site; print(*site.getsitepackages(), sep="\n")' >"$site/there.pth"
    [ ! -d build/carried/python ] || echo "$PWD/build/carried/python" >>"$site/there.pth"
    (cd bench/peers && python3 -c '
import environment
for group, names in environment.PACKAGES.items():
    names = names + environment.WITHOUT_DEPENDENCIES.get(group, [])
    (environment.VENV / f"{group}.installed").write_text("\n".join(names))')
  fi
  bench/peers/zoo.py "${models[@]}" || true
  bench/peers/run.py --zoo --out "$out" "$@"
}

case ${1:-} in
  check) check ;;
  peers) shift; peers "$@" ;;
  *) sed -n '2,/^set/{/^#/s/^# \?//p}' "$0"; exit 2 ;;
esac

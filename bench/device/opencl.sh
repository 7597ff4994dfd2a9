#!/usr/bin/env bash
# On a machine with a GPU, from the repository's root, after prepare.sh has packed .carry/device.tar.xz:
#   bench/device/opencl.sh check [OPERATOR…]            every OpenCL kernel against the reference, a process an operator
#   bench/device/opencl.sh models OUT [MODEL…] [--batches 1,8,32,128] [--compile] [--profile]     networks of torchvision and
#                                                        timm in float16 beside PyTorch: a line each, and OUT/opencl.json
#   bench/device/opencl.sh infer MODEL.onnx [ARGUMENTS]  video into a detector: how long the host is busy with each step,
#                                                        frames as they are and cells back, beside the CPU's preprocessing
# Every step goes on after a failure of the one before and says so.
set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
export LD_LIBRARY_PATH=$PWD/build/lib-carried PYTHONUNBUFFERED=1
if [ ! -d build/carried ]; then
  mkdir -p build/carried && tar -C build/carried -xJf .carry/device.tar.xz
  ln -sfn carried/bin build/bin
  ln -sfn carried/lib build/lib-carried
fi
# NVIDIA's containers have the library without the file that the loader looks for.
if [ ! -e /etc/OpenCL/vendors/nvidia.icd ] && [ "$(id -u)" = 0 ] && ldconfig -p | grep -q libnvidia-opencl; then
  mkdir -p /etc/OpenCL/vendors && echo libnvidia-opencl.so.1 >/etc/OpenCL/vendors/nvidia.icd
fi

check() {
  local names=("$@") name failed=0
  [ $# -gt 0 ] || mapfile -t names < <(build/bin/opencl_kernels_test --gtest_list_tests | sed -n 's|^  AgreeWithTheReference/\([a-z_0-9]*\).*|\1|p')
  for name in "${names[@]}"; do
    (timeout 120 build/bin/opencl_kernels_test --gtest_brief=1 --gtest_filter="*/$name" >"/tmp/check-$name.log" 2>&1 ||
      touch "/tmp/check-$name.failed") &
    while [ "$(jobs -rp | wc -l)" -ge 8 ]; do wait -n; done
  done
  wait
  for name in "${names[@]}"; do
    [ -e "/tmp/check-$name.failed" ] || continue
    failed=1
    echo "== $name FAILED"
    grep -v '^on ' "/tmp/check-$name.log" | head -n 14 | cut -c 1-500
  done
  [ $failed = 0 ] && echo "all ${#names[@]} operators agree with the reference"
  return $failed
}

infer() {
  local model=$1 batch
  shift
  for batch in 1 8 32; do
    build/bin/vireo_bench_infer "$model" --device opencl:0 --precision fp16 --batch $batch "$@"
    echo "-- preprocessed by the CPU, whole outputs back"
    build/bin/vireo_bench_infer "$model" --device opencl:0 --precision fp16 --batch $batch --host-input --whole-outputs "$@" |
      tail -n 5
  done
}

case ${1:-} in
  check) shift; check "$@" ;;
  infer) shift; infer "$@" ;;
  models) shift; python3 bench/device/opencl.py "$@" ;;
  *) sed -n '2,/^set/{/^#/s/^# \?//p}' "$0"; exit 2 ;;
esac

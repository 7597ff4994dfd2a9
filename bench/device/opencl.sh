#!/usr/bin/env bash
# On a machine with a GPU, from the repository's root, after prepare.sh has packed .carry/device.tar.xz:
#   bench/device/opencl.sh check [OPERATOR…]            every OpenCL kernel against the reference, a process an operator
#   bench/device/opencl.sh models OUT [MODEL…] [--batches 1,8,32,128] [--compile] [--profile]     networks of torchvision and
#                                                        timm in float16 beside PyTorch: a line each, and OUT/opencl.json
#   bench/device/opencl.sh infer MODEL.onnx [ARGUMENTS]  video into a detector: how long the host is busy with each step,
#                                                        frames as they are and cells back, beside the CPU's preprocessing
#   bench/device/opencl.sh trace OUT MODEL.onnx SHAPES [ARGUMENTS]     two contexts beside each other: what overlaps, what
#                                                        enqueueing costs, and the drawing, OUT/trace-MODEL.json
#   bench/device/opencl.sh pipeline OUT MODEL.onnx VIDEO [SECONDS [BATCH]]     (prepare.sh --pipeline) frames a second of
#                                                        the GStreamer pipeline beside the engine alone, batch 1 unless said
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
    (VIREO_PLAN_KERNELS=0 timeout 120 build/bin/opencl_kernels_test --gtest_brief=1 --gtest_filter="*/$name" >"/tmp/check-$name.log" 2>&1 ||
      touch "/tmp/check-$name.failed") &
    while [ "$(jobs -rp | wc -l)" -ge 8 ]; do wait -n; done
  done
  wait
  # A process at a time: they wait for each other's groups.
  for name in "${names[@]}"; do
    timeout 120 build/bin/opencl_kernels_test --gtest_brief=1 --gtest_filter="*PartsOfPlan*/$name" \
      >"/tmp/check-$name.plan.log" 2>&1 || { touch "/tmp/check-$name.failed"; cat "/tmp/check-$name.plan.log" >>"/tmp/check-$name.log"; }
  done
  if [ $# = 0 ]; then
    names+=(cells boxes)
    for name in cells boxes; do
      timeout 120 "build/bin/device_${name}_test" --gtest_brief=1 >"/tmp/check-$name.log" 2>&1 || touch "/tmp/check-$name.failed"
    done
  fi
  for name in "${names[@]}"; do
    [ -e "/tmp/check-$name.failed" ] || continue
    failed=1
    echo "== $name FAILED"
    grep -v '^on ' "/tmp/check-$name.log" | head -n 14 | cut -c 1-500
  done
  [ $failed = 0 ] && echo "all ${#names[@]} operators and kernels of the pipeline agree with the reference"
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

trace() {
  local out=$1 model=$2 shapes=$3
  shift 3
  build/bin/vireo bench "$model" --device opencl:0 --fp16 --budget 0 --shapes "$shapes" --contexts 2 --duration 1 \
    --trace "$out/trace-$(basename "$model" .onnx).json" "$@" 2>/dev/null
}

pipeline() {
  local out=$1 model=$2 video=$3 seconds=${4:-4} batch=${5:-1} plans=/tmp/vireo-plans streams from plan
  local common=(--set "plan-cache=$plans" --set build-budget=0 --set "batch-size=$batch")
  export GST_PLUGIN_SYSTEM_PATH_1_0=$PWD/build/lib-carried/gstreamer-1.0 GST_REGISTRY=/tmp/vireo-registry GST_REGISTRY_FORK=no
  echo "-- vireo run, the plan's making included"
  timeout -k 5 150 build/bin/vireo run "$model" --source "$video" --sink "jsonl:$out/pipeline.jsonl" --device opencl:0 \
    --precision fp16 "${common[@]}" 2>&1 | tail -n 2
  for plan in "$plans"/*; do
    echo "-- the engine alone: one and three contexts of the same plan, transfers and all"
    for streams in 1 3; do
      timeout 60 build/bin/vireo bench "$plan" --device opencl:0 --contexts $streams --duration "$seconds" 2>/dev/null | grep -E 'latency|throughput'
    done
  done
  for from in memory file; do
    for streams in 1 4 16; do
      echo "-- $streams streams from $from"
      timeout 60 build/bin/vireo_bench_pipeline --video "$video" --model "$model" --streams $streams --from $from \
        --seconds "$seconds" --set device=opencl:0 --set precision=fp16 "${common[@]}" 2>&1 | tail -n 1
    done
  done
  echo "-- decoding alone: 1 and 16 streams"
  for streams in 1 16; do build/bin/vireo_bench_pipeline --video "$video" --from file --streams $streams --seconds 2; done
}

case ${1:-} in
  check) shift; check "$@" ;;
  infer) shift; infer "$@" ;;
  trace) shift; trace "$@" ;;
  pipeline) shift; pipeline "$@" ;;
  models) shift; python3 bench/device/opencl.py "$@" ;;
  *) sed -n '2,/^set/{/^#/s/^# \?//p}' "$0"; exit 2 ;;
esac

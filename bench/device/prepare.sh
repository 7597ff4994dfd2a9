#!/usr/bin/env bash
# Packs what run.sh needs on a machine that has neither our libraries nor a network: the programs, the tests and the
# shared libraries that they use, and (--peers) OpenVINO for the Python there, as .carry/device.tar.xz.
#   bench/device/prepare.sh [--peers [PYTHON_VERSION]]      PYTHON_VERSION as pip writes it, default 3.12
#   bench/device/prepare.sh --opencl                        only what opencl.sh needs
#   bench/device/prepare.sh --pipeline                      what opencl.sh's pipeline needs: GStreamer and OpenCV, too
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
peers=
if [ "${1:-}" = --peers ]; then peers=${2:-3.12}; fi

programs=(vireo vireo_peak vireo_bench_operators)
tests=(dense_kernels_test table_test precision_test isa_test)
if [ "${1:-}" = --opencl ]; then
  programs=(vireo vireo_bench_infer vireo_bench_device)
  tests=(opencl_kernels_test plan_kernels_test device_cells_test device_boxes_test)
fi
# What plays files of H.264 in MP4, AVI or Matroska. Not libav: with its libraries that would be 234 MB more.
elements=()
if [ "${1:-}" = --pipeline ]; then
  programs=(vireo vireo_bench_infer vireo_bench_pipeline)
  tests=(device_cells_test device_boxes_test)
  elements=(app avi coreelements isomp4 jpeg matroska openh264 playback typefindfunctions videoconvertscale videofilter
    videoparsersbad videorate videotestsrc)
fi
scripts/build.sh release vireo_cli ${elements:+gstvireo} "${programs[@]:1}" "${tests[@]}"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder/bin" "$folder/lib"
for program in "${programs[@]}" "${tests[@]}"; do strip -o "$folder/bin/$program" "build/bin/$program"; done
plugins=()
if [ -n "${elements:-}" ]; then
  system=$(pkg-config --variable=pluginsdir gstreamer-1.0)
  plugins=("${elements[@]/#/$system/libgst}")
  plugins=("${plugins[@]/%/.so}" build/lib/gstreamer-1.0/libgstvireo.so)
  mkdir "$folder/lib/gstreamer-1.0"
  cp -L "${plugins[@]}" "$folder/lib/gstreamer-1.0/"
fi
ldd "${programs[@]/#/build/bin/}" "${tests[@]/#/build/bin/}" "${plugins[@]}" | awk '/=> \//{print $3}' | sort -u |
  grep -vE '/(libc|libm|libstdc\+\+|libgcc_s|libpthread|libdl|librt|libresolv)\.so' | xargs -I{} cp -L {} "$folder/lib/"

if [ -n "$peers" ]; then
  version=$(.venv-peers/bin/python -c 'import importlib.metadata as m; print(m.version("openvino"))')
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --implementation cp \
    --python-version "$peers" --platform manylinux_2_28_x86_64 --platform manylinux2014_x86_64 \
    -d "$folder/wheels" "openvino==$version" openvino-telemetry
  mkdir "$folder/python"
  for wheel in "$folder"/wheels/*.whl; do python3 -m zipfile -e "$wheel" "$folder/python"; done
  rm -r "$folder/wheels"  # of OpenVINO the CPU and ONNX are enough: the rest is half of its size
  rm -f "$folder"/python/openvino/libs/{*gpu_plugin*,*npu_plugin*,cache.json,*tensorflow*,*pytorch*,*paddle*,*gguf*,*jax*}
fi
mkdir -p .carry
tar -C "$folder" -c . | xz -T0 -3 >.carry/device.tar.xz
ls -lh .carry/device.tar.xz

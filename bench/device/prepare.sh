#!/usr/bin/env bash
# Packs what run.sh needs on a machine that has neither our libraries nor a network: the programs, the tests and the
# shared libraries that they use, and (--peers) OpenVINO for the Python there, as .carry/device.tar.xz.
#   bench/device/prepare.sh [--peers [PYTHON_VERSION]]      PYTHON_VERSION as pip writes it, default 3.12
#   bench/device/prepare.sh --opencl                        only what opencl.sh needs
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
peers=
if [ "${1:-}" = --peers ]; then peers=${2:-3.12}; fi

programs=(vireo vireo_peak vireo_bench_operators)
tests=(dense_kernels_test table_test precision_test isa_test)
if [ "${1:-}" = --opencl ]; then
  programs=(vireo vireo_bench_infer vireo_bench_device)
  tests=(opencl_kernels_test plan_kernels_test)
fi
scripts/build.sh release vireo_cli "${programs[@]:1}" "${tests[@]}"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder/bin" "$folder/lib"
for program in "${programs[@]}" "${tests[@]}"; do strip -o "$folder/bin/$program" "build/bin/$program"; done
ldd "${programs[@]/#/build/bin/}" "${tests[@]/#/build/bin/}" | awk '/=> \//{print $3}' | sort -u |
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

#!/usr/bin/env bash
# build.sh PRESET [TARGET…]: configures the preset's folder if need be (see CMakePresets.json) and builds the targets, or
# everything. A first configuration for named targets leaves tests and benchmarks out; building everything turns them on,
# and so does `build.sh PRESET --configure`, which builds nothing.
# Where stdout is no terminal: a line on stderr for every tenth, and the log of what failed.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
preset=$1
shift
case $preset in
  release) folder=build ;;
  *) folder=build-$preset ;;
esac
log=$(mktemp)
trap 'rm -f "$log"' EXIT

options=()
if [ $# = 0 ] || [ "$1" = --configure ]; then
  grep -qs '^VIREO_TESTS:BOOL=ON' "$folder/CMakeCache.txt" && grep -qs '^VIREO_BENCH:BOOL=ON' "$folder/CMakeCache.txt" ||
    options=(-DVIREO_TESTS=ON -DVIREO_BENCH=ON)
elif [ ! -f "$folder/build.ninja" ]; then
  options=(-DVIREO_TESTS=OFF -DVIREO_BENCH=OFF)
fi
if [ ! -f "$folder/build.ninja" ] || [ ${#options[@]} -gt 0 ] || [ "${1:-}" = --configure ]; then  # or it lacks new tests
  echo "configuring $folder …" >&2
  cmake --preset "$preset" "${options[@]}" >"$log" 2>&1 || { tail -n 40 "$log" >&2; exit 1; }
fi

[ "${1:-}" != --configure ] || exit 0
# On a terminal ninja's own progress is the best there is.
echo "building $folder …" >&2
if [ -t 1 ]; then
  ninja -C "$folder" "$@"
  exit
fi
progress() {
  local line done total tenth said=0
  while IFS= read -r line || [ -n "$line" ]; do
    printf '%s\n' "$line" >>"$log"
    [[ $line =~ ^\[([0-9]+)/([0-9]+)\] ]] || continue
    done=${BASH_REMATCH[1]} total=${BASH_REMATCH[2]}
    tenth=$((done * 10 / total))
    if [ $tenth -gt $said ] && [ $total -ge 10 ]; then
      said=$tenth
      echo "building $folder … $((tenth * 10)) % ($done of $total)" >&2
    fi
  done
}
: >"$log"
if ! NINJA_STATUS='[%f/%t] ' ninja -C "$folder" "$@" 2>&1 | progress; then
  grep -v '^\[[0-9]*/[0-9]*\] ' "$log" | head -n 200 >&2
  exit 1
fi

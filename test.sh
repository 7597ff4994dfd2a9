#!/usr/bin/env bash
# Sets up what is missing, builds everything and runs the tests.
#   ./test.sh                        all tests; those that depend on kernels with each instruction set, see --isa
#   ./test.sh --fast                 without the ones labelled slow
#   ./test.sh --isa SET              with one of the engine's instruction sets: native, all that this processor has, is the
#                                    whole suite; portable and avx2 are the tests that depend on kernels, with the engine
#                                    held to that. all, the default: each that this processor has
#   ./test.sh --sanitize address     in build-asan with AddressSanitizer and UBSan, native only
#   ./test.sh --sanitize thread      in build-tsan with ThreadSanitizer, native only: the tests labelled runtime or gst
#   ./test.sh --list                 names what would run, of what is built; sets up, builds and runs nothing
# Further arguments go to ctest, for example -R 'import'.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"
usage() {
  echo "test.sh: $1" >&2
  exit 2
}
preset=release isa=all list=
select=() without=() rest=()
while [ $# -gt 0 ]; do
  case $1 in
    --sanitize)
      case ${2:-} in
        address) preset=asan ;;
        thread) preset=tsan; select+=(-L '^(runtime|gst)$') ;;
        *) usage "--sanitize takes address or thread, not '${2:-}'" ;;
      esac
      shift 2 ;;
    --isa)
      case ${2:-} in
        native | portable | avx2 | all) isa=$2 ;;
        *) usage "--isa takes native, portable, avx2 or all, not '${2:-}'" ;;
      esac
      shift 2 ;;
    --fast) without+=(slow); shift ;;
    --list) list=yes; shift ;;
    -h | --help) sed -n '2,/^set/{/^#/s/^# \?//p}' "$0"; exit 0 ;;
    -LE | --label-exclude) without+=("${2:?test.sh: $1 takes a regular expression}"); shift 2 ;;  # ctest's takes all together
    *) rest+=("$1"); shift ;;
  esac
done
if [ $preset != release ]; then
  case $isa in
    native | all) isa=native ;;
    *) usage "--sanitize runs the native instruction set only, not $isa" ;;
  esac
fi

# What the processor has beyond a set decides whether holding the engine to it differs from a plain run.
native=portable lacks=()
while read -r has set; do
  if [ "$has" = has ]; then native=$set; else lacks+=("$set"); fi
done < <(scripts/isa.sh)
held() { scripts/isa.sh has "$([ "$1" = portable ] && echo avx2 || echo avx512)"; }
ran=()
case $isa in
  native | all)
    ran+=("native (up to $native${VIREO_FORCE_KERNEL:+, with VIREO_FORCE_KERNEL=$VIREO_FORCE_KERNEL})")
    for set in portable avx2; do
      if [ $isa = all ] && held $set; then ran+=("$set"); else without+=("^$set\$"); fi
    done ;;
  *)
    scripts/isa.sh has "$isa" || { echo "test.sh: this processor lacks $isa" >&2; exit 1; }
    if held "$isa"; then
      ran+=("$isa")
      select+=(-L "^$isa\$")
    else  # what the processor has is the set
      ran+=("native (up to $native)")
      without+=('^portable$' '^avx2$')
    fi ;;
esac
if [ ${#without[@]} -gt 0 ]; then
  select+=(-LE "$(IFS='|'; echo "${without[*]}")")
fi
summary() {
  local IFS=,
  echo "instruction sets $1: ${ran[*]}" | sed 's/,\([^ ]\)/, \1/g'
  [ ${#lacks[@]} = 0 ] || echo "left out, for this processor lacks them: ${lacks[*]}" | sed 's/,\([^ ]\)/, \1/g'
}

names() { sed -n 's/^ *Test *#[0-9]*: //p'; }
if [ $list ]; then
  folder=$PWD/build$([ $preset = release ] || echo -$preset)
  [ -f "$folder/CTestTestfile.cmake" ] || { echo "test.sh: nothing is built in $folder yet" >&2; exit 1; }
  scratch=$(mktemp -d)  # in the build's folder the log of the last run, or of one that is under way, would go
  trap 'rm -rf "$scratch"' EXIT
  echo "subdirs(\"$folder\")" >"$scratch/CTestTestfile.cmake"
  ctest --test-dir "$scratch" -N "${select[@]}" "${rest[@]}" | names
  summary "to run" >&2
  exit
fi
scripts/setup.sh
if [ $preset = tsan ]; then  # a test's target is its name and _test
  scripts/build.sh $preset --configure
  mapfile -t targets < <(ctest --preset $preset -N "${select[@]}" | names | sed 's/$/_test/')
  scripts/build.sh $preset "${targets[@]}"
else
  scripts/build.sh $preset
fi
status=0
ctest --preset $preset "${select[@]}" "${rest[@]}" || status=$?
summary run
exit $status

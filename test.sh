#!/usr/bin/env bash
# Sets up what is missing, builds everything and runs the tests.
#   ./test.sh                        all tests
#   ./test.sh --fast                 without the ones labelled slow
#   ./test.sh --sanitize address     in build-asan with AddressSanitizer and UBSan
#   ./test.sh --sanitize thread      in build-tsan with ThreadSanitizer: the tests labelled runtime or gst
# Further arguments go to ctest, for example -R 'import'.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"
preset=release
select=()
while [ $# -gt 0 ]; do
  case $1 in
    --sanitize)
      case ${2:-} in
        address) preset=asan ;;
        thread) preset=tsan; select+=(-L '^(runtime|gst)$') ;;
        *) echo "test.sh: --sanitize takes address or thread, not '${2:-}'" >&2; exit 2 ;;
      esac
      shift 2 ;;
    --fast) select+=(-LE slow); shift ;;
    -h | --help) sed -n '2,/^set/{/^#/s/^# \?//p}' "$0"; exit 0 ;;
    *) break ;;
  esac
done

scripts/setup.sh
if [ $preset = tsan ]; then  # a test's target is its name and _test
  scripts/build.sh $preset --configure
  mapfile -t targets < <(ctest --preset $preset -N "${select[@]}" | sed -n 's/^ *Test *#[0-9]*: \(.*\)$/\1_test/p')
  scripts/build.sh $preset "${targets[@]}"
else
  scripts/build.sh $preset
fi
exec ctest --preset $preset "${select[@]}" "$@"

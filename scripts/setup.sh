#!/usr/bin/env bash
# Installs the packages of packages.txt that are missing, and nothing when none is. Needs root or sudo only when something
# is missing; without either it says what to install and stops.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
listed=$(sed 's/#.*//' "$here/packages.txt" | tr -s ' ' '\n' | sed '/^$/d')
mapfile -t wanted < <(grep -v '^?' <<<"$listed")
mapfile -t optional < <(sed -n 's/^?//p' <<<"$listed")

if ! command -v dpkg-query >/dev/null; then
  echo "setup: this is not a Debian system; make sure that the counterparts of these packages are installed:" >&2
  echo "  ${wanted[*]}" >&2
  echo "and, for all that Vireo can do, of these: ${optional[*]}" >&2
  exit 0  # the configure step names what it does not find
fi

installed=$(dpkg-query -W -f '${db:Status-Status} ${binary:Package}\n' | sed -n 's/^installed //p' | sed 's/:.*//')
not_installed() { comm -23 <(printf '%s\n' "$@" | sort -u) <(sort -u <<<"$installed"); }
mapfile -t missing < <(not_installed "${wanted[@]}")
# Optional ones come along where they are known and this user may install; nobody is asked for anything because of them.
if [ "$(id -u)" = 0 ] || [ ${#missing[@]} -gt 0 ]; then
  for package in $(not_installed "${optional[@]}"); do
    ! apt-cache show "$package" >/dev/null 2>&1 || missing+=("$package")
  done
fi
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" != 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "setup: these packages are missing, and this user is neither root nor has sudo. As root, run:" >&2
    echo "  apt-get update && apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

echo "setup: installing ${missing[*]}" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -qq -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "$@" </dev/null
}
if ! { apt update && apt install --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  tail -n 30 "$log" >&2
  echo "setup: installing failed; see above" >&2
  exit 1
fi

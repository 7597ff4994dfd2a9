#!/usr/bin/env bash
# Sets up what is missing, builds Vireo, and runs the demo: our engine finding road users in a scene of our own.
# In a window where there is a display; ./demo.sh --headless --out demo.mp4 writes a video. See build/bin/vireo demo --help.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"
scripts/setup.sh
scripts/build.sh release vireo_cli gstvireo
exec build/bin/vireo demo "$@"

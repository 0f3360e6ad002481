#!/bin/sh
# Scripts are checked by shellcheck, where there is one.
set -eu
cd "$1"
command -v shellcheck >/dev/null || exit 77
shellcheck .ci/run cmake/*.sh examples/*.sh tests/run.sh tests/browser/run.sh tests/foreign/run.sh tests/programs/hostile/rename.sh tests/style/*.sh

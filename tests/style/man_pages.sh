#!/bin/sh
# The man pages are well-formed, where there is mandoc to say so.
set -eu
cd "$1"
command -v mandoc >/dev/null || exit 77
mandoc -T lint -W warning analyzer/tracean.1 runtime/tracert.7

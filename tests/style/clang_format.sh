#!/bin/sh
# The sources are as clang-format leaves them. Versions differ in taste; the project's is 14.
set -eu
cd "$1"
format=clang-format-14
command -v $format >/dev/null || format=clang-format
command -v $format >/dev/null || exit 77
$format --version | grep -q 'version 14\.' || exit 77
bad=$(find analyzer runtime include tests examples \( -name '*.[ch]' -o -name '*.cpp' \) \
    -exec $format --dry-run {} + 2>&1 | sed -n 's/^\([^:]*\):[0-9]*:[0-9]*: warning: .*/\1/p' | sort -u)
[ -z "$bad" ] || { printf 'not as clang-format leaves them:\n%s\n' "$bad" >&2; exit 1; }

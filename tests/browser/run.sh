#!/bin/sh
# The flame graph and the page in headless Chromium. Chromium, Node and npm are installed when they are not there; where
# that cannot be, or the npm packages cannot be had, nothing is tested: exit 77.
#
# usage: tests/browser/run.sh TRACEAN WORK      WORK: a folder for packages, pictures and screenshots
set -eu

source=$(CDPATH='' cd "$(dirname "$0")/../.." && pwd)
tracean=$1
work=$2
mkdir -p "$work"

skip()
{
    echo "skipped: $1"
    exit 77
}

"$source/cmake/setup.sh" browser || skip "no Chromium, Node or npm"
if ! cmp -s "$source/tests/browser/package.json" "$work/package.json"; then
    cp "$source/tests/browser/package.json" "$work/package.new"
    mkdir -p "$work/packages"
    cp "$work/package.new" "$work/packages/package.json"
    npm install --prefix "$work/packages" --ignore-scripts --no-audit --no-fund >"$work/npm.log" 2>&1 ||
        skip "npm cannot install the packages (see $work/npm.log)"
    mv "$work/package.new" "$work/package.json"
fi
TRACEAN=$tracean PACKAGES=$work/packages/ SCREENSHOTS=$work/screenshots \
    exec node --test --test-concurrency=1 "$source/tests/browser/"

#!/bin/sh
# Every environment variable of the runtime, its default and its meaning are the same in config.c, README.md and
# tracert(7).
set -eu
cd "$1"
status=0
rows=$(sed -nE 's/^    \{"(TRACERT_[A-Z]+)", "([^"]*)", "([^"]*)"\},?$/\1|\2|\3/p' runtime/config.c)
[ -n "$rows" ] || { echo "runtime/config.c: no table of variables found" >&2; exit 1; }
echo "$rows" | while IFS='|' read -r name default meaning; do
    row="| \`$name\` | ${default:+\`$default\`} | $meaning |"
    grep -qF "$(echo "$row" | tr -s ' ')" README.md || { echo "README.md lacks: $row" >&2; exit 1; }
    grep -q "$name" runtime/tracert.7 || { echo "runtime/tracert.7 does not name $name" >&2; exit 1; }
done || status=1
grep -o 'TRACERT_[A-Z]*' README.md | sort -u | while read -r name; do
    case $name in
    TRACERT_INSTRUMENT | TRACERT_WERROR | TRACERT_SANITIZE | TRACERT_TESTS | TRACERT_ANALYZER) continue ;;
    esac
    echo "$rows" | grep -q "^$name|" || { echo "README.md names $name, which does not exist" >&2; exit 1; }
done || status=1
exit $status

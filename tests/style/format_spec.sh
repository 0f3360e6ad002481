#!/bin/sh
# FORMAT.md and format.h say the same: version, sizes, every table of numbers and names, the offsets of both heads.
set -eu
cd "$1/include/tracert"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# From the text: lines of "TABLE NAME NUMBER", and "OFFSET SIZE FIELD" for the two heads.
awk -F'|' '
    function trim(s) { gsub(/^[ `]+|[ `]+$/, "", s); return s }
    function emit(table, numbers, names,    i, n, number, name) {
        n = split(names, name, /, */)
        split(numbers, number, /, */)
        for (i = 1; i <= n; i++)
            if (name[i] ~ /^[A-Z_]+$/) {
                sub(/ \+ i$/, "", number[i])
                print table, name[i], number[i]
            }
    }
    /^\|/ && NF >= 4 {
        first = trim($2); second = trim($3); third = trim($4)
        if (first == "type") { table = "BLOCK"; next }
        if (first == "key") { table = "FIELD"; next }
        if (first == "id") { table = "SECTION"; next }
        if (first == "symbol") { table = "SYM"; next }
        if (first == "kind") { table = "EXT"; next }
        if (first == "api") { table = "API"; next }
        if (first == "offset") { table = "HEAD"; next }
        if (table == "HEAD") {
            if (third ~ /^[a-z_]+$/ && third !~ /^(magic|size|signature|crc)$/)
                print "HEAD", first, second, third
        } else if (table != "")
            emit(table, first, table == "FIELD" ? third : second)
        next
    }
    /^$/ { table = "" }
    NR == 1 { sub(/.*version /, ""); print "VERSION", $0 }' FORMAT.md | sort >"$work/text"

# From the code: the enumerators of the same names, and the stores of both heads.
{
    sed -n 's/^#define TF_VERSION \([0-9]*\)u$/VERSION \1/p' format.h
    sed -nE 's/.*TF_(BLOCK|FIELD|SECTION|SYM|EXT|API)_([A-Z_]+) = ([0-9]+)(,| *\/|$).*/\1 \2 \3/p' format.h
    sed -nE 's/.*tf_store(16|32|64)\(p( \+ ([0-9]+))?, h->([a-z_]+)\).*/\1 0\3 \4/p' format.h |
        awk '{ print "HEAD", $2 + 0, $1 / 8, $3 }'
    sed -nE 's/.*p\[([0-9]+)\] = h->([a-z_]+);.*/HEAD \1 1 \2/p' format.h
} | sort >"$work/code"

[ "$(wc -l <"$work/text")" -gt 60 ] || { echo "FORMAT.md: the tables were not found" >&2; exit 1; }
diff -u "$work/text" "$work/code"

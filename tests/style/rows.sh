#!/bin/sh
# The table of situations (tests/programs/README.md) has every row once, and its last column names exactly the tests that
# say at their head that they show the row, each program with the number of builds that the sweep makes of it.
#
# usage: rows.sh SOURCE [--write]      --write: put the column right
set -eu
cd "$1"
table=tests/programs/README.md
fresh=$(mktemp)
trap 'rm -f "$fresh"' EXIT

# "FILE ROW …" for each test.
shows=$(grep -E '^( \*|#) row: R' tests/programs/*.c* tests/e2e/*.c tests/unit/*.c tests/foreign/*.sh | sed -E 's/:( \*|#) row://')

# Builds per compiler, as e2e/check_conformance.c chooses them.
sweep()
{
    awk -v file="$1" '
        function is_left_out(name) {
            return (dynamic && name ~ /^static/) || (library && name == "preload") || (lto && name ~ /lto/) ||
                   (sanitizers && name ~ /san$/) || index(without, " " name " ")
        }
        FILENAME == file { if ($0 ~ /expect-link: dynamic/) dynamic = 1
                           if ($0 ~ /expect-link: library/) library = 1
                           if ($0 ~ /expect-lto: no/) lto = 1
                           if ($0 ~ /expect-compiler: clang/) clang = 1
                           if ($0 ~ /expect-sanitizers: no/) sanitizers = 1
                           if (sub(/^ \* expect-without:/, "")) { sub(/\(.*/, " "); without = $0 " " }
                           if ($0 ~ /^ \* expect: /) expects = 1
                           next }
        /^    \{"[a-z-]+", "/ { split($0, part, "\"")
                                builds = nr++ < 3 ? 4 : 1
                                if (!is_left_out(part[2])) { if (part[2] != "msan") gcc += builds; llvm += builds } }
        END { if (expects) print (clang ? 0 : gcc) + llvm }' "$1" tests/e2e/check_conformance.c
}

# The last column of a row.
column()
{
    echo "$shows" | grep -E " $1( |\$)" | cut -d' ' -f1 | while read -r file; do
        case $file in
        tests/programs/*)
            builds=$(sweep "$file")
            echo "\`${file#tests/programs/}\`${builds:+ $builds}"
            ;;
        *) echo "\`../${file#tests/}\`" ;;
        esac
    done | sed ':a;N;$!ba;s/\n/, /g'
}

nr=0
while IFS= read -r line; do
    case $line in
    "| R"[0-9]*)
        row=${line#| }
        row=${row%% *}
        nr=$((nr + 1))
        [ "$row" = "R$nr" ] || { echo "$table: $row comes where R$nr should" >&2; exit 1; }
        shown=$(column "$row")
        if [ -z "$shown" ]; then
            echo "$line" | grep -q '| not promised' || { echo "$table: nothing shows $row" >&2; exit 1; }
        fi
        line="$(echo "$line" | cut -d'|' -f1-4)| $shown${shown:+ }|"
        ;;
    esac
    printf '%s\n' "$line"
done <$table >"$fresh"
[ $nr -eq 53 ] || { echo "$table: $nr rows of 53" >&2; exit 1; }
unknown=$(echo "$shows" | cut -d' ' -f2- | tr ' ' '\n' | grep -vxE 'R([1-9]|[1-4][0-9]|5[0-3])' || true)
[ -z "$unknown" ] || { echo "no such row: $unknown" >&2; exit 1; }
if [ "${2:-}" = --write ]; then
    cat "$fresh" >$table
else
    diff -u $table "$fresh" >&2 || { echo "$table: run sh tests/style/rows.sh . --write" >&2; exit 1; }
fi

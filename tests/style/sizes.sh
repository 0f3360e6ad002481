#!/bin/sh
# A function fits two screens at most (80 lines), a file 600 lines.
set -eu
cd "$1"
find analyzer runtime include tests examples \( -name '*.[ch]' -o -name '*.cpp' \) -exec awk '
    FNR == 1 { opened = 0; name = "" }
    /^[a-zA-Z].*\(/ { name = $0 }
    /^\{/ { opened = FNR }
    /^\}/ && opened {
        if (FNR - opened - 1 > 80) {
            printf "%s:%d: %d lines: %s\n", FILENAME, opened, FNR - opened - 1, name
            failed = 1
        }
        opened = 0
    }
    FNR == 601 { printf "%s: more than 600 lines\n", FILENAME; failed = 1 }
    END { exit failed }' {} +

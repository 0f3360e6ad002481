#!/bin/sh
# Arrows between the folders: who may include whom, and who may print or exit (analyzer/README.md, runtime/README.md).
set -eu
cd "$1"
status=0

# forbid WHAT PATTERN FILE...: no file may have a line that matches.
forbid()
{
    what=$1
    pattern=$2
    shift 2
    if grep -nE "$pattern" "$@" /dev/null; then
        echo "    ^ $what" >&2
        status=1
    fi
}

sources() # FOLDER...
{
    for folder in "$@"; do
        if [ -d "$folder" ]; then
            find "$folder" -name '*.[ch]'
        fi
    done
}

include='^[[:space:]]*#[[:space:]]*include[[:space:]]*["<]'
# shellcheck disable=SC2046 # our file names have no spaces
{
    forbid "the runtime includes nothing of the analyzer's" \
        "${include}(analyzer|base|cmd|export|profile|symbols|trace|view)/" $(sources runtime)
    forbid "the analyzer includes nothing of the runtime's" "${include}(\.\./)*(runtime|drain)/" $(sources analyzer)
    forbid "the public headers include nothing of ours" "${include}[^\">]*/.*\"" $(sources include)
    forbid "base/ includes base/ alone" "${include}(cmd|export|profile|symbols|trace|view)/" $(sources analyzer/base)
    forbid "trace/ knows nothing that comes after it" "${include}(cmd|export|profile|symbols|view)/" \
        $(sources analyzer/trace)
    forbid "symbols/ stands at the side of profile/" "${include}(cmd|export|profile|trace|view)/" \
        $(sources analyzer/symbols)
    forbid "profile/ knows no view and no command" "${include}(cmd|export|view)/" $(sources analyzer/profile)
    forbid "a view never reads a trace" "${include}(cmd|trace|symbols)/" $(sources analyzer/view analyzer/export)
    forbid "only base/out.c makes files, where -o says, by base/temporary.c" \
        'O_CREAT|mkstemp|fopen[^;]*"[wa]|temporary_make' \
        $(sources analyzer | grep -vE '/base/(out\.c|temporary\.[ch])$')
    forbid "only cmd/ and main.c print and exit" \
        '(^|[^_[:alnum:]])(printf|puts|putchar|perror|exit|abort|err|errx|warn|warnx)[[:space:]]*\(' \
        $(sources analyzer/base analyzer/trace analyzer/symbols analyzer/profile analyzer/view analyzer/export)
    forbid "only cmd/ and main.c print errors" '(printf|puts|putc|write)[[:space:]]*\(.*(stdout|stderr)' \
        $(sources analyzer/base analyzer/trace analyzer/symbols analyzer/profile analyzer/view analyzer/export)
}
exit $status

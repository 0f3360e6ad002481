#!/bin/sh
# Give the functions of hostile.o names that try to break out of what they are shown in.
#
# usage: rename.sh OBJECT
set -eu

rename() # NUMBER NAME
{
    set -- --redefine-sym "hostile_$1=$2" "$object"
    objcopy "$@"
}

object=$1
rename 1 '</title></script><script>window.hurt=1</script>'
rename 2 '"><img src=x onerror="window.hurt=1">'
rename 3 "');window.hurt=1;('&amp;<![CDATA[ ]]>"
rename 4 "$(printf '\033[31mred\033]0;title\007')"
rename 5 "$(printf 'right\342\200\256tfel\342\200\217\342\201\246')"
rename 6 "$(printf 'bad\377\300\200\355\240\200')"
rename 7 'semi;colon;and
newline 99'
rename 8 '=cmd|"/c calc"!A1'
rename 9 "many<$(head -c 65000 /dev/zero | tr '\0' T)>::call(int)"

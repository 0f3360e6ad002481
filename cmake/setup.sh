#!/bin/sh
# Installs what is needed to build tracert ("build"), to test it too ("test"), to test its pictures in a browser
# ("browser"), or its runtime on another architecture ("foreign"). On Debian and Ubuntu through apt-get, elsewhere it says what is missing and under which names. It does
# nothing when all is there.
#
# usage: cmake/setup.sh [build|test|browser|foreign]
set -eu

# A line a need: what it is; what shows that it is there (a command, or a header with '/' or '.h'); then the packages
# of Debian and Ubuntu, Fedora, Arch and Alpine.
needs()
{
    if [ "$1" = browser ]; then
        cat <<'END'
Chromium; chromium; chromium; chromium; chromium; chromium
Node.js 18 or later; node; nodejs; nodejs; nodejs; nodejs
npm; npm; npm; nodejs-npm; npm; npm
END
        return 0
    fi
    if [ "$1" = foreign ]; then
        cat <<'END'
a C compiler for aarch64; aarch64-linux-gnu-gcc; gcc-aarch64-linux-gnu libc6-dev-arm64-cross; gcc-aarch64-linux-gnu; aarch64-linux-gnu-gcc; gcc-aarch64-none-elf
a C++ compiler for aarch64; aarch64-linux-gnu-g++; g++-aarch64-linux-gnu; gcc-c++-aarch64-linux-gnu; aarch64-linux-gnu-gcc; g++-aarch64-none-elf
qemu for programs of aarch64; qemu-aarch64; qemu-user; qemu-user; qemu-user; qemu-aarch64
END
        return 0
    fi
    cat <<'END'
a C compiler; stdio.h; gcc libc6-dev; gcc; gcc; gcc musl-dev
cmake 3.18 or later; cmake; cmake; cmake; cmake; cmake
ninja; ninja; ninja-build; ninja-build; ninja; samurai
pkg-config; pkg-config; pkg-config; pkgconf-pkg-config; pkgconf; pkgconf
libzstd; zstd.h; libzstd-dev; libzstd-devel; zstd; zstd-dev
libelf; libelf.h; libelf-dev; elfutils-libelf-devel; libelf; elfutils-dev
libdw; elfutils/libdw.h; libdw-dev; elfutils-devel; libelf; elfutils-dev
libiberty; libiberty/demangle.h; libiberty-dev; binutils-devel; binutils; binutils-dev
END
    [ "$1" = test ] || return 0
    cat <<'END'
a C++ compiler; g++; g++; gcc-c++; gcc; g++
clang; clang++; clang; clang; clang; clang
Check; check.h; check; check-devel; check; check-dev
Jansson; jansson.h; libjansson-dev; jansson-devel; jansson; jansson-dev
the zstd command; zstd; zstd; zstd; zstd; zstd
Valgrind; valgrind; valgrind; valgrind; valgrind; valgrind
dwz; dwz; dwz; dwz; dwz; dwz
END
}

is_there()
{
    case $1 in
    *.h) command -v cc >/dev/null && echo "#include <$1>" | cc -E -xc - >/dev/null 2>&1 ;;
    *) command -v "$1" >/dev/null ;;
    esac
}

# The missing needs, one line each as above.
missing()
{
    needs "$1" | while IFS= read -r line; do
        is_there "$(field 2 "$line")" || echo "$line"
    done
}

field() # NUMBER LINE
{
    echo "$2" | cut -d';' -f"$1" | sed 's/^ *//'
}

packages() # NUMBER LINES
{
    echo "$2" | cut -d';' -f"$1" | tr -s ' \n' ' ' | sed 's/^ //; s/ $//'
}

tell_other_systems() # LINES
{
    echo "missing: $(echo "$1" | cut -d';' -f1 | paste -sd, - | sed 's/,/, /g')"
    echo "Install them with your system's package manager, then run this again:"
    echo "  Debian, Ubuntu: apt-get install $(packages 3 "$1")"
    echo "  Fedora:         dnf install $(packages 4 "$1")"
    echo "  Arch:           pacman -S --needed $(packages 5 "$1")"
    echo "  Alpine:         apk add $(packages 6 "$1")"
}

install_packages() # PACKAGE...
{
    as_root=
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || return 1
        as_root=sudo
    fi
    log=$(mktemp)
    echo "installing $*"
    # An update that fails in part (a third-party source that is down) need not matter: the installation decides.
    $as_root apt-get -q update >"$log" 2>&1 || true
    if ! $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install "$@" >>"$log" 2>&1
    then
        tail -n 20 "$log" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}

purpose=${1:-build}
case $purpose in
build | test | browser | foreign) ;;
*)
    echo "usage: $0 [build|test|browser|foreign]" >&2
    exit 1
    ;;
esac

lacking=$(missing "$purpose")
[ -n "$lacking" ] || exit 0
if command -v apt-get >/dev/null; then
    # shellcheck disable=SC2046 # one word a package
    install_packages $(packages 3 "$lacking") || true
    lacking=$(missing "$purpose")
    [ -n "$lacking" ] || exit 0
fi
tell_other_systems "$lacking" >&2
exit 1

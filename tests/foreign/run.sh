#!/bin/sh
# The runtime on another architecture: it is cross-compiled for aarch64, and the programs of tests/programs are, and run
# under qemu; this machine's tracean reads their traces. What is needed is installed, but for the architecture's libzstd,
# which is unpacked into WORK. Where it cannot be had nothing is tested: exit 77.
#
# row: R50
#
# usage: tests/foreign/run.sh CONFORMANCE WORK [PROGRAM]       CONFORMANCE: the program e2e_conformance
set -eu

source=$(CDPATH='' cd "$(dirname "$0")/../.." && pwd)
conformance=$1
program=${3:-}
triple=aarch64-linux-gnu
mkdir -p "$2"
work=$(CDPATH='' cd "$2" && pwd)

skip()
{
    echo "skipped: $1"
    exit 77
}

# zstd's headers and libraries, from the system's own package sources and with its keys, for another architecture.
fetch_zstd()
{
    [ ! -e "$work/zstd/usr/include/zstd.h" ] || return 0
    command -v apt-get >/dev/null || return 1
    mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/zstd"
    apt="apt-get -q -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Dir::State::Lists=$work/lists
        -o Dir::Cache=$work/cache -o APT::Sandbox::User=root -o Acquire::Languages=none"
    $apt update && (cd "$work" && $apt download libzstd1 libzstd-dev) || return 1
    for package in "$work"/libzstd*.deb; do
        dpkg-deb -x "$package" "$work/zstd" || return 1
    done
}

build_runtime()
{
    PKG_CONFIG_SYSROOT_DIR=$work/zstd PKG_CONFIG_LIBDIR=$work/zstd/usr/lib/$triple/pkgconfig \
        cmake -S "$source" -B "$work/build" -G Ninja -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 \
        -DCMAKE_C_COMPILER=$triple-gcc -DCMAKE_BUILD_TYPE=RelWithDebInfo -DTRACERT_WERROR=ON -DTRACERT_ANALYZER=OFF \
        -DTRACERT_TESTS=OFF -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_INSTALL_PREFIX="$work/prefix" \
        -DCMAKE_SHARED_LINKER_FLAGS="-L$work/zstd/usr/lib/$triple" -DCMAKE_EXE_LINKER_FLAGS="-L$work/zstd/usr/lib/$triple" \
        -DCMAKE_INSTALL_RPATH="$work/zstd/usr/lib/$triple" &&
        cmake --build "$work/build" && cmake --install "$work/build"
}

# A compiler whose programs are scripts that start qemu: `compiler NAME COMMAND`.
compiler()
{
    cat >"$work/$1" <<END
#!/bin/sh
output=a.out
rpath=-Wl,-rpath,'$work/zstd/usr/lib/$triple'
for word; do
    [ "\${before:-}" != -o ] || output=\$word
    [ "\$word" != -static-pie ] || rpath= # crashes with one
    before=\$word
done
$2 -I'$work/zstd/usr/include' "\$@" -L'$work/zstd/usr/lib/$triple' \$rpath || exit 1
mv "\$output" "\$output.foreign"
printf '#!/bin/sh\nexec qemu-aarch64 -L /usr/$triple "\$(dirname "\$0")/%s.foreign" "\$@"\n' "\$(basename "\$output")" >"\$output"
chmod +x "\$output"
END
    chmod +x "$work/$1"
}

"$source/cmake/setup.sh" foreign || skip "no cross compiler, or no qemu"
fetch_zstd >"$work/zstd.log" 2>&1 || skip "zstd for aarch64 cannot be had (see $work/zstd.log)"
build_runtime >"$work/build.log" 2>&1 || {
    tail -n 40 "$work/build.log" >&2
    exit 1
}
compiler cc $triple-gcc
compiler c++ $triple-g++
export FOREIGN_CC="$work/cc" FOREIGN_CXX="$work/c++" FOREIGN_LIB="$work/prefix/lib"
exec "$conformance" foreign ${program:+"$program"}

#!/bin/sh
# Fetches the upstream sources of a Debian or Ubuntu package from the system's own package source and unpacks them,
# unmodified, into FOLDER. The system's configuration is read, never changed: entries for sources, which are usually not
# enabled, are derived from the entries for binaries into a private configuration that is gone afterwards. Needs no root.
#
# usage: cmake/fetch-source.sh PACKAGE FOLDER          exit status: 0; 1: could not be had, and why
set -eu

fail()
{
    echo "fetch-source: $*" >&2
    exit 1
}

[ $# = 2 ] || fail "usage: $0 PACKAGE FOLDER"
package=$1
folder=$2
command -v apt-get >/dev/null || fail "this system has no apt-get"
codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release | tr -d '"')
# Only the distribution's own suites; other people's repositories name theirs otherwise, or have no such sources.
suites="^(${codename:-stable}|stable|testing|unstable|sid)([-/](updates|security))?\$"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
mkdir -p "$work/sources.list.d" "$work/lists/partial" "$work/cache/archives/partial" "$work/source" "$work/upstream"

# One-line format: deb [options] uri suite components…
for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ -r "$list" ] && cat "$list"
    echo
done | awk -v suites="$suites" '
    $1 == "deb" || $1 == "deb-src" {
        at = 2
        if ($at ~ /^\[/)
            while ($at !~ /\]$/ && at < NF)
                at++
        if ($2 ~ /^\[/)
            at++
        if ($(at + 1) ~ suites) {
            $1 = "deb-src"
            print
        }
    }' | sort -u >"$work/sources.list"

# deb822 format: stanzas of fields; a stanza is kept when one of its suites is the distribution's.
for list in /etc/apt/sources.list.d/*.sources; do
    [ -r "$list" ] || continue
    awk -v suites="$suites" '
        BEGIN { RS = ""; FS = "\n" }
        {
            keep = 0
            text = ""
            for (i = 1; i <= NF; i++) {
                if ($i ~ /^#/)
                    continue
                if (tolower($i) ~ /^enabled:[ \t]*(no|false|off)/) {
                    keep = 0
                    break
                }
                if (tolower($i) ~ /^suites:/) {
                    n = split(substr($i, 8), word, /[ \t]+/)
                    for (j = 1; j <= n; j++)
                        keep = keep || word[j] ~ suites
                }
                text = text (tolower($i) ~ /^types:/ ? "Types: deb-src" : $i) "\n"
            }
            if (keep && text ~ /Types: deb-src/)
                print text
        }' "$list" >"$work/sources.list.d/$(basename "$list")"
done

private_apt()
{
    apt-get -q -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts="$work/sources.list.d" \
        -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root \
        -o Acquire::Languages=none "$@"
}

if [ ! -s "$work/sources.list" ] && ! cat "$work"/sources.list.d/* 2>/dev/null | grep -q .; then
    fail "no package source of this distribution is configured"
fi
private_apt update >"$work/log" 2>&1 || true
if ! (cd "$work/source" && private_apt source --download-only "$package" >>"$work/log" 2>&1); then
    reason=$(grep '^[EW]:' "$work/log" | tail -n 1)
    fail "the source package $package cannot be had: ${reason:-apt-get failed}"
fi

for archive in "$work/source"/*.orig.tar.*; do
    case $archive in
    *.asc) continue ;;
    esac
    tar -C "$work/upstream" --strip-components=1 -xf "$archive" || fail "cannot unpack $(basename "$archive")"
    mkdir -p "$(dirname "$folder")"
    rm -rf "$folder"
    mv "$work/upstream" "$folder"
    chmod 755 "$folder"
    exit 0
done
fail "the source package $package has no upstream archive"

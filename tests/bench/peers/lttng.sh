#!/bin/sh
# A recording session of LTTng around one run: its own daemon, so that its work can be told from others'.
#
# usage: lttng.sh start|stop|calls FOLDER
set -eu
folder=$2
export LTTNG_HOME="$folder.home"
mkdir -p "$LTTNG_HOME"
{
    case $1 in
    start)
        rm -rf "$folder"
        lttng-sessiond --daemonize --no-kernel --pidfile="$LTTNG_HOME/pid"
        timeout 30 lttng create bench --output="$folder"
        timeout 30 lttng enable-channel --userspace --num-subbuf=8 --subbuf-size=1M --blocking-timeout=inf \
            --session=bench calls
        timeout 30 lttng enable-event --userspace --session=bench --channel=calls 'lttng_ust_cyg_profile*'
        timeout 30 lttng add-context --userspace --session=bench --channel=calls --type=vtid
        timeout 30 lttng start bench
        ;;
    stop)
        timeout 60 lttng destroy bench
        kill "$(cat "$LTTNG_HOME/pid")"
        ;;
    esac
} >"$LTTNG_HOME/log" 2>&1
[ "$1" != calls ] || babeltrace2 "$folder" -c sink.utils.counter 2>/dev/null |
    awk '$2 == "Event" { gsub(/,/, "", $1); calls = $1 / 2 } END { print calls }'

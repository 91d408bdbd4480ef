# SPDX-License-Identifier: Apache-2.0
# What the sessions share. Output goes to /out/transcript; the console shows how far it got.

out=/out/transcript
tools=/usr/lib/xen-4.17/bin
logs=/var/log/xen/console
PATH=$PATH:$tools

# Busybox's `timeout` would run its own applet of a command's name; bash runs what is in PATH.
limited() { timeout 120 bash -c '"$@"' limited "$@"; }

# t NAME COMMAND [ARGUMENT...]: one step, with the command's status and output. What is not a
# function of the session has two minutes.
t() {
    local name=$1 status limit=limited
    shift
    [ "$(type -t "$1")" != function ] || limit=
    echo "session: $name"
    {
        echo "### $name"
        echo "\$ $*"
        $limit "$@" 2>&1 </dev/null
        status=$?
        echo "=== $status"
    } >>$out
}

# until_true SECONDS COMMAND...: tries it five times a second.
until_true() {
    local left=$(($1 * 5))
    shift
    until "$@" >/dev/null 2>&1; do
        left=$((left - 1))
        [ $left -gt 0 ] || return 1
        sleep 0.2
    done
}

# says GUEST PATTERN [SECONDS]: waits for it in the guest's console log.
says() {
    until_true "${3:-120}" grep -E -q "$2" "$logs/guest-$1.log" || {
        echo "session: $1 never said $2"
        tail -n 20 "$logs/guest-$1.log"
        return 1
    }
}

# told GUEST PATTERN: what it said.
told() { grep -E -o "$2" "$logs/guest-$1.log" | tr -d '\r'; }

running() { xl domid "$1" >/dev/null 2>&1; }
gone() { ! running "$1"; }

# config NAME LINE...: writes /root/NAME.cfg, the demo guest with other or more lines.
config() {
    local name=$1
    shift
    {
        case $* in
        *extra*) sed "/^extra/d; s/demo/$name/" /root/demo.cfg ;;
        *) sed "s/demo/$name/g" /root/demo.cfg ;;
        esac
        printf '%s\n' "$@"
    } >"/root/$name.cfg"
}

# free_now: what the hypervisor's memory key shows, exactly.
free_now() {
    xl dmesg -c >/dev/null
    xl debug-keys m
    xl dmesg -c | sed -n 's/^(XEN) //p' | grep -E '^ *(memory:|heap:|d[0-9]+:|Dom heap)'
}

# SPDX-License-Identifier: Apache-2.0
# `xl console` of guests that the hypervisor has started: Hearth is the back end, then xenconsoled.
. ./lib.sh

tool=hearth-dom0less-consoles
console_of() {
    (
        sleep 1
        printf 'echo sum $((6 * 7)); while sleep 1; do echo alive; done &\n'
        sleep 2
        printf '\035'
    ) | timeout 60 script -q -c "xl console $1" /dev/null | tr -d '\r' | grep -E '^sum'
}
nodes() {
    xenstore-ls -p "/local/domain/$1/console" | sed 's/"[0-9][0-9]*"/"N"/; s/pts.[0-9]*/pts/'
}
ready() { until_true 20 sh -c "xenstore-read /local/domain/$1/console/tty | grep -q pts"; }

t help $tool --help
t usage $tool x
t usage-zero $tool 0
t before $tool 3
t make $tool
t ready ready 1
t nodes nodes 1
t again $tool --json 1 2
t console console_of dom0less-1
t list xl list

# Without xenconsoled the guest goes on, and Hearth hears it.
t end-of-back-end killall xenconsoled
sleep 4
t destroy xl destroy dom0less-1
t destroy-plain xl destroy 2
t list-at-end xl list

# SPDX-License-Identifier: Apache-2.0
# Two CPUs; what a guest's configuration may say of CPUs, memory and its end. Kernels that end by
# themselves are the tiny one of tests/guest/crash, which came with the session.
. ./lib.sh

# tiny NAME LINE...: writes /root/NAME.cfg, a guest of the tiny kernel.
tiny() {
    local name=$1
    shift
    printf '%s\n' "name = \"$name\"" 'kernel = "/root/session/crash.img"' 'memory = 32' "$@" \
        >"/root/$name.cfg"
}

# The list of vCPUs, without the CPU that one is on at the moment.
vcpus() { xl vcpu-list "$@" | sed -E 's/^(\S+ +[0-9]+ +[0-9]+ ) +[0-9]+ /\1   N /'; }
# vcpu_is NUMBER STATE
vcpu_is() { until_true 10 sh -c "xl vcpu-list wide | grep -Eq 'wide  *[0-9]*  *$1 .* ($2) '"; }

# typed GUEST LINE: on its console.
typed() {
    (
        sleep 1
        printf '%s\n' "$2"
        sleep 1
        printf '\035'
    ) | timeout 60 script -q -c "xl console $1" /dev/null >/dev/null
}

# registers GUEST VCPU: their names, and the values of those that a kernel sets once.
registers() {
    xenctx -a "$(xl domid "$1")" "$2" 2>&1 |
        sed -E '/^(SCTLR|TTBCR)/b; s/: +[0-9a-f]+/: N/g; /^Call/,$d'
}

# made NAME LINE...: such a tiny guest is made, shown, and destroyed.
made() {
    local name=$1
    tiny "$@"
    t "$name" xl create -p -q "/root/$name.cfg"
    running "$name" || return 0
    t "$name-vcpus" vcpus "$name"
    xl destroy "$name"
}

# ends NAME HOW LINE...: one that ends by itself, and what becomes of it.
ends() {
    local name=$1 how=$2
    shift 2
    tiny "$name" "extra = \"how=$how\"" "$@"
    t "$name" xl create -q "/root/$name.cfg"
    until_true 60 grep -q 'Done. Exiting' "/var/log/xen/xl-$name.log"
    t "$name-log" sed -E 's/\[?pid [0-9]+\]?/PID/; s/process [0-9]+/process PID/' \
        "/var/log/xen/xl-$name.log"
    t "$name-list" xl list -v "$name"
    gone "$name" || xl destroy "$name"
}

# --- Two CPUs ---
t info-numa xl info -n
t topology xenpm get-cpu-topology
t pool-list xl cpupool-list
t pool-list-cpus xl cpupool-list -c
t pool-remove xl cpupool-cpu-remove Pool-0 1
t pool-removed xl cpupool-list -c
t pool-add xl cpupool-cpu-add Pool-0 1
t vcpu-list-dom0 vcpus
t vcpu-pin-dom0 xl vcpu-pin 0 1 0 1
t vcpu-list-dom0-pinned vcpus
t vcpu-pin-dom0-all xl vcpu-pin 0 all all all

# --- The rest of the tools ---
t paging-mempool test-paging-mempool
t grant-sizes xen-diag gnttab_query_size 0
t grant-sizes-none xen-diag gnttab_query_size 999
t counters xenperf
t locks xenlockprof
t coverage xencov read
t patches xen-livepatch list
t idle-states xenpm get-cpuidle-states
t frequencies xenpm get-cpufreq-para
t residency xenpm set-max-cstate 3
t hypfs-set xl set-parameters loglvl=all
t hypfs-list xenhypfs ls /

# --- Options of a configuration ---
made cpu-one 'cpus = "1"' 'vcpus = 2'
made cpu-each 'cpus = ["1", "0"]' 'vcpus = 2'
made cpu-not 'cpus = "all,^0"' 'cpus_soft = "0"'
made cpu-none 'cpus = "7"'
made maxvcpus 'vcpus = 1' 'maxvcpus = 4'
made maxvcpus-less 'vcpus = 2' 'maxvcpus = 1'
made maxmem-more 'maxmem = 64'
made share 'vcpus = 2' 'cpu_weight = 1000' 'cap = 150'
made share-more 'cap = 300'
made no-pool 'pool = "none"'
head -c 100000 /dev/zero >/root/zeros
: >/root/empty
for kernel in zeros empty; do
    made "kernel-$kernel" "kernel = \"/root/$kernel\""
done

# --- Ends ---
mkdir -p /var/lib/xen/dump
ends crash-destroy 0 'on_crash = "destroy"'
ends crash-preserve 0 'on_crash = "preserve"'
ends crash-coredump 0 'on_crash = "coredump-destroy"'
t coredump sh -c 'ls /var/lib/xen/dump | sed s/.*-crash/crash/'
ends poweroff-preserve 2 'on_poweroff = "preserve"'
ends reboot-destroy 3 'on_reboot = "destroy"'
ends watchdog-preserve 5 'on_watchdog = "preserve"'
tiny alone 'extra = "how=2"'
t create-alone xl create -e /root/alone.cfg
t nobody-waits sh -c '! ps -o args | grep "^xl create"'
t destroy-alone xl destroy alone

# --- A guest whose second vCPU comes and goes ---
config wide 'maxvcpus = 2' 'cpus = "1"' 'cpu_weight = 512'
t create-wide xl create -q /root/wide.cfg
says wide 'domu-init: wide up'
vcpu_is 1 --p
t wide-vcpus xl vcpu-list wide
t wide-registers registers wide 0
t wide-registers-1 registers wide 1
t wide-registers-9 registers wide 9
t wide-max xenstore-read "/local/domain/$(xl domid wide)/memory/static-max"
t wide-set-2 xl vcpu-set wide 2
typed wide 'echo 1 >/sys/devices/system/cpu/cpu1/online; echo it has $(nproc)'
vcpu_is 1 '-b-|r--'
t wide-has-2 told wide '^it has [0-9]'
t wide-vcpus-2 xl vcpu-list wide
t wide-pin xl vcpu-pin wide 1 0 0
t wide-pin-all xl vcpu-pin wide all 0-1 1
t wide-pinned vcpus wide
t wide-cap xl sched-credit2 -d wide -c 150
t wide-cap-more xl sched-credit2 -d wide -c 250
t wide-share xl sched-credit2 -d wide
t wide-set-1 xl vcpu-set wide 1
vcpu_is 1 --p
t wide-vcpus-1 vcpus wide
t wide-name xl rename wide Domain-0
t wide-destroy xl destroy wide
t resource test-resource
t list-at-end xl list

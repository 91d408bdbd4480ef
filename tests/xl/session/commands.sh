# SPDX-License-Identifier: Apache-2.0
# Every command of Debian's tools once, on one guest after another.
. ./lib.sh

console_of() {
    (
        sleep 1
        printf 'echo sum $((6 * 7))\n'
        sleep 2
        printf '\035'
    ) | timeout 60 script -q -c "xl console $1" /dev/null | tr -d '\r' | grep -E '^sum'
}

# What a watch sees while something is written.
watch_of() {
    xenstore-watch -n 2 /watched >/run/watched &
    sleep 0.5
    xenstore-write /watched/it one
    wait
    cat /run/watched
}

top_of() { xentop -b -i 1 -d 1; }
# vcpu_is NUMBER STATE
vcpu_is() { until_true 10 sh -c "xl vcpu-list demo | grep -q 'demo  *[0-9]*  *$1 .* $2 '"; }

# front DEVICE, back KIND: what the store says of a device of the guest `devices`.
front() { xenstore-ls "/local/domain/$(xl domid devices)/device/$1"; }
back() { xenstore-ls "/local/domain/0/backend/$1/$(xl domid devices)"; }
bridged() { brctl show xenbr0 | grep -c "vif$(xl domid devices).0"; }

# --- The daemons ---
t xen-init-dom0 cat /run/xen-init-dom0
t xen-init-dom0-again xen-init-dom0
t daemons sh -c "ps -o comm | grep -E '^xen(stored|consoled)' | sort"
t store-tree xenstore-ls /local/domain/0
t store-tool xenstore ls /tool
t store-write xenstore-write /test/a 1 /test/b 2
t store-read xenstore-read /test/a /test/b
t store-read-nothing xenstore-read /test/none
t store-list xenstore-list /test
t store-list-prefix xenstore-list -p /test
t store-exists xenstore-exists /test/a
t store-exists-not xenstore-exists /test/c
t store-chmod xenstore-chmod /test/a r1 b2
t store-ls-permissions xenstore-ls -p /test
t store-rm xenstore-rm /test/a
t store-rm-nothing xenstore-rm /test/a/b
t store-watch watch_of
t store-control xenstore-control help
t store-control-ring xenstore-control print-nothing
t xl-devd-help xl help devd
t watchdog sh -c "xenwatchdogd 30 5; sleep 1; ps -o comm | grep -c '^xenwatchdogd'"
t watchdog-ends sh -c "killall -USR1 xenwatchdogd; sleep 1; ps -o comm | grep -c '^xenwatchdogd'"

# --- The host ---
t info xl info
t info-numa xl info -n
t info-one xl info nr_cpus
t dmesg sh -c 'xl dmesg | wc -l | grep -q -v "^0$" && echo some'
t dmesg-clear sh -c 'xl dmesg -c >/dev/null; xl dmesg | wc -c'
t debug-keys xl debug-keys h
t debug-keys-shown sh -c "xl dmesg | grep -c pressed"
t debug-keys-none xl debug-keys
t uptime-host xl uptime
t top-host top_of
t cpupool-list xl cpupool-list
t cpupool-list-cpus xl cpupool-list -c
t cpupool-list-none xl cpupool-list Pool-9
t cpupool-numa-split-dry xl cpupool-create -n /dev/null
t sched-credit xl sched-credit
t sched-credit2 xl sched-credit2
t sched-credit2-pool xl sched-credit2 -s -p Pool-0
t sched-rtds xl sched-rtds
t list-dom0 xl list
t vcpu-list-dom0 xl vcpu-list
t claims xl claims
t getenforce xl getenforce

# --- Errors ---
t create-no-file xl create /root/none.cfg
printf 'name = "bad"\nmemory = oops\n' >/root/bad.cfg
t create-bad-file xl create /root/bad.cfg
printf 'name = "bad"\nmemory = 64\nkernel = "/root/none"\n' >/root/bad.cfg
t create-no-kernel xl create /root/bad.cfg
sed 's/^memory.*/memory = 99999/' /root/demo.cfg >/root/big.cfg
t create-too-big xl create /root/big.cfg
for command in destroy pause unpause shutdown reboot domid console uptime "vcpu-pin" "mem-set" \
    "mem-max" sysrq; do
    t "$command-nobody" xl $command nobody 1 1
done
t rename-nobody xl rename nobody else
t domname-nobody xl domname 999
t destroy-dom0 xl destroy 0
t unknown xl nonsense

# --- A guest's life ---
t create-dry xl create -n /root/demo.cfg
t create xl create -p /root/demo.cfg vcpus=2
t create-again xl create -p /root/demo.cfg
t list-paused xl list
t unpause xl unpause demo
says demo 'domu-init: demo up'
t up told demo 'domu-init: demo up.*'
t list xl list demo
t list-long xl list -l demo
t list-verbose xl list -v demo
t list-numa xl list -n demo
t list-nobody xl list nobody
t domid xl domid demo
t domname xl domname "$(xl domid demo)"
t store-of-guest xenstore-ls "/local/domain/$(xl domid demo)"
t store-vm xenstore-ls -f /vm
t store-libxl xenstore-ls "/libxl/$(xl domid demo)"
t console console_of demo
t uptime xl uptime demo
t uptime-short xl uptime -s demo
t pause xl pause demo
t list-after-pause xl list demo
t unpause-again xl unpause demo
t vcpu-list xl vcpu-list demo
t vcpu-pin xl vcpu-pin demo 0 0
t vcpu-list-pin xl vcpu-list demo
t vcpu-pin-all xl vcpu-pin demo all 0 all
t vcpu-pin-soft xl vcpu-pin demo 1 - 0
t vcpu-pin-bad-cpu xl vcpu-pin demo 0 77
t vcpu-pin-bad-vcpu xl vcpu-pin demo 9 0
t vcpu-pin-words xl vcpu-pin demo 0 nonsense
t vcpu-list-pinned xl vcpu-list demo
t vcpu-set-1 xl vcpu-set demo 1
vcpu_is 1 --p
t vcpu-list-1 xl vcpu-list demo
t vcpu-set-2 xl vcpu-set --ignore-host demo 2
sleep 2
t vcpu-set-9 xl vcpu-set demo 9
t vcpu-list-2 xl vcpu-list demo
t sched-credit2-get xl sched-credit2 -d demo
t sched-credit2-weight xl sched-credit2 -d demo -w 512
t sched-credit2-cap xl sched-credit2 -d demo -c 50
t sched-credit2-bad xl sched-credit2 -d demo -w 70000
t sched-credit2-after xl sched-credit2 -d demo
t sched-credit2-uncap xl sched-credit2 -d demo -c 0
t mem-max xl mem-max demo 160
t mem-max-small xl mem-max demo 16
t mem-set xl mem-set demo 112
t mem-set-list sh -c 'sleep 2; xl list demo'
t mem-set-words xl mem-set demo nonsense
t sysrq xl sysrq demo h
says demo 'sysrq: HELP|SysRq : HELP' 20
t sysrq-seen told demo 'sysrq: HELP'
t top top_of
t rename xl rename demo other
t list-renamed xl list other
t rename-back xl rename other demo
t trigger xl trigger demo nmi
t dump-core xl dump-core demo /run/core
t reboot xl reboot demo
until_true 120 sh -c "[ \$(grep -c 'domu-init: demo up' $logs/guest-demo.log) -ge 2 ]"
t list-rebooted xl list demo
t shutdown xl shutdown demo
until_true 120 gone demo
t list-after-shutdown xl list
t create-shutdown xl create /root/demo.cfg
says demo 'domu-init: demo up' 120
t shutdown-wait xl shutdown -w demo
t create-destroy xl create -p /root/demo.cfg
t destroy xl destroy demo
t list-after-destroy xl list

# --- Devices that come and go, and memory ---
config devices 'acpi = 0'
t create-devices xl create -q /root/devices.cfg
says devices 'domu-init: devices up'
t block-attach xl block-attach devices phy:/dev/disk/spare,xvdb,w
says devices 'xvdb: ' 30
t block-seen told devices 'blkfront: xvdb'
t block-list xl block-list devices
t block-attach-again xl block-attach devices phy:/dev/disk/spare,xvdb,w
t block-attach-none xl block-attach devices phy:/dev/none,xvdc,w
t block-attach-nobody xl block-attach nobody phy:/dev/disk/spare,xvdc,w
t block-attach-words xl block-attach devices nonsense=1
t store-block-front front vbd/51728
t store-block-back back vbd
t block-detach xl block-detach devices xvdb
t block-detach-again xl block-detach devices xvdb
t block-list-empty xl block-list devices
t network-attach xl network-attach devices bridge=xenbr0 mac=00:16:3e:00:00:07
until_true 20 bridged
t network-list xl network-list devices
t network-bridge bridged
t store-network-front front vif/0
t network-attach-none xl network-attach devices bridge=none mac=00:16:3e:00:00:08
t network-attach-words xl network-attach devices mac=nonsense
t network-detach xl network-detach devices 0
t network-detach-again xl network-detach devices 0
t network-list-empty xl network-list devices
t mem-max-acpi xl mem-max devices 160
t mem-set-acpi xl mem-set devices 112
t destroy-devices xl destroy devices

t list-at-end xl list

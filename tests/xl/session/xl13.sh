# SPDX-License-Identifier: Apache-2.0
# Debian 13's xl, of Xen 4.20, beside Debian 12's: each sees what the other makes.
. ./lib.sh

for d in proc sys dev run root var/lib/xen; do
    mount --rbind "/$d" "/debian13/$d"
done
xl13() { chroot /debian13 /usr/lib/xen-4.20/bin/xl "$@"; }

t info xl13 info
t list xl13 list
t create xl13 create -q /root/demo.cfg
t listed-by-12 xl list demo
t domid xl13 domid demo
t pause xl13 pause demo
t paused xl13 list demo
t unpause xl13 unpause demo
t vcpus xl13 vcpu-list demo
t pin xl13 vcpu-pin demo 0 1
t pinned xl vcpu-list demo
t weight xl13 sched-credit2 -d demo -w 512
t weighed xl sched-credit2 -d demo
t dump xl13 list -l demo
t destroy xl13 destroy demo
t destroyed xl13 list
config other
t create-by-12 xl create -q /root/other.cfg
t listed-by-13 xl13 list other
t destroy-12s xl13 destroy other
t left xl list

# SPDX-License-Identifier: Apache-2.0
# Guests that the hypervisor has started, after init-dom0less: dom0less-1 is enhanced, 2 is not.
. ./lib.sh

t init cat /run/init-dom0less
t list xl list
t list-long xl list -l
t list-one xl list dom0less-1
t vcpu-list xl vcpu-list
t domid xl domid dom0less-1
t domname xl domname 1
t store-of-guest xenstore-ls -f -p /local/domain/1
t store-of-plain xenstore-ls -f /local/domain/2
t store-libxl xenstore-ls -f /libxl
t console xl console 1

t network-attach xl network-attach 1 bridge=xenbr0 mac=00:16:3e:00:00:21
t block-attach xl block-attach 1 phy:/dev/disk/spare xvda w
until_true 60 ping -c 1 -W 1 10.0.0.21
t ping sh -c 'ping -c 5 -q -W 2 10.0.0.21 | grep -o "[0-9]*% packet loss"'
t network-list xl network-list 1
t block-list xl block-list 1
t store-network xenstore-ls -f /local/domain/0/backend/vif/1
t store-block xenstore-ls -f /local/domain/0/backend/vbd/1
sleep 10 # it writes and reads

t vcpu-pin xl vcpu-pin 1 0 0
t sched-credit2 xl sched-credit2 -d 1 -w 512
t rename xl rename dom0less-1 renamed
t pause xl pause renamed
t list-paused xl list renamed
t unpause xl unpause renamed
t destroy xl destroy renamed
t destroy-plain xl destroy 2
t list-at-end xl list

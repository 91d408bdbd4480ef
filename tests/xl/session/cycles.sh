# SPDX-License-Identifier: Apache-2.0
# Creating and destroying, again and again: memory is where it was after the second.
. ./lib.sh

for i in 1 2; do
    t "warm-$i" xl create -q -p /root/demo.cfg
    t "cold-$i" xl destroy demo
done
t before free_now
for i in $(seq "$CYCLES"); do
    t "cycle-$i" xl create -q -p /root/demo.cfg
    t "during-$i" free_now
    t "gone-$i" xl destroy demo
    t "after-$i" free_now
done
t names xl list

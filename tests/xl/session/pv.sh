# SPDX-License-Identifier: Apache-2.0
# Disks and networks of guests with Debian's root file system, over Debian's back ends.
. ./lib.sh

# guest NAME ADDRESS IMAGE TASKS
guest() {
    config "$1" "extra = \"console=hvc0 domu.name=$1 domu.do=root domu.net=$2 domu.task=$4\"" \
        "disk = [ '$3,raw,xvda,w' ]" "vif = [ 'bridge=xenbr0' ]"
}

# The file system of IMAGE, checked by the other guest's e2fsck.
checked() {
    local loop status
    loop=$(losetup -f) && losetup "$loop" "$1" && mkdir -p /mnt && mount -t ext4 -o ro "$2" /mnt &&
        mount -o bind /dev /mnt/dev && chroot /mnt /sbin/e2fsck -f -n "$loop"
    status=$?
    umount /mnt/dev /mnt
    losetup -d "$loop"
    return $status
}

# From dom0 into a guest that waits.
give() {
    head -c 4194304 /dev/urandom >/run/given
    md5sum </run/given
    nc 10.0.0.11 5001 </run/given
    says one 'task: one: took'
    told one 'took [0-9a-f]*'
}

cp /srv/debian.img /srv/second.img
sync
guest one 10.0.0.11 /srv/debian.img write:8,verify,ping:10.0.0.1,serve:5000:4,take:5001
guest two 10.0.0.12 /srv/second.img ping:10.0.0.11,fetch:10.0.0.11:5000
t create-one xl create -q /root/one.cfg
says one 'task: one: (verified|sums differ)' 240
t verified told one 'task: one: (verified|sums differ)'
says one 'task: one: serves' 60
t ping-dom0 told one 'ping: .*'
t create-two xl create -q /root/two.cfg
says two 'task: two: fetched' 240
t ping-one told two 'ping: .*'
t served told one 'serves [0-9a-f]*'
t fetched told two 'fetched [0-9a-f]*'
says one 'task: one: waits'
t give give
t shutdown-one xl shutdown -w one
t shutdown-two xl shutdown -w two
until_true 60 sh -c '[ $(xenstore-list /local/domain | wc -l) = 1 ]'
t checked checked /srv/debian.img /srv/second.img

# A front end that dies in the middle: nothing of it stays mapped.
guest three 10.0.0.13 /srv/second.img churn
t create-three xl create -q /root/three.cfg
says three 'task: three: churns' 240
sleep 3
t destroy-warm xl destroy three
until_true 60 sh -c '[ $(xenstore-list /local/domain | wc -l) = 1 ]'
t before free_now
t create-third xl create -q /root/three.cfg
until_true 240 sh -c "[ \$(grep -c 'three: churns' $logs/guest-three.log) -ge 2 ]"
sleep 3
t during free_now
t destroy-churning xl destroy three
until_true 60 sh -c '[ $(xenstore-list /local/domain | wc -l) = 1 ]'
t after free_now

# A back end that is taken away while its guest writes: the guest waits, and lives.
back_end_dies() { echo "vbd-$(xl domid four)-51712" >/sys/bus/xen-backend/drivers/vbd/unbind; }
count_of() { grep -c "domu-init: four $1" $logs/guest-four.log; }
beats_on() {
    local beats io
    sleep 2
    beats=$(count_of beat)
    io=$(count_of io)
    until_true 60 sh -c "[ \$(grep -c 'four beat' $logs/guest-four.log) -ge $((beats + 5)) ]" &&
        [ "$(count_of io)" = "$io" ] && echo "it beats, and waits"
}
config four 'extra = "console=hvc0 domu.name=four domu.do=io-behind,beat"' \
    "disk = [ '/srv/second.img,raw,xvda,w' ]" 'acpi = 0'
t create-four xl create -q /root/four.cfg
t writes-four says four 'four io 3'
t mem-set-four xl mem-set four 124
t mem-four until_true 60 sh -c "xl list four | grep -q '^four  *[0-9]*  *12[345] '"
t back-end-dies back_end_dies
t beats-on beats_on
t list-four xl list four
t destroy-four xl destroy four
until_true 60 sh -c '[ $(xenstore-list /local/domain | wc -l) = 1 ]'
t after-four free_now
t list xl list

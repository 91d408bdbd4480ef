# SPDX-License-Identifier: Apache-2.0
# Hearth's store under a guest that uses its disk: replaced while it runs, killed, started again.
. ./lib.sh

hearth=/usr/lib/hearth/bin/xenstored
pid=/run/xen/xenstored.pid

update() { xenstore-control live-update "$hearth"; }
daemon() { readlink "/proc/$(cat $pid)/exe"; }

# What is in the store, with permissions, before and after.
same_tree() {
    xenstore-ls -f -p / >/run/before && update && xenstore-ls -f -p / >/run/after
    cmp /run/before /run/after && wc -l </run/after
}

# One update after the other, until xl has made a guest.
create_under_updates() {
    rm -f /run/made
    (
        until [ -e /run/made ]; do update && echo updated; done 2>&1 | sort | uniq -c
    ) >/run/updates &
    xl create -q /root/demo.cfg
    local status=$?
    touch /run/made
    wait
    cat /run/updates
    return $status
}

# io_goes_on NUMBER: the guest writes and reads that many more blocks, all of them right.
io_goes_on() {
    local done
    done=$(grep -c 'busy io' "$logs/guest-busy.log")
    until_true 60 sh -c "[ \$(grep -c 'busy io' $logs/guest-busy.log) -ge $((done + $1)) ]" &&
        ! grep 'went wrong' "$logs/guest-busy.log"
}

killed() {
    kill -9 "$(cat $pid)"
    until_true 10 sh -c "! kill -0 $(cat $pid)"
    "$hearth" --pid-file=$pid && until_true 20 xenstore-read -s /
}

# The console daemon has lost its connection, as any client of the socket.
consoled_again() {
    killall xenconsoled 2>/dev/null
    "$tools/xenconsoled" --log=guest --pid-file=/run/xen/xenconsoled.pid
}

t daemon daemon
config busy 'extra = "console=hvc0 domu.name=busy domu.do=io"' \
    "disk = [ 'phy:/dev/disk/spare,xvda,w' ]"
t create-busy xl create -q /root/busy.cfg
says busy 'busy io 3'
t update-nothing xenstore-control live-update /none
t update-not-a-program xenstore-control live-update /etc/modules.order
t update-not-a-store xenstore-control live-update /bin/busybox
t serves-on xenstore-read /local/domain/0/domid
t same-tree same_tree
t io-after-update io_goes_on 3
t create-under-updates create_under_updates
says demo 'domu-init: demo up'
t io-after-updates io_goes_on 3
t list xl list
t shutdown-updated xl shutdown -w demo
until_true 20 sh -c '[ $(xenstore-list /local/domain | wc -l) = 2 ]' # xl has swept up
xenstore-ls -f -p /local >/run/before
t killed killed
t tree-after-kill sh -c 'xenstore-ls -f -p /local | diff /run/before -'
t io-after-kill io_goes_on 3
t consoled consoled_again
t create-after-kill xl create -q /root/demo.cfg
says demo 'domu-init: demo up'
t list-after-kill xl list
t shutdown-after-kill xl shutdown -w busy
t destroy-after-kill xl destroy demo
# The xl that waited for its end lost its connection, too.
running busy && t sweep xl destroy busy
t list-at-end xl list

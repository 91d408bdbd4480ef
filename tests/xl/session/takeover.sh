# SPDX-License-Identifier: Apache-2.0
# From Debian's running store daemon to Hearth's and back, under a guest.
. ./lib.sh

debian=$tools/xenstored
hearth=/usr/lib/hearth/bin/xenstored

daemon() { readlink "/proc/$(cat /run/xen/xenstored.pid)/exe"; }

t daemon daemon
t create xl create -q /root/demo.cfg
says demo 'domu-init: demo up'
xenstore-ls -f -p / >/run/before
t take-over xenstore-control live-update $hearth
t daemon-taken daemon
t same-tree sh -c 'xenstore-ls -f -p / | diff /run/before -'
t list xl list
t rename xl rename demo other
t shutdown xl shutdown -w other
t create-taken xl create -q /root/demo.cfg
says demo 'domu-init: demo up'
t back xenstore-control live-update $debian
t daemon-back daemon
t list-back xl list
t shutdown-back xl shutdown -w demo
t list-at-end xl list

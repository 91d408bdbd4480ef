#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# mk/packages.sh GROUP...: installs what mk/packages.txt lists for the groups and this machine
# lacks. Asks for root once, and only then; with all present it does nothing, offline too.
set -eu
list=$(dirname "$0")/packages.txt

missing=
for group in "$@"; do
    for package in $(sed -n "s/^$group  *//p" "$list"); do
        status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
        case $status in *" installed") ;; *) missing="$missing $package" ;; esac
    done
done
[ -n "$missing" ] || exit 0

command -v apt-get >/dev/null || {
    echo "This machine has no apt-get. Hearth is built on Debian 12; these packages are missing:"
    echo "$missing"
    exit 1
}
echo "Installing:$missing"
# On a terminal apt shows how far it is; else a line for each file. One elevation for both steps.
quiet=-q
[ ! -t 1 ] || quiet=
steps="export DEBIAN_FRONTEND=noninteractive
apt-get $quiet update
apt-get $quiet -y -o Dpkg::Use-Pty=0 install --no-install-recommends$missing"
if [ "$(id -u)" = 0 ]; then
    set -- sh -c "$steps"
elif command -v sudo >/dev/null; then
    set -- sudo sh -c "$steps"
elif [ -t 0 ]; then
    echo "For that, root's password:"
    set -- su -c "$steps"
else
    echo "There is no sudo here: run this once as root, then try again as yourself:"
    echo "  apt-get update && apt-get install --no-install-recommends$missing"
    exit 1
fi
"$@" || {
    echo "The packages above could not be installed; apt says why. Only this first run needs a"
    echo "Debian mirror: is this machine online, do its apt sources name one, is the disk full?"
    exit 1
}

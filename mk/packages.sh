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

echo "Installing:$missing"
root=
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "Run this once as root: apt-get install$missing"; exit 1; }
    root=sudo
fi
# One elevation for both steps.
$root sh -c 'export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update; apt-get -qq -y install --no-install-recommends "$@"' sh $missing

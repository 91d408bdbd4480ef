#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Fetches Debian packages of other suites and architectures through private apt states under
# build/apt/, and unpacks the parts that Hearth needs under build/inputs/. Nothing is installed.
# The mirror is the one of this machine's own apt sources (or HEARTH_MIRROR), signatures are
# checked with Debian's keyring (or HEARTH_KEYRING). What is there already is not fetched again.
#
#   mk/fetch.sh arm64-6.1|arm64-6.12|riscv64-6.12|x86-6.1|busybox-ARCH|xen-arm64|xen-headers|qemu10
#                |xl-arm64|debian-arm64|store-amd64|cbmc
set -eu

cd "$(dirname "$0")/.."
top=$PWD
inputs=$top/build/inputs
suite=bookworm
keyring=${HEARTH_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}
PATH=$PATH:/usr/sbin:/sbin

say() { printf '  FETCH   %s\n' "$*" >&2; }
die() { printf 'fetch: %s\n' "$*" >&2; exit 1; }

# On a terminal apt shows how far it is; else a line for each file.
quiet=-q
[ ! -t 2 ] || quiet=

# The user's Debian mirror: the source of any Debian release's "main".
mirror() {
    if [ -n "${HEARTH_MIRROR:-}" ]; then
        echo "$HEARTH_MIRROR"
        return
    fi
    apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' |
        awk '$2 == "main" && $1 ~ /^(bookworm|trixie|forky|sid|(old)*stable|testing|unstable)$/ \
             { print $3; exit }'
}

# Lines of $(RELEASE) $(REPO_URI) for the suite's security updates, where the user has them.
security() {
    apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' |
        awk -v want="$1-security" '$1 == want && $2 == "main" { print $3; exit }'
}

state() { echo "$top/build/apt/$1-$2"; }

# Package lists and caches of one state, and the largest package, unpacked.
need_mib=400
room() {
    free=$(df -Pm "$top/build" | awk 'NR == 2 { print $4 }')
    [ "$free" -ge $need_mib ] ||
        die "$top/build: $free MiB of disk are free, fetching Debian's packages takes $need_mib"
}

make_state() {
    s=$1 arch=$2 dir=$(state "$1" "$2")
    [ ! -e "$dir/ready" ] || return 0
    uri=$(mirror)
    [ -n "$uri" ] || die "no Debian mirror in this machine's apt sources; set HEARTH_MIRROR=URI"
    room
    mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial" "$dir/debs"
    : >"$dir/status"
    echo "deb [signed-by=$keyring] $uri $s main" >"$dir/sources.list"
    sec=$(security "$s")
    [ -z "$sec" ] || echo "deb [signed-by=$keyring] $sec $s-security main" >>"$dir/sources.list"
    cat >"$dir/apt.conf" <<CONF
APT::Architecture "$arch";
APT::Architectures { "$arch"; };
APT::Sandbox::User "";
APT::Install-Recommends "false";
Acquire::Languages "none";
Dir::State "$dir";
Dir::State::Lists "$dir/lists";
Dir::State::status "$dir/status";
Dir::Cache "$dir/cache";
Dir::Etc::SourceList "$dir/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
CONF
    say "package lists of $s for $arch"
    apt-get -c "$dir/apt.conf" $quiet -o APT::Update::Error-Mode=any update >&2 ||
        die "cannot read the mirror $uri. Only the first run needs it: is this machine online?" \
            "HEARTH_MIRROR=URI names another one."
    touch "$dir/ready"
}

# deb SUITE ARCH PACKAGE: downloads it once, prints the file's path.
deb() {
    dir=$(state "$1" "$2")
    found=$(ls "$dir/debs/$3"_*.deb 2>/dev/null | head -n 1)
    if [ -z "$found" ]; then
        make_state "$1" "$2"
        say "$3 ($1, $2)"
        (cd "$dir/debs" && {
            apt-get -c "$dir/apt.conf" $quiet download "$3" >&2 || {
                rm -f "$dir/ready"
                make_state "$1" "$2" && apt-get -c "$dir/apt.conf" $quiet download "$3" >&2
            }
        }) || die "cannot download $3 of $1 for $2: is this machine online, is the disk full?"
        found=$(ls "$dir/debs/$3"_*.deb | head -n 1)
    fi
    echo "$found"
}

# debs SUITE ARCH PACKAGE...: downloads those that are not there yet, all in one go.
debs() {
    dir=$(state "$1" "$2")
    s=$1 arch=$2
    shift 2
    missing=
    for p in "$@"; do
        ls "$dir/debs/$p"_*.deb >/dev/null 2>&1 || missing="$missing $p"
    done
    [ -n "$missing" ] || return 0
    make_state "$s" "$arch"
    say "packages of $s for $arch:$missing"
    # Whatever fails here, deb() tries again and names.
    (cd "$dir/debs" && apt-get -c "$dir/apt.conf" -qq download $missing >&2) || :
}

# The package that a meta package such as linux-image-arm64 depends on now.
depends() {
    make_state "$1" "$2"
    apt-cache -c "$(state "$1" "$2")/apt.conf" show --no-all-versions "$3" |
        sed -n 's/^Depends: \(linux-image-[^ ,]*\).*/\1/p' | head -n 1
}

# kernel SUITE ARCH VERSION TARGET: Image (uncompressed), config and Xen's modules.
kernel() {
    name=$(depends "$1" "$2" "linux-image-$2")
    case $name in linux-image-"$3"*) ;; *) return 1 ;; esac
    pkg=$(deb "$1" "$2" "$name") || return 1
    tmp=$4.tmp
    rm -rf "$tmp" && mkdir -p "$tmp"
    dpkg-deb --fsys-tarfile "$pkg" | tar -x -C "$tmp" --wildcards \
        './boot/vmlinu*' './boot/config-*' './*lib/modules/*/kernel/drivers/xen/*'
    say "unpack $name"
    "$top/mk/unpack-image" "$tmp"/boot/vmlinu* "$tmp/Image"
    cp "$tmp"/boot/config-* "$tmp/config"
    mkdir "$tmp/modules"
    find "$tmp" -name '*.ko*' -exec cp {} "$tmp/modules/" \;
    echo "$name" >"$tmp/package"
    rm -rf "$tmp/boot" "$tmp/lib" "$tmp/usr" "$4"
    mv "$tmp" "$4"
}

# unpack SUITE ARCH PACKAGE TARGET: the whole package below TARGET.
unpack() {
    pkg=$(deb "$1" "$2" "$3")
    mkdir -p "$4"
    dpkg -x "$pkg" "$4"
}

busybox() {
    unpack $suite "$1" busybox-static "$inputs/$2/busybox.tmp"
    find "$inputs/$2/busybox.tmp" -type f -path '*bin/busybox' -exec cp {} "$inputs/$2/busybox" \;
    rm -rf "$inputs/$2/busybox.tmp"
}

# What dom0 has of Debian's own: the Xen tools, what they load and call, and the kernel's modules.
# Maintainer scripts are not run: mk/xl/pack and mk/xl/init do what is needed of them.
xl_packages="xen-utils-4.17 xen-utils-common xenstore-utils libxenmisc4.17 libxenstore4 libxencall1
libxenevtchn1 libxengnttab1 libxenforeignmemory1 libxentoolcore1 libxentoollog1 libxendevicemodel1
libxenhypfs1 libc6 libyajl2 libuuid1 zlib1g libext2fs2 libcom-err2 libss2 libblkid1 libfdt1
libncurses6 libtinfo6 libgcc-s1 bash e2fsprogs bridge-utils mount libmount1 libsmartcols1
libselinux1 libpcre2-8-0 bsdutils util-linux libcap-ng0"
xl_modules="drivers/xen drivers/block/loop.ko drivers/block/xen-blkback
drivers/block/xen-blkfront.ko drivers/net/xen-netback drivers/net/xen-netfront.ko
drivers/virtio/virtio_mmio.ko drivers/block/virtio_blk.ko
fs/ext4 fs/jbd2 fs/mbcache.ko lib/crc16.ko lib/libcrc32c.ko crypto/crc32c_generic.ko
arch/arm64/crypto net/802 net/llc net/bridge/bridge.ko
modules.dep modules.builtin"

xl() {
    tmp=$inputs/arm64/xl.tmp
    rm -rf "$tmp" && mkdir -p "$tmp"
    debs $suite arm64 $xl_packages coreutils
    for p in $xl_packages; do
        unpack $suite arm64 "$p" "$tmp"
    done
    # The back ends' scripts need `stat -`; for the rest busybox does.
    dpkg-deb --fsys-tarfile "$(deb $suite arm64 coreutils)" |
        tar -x -C "$tmp" --wildcards '*/bin/stat'
    pkg=$(deb $suite arm64 "$(depends $suite arm64 linux-image-arm64)")
    set -- $(for m in $xl_modules; do
        case $m in
        modules.*) echo "./lib/modules/*/$m" ;;
        *) echo "./lib/modules/*/kernel/$m" ;;
        esac
    done)
    dpkg-deb --fsys-tarfile "$pkg" | tar -x -C "$tmp" --wildcards "$@" 2>/dev/null || :
    rm -rf "$tmp/usr/share/doc" "$tmp/usr/share/man" "$tmp/usr/share/locale" \
        "$tmp/usr/share/info" "$tmp/usr/share/lintian" "$inputs/arm64/xl"
    mv "$tmp" "$inputs/arm64/xl"
}

# Debian's store daemon and its tools for this machine, the oracle of tests/store.
store() {
    rm -rf "$inputs/store.tmp" "$inputs/store"
    for p in xen-utils-4.17 xenstore-utils libxenmisc4.17 libxenstore4 libxencall1 libxenevtchn1 \
             libxengnttab1 libxenforeignmemory1 libxentoolcore1 libxentoollog1 \
             libxendevicemodel1 libsystemd0; do
        unpack $suite amd64 "$p" "$inputs/store.tmp"
    done
    mv "$inputs/store.tmp" "$inputs/store"
}

# The root file system of a guest: Debian's own init, shell and tools, and what they link to. No
# maintainer script is run; mk/xl/debian-image does what is needed of them.
debian_packages="base-files base-passwd bash coreutils dash debianutils diffutils dpkg e2fsprogs
findutils grep gzip hostname iproute2 iputils-ping libacl1 libattr1 libaudit1 libblkid1 libbpf1
libbsd0 libbz2-1.0 libc-bin libc6 libcap-ng0 libcap2 libcom-err2 libcrypt1 libelf1 libext2fs2
libidn2-0 libgcc-s1 libgcrypt20 libgmp10 libgpg-error0 liblz4-1 liblzma5 libmd0 libmnl0 libmount1
libncursesw6 libpam-modules libpam0g libpcre2-8-0 libproc2-0 libselinux1 libsmartcols1 libss2
libsystemd0 libtinfo6 libudev1 libunistring2 libuuid1 libzstd1 login mawk mount ncurses-base
ncurses-bin netcat-openbsd procps sed sysvinit-core sysvinit-utils tar util-linux zlib1g"

debian() {
    tmp=$inputs/arm64/debian.tmp
    rm -rf "$tmp" && mkdir -p "$tmp/root/var/lib/dpkg"
    debs $suite arm64 $debian_packages
    for p in $debian_packages; do
        unpack $suite arm64 "$p" "$tmp/root"
        dpkg-deb -f "$(deb $suite arm64 "$p")" |
            sed '1a\Status: install ok unpacked' >>"$tmp/root/var/lib/dpkg/status"
        echo >>"$tmp/root/var/lib/dpkg/status"
    done
    for d in doc man locale info lintian bash-completion; do
        rm -rf "$tmp/root/usr/share/$d"
    done
    rm -rf "$inputs/arm64/debian"
    mv "$tmp" "$inputs/arm64/debian"
}

# Debian 13's tools, which speak a later interface version: what differs from the above.
xl13_packages="xen-utils-4.20 xen-utils-common xenstore-utils libxenmisc4.20 libxenstore4
libxencall1 libxenevtchn1 libxengnttab1 libxenforeignmemory1 libxentoolcore1 libxentoollog1
libxendevicemodel1 libxenhypfs1 libc6 libyajl2 libuuid1 zlib1g libext2fs2t64
libcom-err2 libss2 libblkid1 libfdt1 libncurses6 libtinfo6 libgcc-s1 libzstd1 liblzma5 bash"

xl13() {
    tmp=$inputs/arm64/xl13.tmp
    rm -rf "$tmp" && mkdir -p "$tmp"
    for p in $xl13_packages; do
        unpack trixie arm64 "$p" "$tmp"
    done
    rm -rf "$tmp/usr/share/doc" "$tmp/usr/share/man" "$tmp/usr/share/locale" \
        "$tmp/usr/share/info" "$tmp/usr/share/lintian" "$inputs/arm64/xl13"
    mv "$tmp" "$inputs/arm64/xl13"
}

qemu10() {
    for p in qemu-system-arm qemu-system-x86 qemu-system-misc qemu-system-data \
             qemu-system-common opensbi; do
        unpack $suite-backports "$(dpkg --print-architecture)" $p "$inputs/qemu10"
    done
}

# The model checker of tests/proof, which Debian 12 lacks, with the C library that it wants: it
# runs through that library's own ld.so.
cbmc() {
    rm -rf "$inputs/cbmc.tmp" "$inputs/cbmc"
    for p in cbmc libc6 libstdc++6 libgcc-s1 minisat zlib1g; do
        unpack trixie "$(dpkg --print-architecture)" $p "$inputs/cbmc.tmp"
    done
    rm -rf "$inputs/cbmc.tmp/usr/share"
    mv "$inputs/cbmc.tmp" "$inputs/cbmc"
}

mkdir -p "$inputs"
exec 9>"$top/build/fetch.lock"
flock 9

case ${1:?} in
arm64-6.1)    kernel $suite arm64 6.1 "$inputs/arm64/6.1" ;;
arm64-6.12)   kernel $suite-backports arm64 6.12 "$inputs/arm64/6.12" ||
              kernel trixie arm64 6.12 "$inputs/arm64/6.12" ;;
riscv64-6.12) kernel trixie riscv64 6.12 "$inputs/riscv64/6.12" ;;
x86-6.1)      kernel $suite amd64 6.1 "$inputs/x86/6.1" ;;
busybox-arm64)   busybox arm64 arm64 ;;
busybox-x86)     busybox amd64 x86 ;;
busybox-riscv64) suite=trixie; busybox riscv64 riscv64 ;;
xen-arm64)
    mkdir -p "$inputs/arm64/xen"
    unpack $suite arm64 xen-hypervisor-4.17-arm64 "$inputs/arm64/xen/root"
    "$top/mk/unpack-image" "$(ls "$inputs"/arm64/xen/root/boot/xen-4.17-arm64* | head -n 1)" \
        "$inputs/arm64/xen/xen"
    ;;
xl-arm64)     xl ;;
debian-arm64) debian ;;
xl13-arm64)   xl13 ;;
store-amd64)  store ;;
# The same for all architectures; of arm64, whose package lists are here anyway.
xen-headers)  unpack $suite arm64 libxen-dev "$inputs/xen-headers" ;;
xen-headers-4.20) unpack trixie arm64 libxen-dev "$inputs/xen-headers-4.20" ;;
qemu10)       qemu10 ;;
cbmc)         cbmc ;;
*)            die "unknown input: $1" ;;
esac

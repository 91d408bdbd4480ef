# SPDX-License-Identifier: Apache-2.0
#
# A Debian control domain with the Xen tools, and guests for it: archives for the boot protocol.

xl_root := $(inputs)/arm64/xl
xl_dom0 := build/xl/dom0.cpio
xl_store := build/xl/store.img
debian_root := $(inputs)/arm64/debian/root
xl_modules := xen-privcmd xenfs xen-evtchn xen-gntdev xen-gntalloc crc32c_generic libcrc32c llc \
              stp bridge virtio_mmio virtio_blk loop crc16 mbcache jbd2 ext4 xen-blkback xen-netback
domu_modules := crc32c_generic libcrc32c crc16 mbcache jbd2 ext4 xen-blkfront xen-netfront

$(xl_root)/usr/lib/xen-4.17/bin/xl: mk/fetch.sh
	$(Q)mk/fetch.sh xl-arm64 && touch -c $@

# Hearth's tools for dom0, whatever ARCH is.
xl_tools := $(addprefix build/arm64/tools/,xenstored hearth-dom0less-consoles)
ifneq ($(ARCH),arm64)
.PHONY: $(xl_tools)
$(xl_tools):
	$(Q)$(MAKE) --no-print-directory ARCH=arm64 tools
endif

build/xl/domu.cpio: mk/xl/domu-init mk/xl/pack mk/xl.mk $(inputs)/arm64/busybox \
                    $(xl_root)/usr/lib/xen-4.17/bin/xl
	$(call say,CPIO,$@)
	$(Q)mk/xl/pack domu $@ $(domu_modules)

$(xl_dom0): build/xl/domu.cpio mk/xl/init mk/xl/pack mk/xl.mk $(wildcard mk/xl/etc/*) \
            $(inputs)/arm64/6.1/Image $(inputs)/arm64/busybox $(xl_tools)
	$(call say,CPIO,$@)
	$(Q)mk/xl/pack dom0 $@ $(xl_modules)

$(debian_root)/var/lib/dpkg/status: mk/fetch.sh
	$(Q)mk/fetch.sh debian-arm64 && touch -c $@

$(xl_store): mk/xl/debian-image $(wildcard mk/xl/debian/*) $(debian_root)/var/lib/dpkg/status
	$(call say,EXT4,$@)
	$(Q)mk/xl/debian-image $(debian_root) $@

.PHONY: xl-image
xl-image: $(xl_dom0) $(xl_store)

# What Debian's Xen prints in the same sessions: tests/xl/oracle.
.PHONY: xl-oracle
xl-oracle: xl-image guests inputs
	$(Q)$(PYTHON) tests/xl/record.py commands less options

# SPDX-License-Identifier: Apache-2.0
#
# The initramfs of test guests: busybox and our /init; the same bytes from the same inputs.

initramfs := build/initramfs/arm64.cpio.gz

build/initramfs/%.cpio.gz: build/inputs/%/busybox mk/initramfs/init mk/image.mk
	$(call say,CPIO,$@)
	$(Q)rm -rf $(@D)/$*.root && mkdir -p $(@D)/$*.root/bin
	$(Q)install -m 755 build/inputs/$*/busybox $(@D)/$*.root/bin/busybox
	$(Q)install -m 755 mk/initramfs/init $(@D)/$*.root/init
	$(Q)ln -s busybox $(@D)/$*.root/bin/sh
	$(Q)find $(@D)/$*.root -exec touch -h -d @0 {} +
	$(Q)cd $(@D)/$*.root && find . | sort | \
		cpio --quiet --reproducible -R 0:0 -H newc -o | gzip -n -9 >$(CURDIR)/$@

.PHONY: initramfs
initramfs: $(initramfs)
.SECONDARY: $(initramfs)

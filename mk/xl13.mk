# SPDX-License-Identifier: Apache-2.0
#
# Debian 13's Xen tools, to be unpacked below /debian13 of the dom0 that has Debian 12's.

xl13_root := $(inputs)/arm64/xl13
xl13_archive := build/xl/debian13.cpio

$(xl13_root)/usr/lib/xen-4.20/bin/xl: mk/fetch.sh
	$(Q)mk/fetch.sh xl13-arm64 && touch -c $@

$(xl13_archive): mk/xl13.mk $(xl13_root)/usr/lib/xen-4.20/bin/xl
	$(call say,CPIO,$@)
	$(Q)rm -rf $@.root && mkdir -p $@.root/debian13
	$(Q)cp -a $(xl13_root)/. $@.root/debian13/
	$(Q)cd $@.root/debian13 && rm -rf usr/bin/xenalyze usr/lib/xen-4.20/bin/oxenstored && \
	    mkdir -p proc sys dev run root var/log/xen var/lib/xen && ln -s /run var/run && \
	    ln -s /run/lock var/lock && { [ -e lib ] || ln -s usr/lib lib; }
	$(Q)find $@.root -exec touch -h -d @0 {} +
	$(Q)(cd $@.root && find . | sort | cpio --quiet --reproducible -R 0:0 -H newc -o) >$@.tmp
	$(Q)rm -rf $@.root && mv $@.tmp $@

xl-image: $(xl13_archive)

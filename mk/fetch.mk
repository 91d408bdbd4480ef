# SPDX-License-Identifier: Apache-2.0
#
# Inputs from Debian, fetched once (mk/fetch.sh) and kept under build/inputs/.

inputs := build/inputs
input_files := $(foreach f,arm64/6.1/Image arm64/6.12/Image arm64/busybox arm64/xen/xen \
                 xen-headers/usr/include/xen/xen.h xen-headers-4.20/usr/include/xen/xen.h, \
                 $(inputs)/$(f))

.PHONY: inputs
inputs: $(input_files)

fetch = $(Q)mk/fetch.sh $(1) && touch -c $@

$(inputs)/%/6.1/Image:
	$(call fetch,$*-6.1)
$(inputs)/%/6.12/Image:
	$(call fetch,$*-6.12)
$(inputs)/%/busybox:
	$(call fetch,busybox-$*)
$(inputs)/arm64/xen/xen:
	$(call fetch,xen-arm64)
$(inputs)/xen-headers/usr/include/xen/xen.h:
	$(call fetch,xen-headers)
$(inputs)/xen-headers-4.20/usr/include/xen/xen.h:
	$(call fetch,xen-headers-4.20)
$(inputs)/store/usr/bin/xenstore:
	$(call fetch,store-amd64)
$(inputs)/cbmc/usr/bin/cbmc:
	$(call fetch,cbmc)
$(inputs)/qemu10/usr/bin/qemu-system-aarch64:
	$(call fetch,qemu10)

.SECONDARY: $(input_files)

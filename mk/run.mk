# SPDX-License-Identifier: Apache-2.0

.PHONY: run
run: all
ifeq ($(ARCH),arm64)
run: $(inputs)/arm64/6.1/Image $(initramfs)
endif
run:
	$(Q)$(PYTHON) tests/boot/run --arch $(ARCH) --hypervisor $(out)/hearth

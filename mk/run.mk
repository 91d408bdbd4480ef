# SPDX-License-Identifier: Apache-2.0

STORE ?= hearth

.PHONY: run
run: all
ifeq ($(ARCH),arm64)
run: $(inputs)/arm64/6.1/Image $(initramfs) $(if $(filter xl,$(DEMO)),xl-image)
endif
run:
	$(Q)$(PYTHON) tests/boot/run --arch $(ARCH) --hypervisor $(out)/hearth --demo "$(DEMO)" \
		--store "$(STORE)"

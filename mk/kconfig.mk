# SPDX-License-Identifier: Apache-2.0
#
# Options: Kconfig + configs/<arch>_defconfig -> $(out)/.config, which make reads as it is, and
# $(gen)/autoconf.h, which every compilation includes first.

config := $(out)/.config
kconfig = ARCH=$(ARCH) DEBUG=$(DEBUG) KCONFIG_CONFIG=$(config) KCONFIG_CONFIG_HEADER= $(PYTHON) -m

# The goals that build nothing of one architecture need no configuration.
ifneq ($(filter-out $(no_config_goals) help clean distclean lint test soak fetch inputs \
                    packages format,$(or $(MAKECMDGOALS),all)),)
-include $(config)
endif

$(config): Kconfig configs/$(ARCH)_defconfig
	@mkdir -p $(@D)
	$(call say,CONFIG,$@)
	$(Q)if [ -e $@ ]; then $(kconfig) olddefconfig; else $(kconfig) defconfig \
		--kconfig Kconfig configs/$(ARCH)_defconfig; fi >/dev/null
	@touch $@

$(gen)/autoconf.h: $(config)
	@mkdir -p $(@D)
	$(Q)$(kconfig) genconfig --header-path $@ Kconfig
	@touch $@

$(gen)/version.h: Makefile mk/kconfig.mk
	@mkdir -p $(@D)
	$(Q)printf '/* Generated. */\n#define HEARTH_VERSION "%s"\n#define HEARTH_ARCH "%s"\n' \
		'$(HEARTH_VERSION)' '$(ARCH)' >$@

.PHONY: menuconfig savedefconfig
menuconfig: $(config)
	$(kconfig) menuconfig
savedefconfig: $(config)
	$(kconfig) savedefconfig --out configs/$(ARCH)_defconfig

# SPDX-License-Identifier: Apache-2.0
#
# `make bench`: Hearth beside Debian's Xen on Debian's QEMU, in instructions. Included by the main
# Makefile. BENCH_ARGS goes to tests/bench/run.py (--xen-only, --quick, --only NAME ...).

BENCH_OUT    := build/bench
BENCH_HOSTCC ?= gcc
BENCH_CC     ?= aarch64-linux-gnu-gcc

$(BENCH_OUT)/count.so: tests/bench/plugin/count.c tests/bench/plugin/qemu_plugin_v1.h
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(BENCH_HOSTCC) -O2 -Wall -Wextra -Wshadow -Wconversion -Werror -fPIC -shared \
		-fvisibility=hidden -o $@ $<

$(BENCH_OUT)/init: tests/bench/init.S
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(BENCH_CC) -nostdlib -static -Wl,--build-id=none,-s -o $@ $<

# Markers around a command of dom0's: 0x210 and 0x211.
$(BENCH_OUT)/mark-begin: bench_mark := 0x210
$(BENCH_OUT)/mark-end: bench_mark := 0x211
$(BENCH_OUT)/mark-%: tests/bench/mark.S
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(BENCH_CC) -nostdlib -static -DMARK=$(bench_mark) -Wl,--build-id=none,-s -o $@ $<

.PHONY: bench bench-inputs
bench-inputs: $(BENCH_OUT)/count.so $(BENCH_OUT)/init build/inputs/arm64/xen/xen \
	build/inputs/arm64/6.1/Image build/arm64/guest/bench.img build/arm64/guest/started.img \
	build/arm64/guest/scrub.img $(BENCH_OUT)/mark-begin $(BENCH_OUT)/mark-end $(xl_dom0)
bench: bench-inputs $(if $(findstring --xen-only,$(BENCH_ARGS)),,build/arm64/hearth)
	$(Q)/usr/bin/python3 tests/bench/run.py $(BENCH_ARGS)

# SPDX-License-Identifier: Apache-2.0
#
# The store daemons on the host: Debian's as the oracle, and what stands in for a hypervisor.

build/store/standin.so: tests/store/standin.c $(inputs)/xen-headers/usr/include/xen/xen.h
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && gcc -std=gnu11 -O2 -Wall -Wextra -Werror -fPIC -shared \
		-isystem $(inputs)/xen-headers/usr/include $< -o $@

.PHONY: store-oracle
store-oracle: build/store/standin.so $(inputs)/store/usr/bin/xenstore

# Instructions of both daemons side by side. BENCH_ARGS: --quick, --debian-only.
.PHONY: bench-store
bench-store: store-oracle
	$(Q)/usr/bin/python3 tests/bench/store/run.py $(BENCH_ARGS)

# The state stream: the daemon's core in a program, plain for speed and with sanitizers.
state_core := $(patsubst %,tools/xenstored/%.c,$(xenstored_core) $(xenstored_wire))

build/store/state_bytes build/store/state_bytes-asan: tests/store/state_bytes.c $(state_core) \
        $(wildcard tools/xenstored/*.h) | $(xen_headers)/xen/xen.h
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && gcc $(filter-out -Wconversion,$(XENSTORED_FLAGS)) -I tools/xenstored \
		$(if $(findstring asan,$@),-fsanitize=address$(comma)undefined \
		-fno-sanitize-recover=all) -o $@ $< $(state_core)

store-oracle: build/store/state_bytes build/store/state_bytes-asan

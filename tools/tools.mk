# SPDX-License-Identifier: Apache-2.0
#
# User-space tools: build/<arch>/tools/. They link against Debian's libraries for the target, which
# are unpacked under build/inputs/; without domain rings where Debian has none (riscv64).

XENSTORED_FLAGS := -std=gnu11 -O2 -g $(filter-out -Wmissing-prototypes,$(WARNINGS)) -D_GNU_SOURCE \
                   -ffile-prefix-map=$(CURDIR)=. -fstack-protector-strong -D_FORTIFY_SOURCE=2 \
                   -isystem $(xen_headers)
xenstored_core := charge check conn domain journal kids lifecycle mem node orphans \
                  oxenstored path perm pool quota replay ring state_domains state_dump state_load \
                  state_nodes state_txns store store_perms table tree trie txn watch
xenstored_wire := wire wire_domains wire_nodes
xenstored_edge := control handover log main persist resume server socket takeover update

xen_libraries_host  := $(inputs)/store/usr/lib/x86_64-linux-gnu
xen_libraries_x86   := $(xen_libraries_host)
xen_libraries_arm64 := $(inputs)/arm64/xl/usr/lib/aarch64-linux-gnu
xen_libraries       := $(xen_libraries_$(ARCH))

xenstored_objs := $(patsubst %,$(out)/tools/xenstored.d/%.o,$(xenstored_core) $(xenstored_wire) \
                    $(xenstored_edge) $(if $(xen_libraries),rings,no_rings))

ifneq ($(xen_libraries),)
xenstored_libs := $(addprefix -l:,libxenevtchn.so.1 libxengnttab.so.1 libxenctrl.so.4.17) \
                  -L$(xen_libraries) -Wl,-rpath-link,$(xen_libraries)
$(xen_libraries)/libxenevtchn.so.1: | $(if $(filter arm64,$(ARCH)),\
    $(inputs)/arm64/xl/usr/lib/xen-4.17/bin/xl,$(inputs)/store/usr/bin/xenstore)
xenstored_needs := $(xen_libraries)/libxenevtchn.so.1
endif

$(out)/tools/xenstored.d/%.o: tools/xenstored/%.c tools/tools.mk | $(xen_headers)/xen/xen.h
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(cc) $(XENSTORED_FLAGS) -MMD -MP -c -o $@ $<

$(out)/tools/xenstored: $(xenstored_objs) | $(xenstored_needs)
	$(call say,LD,$@)
	$(Q)$(cc) -o $@ $(xenstored_objs) $(xenstored_libs)

-include $(xenstored_objs:.o=.d)

# The same without its edge, for unit tests and fuzzers.
ifeq ($(ARCH),host)
libstore_objs := $(patsubst %,$(out)/libstore.d/%.o,$(xenstored_core) $(xenstored_wire) \
                   control rings)

$(out)/libstore.d/%.o: tools/xenstored/%.c tools/tools.mk | $(xen_headers)/xen/xen.h
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(cc) $(filter-out -O2 -fstack-protector-strong -D_FORTIFY_SOURCE=2,$(XENSTORED_FLAGS)) \
		$(TARGET_CFLAGS) $(no_trace) -MMD -MP -c -o $@ $<

$(out)/libstore.a: $(libstore_objs)
	$(Q)rm -f $@ && $(ar) rcsD $@ $^

-include $(libstore_objs:.o=.d)
endif

# Needs what Debian has no library for on riscv64.
consoles := $(if $(xen_libraries),$(out)/tools/hearth-dom0less-consoles)
$(consoles): tools/dom0less/consoles.c tools/tools.mk | $(xen_headers)/xen/xen.h $(xenstored_needs)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(cc) $(XENSTORED_FLAGS) -o $@ $< $(addprefix -l:,libxenctrl.so.4.17 libxenstore.so.4) \
		-L$(xen_libraries) -Wl,-rpath-link,$(xen_libraries)

.PHONY: tools
tools: $(out)/tools/xenstored $(consoles)
ifeq ($(ARCH),host)
all: tools
endif

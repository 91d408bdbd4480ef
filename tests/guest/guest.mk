# SPDX-License-Identifier: Apache-2.0
#
# Tiny kernels. Included by the main Makefile; `make guests` builds them all.
# One folder per test below tests/guest; the folder's name is the image's name.

GUEST_ARCH    ?= arm64
GUEST_BUILD   ?= build
GUEST_SRC     := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
GUEST_OUT     := $(GUEST_BUILD)/$(GUEST_ARCH)/guest
GUEST_HEADERS ?= $(GUEST_BUILD)/inputs/xen-headers/usr/include

GUEST_PREFIX_arm64   := aarch64-linux-gnu-
GUEST_PREFIX_riscv64 := riscv64-linux-gnu-
GUEST_PREFIX_x86     :=
GUEST_CC      ?= $(GUEST_PREFIX_$(GUEST_ARCH))gcc
GUEST_OBJCOPY ?= $(GUEST_PREFIX_$(GUEST_ARCH))objcopy

GUEST_CFLAGS_arm64 := -mgeneral-regs-only -mstrict-align -mno-outline-atomics
GUEST_CFLAGS := -std=gnu11 -O2 -g -ffreestanding -fPIE -fvisibility=hidden -fno-stack-protector \
	-fno-asynchronous-unwind-tables -fno-tree-loop-distribute-patterns -fno-strict-aliasing \
	-ffile-prefix-map=$(CURDIR)=. \
	-Wall -Wextra -Wshadow -Wundef -Wvla -Wmissing-prototypes -Werror -D__XEN_TOOLS__ \
	$(GUEST_CFLAGS_$(GUEST_ARCH)) \
	-I$(GUEST_SRC)/lib/include -I$(GUEST_SRC)/lib/$(GUEST_ARCH)/include -isystem $(GUEST_HEADERS)
GUEST_LDFLAGS := -nostdlib -static -Wl,-pie,--no-dynamic-linker,--build-id=none,-z,norelro \
	-Wl,-z,noexecstack,--no-warn-rwx-segments

GUEST_LIB_SRC := $(wildcard $(GUEST_SRC)/lib/common/*.c $(GUEST_SRC)/lib/$(GUEST_ARCH)/*.[cS])
GUEST_LIB_OBJ := $(patsubst $(GUEST_SRC)/%,$(GUEST_OUT)/obj/%.o,$(GUEST_LIB_SRC))
GUEST_NAMES   := $(filter-out lib common,$(notdir $(patsubst %/,%,$(dir \
	$(wildcard $(GUEST_SRC)/*/main.c)))))
GUEST_IMAGES  := $(GUEST_NAMES:%=$(GUEST_OUT)/%.img)

# The matrix's tables are the hypervisor's.
$(GUEST_OUT)/obj/matrix/%.o: GUEST_CFLAGS += -I$(GUEST_SRC)/../unit \
	-I$(GUEST_SRC)/../../hypervisor -I$(GUEST_SRC)/../../hypervisor/include

.PHONY: guests
.SECONDARY: $(GUEST_IMAGES:.img=.elf)
guests: $(GUEST_IMAGES)

$(GUEST_OUT)/obj/%.c.o: $(GUEST_SRC)/%.c | $(GUEST_HEADERS)/xen/xen.h
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(GUEST_CC) $(GUEST_CFLAGS) -MMD -MP -c -o $@ $<

$(GUEST_OUT)/obj/%.S.o: $(GUEST_SRC)/%.S | $(GUEST_HEADERS)/xen/xen.h
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(GUEST_CC) $(GUEST_CFLAGS) -MMD -MP -c -o $@ $<

# One rule per kernel: its own objects and the library's.
define GUEST_RULE
GUEST_OBJ_$(1) := $$(patsubst $$(GUEST_SRC)/%,$$(GUEST_OUT)/obj/%.o,\
	$$(wildcard $$(GUEST_SRC)/$(1)/*.[cS]))
$$(GUEST_OUT)/$(1).elf: $$(GUEST_OBJ_$(1)) $$(GUEST_LIB_OBJ) \
		$$(GUEST_SRC)/lib/$$(GUEST_ARCH)/guest.lds
	$$(call say,LD,$$@)
	$$(Q)$$(GUEST_CC) $$(GUEST_LDFLAGS) -Wl,-T,$$(GUEST_SRC)/lib/$$(GUEST_ARCH)/guest.lds -o $$@ \
		$$(GUEST_OBJ_$(1)) $$(GUEST_LIB_OBJ)
-include $$(GUEST_OBJ_$(1):.o=.d)
endef
$(foreach name,$(GUEST_NAMES),$(eval $(call GUEST_RULE,$(name))))

$(GUEST_OUT)/%.img: $(GUEST_OUT)/%.elf
	$(Q)$(GUEST_OBJCOPY) -O binary $< $@

-include $(GUEST_LIB_OBJ:.o=.d)

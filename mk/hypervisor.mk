# SPDX-License-Identifier: Apache-2.0
#
# Sources, flags and rules of the hypervisor. A folder's files.mk lists its objects (obj-y,
# obj-$(CONFIG_X)); a folder without one gives all its .c and .S files, except that drivers reach
# ARCH=host by being listed only.

# --- Sources -------------------------------------------------------------------------------------

folders := $(sort $(shell find hypervisor/common hypervisor/drivers hypervisor/arch/$(ARCH) \
                  -name include -prune -o -type d -print 2>/dev/null))

not_objects = asm_offsets.o hearth.lds.o $(if $(filter host,$(ARCH)),\
              $(if $(filter hypervisor/drivers%,$(1)),%))
globbed = $(filter-out $(not_objects),$(patsubst %.c,%.o,$(patsubst %.S,%.o,\
          $(notdir $(wildcard $(1)/*.c $(1)/*.S)))))

define folder_objects
obj-y :=
ifneq ($(wildcard $(1)/files.mk),)
include $(1)/files.mk
else
obj-y := $(call globbed,$(1))
endif
objects += $$(addprefix $(1)/,$$(obj-y))
endef

objects :=
$(foreach f,$(folders),$(eval $(call folder_objects,$(f))))
# --- Flags ---------------------------------------------------------------------------------------

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wvla -Wundef -Wmissing-prototypes -Werror
ifeq ($(LLVM),1)
WARNINGS += -Wthread-safety
endif

INCLUDES := -I hypervisor/include -I hypervisor/arch/$(ARCH)/include -I $(out)/include \
            -include $(gen)/autoconf.h
COMMON_CFLAGS := -std=gnu11 -g -fno-common -fno-strict-aliasing -fno-delete-null-pointer-checks \
                 -ffile-prefix-map=$(CURDIR)=. $(WARNINGS)
# -ffreestanding turns builtins off; Hearth has its own memcpy and friends, so they are welcome.
FREESTANDING := -ffreestanding -fbuiltin -nostdinc -isystem $(cc_include)

ifeq ($(ARCH),host)
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
ifeq ($(LLVM),1)
SANITIZE := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
# To trace comparisons for the fuzzer takes half the time: only where input is text, or a format.
traced := $(addprefix hypervisor/common/,fdt/% launch/% core/cmdline.c lib/parse.c lib/string.c)
no_trace = $(if $(filter $(traced),$(1)),,-fno-sanitize-coverage=trace-cmp)
endif
TARGET_CFLAGS := -O1 -fno-omit-frame-pointer $(SANITIZE)
else
TARGET_CFLAGS := -O2 -ffunction-sections -fdata-sections -fno-pie -fno-stack-protector \
                 -fno-asynchronous-unwind-tables -fno-jump-tables
endif

CFLAGS_arm64   := -march=armv8-a -mgeneral-regs-only -mno-outline-atomics -mcmodel=small
CFLAGS_riscv64 := -march=$(if $(LLVM),rv64imac,rv64imac_zicsr) -mabi=lp64 -mcmodel=medany
CFLAGS_x86     := -m64 -mno-red-zone -mno-mmx -mno-sse -mgeneral-regs-only

CFLAGS   := $(COMMON_CFLAGS) $(TARGET_CFLAGS) $(CFLAGS_$(ARCH))
AFLAGS   := -D__ASSEMBLY__ -Wa,--noexecstack
LDFLAGS  := -nostdlib -static --gc-sections --build-id=none -z noexecstack -z max-page-size=4096
LDSCRIPT := hypervisor/arch/$(ARCH)/hearth.lds.S

# May name in `shared` the files of arch/shared that the architecture takes.
-include hypervisor/arch/$(ARCH)/arch.mk

objects += $(patsubst %,hypervisor/arch/shared/%.o,$(shared))
objs := $(addprefix $(out)/,$(sort $(objects)))

# Only arch/host may see the C library; all other code sees the compiler's headers alone.
hosted = $(filter hypervisor/arch/host/%,$(1))
xen_headers := build/inputs/xen-headers/usr/include
xen_headers_4.20 := build/inputs/xen-headers-4.20/usr/include
# An adapter is compiled with the headers of the release whose version it speaks.
abi_headers = $(if $(filter %/domctl_0x17.c,$(1)),$(xen_headers_4.20),$(xen_headers))
cflags = $(CFLAGS) $(INCLUDES) $(if $(call hosted,$(1)),,$(FREESTANDING)) \
         $(if $(filter hypervisor/common/abi/%,$(1)),-isystem $(call abi_headers,$(1))) \
         $(call no_trace,$(1)) $(CFLAGS-$(1))

# The file that implements memcpy must not be compiled into calls of memcpy.
no_idioms := -fno-builtin $(if $(LLVM),,-fno-tree-loop-distribute-patterns)
CFLAGS-hypervisor/common/lib/string.c += $(no_idioms)
# A table of traps: its first line is the default that the other rows override.
CFLAGS-hypervisor/arch/arm64/trap/classes.c += -Wno-override-init
ifeq ($(ARCH),host)
# On the host the C library (and ASan's interceptors) keep these names; ours are hearth_*.
libc_names := memcpy memmove memset memcmp memchr strlen strnlen strcmp strncmp strchr \
              snprintf vsnprintf
$(foreach f,string printf,$(eval CFLAGS-hypervisor/common/lib/$(f).c += \
    $(foreach n,$(libc_names),-D$(n)=hearth_$(n))))
endif

# --- Rules ---------------------------------------------------------------------------------------

makefiles := Makefile $(wildcard mk/*.mk hypervisor/arch/$(ARCH)/arch.mk)
headers := $(gen)/autoconf.h $(gen)/version.h

asm_offsets := $(wildcard hypervisor/arch/$(ARCH)/asm_offsets.c)
ifneq ($(asm_offsets),)
$(out)/asm_offsets.s: $(asm_offsets) $(headers) $(makefiles)
	@mkdir -p $(@D)
	$(call say,OFFSETS,$<)
	$(Q)$(cc) $(call cflags,$<) -MMD -MP -MT $@ -MF $@.d -g0 -S -o $@ $<

$(gen)/asm_offsets.h: $(out)/asm_offsets.s
	$(Q)( echo '/* Generated from $(asm_offsets). */'; \
	  sed -n 's/^.*"*->\([A-Za-z_0-9]*\) [$$#]*\(-*[0-9]*\).*$$/#define \1 \2/p' $< ) >$@

-include $(out)/asm_offsets.s.d
$(objs): | $(gen)/asm_offsets.h
endif

$(out)/%.o: %.c $(gen)/autoconf.h $(makefiles) | $(headers)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(cc) $(call cflags,$<) -MMD -MP -c -o $@ $<

$(out)/%.o: %.S $(gen)/autoconf.h $(makefiles) | $(headers)
	@mkdir -p $(@D)
	$(call say,AS,$<)
	$(Q)$(cc) $(call cflags,$<) $(AFLAGS) -MMD -MP -c -o $@ $<

$(filter $(out)/hypervisor/common/abi/%,$(objs)): | $(xen_headers)/xen/xen.h \
                                                       $(xen_headers_4.20)/xen/xen.h

-include $(objs:.o=.d)

.PHONY: objs
objs: $(objs)

ifeq ($(ARCH),host)

all: $(out)/libhearth.a

$(out)/libhearth.a: $(objs)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(ar) rcsD $@ $(objs)

else

all: $(out)/hearth

$(out)/hearth.lds: $(LDSCRIPT) $(headers) $(makefiles) $(if $(asm_offsets),$(gen)/asm_offsets.h)
	@mkdir -p $(@D)
	$(Q)$(cc) $(INCLUDES) $(FREESTANDING) -D__ASSEMBLY__ -D__LINKER__ -E -P -x assembler-with-cpp \
		-MMD -MP -MT $@ -MF $@.d -o $@ $<
-include $(out)/hearth.lds.d

$(out)/hearth-syms: $(objs) $(out)/hearth.lds
	$(call say,LD,$@)
	$(Q)$(ld) $(LDFLAGS) -T $(out)/hearth.lds -Map=$@.map -o $@ $(objs)

$(out)/hearth: $(out)/hearth-syms
	$(call say,OBJCOPY,$@)
	$(Q)$(objcopy) $(if $(filter x86,$(ARCH)),-O elf32-i386 --strip-all,-O binary) $< $@

endif

# --- For editors and tools -----------------------------------------------------------------------

comma := ,
compile_entry = {"directory": "$(CURDIR)"$(comma) "file": "$(1)"$(comma) \
  "command": "$(strip $(cc) $(call cflags,$(1)) -c $(1))"}

.PHONY: compile_commands
compile_commands: $(headers)
	$(file >compile_commands.json,[)
	$(foreach f,$(filter %.c,$(wildcard $(objects:.o=.c))),\
	  $(file >>compile_commands.json,$(call compile_entry,$(f))$(comma)))
	@sed -i '$$s/,$$/]/' compile_commands.json
	@echo '  $(words $(objects)) objects in compile_commands.json'

# What the lints run a file through: make ARCH=x print-cc FILE=f
.PHONY: print-cc
print-cc: $(headers) $(if $(asm_offsets),$(gen)/asm_offsets.h)
	@echo $(cc) $(call cflags,$(FILE))

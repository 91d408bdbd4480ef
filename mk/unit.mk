# SPDX-License-Identifier: Apache-2.0
#
# Unit tests (cmocka) and fuzzers (libFuzzer): ordinary programs over $(out)/libhearth.a. They see
# the C library, Hearth's headers, and Xen's public headers.

ifeq ($(ARCH),host)

UNIT_WARNINGS := $(filter-out -Wmissing-prototypes -Wconversion,$(WARNINGS))
UNIT_CFLAGS := -std=gnu11 -g $(UNIT_WARNINGS) $(TARGET_CFLAGS) $(no_trace) $(INCLUDES) \
               -I tests/unit -I hypervisor \
               -iquote tools \
               -idirafter hypervisor/arch/arm64/include -isystem $(xen_headers)

unit_programs := $(patsubst tests/%.c,$(out)/%,$(wildcard tests/unit/test_*.c))
fuzz_programs := $(patsubst tests/%.c,$(out)/%,$(wildcard tests/fuzz/fuzz_*.c))
# Helpers that every unit test may use: the .c files of tests/unit that are not tests. An archive,
# so that a test links those it names and nothing that they would pull in beside its fakes.
unit_helpers := $(patsubst %.c,$(out)/%.o,\
                  $(filter-out tests/unit/test_%,$(wildcard tests/unit/*.c)))

$(out)/tests/%.o: tests/%.c $(makefiles) | $(headers) $(xen_headers)/xen/xen.h
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(cc) $(UNIT_CFLAGS) -MMD -MP -c -o $@ $<

# What looks the result over is not what a fuzzer is to reach, and is to be quick.
$(out)/tests/unit/audit%.o: UNIT_CFLAGS += -O3 -fno-sanitize=all
$(foreach a,event/evtchn_audit grant/grant_audit,\
    $(eval CFLAGS-hypervisor/common/$(a).c += -O2 -fno-sanitize=all))

$(out)/libunit.a: $(unit_helpers)
	$(Q)rm -f $@ && $(ar) rcsD $@ $(unit_helpers)

# The store daemon's (tools/tools.mk), not the hypervisor's.
store_units := $(filter $(out)/unit/test_store_%,$(unit_programs))
store_fuzz  := $(filter $(out)/fuzz/fuzz_store_%,$(fuzz_programs))

$(store_units): $(out)/unit/%: $(out)/tests/unit/%.o $(out)/libunit.a $(out)/libstore.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(cc) $(SANITIZE) -o $@ $^ -lcmocka

$(store_fuzz): $(out)/fuzz/%: $(out)/tests/fuzz/%.o $(out)/libunit.a $(out)/libstore.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(cc) -fsanitize=fuzzer $(SANITIZE) -o $@ $^

$(filter-out $(store_units),$(unit_programs)): $(out)/unit/%: \
    $(out)/tests/unit/%.o $(out)/libunit.a $(out)/libhearth.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(cc) $(SANITIZE) -o $@ $^ -lcmocka

$(filter-out $(store_fuzz),$(fuzz_programs)): $(out)/fuzz/%: \
    $(out)/tests/fuzz/%.o $(out)/libunit.a $(out)/libhearth.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(cc) -fsanitize=fuzzer $(SANITIZE) -o $@ $^

-include $(patsubst $(out)/%,$(out)/tests/%.d,$(unit_programs) $(fuzz_programs)) \
         $(unit_helpers:.o=.d)
.SECONDARY: $(patsubst $(out)/%,$(out)/tests/%.o,$(unit_programs) $(fuzz_programs))

# What the fuzzers start from: tests/fuzz/corpus/<fuzzer>/*, of which device trees are compiled.
fuzz_seeds := $(patsubst %.dts,%.dtb,$(patsubst tests/fuzz/%,$(out)/%,\
                $(wildcard tests/fuzz/corpus/*/*)))

$(out)/corpus/%.dtb: tests/fuzz/corpus/%.dts
	@mkdir -p $(@D)
	$(Q)dtc -q -I dts -O dtb -o $@ $<
$(out)/corpus/%: tests/fuzz/corpus/%
	@mkdir -p $(@D)
	$(Q)cp $< $@

.PHONY: unit-programs fuzz-programs
unit-programs: $(unit_programs)
fuzz-programs: $(fuzz_programs) $(fuzz_seeds)

endif

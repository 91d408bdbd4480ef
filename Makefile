# SPDX-License-Identifier: Apache-2.0
#
# One non-recursive build of the hypervisor for one architecture:
#   make ARCH=arm64|x86|riscv64|host [DEBUG=1] [LLVM=1] [V=1]
# Everything it makes lies in build/<arch>[-debug][-clang]/.

HEARTH_VERSION := 0.1

ARCH ?= arm64
ARCHES := arm64 x86 riscv64 host
ifeq ($(filter $(ARCH),$(ARCHES)),)
$(error ARCH=$(ARCH) is not one of: $(ARCHES))
endif

MAKEFLAGS += --no-builtin-rules --no-print-directory
.SUFFIXES:
.DELETE_ON_ERROR:
export LC_ALL := C

all:

include mk/toolchain.mk

out := build/$(ARCH)$(if $(filter 1,$(DEBUG)),-debug)$(if $(LLVM),-clang)
gen := $(out)/include/generated

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-8s%s\n' $(1) $(2)
endif

include mk/kconfig.mk
include mk/fetch.mk
include mk/hypervisor.mk
include mk/image.mk
-include tests/unit/unit.mk
include mk/xl.mk
include mk/xl13.mk
include mk/run.mk
include mk/unit.mk
include mk/test.mk
include mk/help.mk
-include tools/tools.mk
-include tests/bench/bench.mk
-include tests/guest/guest.mk
-include tests/store/store.mk

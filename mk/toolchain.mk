# SPDX-License-Identifier: Apache-2.0
#
# Which compiler and binutils. `LLVM=1` or `CC=clang` takes clang and lld for all architectures.

PYTHON := /usr/bin/python3

ifneq ($(findstring clang,$(CC)),)
LLVM := 1
endif

cross_arm64   := aarch64-linux-gnu-
cross_riscv64 := riscv64-linux-gnu-
target_arm64   := aarch64-linux-gnu
target_riscv64 := riscv64-linux-gnu
target_x86     := x86_64-linux-gnu
target_host    := $(target_x86)

CROSS_COMPILE ?= $(cross_$(ARCH))

ifeq ($(LLVM),1)
cc      := $(if $(findstring clang,$(CC)),$(CC),clang) --target=$(target_$(ARCH))
ld      := ld.lld
ar      := llvm-ar
nm      := llvm-nm
objcopy := llvm-objcopy
else
cc      := $(CROSS_COMPILE)$(if $(filter default undefined,$(origin CC)),gcc,$(CC))
ld      := $(CROSS_COMPILE)ld
ar      := $(CROSS_COMPILE)ar
nm      := $(CROSS_COMPILE)nm
objcopy := $(CROSS_COMPILE)objcopy
endif

# The compiler's own stdint.h, stddef.h, stdarg.h, stdbool.h: all that freestanding code may see.
cc_include := $(shell $(cc) -print-file-name=include 2>/dev/null)

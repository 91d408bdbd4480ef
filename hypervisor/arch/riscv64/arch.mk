# SPDX-License-Identifier: Apache-2.0
# lld 14 does not relax.
CFLAGS += $(if $(LLVM),-mno-relax)

# SPDX-License-Identifier: Apache-2.0
# lld 14 does not relax.
CFLAGS += $(if $(LLVM),-mno-relax)
# What it shares with others (hypervisor/arch/shared), and what it does not have yet.
shared := mm/tables mm/coherent absent/irq absent/p2m absent/domain absent/vcpu absent/control

# SPDX-License-Identifier: Apache-2.0
# The image lies neither in the lowest nor in the highest 2 GiB, so code addresses by RIP, and all
# of it is linked at once, so nothing goes through a table of addresses.
CFLAGS += -fpie $(if $(LLVM),-fdirect-access-external-data)
# What it shares with others (hypervisor/arch/shared), and what it does not have yet.
shared := mm/tables mm/coherent absent/irq absent/p2m absent/domain absent/vcpu absent/control

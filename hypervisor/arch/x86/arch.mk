# SPDX-License-Identifier: Apache-2.0
# The image lies neither in the lowest nor in the highest 2 GiB, so code addresses by RIP, and all
# of it is linked at once, so nothing goes through a table of addresses.
CFLAGS += -fpie $(if $(LLVM),-fdirect-access-external-data)

# SPDX-License-Identifier: Apache-2.0
# The image lies neither in the lowest nor in the highest 2 GiB, so code addresses by RIP.
CFLAGS += -fpie

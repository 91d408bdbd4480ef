# SPDX-License-Identifier: Apache-2.0
obj-y := pt.o
obj-$(CONFIG_ARM64) += fmt_arm64_s1.o fmt_arm64_s2.o
obj-$(CONFIG_X86) += fmt_x86.o fmt_npt.o fmt_ept.o
obj-$(CONFIG_RISCV64) += fmt_sv.o fmt_svx4.o
obj-$(CONFIG_HOST) += fmt_arm64_s1.o fmt_arm64_s2.o fmt_x86.o fmt_npt.o fmt_ept.o fmt_sv.o \
                      fmt_svx4.o

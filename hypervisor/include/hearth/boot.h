/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the boot loader handed over, in one form for all architectures, and the start-up order.
 */
#pragma once

#include <hearth/num.h>

#define BOOT_MODULES 128U

enum module_kind {
    MODULE_OTHER = 0,
    MODULE_KERNEL,
    MODULE_RAMDISK,
};

struct boot_module {
    uint64_t start;
    uint64_t size;
    const char *name; /* in the device tree or a constant */
    enum module_kind kind;
};

/* Filled by arch_boot_describe() on the boot CPU. Banks and reservations go to bootmem. */
struct boot_info {
    const void *fdt; /* NULL when the platform has none */
    uint64_t fdt_paddr;
    uint32_t fdt_size;
    const char *cmdline; /* Hearth's own */
    struct boot_module modules[BOOT_MODULES];
    unsigned int nr_modules;
};

extern struct boot_info boot_info;

/* Straight-line start-up of everything, in common/launch/start.c. Never returns. */
noreturn void start_hypervisor(void);
/* Secondary CPUs join here, with their struct cpu set up. Never returns. */
noreturn void start_secondary(void);

/*
 * Command line options. A row: name, how to parse, where to. Unknown options are named in a warning
 * and ignored. Rows are in common/core/cmdline.c.
 */
void cmdline_parse(const char *line);

struct hearth_options {
    uint64_t dom0_mem; /* bytes; 0: not given */
    uint64_t dom0_mem_max;
    uint32_t dom0_max_vcpus;
    bool dom0_vcpus_pin;
    bool console_off;
    char dtuart[128];
    char conswitch[3];
    uint32_t loglvl; /* highest level printed */
    uint32_t guest_loglvl;
    bool bootscrub;
    uint32_t maxcpus;
    uint32_t gnttab_max_frames;
    uint32_t gnttab_max_maptrack_frames;
    bool noreboot;
    char sched[16];
    char xsm[16];
};
extern struct hearth_options options;

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the machine's device tree to running domains: boot description, plan, build.
 *
 * boot_fdt_*() run before the page allocator; launch_domains() when everything else is up. The
 * plan is data that names modules and numbers and holds no decision of an architecture.
 */
#pragma once

#include <hearth/boot.h>
#include <hearth/fdt.h>
#include <hearth/num.h>

/* --- Boot description: boot_fdt.c, boot_modules.c --- */

/*
 * Opens the device tree into host_fdt and sets info's fdt, fdt_size and cmdline (Hearth's own
 * options, "" when there are none). -EINVAL: a message was printed, and host_fdt reads as the
 * part before the fault, for the console; the caller panics once there is one.
 */
int boot_fdt_open(struct boot_info *info, const void *blob, uint64_t paddr) must_check;
/* Banks of RAM into bootmem. panic()s when there is none, or registers lie in one. */
void boot_fdt_memory(void);
/* Reserves Hearth's image. panic()s when it is in no bank. */
void boot_fdt_image(uint64_t start, uint64_t size);
/*
 * The device tree itself, boot modules, reserved memory into bootmem; modules into info. The image
 * is reserved already. A module of dom0 that overlaps something or is not in RAM: panic().
 * One of a guest: named, and not listed, so that the guest is skipped.
 */
void boot_fdt_reserve(struct boot_info *info);
/* What bootmem calls the parts of it that nothing else has. */
#define RESERVED_MEMORY "/reserved-memory"

/* What a node below /chosen describes; false when it is no boot module. */
bool boot_module_kind(const struct fdt *fdt, uint32_t node, enum module_kind *kind) must_check;

/* --- Plan: plan.c --- */

#define PLAN_DOMAINS 64U

struct plan_domain {
    char name[32];
    uint32_t node; /* its xen,domain node; FDT_NONE: dom0 */
    bool is_dom0;
    bool vuart;      /* a virtual PL011 */
    bool enhanced;   /* told that it runs on a hypervisor */
    bool store;      /* and given an event channel to xenstore in dom0 */
    uint64_t memory; /* bytes, whole pages */
    uint32_t cpus;   /* dom0: 0 is one for each CPU */
    struct boot_module kernel;
    struct boot_module ramdisk; /* size 0: none */
    const char *cmdline;
};

/* dom0, if there is one, is the first. */
struct launch_plan {
    struct plan_domain domain[PLAN_DOMAINS];
    unsigned int count;
};

/*
 * What the nodes below /chosen ask for, with the modules that info lists. A guest whose node is
 * faulty is named in a message and left out. panic()s only about dom0.
 */
void plan_read(const struct fdt *fdt, const struct boot_info *info, struct launch_plan *plan);

/* --- Building, for arch_launch(): build.c, memory.c --- */

struct domain;
struct domain_config;

/* A domain's RAM in guest-physical space. */
#define LAUNCH_BANKS 32U
struct launch_bank {
    uint64_t start; /* bytes */
    uint64_t size;
};

/* A domain that is being built. */
struct launch {
    const struct plan_domain *plan;
    struct domain *domain;
    struct launch_bank bank[LAUNCH_BANKS];
    unsigned int nr_banks;
    uint64_t entry;
    uint64_t kernel_end; /* first byte behind what the kernel needs */
    uint64_t ramdisk;
    uint64_t fdt;
    uint64_t console; /* the page of its PV console, behind the device tree */
};

/* Domain and vCPUs. On error a message was printed and nothing is left. */
int launch_create(struct launch *l, struct domain_config *config) must_check;
/* Undoes all of it, after an error in one of those below. */
void launch_abandon(struct launch *l);

/* plan->memory bytes of RAM: one to one (at most LAUNCH_BANKS ranges), or in the given windows. */
int launch_memory_direct(struct launch *l) must_check;
int launch_memory(struct launch *l, const struct launch_bank *windows,
                  unsigned int count) must_check;

/* Places kernel, ramdisk and `fdt_size` bytes of device tree in one bank. -ENOSPC with a message.
 * offset, size: of the kernel's image as its header has them, from a 2 MiB boundary. */
int launch_place(struct launch *l, uint64_t offset, uint64_t size, uint64_t fdt_size) must_check;
/* Gives it a PV console at l->console. -EINVAL, -ENOMEM, -ENOSPC. */
int launch_console(struct launch *l) must_check;
/* Copies to guest-physical memory and cleans it to the point of coherency. -EFAULT. */
int launch_copy(struct domain *d, uint64_t to, const void *from, uint64_t size) must_check;
int launch_copy_module(struct domain *d, uint64_t to, const struct boot_module *m) must_check;

/* Bytes of a module. */
/* It begins as a FLASK policy does. */
bool launch_module_is_policy(const struct boot_module *m) must_check;
const void *launch_module_data(const struct boot_module *m);

/* Gives back boot modules, starts what was built, prints the table and the memory line. */
void launch_start(struct launch *launches, unsigned int count);

/* --- Kernel images: image.c --- */

/* The header that Linux's arm64 and riscv64 Images share (Documentation/arch/arm64/booting). */
struct image_format {
    const char *name;
    uint32_t magic;      /* at byte 56, little-endian */
    uint64_t old_offset; /* text_offset of images from before image_size was filled in */
};

struct image {
    uint64_t offset; /* from a 2 MiB boundary */
    uint64_t size;   /* of memory that it needs, from offset on */
};

/* Checks a kernel. -ENOEXEC: *why says what the bytes are instead, or what is wrong. Pure. */
int image_check(const struct image_format *format, const void *data, uint64_t size,
                struct image *out, const char **why) must_check;

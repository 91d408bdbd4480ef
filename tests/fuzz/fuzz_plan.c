/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device tree made from a program of bytes, through boot description and plan. What is planned
 * refers to listed modules only. panic() is a regular end: it is about dom0 or memory.
 * Reaches 550 edges.
 */
#include "quiet.h"

#include <asm/host.h>

#include <hearth/bootmem.h>
#include <hearth/fdt.h>
#include <hearth/launch.h>
#include <hearth/uart.h>

/* Here, so that each run begins with none. */
#include "common/mm/bootmem.c"

static uint8_t blob[1 << 15] aligned(8);

static const char *const names[] = {
    "compatible",       "reg",      "memory",         "cpus",        "xen,enhanced",
    "vpl011",           "bootargs", "#address-cells", "#size-cells", "xen,xen-bootargs",
    "device_type",      "ranges",   "status",         "stdout-path", "linux,initrd-start",
    "linux,initrd-end",
};
static const char *const values[] = {
    "multiboot,kernel\0multiboot,module",
    "multiboot,ramdisk\0multiboot,module",
    "multiboot,module",
    "xen,domain",
    "enabled",
    "memory",
    "dom0_mem=1M",
    "no-xenstore",
    "",
};

bool launch_module_is_policy(const struct boot_module *m)
{
    return m->size % 2 == 0;
}

bool uart_drives_node(uint32_t node)
{
    return fdt_has(&host_fdt, node, "stdout-path");
}

static void stop(const char *how)
{
    (void)how;
    longjmp(quiet_panicked, 1);
}

static void one_value(struct fdt_writer *w, const char *name, const uint8_t *p)
{
    const char *text = values[p[0] % ARRAY_SIZE(values)];

    switch (p[1] & 3) {
    case 0:
        fdt_put_u32(w, name, p[2] & 7);
        break;
    case 1:
        fdt_put_ranges(
            w, name, (const uint64_t[]){GiB(1) + ((uint64_t)p[2] << 16), (uint64_t)p[3] << 12}, 2);
        break;
    case 2:
        fdt_put_strings(
            w, name, text,
            (uint32_t)strlen(text) + 1 +
                (p[0] % ARRAY_SIZE(values) < 2 ? (uint32_t)sizeof("multiboot,module") : 0));
        break;
    default:
        fdt_put(w, name, p, 4);
        break;
    }
}

/* 64 KiB units from 1 GiB on: memory, module and reservation meet and miss each other. */
static void put_reg(struct fdt_writer *w, const uint8_t *p, unsigned int shift)
{
    fdt_put_ranges(w, "reg",
                   (const uint64_t[]){GiB(1) + ((uint64_t)p[0] << 16), (uint64_t)p[1] << shift}, 2);
}

/* A memory node, a reservation, or a module that says what it is, or does not, as GRUB's. */
static void whole_node(struct fdt_writer *w, const uint8_t *p)
{
    const char *compatible = NULL;
    uint32_t len = 0;

    switch (p[0] % 5) {
    case 0:
        fdt_begin_node(w, "memory");
        fdt_put_string(w, "device_type", "memory");
        put_reg(w, p + 1, 20);
        break;
    case 1:
        compatible = "multiboot,kernel\0multiboot,module";
        len = sizeof("multiboot,kernel\0multiboot,module");
        break;
    case 2:
        compatible = "multiboot,ramdisk\0multiboot,module";
        len = sizeof("multiboot,ramdisk\0multiboot,module");
        break;
    case 3:
        compatible = "multiboot,module";
        len = sizeof("multiboot,module");
        break;
    default:
        fdt_begin_node(w, "keep");
        put_reg(w, p + 1, 12);
        break;
    }
    if (compatible != NULL) {
        fdt_begin_node(w, "m");
        fdt_put_strings(w, "compatible", compatible, len);
        put_reg(w, p + 1, 14);
    }
    fdt_end_node(w);
}

/* Stays open, for modules, and for properties before them. */
static void begin_domain(struct fdt_writer *w, const uint8_t *p)
{
    fdt_begin_node(w, "d");
    fdt_put_string(w, "compatible", "xen,domain");
    fdt_put_u64(w, "memory", (uint64_t)p[0] << 4);
    fdt_put_u32(w, "cpus", p[1] & 15);
    if ((p[1] & 0x40) != 0) {
        fdt_put_string(w, "xen,enhanced", (p[1] & 0x80) != 0 ? "enabled" : "no-xenstore");
    }
}

static void step(struct fdt_writer *w, const uint8_t *p)
{
    static const char *const nodes[] = {"chosen", "m@1", "cpus", "d1", "memory", "reserved-memory"};

    switch (p[0] >> 5) {
    case 0:
        fdt_begin_node(w, nodes[p[0] % 6]);
        break;
    case 1:
        if (w->depth > 1) {
            fdt_end_node(w);
        }
        break;
    case 2:
    case 3:
        whole_node(w, p + 1);
        break;
    case 4:
        begin_domain(w, p + 1);
        break;
    default:
        if (w->in_properties) {
            one_value(w, names[p[0] % ARRAY_SIZE(names)], p + 1);
        }
        break;
    }
}

static bool make_tree(const uint8_t *data, size_t size, uint32_t *len)
{
    static struct fdt_writer w;

    fdt_write_start(&w, blob, sizeof(blob));
    fdt_begin_node(&w, "");
    if (size != 0 && (data[0] & 1) == 0) {
        fdt_put_u32(&w, "#address-cells", 2);
        fdt_put_u32(&w, "#size-cells", 2);
    }
    for (; size >= 5; size -= 5, data += 5) {
        step(&w, data);
    }
    while (w.depth > 0 && w.error == 0) {
        fdt_end_node(&w);
    }
    return fdt_finish(&w, len) == 0;
}

/* Nothing, or a listed module of that kind; dom0's may be one that says no kind. */
static bool sound(const struct boot_module *m, enum module_kind kind, bool is_dom0)
{
    bool found = m->size == 0;

    for (unsigned int i = 0; i < boot_info.nr_modules; i++) {
        const struct boot_module *listed = &boot_info.modules[i];

        found |= listed->start == m->start && listed->size == m->size &&
                 (listed->kind == kind || (is_dom0 && listed->kind == MODULE_OTHER));
    }
    return found;
}

static void check(const struct launch_plan *plan)
{
    for (unsigned int i = 0; i < plan->count; i++) {
        const struct plan_domain *p = &plan->domain[i];

        if (p->cmdline == NULL || p->kernel.size == 0 || p->memory == 0 || (p->is_dom0 && i != 0) ||
            (!p->is_dom0 && p->cpus == 0) || !sound(&p->kernel, MODULE_KERNEL, p->is_dom0) ||
            !sound(&p->ramdisk, MODULE_RAMDISK, p->is_dom0)) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct launch_plan plan;
    static bool ready;
    uint32_t len;

    if (!make_tree(data, size, &len)) {
        return 0;
    }
    if (!ready) {
        host_add_cpus(1);
        host_on_stop = stop;
        ready = true;
    }
    nr_banks = 0;
    nr_reserved = 0;
    if (setjmp(quiet_panicked) == 0) {
        if (boot_fdt_open(&boot_info, blob, GiB(1)) != 0) {
            abort();
        }
        cmdline_parse(boot_info.cmdline);
        boot_fdt_memory();
        boot_fdt_reserve(&boot_info);
        plan_read(&host_fdt, &boot_info, &plan);
        check(&plan);
    }
    return 0;
}

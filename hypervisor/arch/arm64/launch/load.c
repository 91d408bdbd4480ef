/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel, ramdisk and device tree into a domain's memory, and the first vCPU's entry. */
#include <hearth/arch/mm.h>
#include <hearth/arch/vcpu.h>
#include <hearth/console.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/sched.h>
#include <hearth/vcpu.h>

#include "private.h"

static const struct image_format format = {
    .name = "arm64",
    .magic = 0x644d5241, /* "ARM\x64" */
    .old_offset = 0x80000,
};

int load_place(struct launch *l, uint64_t fdt_size)
{
    const struct boot_module *kernel = &l->plan->kernel;
    struct image image;
    const char *why;
    int rc;

    rc = image_check(&format, launch_module_data(kernel), kernel->size, &image, &why);
    if (rc != 0) {
        printk(LOG_ERR, "%s: kernel %s (at 0x%llx) is not an %s Image: %s\n", l->plan->name,
               kernel->name, (unsigned long long)kernel->start, format.name, why);
        return rc;
    }
    return launch_place(l, image.offset, image.size, fdt_size);
}

int load_parts(struct launch *l, const void *fdt, uint32_t fdt_len)
{
    struct domain *d = l->domain;
    struct vcpu *v = d->vcpu[0];
    int rc;

    rc = launch_copy_module(d, l->entry, &l->plan->kernel);
    if (rc == 0) {
        rc = launch_copy_module(d, l->ramdisk, &l->plan->ramdisk);
    }
    if (rc == 0) {
        rc = launch_copy(d, l->fdt, fdt, fdt_len);
    }
    if (rc != 0) {
        printk(LOG_ERR, "%s: cannot be loaded: error %d\n", l->plan->name, rc);
        return rc;
    }
    arch_vcpu_set_entry(v, gaddr(l->entry), l->fdt);
    v->initialised = true;
    sched_clear_pause(v, PAUSE_DOWN);
    printk(LOG_INFO, "%s: kernel at 0x%llx, ramdisk at 0x%llx, device tree at 0x%llx\n",
           l->plan->name, (unsigned long long)l->entry, (unsigned long long)l->ramdisk,
           (unsigned long long)l->fdt);
    return 0;
}

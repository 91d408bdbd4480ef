/* SPDX-License-Identifier: Apache-2.0 */
/* Builds and starts every domain that the device tree asks for: dom0 first, then guests in order.
 */
#include <hearth/arch/boot.h>
#include <hearth/bug.h>
#include <hearth/console.h>
#include <hearth/heap.h>

#include "private.h"

/* Large for a stack. */
struct work {
    struct launch_plan plan;
    struct launch launch[PLAN_DOMAINS];
};

unsigned int arch_launch(void)
{
    struct work *w = heap_alloc(sizeof(*w));
    unsigned int i, built = 0;

    if (w == NULL) {
        panic("no memory for the launch plan");
    }
    plan_read(&host_fdt, &boot_info, &w->plan);
    if (w->plan.count == 0) {
        panic("nothing to start: /chosen has neither a kernel for dom0 nor a guest that could be");
    }
    for (i = 0; i < w->plan.count; i++) {
        struct launch *l = &w->launch[built];

        *l = (struct launch){.plan = &w->plan.domain[i]};
        if (l->plan->is_dom0) {
            dom0_build(l);
            built++;
        } else if (guest_build(l) == 0) {
            built++;
        } else {
            printk(LOG_ERR, "%s: not started\n", l->plan->name);
        }
    }
    launch_start(w->launch, built);
    heap_free(w);
    return built;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <asm/host.h>

void host_record(enum host_event_kind kind, uint64_t a, uint64_t b)
{
    unsigned int i = __atomic_fetch_add(&host_nr_events, 1, __ATOMIC_RELAXED);

    if (i < HOST_EVENTS) {
        host_events[i] = (struct host_event){kind, a, b};
    }
}

unsigned int host_count_events(enum host_event_kind kind)
{
    unsigned int n = 0;

    for (unsigned int i = 0; i < MIN(host_nr_events, HOST_EVENTS); i++) {
        n += host_events[i].kind == kind;
    }
    return n;
}

void host_forget_events(void)
{
    host_nr_events = 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "charge.h"

#include <errno.h>

int charge_room(struct charges *charges, size_t n)
{
    if (charges->count + n > charges->room) {
        size_t room = 2 * (charges->count + n);
        struct charge *more = mem_resize(charges->entry, room * sizeof(*more));

        if (more == NULL) {
            return -ENOMEM;
        }
        charges->entry = more;
        charges->room = room;
    }
    return 0;
}

static size_t find(const struct charges *charges, uint16_t domid)
{
    size_t i = 0;

    while (i < charges->count && charges->entry[i].domid != domid) {
        i++;
    }
    return i;
}

void charge(struct charges *charges, uint16_t domid, int64_t nodes, int64_t bytes)
{
    size_t i = find(charges, domid);

    if (i == charges->count) {
        charges->entry[i] = (struct charge){.domid = domid};
        charges->count++;
    }
    charges->entry[i].nodes += nodes;
    charges->entry[i].bytes += bytes;
}

struct charge charged(const struct charges *charges, uint16_t domid)
{
    size_t i = find(charges, domid);

    return i < charges->count ? charges->entry[i] : (struct charge){.domid = domid};
}

void charges_free(struct charges *charges)
{
    mem_free(charges->entry);
    *charges = (struct charges){.entry = NULL};
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What a change adds to the domains that own nodes, or takes from them: gathered first, applied
 * last. */
#pragma once

#include <stdint.h>

#include "mem.h"

struct charge {
    uint16_t domid;
    int64_t nodes, bytes;
};

struct charges {
    struct charge *entry;
    size_t count, room;
};

/* Room for n more domains, so that charge() cannot fail n times. */
int charge_room(struct charges *charges, size_t n) must_check;
void charge(struct charges *charges, uint16_t domid, int64_t nodes, int64_t bytes);
struct charge charged(const struct charges *charges, uint16_t domid);
void charges_free(struct charges *charges);

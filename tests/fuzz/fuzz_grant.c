/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sequences of grant operations by three domains, with guests that rewrite their entries and
 * change their address spaces, audited after each input; in the end all references are back.
 * Reaches 800 edges.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

#include <hearth/abi_types.h>

struct input {
    const uint8_t *at;
    size_t left;
};

static uint32_t take(struct input *in, uint32_t limit)
{
    if (in->left == 0) {
        return 0;
    }
    in->left--;
    return *in->at++ % limit;
}

/* Mostly a small number, now and then any. */
static uint32_t number(struct input *in, uint32_t limit)
{
    uint32_t v = take(in, 256);

    if (v < 240) {
        return v % limit;
    }
    v = take(in, 256);
    return v | take(in, 256) << 8 | take(in, 256) << 16 | take(in, 256) << 24;
}

static domid_t domid(struct input *in)
{
    return take(in, 4) == 3 ? DOMID_SELF : (domid_t)number(in, 4);
}

static uint64_t frame(struct input *in)
{
    return take(in, 3) == 0 ? 0x800 + take(in, 16) : WORLD_GFN + 1 + take(in, 20);
}

static void guest_grants(struct input *in, unsigned int n)
{
    union guest_grant_entry *e;
    mfn_t m;

    WORLD_MUST(grant_shared_frame(&world[n].d, 0, &m) == 0);
    e = (union guest_grant_entry *)mfn_to_virt(m) + take(in, 16);
    e->frame = (uint32_t)frame(in);
    e->domid = (domid_t)take(in, 3);
    e->flags = (uint16_t)(take(in, 4) == 0 ? number(in, 32) : 1 | take(in, 2) << 2);
}

static void map_op(struct input *in)
{
    struct grant_map_arg a[3] = {0};
    unsigned int n = 1 + take(in, 3);

    for (unsigned int i = 0; i < n; i++) {
        a[i].host_addr = (uint64_t)(0x800 + take(in, 16)) << PAGE_SHIFT;
        a[i].flags = take(in, 8) == 0 ? number(in, 32) : 2 | take(in, 2) << 2;
        a[i].ref = number(in, 16);
        a[i].dom = domid(in);
    }
    (void)GNTTAB(0, a, n);
}

static void unmap_op(struct input *in)
{
    struct grant_unmap_arg a[4] = {0};
    unsigned int n = 1 + take(in, 4);

    for (unsigned int i = 0; i < n; i++) {
        a[i].host_addr = (uint64_t)(0x800 + take(in, 16)) << PAGE_SHIFT;
        a[i].handle = number(in, 24);
    }
    (void)GNTTAB(1, a, n);
}

static void copy_end(struct input *in, struct grant_copy_end *e, bool gref)
{
    if (gref) {
        e->u.ref = number(in, 16);
        e->domid = domid(in);
    } else {
        e->u.gfn = frame(in);
        e->domid = DOMID_SELF;
    }
    e->offset = (uint16_t)(take(in, 4) == 0 ? number(in, 64) : 0);
}

static void copy_op(struct input *in)
{
    struct grant_copy_arg a[3] = {0};
    unsigned int n = 1 + take(in, 3);

    for (unsigned int i = 0; i < n; i++) {
        a[i].flags = (uint16_t)take(in, 4);
        a[i].len = (uint16_t)(take(in, 4) == 0 ? 4096 : number(in, 64));
        copy_end(in, &a[i].source, (a[i].flags & 1) != 0);
        copy_end(in, &a[i].dest, (a[i].flags & 2) != 0);
    }
    (void)GNTTAB(5, a, n);
}

static void other_op(struct input *in, uint32_t op)
{
    uint32_t a[10] = {0};

    for (unsigned int i = 0; i < 6; i++) {
        a[i] = number(in, 16);
    }
    (void)GNTTAB(op, a, 1);
}

static void step(struct input *in)
{
    uint32_t op = take(in, 24), n = take(in, 3);

    world_enter(n, 0);
    switch (op) {
    case 0:
    case 13:
        map_op(in);
        break;
    case 1:
    case 14:
        unmap_op(in);
        break;
    case 5:
        copy_op(in);
        break;
    case 15:
    case 16:
    case 17:
        guest_grants(in, n);
        break;
    case 18:
        (void)!p2m_unmap(&world[n].p2m, gfn(0x800 + take(in, 16)), 1);
        break;
    default:
        other_op(in, op);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool booted;
    struct domain_config config = {
        .max_vcpus = WORLD_VCPUS, .max_grant_frames = 2, .max_maptrack_frames = 1};
    struct input in = {data, size};

    if (!booted) {
        host_boot(1);
        booted = true;
    }
    for (unsigned int i = 0; i < 3; i++) {
        world_domain(i, &config);
    }
    while (in.left > 0) {
        step(&in);
    }
    world_audit();
    for (unsigned int i = 0; i < 3; i++) {
        world_destroy(i);
    }
    for (unsigned int i = 0; i < 3; i++) {
        world_free(i);
    }
    WORLD_MUST(heap_in_use() == 0);
    return 0;
}

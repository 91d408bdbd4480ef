/* SPDX-License-Identifier: Apache-2.0 */
/* Three domains whose grants go by hypercall: 1 grants to 2 (and to 0). */
#pragma once

#include "world_test.h"

#include <hearth/abi_types.h>

enum {
    OP_MAP,
    OP_UNMAP,
    OP_SETUP_TABLE,
    OP_DUMP_TABLE,
    OP_TRANSFER,
    OP_COPY,
    OP_QUERY_SIZE,
    OP_UNMAP_AND_REPLACE,
    OP_SET_VERSION,
    OP_STATUS_FRAMES,
    OP_GET_VERSION,
    OP_SWAP,
    OP_CACHE_FLUSH,
};

#define HOST_MAP 2U
#define READONLY 4U

#define HOLE     0x800U /* gfns that nothing is mapped at */

static inline union guest_grant_entry *entry(unsigned int n, grant_ref_t ref)
{
    mfn_t m;

    assert_int_equal(grant_shared_frame(&world[n].d, ref / 512, &m), 0);
    return (union guest_grant_entry *)mfn_to_virt(m) + ref % 512;
}

/* Domain n grants its page `page` to domain `to`. */
static inline void grant_page(unsigned int n, grant_ref_t ref, domid_t to, unsigned int page,
                              unsigned int flags)
{
    union guest_grant_entry *e = entry(n, ref);

    e->frame = WORLD_GFN + page;
    e->domid = to;
    e->flags = (uint16_t)(GTF_PERMIT_ACCESS | flags);
}

static inline struct grant_map_arg map_arg(domid_t dom, grant_ref_t ref, unsigned int flags,
                                           uint64_t at)
{
    return (struct grant_map_arg){
        .host_addr = at << PAGE_SHIFT, .flags = flags, .ref = ref, .dom = dom, .handle = ~0U};
}

static inline int16_t map(domid_t dom, grant_ref_t ref, unsigned int flags, uint64_t at,
                          uint32_t *handle)
{
    struct grant_map_arg a[1] = {map_arg(dom, ref, flags, at)};

    assert_int_equal(GNTTAB(OP_MAP, a, 1), 0);
    *handle = a[0].handle;
    return a[0].status;
}

static inline int16_t unmap(uint32_t handle, uint64_t at)
{
    struct grant_unmap_arg a[1] = {{.host_addr = at << PAGE_SHIFT, .handle = handle}};

    assert_int_equal(GNTTAB(OP_UNMAP, a, 1), 0);
    return a[0].status;
}

static inline uint32_t refs(unsigned int n, unsigned int page)
{
    return mfn_to_page(world[n].page[page])->refs;
}

/* What domain n sees at a guest frame. */
static inline bool sees(unsigned int n, uint64_t at, mfn_t *m, unsigned int *access)
{
    struct p2m_entry e;

    if (p2m_lookup(world[n].d.p2m[0], gfn(at), &e) != 0) {
        return false;
    }
    *m = e.mfn;
    *access = e.access;
    return true;
}

static inline int setup(void **state)
{
    world_setup(state);
    world_enter(2, 0);
    return 0;
}

static inline struct grant_copy_arg copy_arg(bool from_ref, uint64_t from, bool to_ref, uint64_t to,
                                             domid_t dom)
{
    struct grant_copy_arg a = {.len = 100,
                               .flags = (uint16_t)((from_ref ? 1 : 0) | (to_ref ? 2 : 0))};

    a.source.domid = from_ref ? dom : DOMID_SELF;
    a.dest.domid = to_ref ? dom : DOMID_SELF;
    if (from_ref) {
        a.source.u.ref = (grant_ref_t)from;
    } else {
        a.source.u.gfn = from;
    }
    if (to_ref) {
        a.dest.u.ref = (grant_ref_t)to;
    } else {
        a.dest.u.gfn = to;
    }
    return a;
}

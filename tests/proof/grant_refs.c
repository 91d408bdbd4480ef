/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Grant references: one map or unmap, from any state of a granter with ENTRIES entries over FRAMES
 * frames and a mapper with HANDLES handles and SLOTS guest frames. A domain's end is a loop over
 * the same unmap: too long to unroll, it is tested (test_grant.c).
 *
 * Invariant: an entry's readers and writers are the numbers of live handles that name it, by kind
 * (or all are a third domain's pins); a frame's references are those of its entries' pins and of
 * the mapper's mappings; the granter's are its pinned entries; the shared entry's bits say what is
 * in use; the free handles are exactly those that are not live, in one chain.
 *
 * Fakes: the mapper's p2m (an array of slots that own references, as <hearth/p2m.h> promises),
 * page and domain counts (ghosts), locks (that none is left held), the granter's p2m (any answer,
 * but one frame for one gfn).
 */
#include "proof.h"

#include "common/grant/grant_map.c"
#include "common/grant/grant_pin.c"

#define ENTRIES  2U
#define FRAMES   2U
#define HANDLES  3U
#define SLOTS    2U
#define STRANGER 3U

static struct domain mapper, granter;
static struct grant_table maps, grants;
static struct grant_map chunk0[HANDLES];
static struct grant_map *chunks[1];
static struct grant_active active[ENTRIES];
static union guest_grant_entry shared[ENTRIES];
static struct grant_frame frames[1];
static struct p2m mapper_p2m, granter_p2m;
static struct p2m *mapper_p2ms[1], *granter_p2ms[1];

/* Ghosts. */
static uint32_t page_refs[FRAMES], base_refs[FRAMES], granter_refs;
static mfn_t slot[SLOTS];      /* INVALID_MFN: nothing is mapped */
static bool stranger[ENTRIES]; /* its pins are another domain's */
static bool batch;
static bool unflushed; /* unmapped in a batch, and not flushed yet */
static int locks;

/* --- Fakes --- */

void spin_lock(struct spinlock *l)
{
    (void)l;
    locks++;
}

void spin_unlock(struct spinlock *l)
{
    (void)l;
    PROVE(locks > 0, "a lock is released by who holds it");
    locks--;
}

bool domain_get(struct domain *d)
{
    PROVE(d == &granter, "granters are kept");
    if (nondet_bool()) {
        return false;
    }
    granter_refs++;
    return true;
}

void domain_put(struct domain *d)
{
    PROVE(d == &granter && granter_refs > 0, "a granter's reference is dropped by who holds it");
    granter_refs--;
}

struct domain *domain_find(domid_t id)
{
    return id == granter.id ? &granter : id == mapper.id ? &mapper : NULL;
}

int xsm_decide(enum xsm_hook hook, const struct domain *caller, const struct domain *target)
{
    (void)hook;
    (void)caller;
    (void)target;
    return nondet_bool() ? 0 : -EPERM;
}

int xsm_check_pair(enum xsm_hook hook, const struct domain *caller, const struct domain *a,
                   const struct domain *b)
{
    (void)a;
    return xsm_decide(hook, caller, b);
}

bool page_get_again(mfn_t m)
{
    PROVE(m.n < FRAMES && page_refs[m.n] > 0, "a frame that is taken again is held");
    if (nondet_bool()) {
        return false;
    }
    page_refs[m.n]++;
    return true;
}

void page_put(mfn_t m)
{
    PROVE(m.n < FRAMES && page_refs[m.n] > 0, "a page's reference is dropped by who holds it");
    PROVE(!unflushed, "a pin goes after the flush");
    page_refs[m.n]--;
}

int p2m_get_page(struct p2m *p2m, gfn_t g, unsigned int flags, mfn_t *out)
{
    (void)flags;
    PROVE(p2m == &granter_p2m, "frames are looked up in the granter");
    if (nondet_bool()) {
        return -ENOENT;
    }
    *out = mfn(g.n % FRAMES);
    page_refs[out->n]++;
    return 0;
}

/* The mapping takes over the caller's reference, and drops that of what it replaces. */
int p2m_map(struct p2m *p2m, gfn_t g, mfn_t m, uint64_t count, enum p2m_type type,
            unsigned int access)
{
    PROVE(p2m == &mapper_p2m && count == 1 && type == P2M_GRANT, "grants are mapped one by one");
    PROVE((access & P2M_X) == 0, "a granted frame is not executable");
    if (g.n >= SLOTS || nondet_bool()) {
        return -ENOMEM;
    }
    if (slot[g.n].n < FRAMES) {
        page_refs[slot[g.n].n]--;
    }
    slot[g.n] = m;
    return 0;
}

int p2m_unmap_exact(struct p2m *p2m, gfn_t g, mfn_t m, enum p2m_type type)
{
    PROVE(p2m == &mapper_p2m && type == P2M_GRANT && m.n < FRAMES, "what a pin keeps is unmapped");
    if (g.n >= SLOTS || !mfn_eq(slot[g.n], m)) {
        return -ENOENT;
    }
    slot[g.n] = INVALID_MFN;
    page_refs[m.n]--;
    unflushed = batch;
    return 0;
}

void p2m_batch_begin(struct p2m *p2m)
{
    (void)p2m;
    batch = true;
}

void p2m_batch_end(struct p2m *p2m)
{
    (void)p2m;
    batch = false;
    unflushed = false;
}

bool preempt_check(void)
{
    return nondet_bool();
}

void *heap_alloc_array(size_t n, size_t size)
{
    (void)n;
    (void)size;
    return NULL; /* a full maptrack does not grow: growth is test_grant.c's */
}

void heap_free(void *p)
{
    (void)p;
}

void bug(const char *file, unsigned int line, const char *what)
{
    (void)file;
    (void)line;
    (void)what;
    PROVE(false, "BUG");
    ASSUME(false);
}

/* --- The invariant --- */

static bool is_live(uint32_t h)
{
    return (chunk0[h].state & GRANT_MAP_LIVE) != 0;
}

static bool handles_are_sound(void)
{
    uint32_t live = 0, next = maps.free_map, chain = 0;
    bool seen[HANDLES] = {false};

    for (uint32_t h = 0; h < HANDLES; h++) {
        uint32_t s = chunk0[h].state;

        if (s != GRANT_MAP_FREE && s != GRANT_MAP_LIVE && s != (GRANT_MAP_LIVE | GRANT_MAP_WRITE)) {
            return false;
        }
        if (is_live(h) && (chunk0[h].granter != &granter || chunk0[h].ref >= ENTRIES)) {
            return false;
        }
        live += is_live(h);
    }
    for (uint32_t i = 0; i < HANDLES && next != 0; i++) {
        if (next > HANDLES || is_live(next - 1) || seen[next - 1]) {
            return false;
        }
        seen[next - 1] = true;
        chain++;
        next = chunk0[next - 1].next;
    }
    return next == 0 && maps.live_maps == live && chain + live == HANDLES;
}

static bool entries_are_sound(uint32_t *pinned)
{
    *pinned = 0;
    for (uint32_t e = 0; e < ENTRIES; e++) {
        uint32_t readers = 0, writers = 0;
        uint16_t use = shared[e].flags & (GTF_READING | GTF_WRITING);

        for (uint32_t h = 0; h < HANDLES; h++) {
            bool mine = is_live(h) && chunk0[h].ref == e;

            writers += mine && (chunk0[h].state & GRANT_MAP_WRITE) != 0;
            readers += mine && (chunk0[h].state & GRANT_MAP_WRITE) == 0;
        }
        if (stranger[e]) { /* then the mapper has none */
            if (readers + writers > 0 || active[e].readers > HANDLES ||
                active[e].writers > HANDLES || active[e].readers + active[e].writers == 0) {
                return false;
            }
            readers = active[e].readers;
            writers = active[e].writers;
        }
        if (active[e].readers != readers || active[e].writers != writers) {
            return false;
        }
        if (readers + writers > 0 && (active[e].domid != (stranger[e] ? STRANGER : mapper.id) ||
                                      active[e].mfn.n != active[e].gfn % FRAMES)) {
            return false;
        }
        if (((use & GTF_WRITING) != 0) != (writers > 0) ||
            ((use & GTF_READING) != 0) != (readers + writers > 0)) {
            return false;
        }
        *pinned += readers + writers > 0;
    }
    return true;
}

static bool references_are_exact(void)
{
    for (uint32_t f = 0; f < FRAMES; f++) {
        uint32_t refs = base_refs[f];

        for (uint32_t e = 0; e < ENTRIES; e++) {
            refs += active[e].readers + active[e].writers > 0 && active[e].mfn.n == f;
        }
        for (uint32_t s = 0; s < SLOTS; s++) {
            refs += slot[s].n == f;
        }
        if (page_refs[f] != refs) {
            return false;
        }
    }
    return true;
}

static bool sound(void)
{
    uint32_t pinned;

    return handles_are_sound() && entries_are_sound(&pinned) && granter_refs == pinned &&
           references_are_exact() && locks == 0 && !batch;
}

static void any_state(void)
{
    mapper.id = 1;
    granter.id = 2;
    granter.life = nondet_u16();
    mapper.life = nondet_u16();
    mapper.grants = &maps;
    granter.grants = &grants;
    mapper_p2ms[0] = &mapper_p2m;
    mapper.p2m = mapper_p2ms;
    granter_p2ms[0] = &granter_p2m;
    granter.p2m = granter_p2ms;
    mapper.is_direct_mapped = nondet_bool();
    frames[0] = (struct grant_frame){.shared = shared, .active = active};
    grants.frame = frames;
    grants.nr_frames = 1;
    chunks[0] = chunk0;
    maps.chunk = chunks;
    maps.nr_maps = HANDLES;
    maps.max_chunks = 0;
    maps.free_map = nondet_u32();
    maps.live_maps = nondet_u32();
    granter_refs = nondet_u32();
    for (uint32_t h = 0; h < HANDLES; h++) {
        chunk0[h] = (struct grant_map){.granter = nondet_bool() ? &granter : NULL,
                                       .gfn = gfn(nondet_u64()),
                                       .ref = nondet_u32(),
                                       .state = nondet_u32(),
                                       .next = nondet_u32()};
    }
    for (uint32_t e = 0; e < ENTRIES; e++) {
        shared[e].word = nondet_u64();
        active[e].readers = nondet_u32();
        active[e].writers = nondet_u32();
        active[e].mfn = mfn(nondet_u64());
        active[e].gfn = nondet_u32();
        active[e].domid = nondet_u16();
        stranger[e] = nondet_bool();
    }
    for (uint32_t f = 0; f < FRAMES; f++) {
        base_refs[f] = nondet_u32();
        ASSUME(base_refs[f] < 1000);
        page_refs[f] = nondet_u32();
    }
    for (uint32_t s = 0; s < SLOTS; s++) {
        slot[s] = nondet_bool() ? mfn(nondet_u32() % FRAMES) : INVALID_MFN;
    }
    ASSUME(sound());
}

/* --- Steps --- */

void prove_map(void)
{
    struct vcpu v = {.domain = &mapper};
    struct grant_map_arg a = {.host_addr = nondet_u64(),
                              .flags = nondet_u32(),
                              .ref = nondet_u32(),
                              .dom = nondet_u16(),
                              .handle = HANDLES};
    bool idle, unwritten;

    any_state();
    ASSUME(a.dom != mapper.id);
    ASSUME(a.ref < ENTRIES || a.ref >= GRANT_ENTRIES_PER_PAGE);
    /* What the guest says in the shared entry counts for the first pin, and the first to write. */
    unwritten = a.ref < ENTRIES && active[a.ref].writers == 0;
    idle = unwritten && active[a.ref].readers == 0;
    (void)!grant_op_map(&v, &a, 1, XSM_GRANT_MAP);
    PROVE(sound(), "the invariant holds after a map");
    PROVE(a.status != GNTST_OKAY || (a.handle < HANDLES && is_live(a.handle)), "a handle is live");
    PROVE(a.status != GNTST_OKAY || chunk0[a.handle].ref == a.ref, "it names the entry");
    PROVE(a.status != GNTST_OKAY || !unwritten || (a.flags & GNTMAP_READONLY) != 0 ||
              (shared[a.ref].flags & GTF_READONLY) == 0,
          "a read-only grant is not mapped writable");
    PROVE(a.status != GNTST_OKAY || !idle || shared[a.ref].domid == mapper.id,
          "the grant is for the mapper");
    PROVE(a.status != GNTST_OKAY || active[a.ref].domid == mapper.id, "all pins are the mapper's");
    COVER(a.status == GNTST_OKAY && active[a.ref].writers == 2);
    COVER(a.status == GNTST_OKAY && active[a.ref].readers == 1 && active[a.ref].writers == 1);
    COVER(a.status == GNTST_BAD_PAGE);
    COVER(a.status == GNTST_BAD_DOMAIN);
    COVER(a.status == GNTST_BAD_GNTREF);
    COVER(a.status == GNTST_NO_DEVICE_SPACE);
    COVER(a.status == GNTST_PERMISSION_DENIED);
}

void prove_unmap(void)
{
    struct vcpu v = {.domain = &mapper};
    struct grant_unmap_arg a = {.host_addr = nondet_u64(), .handle = nondet_u32()};
    uint32_t before;

    any_state();
    before = maps.live_maps;
    (void)!grant_op_unmap(&v, &a, 1, XSM_GRANT_SELF);
    PROVE(sound(), "the invariant holds after an unmap");
    PROVE(maps.live_maps == before || a.status == GNTST_OKAY, "only success ends a handle");
    COVER(a.status == GNTST_OKAY && maps.live_maps + 1 == before);
    COVER(a.status == GNTST_OKAY && granter_refs == 1);
    COVER(a.status == GNTST_BAD_HANDLE);
    COVER(a.status == GNTST_GENERAL_ERROR);
}

/* The way of several at once, whose flush comes at the end, with one: two take CBMC minutes. */
void prove_unmap_batch(void)
{
    struct grant_unmap_arg a = {.host_addr = nondet_u64(), .handle = nondet_u32()};

    any_state();
    grant_unmap_batch(&mapper, &a, 1);
    PROVE(sound(), "the invariant holds after a batch of unmaps");
    COVER(a.status == GNTST_OKAY && granter_refs == 1);
    COVER(a.status == GNTST_BAD_HANDLE);
}

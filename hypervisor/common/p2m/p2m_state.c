/* SPDX-License-Identifier: Apache-2.0 */
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/p2m_state.h>
#include <hearth/string.h>

#define P2M_RECORD_VERSION 1U
#define RUNS               64U
/* Of one record: steps (runs and holes), and frames of RAM, each of which is checked at the load.
 */
#define STEPS      512U
#define RAM_FRAMES 2048U

struct p2m_run {
    uint64_t gfn;
    uint64_t mfn;
    uint64_t count;
    uint32_t type;
    uint32_t access;
};

struct p2m_record {
    uint32_t nr_runs;
    uint32_t reserved;
    struct p2m_run runs[RUNS];
};

static size_t record_size(uint32_t nr_runs)
{
    return offsetof(struct p2m_record, runs) + nr_runs * sizeof(struct p2m_run);
}

/* Whether e, which stands at gfn, goes on where the run ends. Foreign frames: one by one. */
static bool extends(const struct p2m_run *run, uint64_t gfn, const struct p2m_entry *e)
{
    return run->gfn + run->count == gfn && run->mfn + run->count == e->mfn.n &&
           run->type == e->type && run->access == e->access && e->type != P2M_FOREIGN;
}

void p2m_state_save(struct p2m *p2m, uint64_t *next, struct state_stream *s)
{
    struct p2m_record r;
    struct state_header h = {
        .type = STATE_P2M, .version = P2M_RECORD_VERSION, .domid = p2m->domain->id};
    uint64_t gfn_at = *next;
    uint64_t ram_left = RAM_FRAMES;

    memset(&r, 0, sizeof(r));
    for (unsigned int step = 0; step < STEPS && gfn_at <= p2m->highest_gfn && ram_left != 0;
         step++) {
        struct p2m_run *last = r.nr_runs != 0 ? &r.runs[r.nr_runs - 1] : NULL;
        struct p2m_entry e;
        int rc = p2m_lookup(p2m, gfn(gfn_at), &e);
        uint64_t count = (1UL << e.order) - (gfn_at & ((1UL << e.order) - 1));

        if (rc == 0 && e.type == P2M_RAM) {
            count = MIN(count, ram_left);
        }
        if (rc == 0 && e.type != P2M_GRANT) {
            if (last != NULL && extends(last, gfn_at, &e)) {
                last->count += count;
            } else if (r.nr_runs == RUNS) {
                break;
            } else {
                r.runs[r.nr_runs++] =
                    (struct p2m_run){gfn_at, e.mfn.n, count, (uint32_t)e.type, e.access};
            }
            ram_left -= e.type == P2M_RAM ? count : 0;
        }
        gfn_at += count;
    }
    *next = gfn_at;
    h.length = (uint32_t)record_size(r.nr_runs);
    state_save(s, &h, &r);
}

static bool is_own_ram(const struct domain *d, const struct p2m_run *run)
{
    for (uint64_t i = 0; i < run->count; i++) {
        mfn_t m = mfn(run->mfn + i);

        if (!page_get(m, d)) {
            return false;
        }
        page_put(m);
    }
    return true;
}

static int load_run(struct p2m *p2m, const struct p2m_run *run)
{
    mfn_t m = mfn(run->mfn);
    domid_t owner;
    int rc;

    if (run->count == 0 || !range_fits(run->gfn, run->count, p2m->max_gfn) ||
        run->mfn > UINT64_MAX - run->count) {
        return -EINVAL;
    }
    switch (run->type) {
    case P2M_RAM:
        if (run->count > RAM_FRAMES || !is_own_ram(p2m->domain, run)) {
            return -EINVAL;
        }
        break;
    case P2M_MMIO:
        if (!p2m->domain->is_hardware) {
            return -EINVAL;
        }
        break;
    case P2M_FOREIGN:
        if (run->count != 1 || !page_get_any(m, &owner)) {
            return -EINVAL;
        }
        break;
    default:
        return -EINVAL;
    }
    rc = p2m_map(p2m, gfn(run->gfn), m, run->count, (enum p2m_type)run->type, run->access);
    if (rc != 0 && run->type == P2M_FOREIGN) {
        page_put(m);
    }
    return rc;
}

int p2m_state_load(struct p2m *p2m, struct state_stream *s)
{
    const struct p2m_record *r;
    struct state_header h;
    const void *body;
    int rc = state_next(s, &h, &body);

    if (rc == 0) {
        rc = h.type == STATE_P2M ? state_expect(&h, P2M_RECORD_VERSION, record_size(0)) : -EINVAL;
    }
    if (rc != 0) {
        return rc;
    }
    r = body;
    if (r->nr_runs > RUNS || r->reserved != 0 || h.length < record_size(r->nr_runs)) {
        return -EINVAL;
    }
    for (uint32_t i = 0; i < r->nr_runs && rc == 0; i++) {
        rc = load_run(p2m, &r->runs[i]);
    }
    return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The records of a vCPU that no architecture knows. */
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/guest_copy.h>
#include <hearth/p2m.h>
#include <hearth/shared.h>
#include <hearth/string.h>
#include <hearth/vcpu_state.h>

#define VERSION     1U
#define NO_FRAME    UINT64_MAX
#define FLAG_READY  (1U << 0) /* registers were set */
#define FLAG_DOWN   (1U << 1)
#define FLAG_NATIVE (1U << 2) /* runstate area of the guest's own layout */
#define FLAGS       (FLAG_READY | FLAG_DOWN | FLAG_NATIVE)

struct vcpu_record {
    uint64_t runstate_area;
    uint64_t info_mfn; /* NO_FRAME: in shared_info, or none */
    uint32_t info_offset;
    uint32_t flags;
};

/* Bit n: CPU n of the host that saved it. */
struct sched_record {
    uint64_t time_ns[4]; /* in each RUNSTATE_* */
    uint64_t hard[CONFIG_NR_CPUS / 64 + 1];
    uint64_t soft[CONFIG_NR_CPUS / 64 + 1];
};

static_assert(sizeof(struct vcpu_record) % 8 == 0, "records are padded to 8 bytes");

static void save_one(const struct vcpu *v, struct state_stream *s, uint32_t type, const void *body,
                     size_t length)
{
    struct state_header h = {.type = type,
                             .version = VERSION,
                             .domid = v->domain->id,
                             .instance = v->id,
                             .length = (uint32_t)length};

    state_save(s, &h, body);
}

void vcpu_state_save(struct vcpu *v, struct state_stream *s)
{
    bool moved = mfn_is_valid_value(v->info_mfn);
    struct vcpu_record r = {.runstate_area = v->runstate_area.a, .info_mfn = NO_FRAME};
    struct runstate_info info;
    struct sched_record sched;

    if (moved) {
        r.info_mfn = v->info_mfn.n;
        r.info_offset = (uint32_t)((uintptr_t)v->info & (PAGE_SIZE - 1));
    }
    r.flags = (v->initialised ? FLAG_READY : 0) |
              ((v->sched.pause & PAUSE_DOWN) != 0 ? FLAG_DOWN : 0) |
              (v->runstate_area_native ? FLAG_NATIVE : 0);
    save_one(v, s, STATE_VCPU, &r, sizeof(r));

    memset(&sched, 0, sizeof(sched));
    sched_runstate(v, &info);
    memcpy(sched.time_ns, info.time, sizeof(sched.time_ns));
    memcpy(sched.hard, v->sched.hard_affinity, sizeof(v->sched.hard_affinity));
    memcpy(sched.soft, v->sched.soft_affinity, sizeof(v->sched.soft_affinity));
    save_one(v, s, STATE_SCHED, &sched, sizeof(sched));
}

static int load_one(const struct vcpu *v, struct state_stream *s, uint32_t type, void *out,
                    size_t length)
{
    struct state_header h;
    const void *body;
    int rc = state_next(s, &h, &body);

    if (rc == 0) {
        rc = h.type == type && h.instance == v->id ? state_expect(&h, VERSION, length) : -EINVAL;
    }
    if (rc == 0) {
        memcpy(out, body, length);
    }
    return rc;
}

static int load_info(struct vcpu *v, const struct vcpu_record *r)
{
    mfn_t m = mfn(r->info_mfn);

    if (r->info_mfn == NO_FRAME) {
        return 0;
    }
    if (r->info_offset > PAGE_SIZE - sizeof(struct guest_vcpu_info) || r->info_offset % 8 != 0 ||
        mfn_is_valid_value(v->info_mfn) || !page_get(m, v->domain)) {
        return -EINVAL;
    }
    v->info_mfn = m;
    v->info = (void *)((char *)guest_map(m) + r->info_offset);
    return 0;
}

static int load_common(struct vcpu *v, struct state_stream *s)
{
    struct vcpu_record r;
    int rc = load_one(v, s, STATE_VCPU, &r, sizeof(r));

    if (rc == 0 && ((r.flags & ~FLAGS) != 0 || (r.flags & (FLAG_READY | FLAG_DOWN)) == 0 ||
                    r.runstate_area > UINT64_MAX - sizeof(struct guest_runstate))) {
        rc = -EINVAL;
    }
    if (rc == 0) {
        rc = load_info(v, &r);
    }
    if (rc != 0) {
        return rc;
    }
    v->runstate_area = guest_ptr(r.runstate_area);
    v->runstate_area_native = (r.flags & FLAG_NATIVE) != 0;
    v->initialised = (r.flags & FLAG_READY) != 0;
    if ((r.flags & FLAG_DOWN) == 0) {
        sched_clear_pause(v, PAUSE_DOWN);
    }
    return 0;
}

int vcpu_state_load(struct vcpu *v, struct state_stream *s)
{
    struct sched_record sched;
    int rc = load_common(v, s);

    if (rc == 0) {
        rc = load_one(v, s, STATE_SCHED, &sched, sizeof(sched));
    }
    if (rc == 0) {
        unsigned long hard[BITS_TO_LONGS(CONFIG_NR_CPUS)];
        unsigned long soft[BITS_TO_LONGS(CONFIG_NR_CPUS)];

        memcpy(hard, sched.hard, sizeof(hard));
        memcpy(soft, sched.soft, sizeof(soft));
        rc = sched_set_affinity(v, hard, soft);
    }
    if (rc == 0) {
        sched_add_runstate(v, sched.time_ns);
    }
    return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The state record of a domain (STATE_DOMAIN): identity, limits, parameters. */
#include <hearth/errno.h>
#include <hearth/state.h>
#include <hearth/string.h>

#include <hearth/domain_state.h>

#define DOMAIN_RECORD_VERSION 1U

struct domain_record {
    uint64_t max_pages;
    uint64_t vm_assist;
    uint64_t time_offset_s;
    uint64_t running_ns; /* since its start */
    uint64_t hvm_params[NR_HVM_PARAMS];
    uint32_t max_vcpus;
    uint32_t ssid;
    uint32_t sched_weight;
    uint32_t sched_cap;
    uint32_t shutdown; /* SHUTDOWN_*, SHUTDOWN_NONE */
    uint32_t flags;
    uint8_t handle[16];
};

#define FLAG_PRIVILEGED (1U << 0)
#define FLAG_HARDWARE   (1U << 1)
#define FLAG_DIRECT_MAP (1U << 2)
#define FLAG_CONSOLE    (1U << 3)

static_assert(sizeof(struct domain_record) % 8 == 0, "records are padded to 8 bytes");

static uint32_t flags_of(const struct domain *d)
{
    return (d->is_privileged ? FLAG_PRIVILEGED : 0) | (d->is_hardware ? FLAG_HARDWARE : 0) |
           (d->is_direct_mapped ? FLAG_DIRECT_MAP : 0) | (d->has_console ? FLAG_CONSOLE : 0);
}

void domain_state_save(const struct domain *d, struct state_stream *s)
{
    struct domain_record r;
    struct state_header h = {.type = STATE_DOMAIN,
                             .version = DOMAIN_RECORD_VERSION,
                             .domid = d->id,
                             .length = sizeof(r)};

    memset(&r, 0, sizeof(r));
    r.max_pages = d->max_pages;
    r.vm_assist = d->vm_assist;
    r.time_offset_s = d->time_offset_s;
    r.running_ns = d->started != 0 ? now() - d->started : 0;
    memcpy(r.hvm_params, d->hvm_params, sizeof(r.hvm_params));
    r.max_vcpus = d->max_vcpus;
    r.ssid = d->ssid;
    r.sched_weight = d->sched.weight;
    r.sched_cap = d->sched.cap;
    r.shutdown = d->shutdown_code;
    r.flags = flags_of(d);
    memcpy(r.handle, d->handle, sizeof(r.handle));
    state_save(s, &h, &r);
}

int domain_state_load(struct domain *d, struct state_stream *s)
{
    struct state_header h;
    const void *body;
    struct domain_record r;
    int rc = state_next(s, &h, &body);

    if (rc == 0) {
        rc = h.type == STATE_DOMAIN ? state_expect(&h, DOMAIN_RECORD_VERSION, sizeof(r)) : -EINVAL;
    }
    if (rc != 0) {
        return rc;
    }
    memcpy(&r, body, sizeof(r));
    if (r.max_vcpus != d->max_vcpus || r.flags != flags_of(d) || r.sched_cap != 0 ||
        r.sched_weight == 0 || r.sched_weight > 65535 ||
        (r.shutdown > SHUTDOWN_SOFT_RESET && r.shutdown != SHUTDOWN_NONE)) {
        return -EINVAL;
    }
    d->max_pages = r.max_pages;
    d->vm_assist = r.vm_assist;
    d->time_offset_s = r.time_offset_s;
    d->started = r.running_ns == 0 ? 0 : now() - MIN(r.running_ns, now());
    memcpy(d->hvm_params, r.hvm_params, sizeof(r.hvm_params));
    d->ssid = r.ssid;
    d->sched.weight = r.sched_weight;
    d->sched.cap = r.sched_cap;
    d->shutdown_code = (uint8_t)r.shutdown;
    memcpy(d->handle, r.handle, sizeof(r.handle));
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State records. STATE_IRQCHIP instance 0 is the distributor, instance n its bank n of 32 SPIs;
 * STATE_IRQCHIP_VCPU is one vCPU's private bank and CPU interface. A list register's content is
 * recorded as its interrupt's state; loading leaves all list registers empty.
 */
#include <hearth/errno.h>
#include <hearth/state.h>
#include <hearth/string.h>

#include "private.h"

#define RECORD_VERSION 1U
#define PPI_VTIMER     27U

struct bank_record {
    uint32_t enabled, pending, level, active, edge, any;
    uint32_t owed; /* private: the physical interrupt is active */
    uint32_t reserved;
    uint8_t priority[32];
    uint8_t holder[32];
    uint16_t route[32];
};

struct dist_record {
    uint8_t gic_version;
    uint8_t ctlr;
    uint16_t nr_banks;
    uint32_t reserved;
};

struct vcpu_record {
    uint8_t gic_version;
    uint8_t asleep;
    uint8_t reserved[2];
    uint32_t vmcr;
    uint32_t apr0[4];
    uint32_t apr1[4];
    uint8_t sgi_source[VGIC_NR_SGIS];
    struct bank_record bank;
};

static_assert(sizeof(struct bank_record) == 160, "wire format");
static_assert(sizeof(struct dist_record) == 8, "wire format");
static_assert(sizeof(struct vcpu_record) == 216, "wire format");

/* v: any vCPU of the domain for an SPI bank, the owner of a private one. */
static void bank_save(struct vgic_vcpu *v, struct vgic_bank *b, struct bank_record *r)
{
    memset(r, 0, sizeof(*r));
    r->enabled = b->enabled;
    r->pending = b->pending;
    r->level = b->level;
    r->active = b->active;
    if (v != NULL) {
        r->pending |= vgic_pending_word(v, b) & ~(b->level & ~b->edge);
        r->active = vgic_active_word(v, b);
    }
    r->edge = b->edge;
    r->any = b->any;
    r->owed = b->owed & b->hw;
    memcpy(r->priority, b->priority, sizeof(r->priority));
    memcpy(r->holder, b->holder, sizeof(r->holder));
    memcpy(r->route, b->route, sizeof(r->route));
}

static void bank_load(struct vgic_bank *b, const struct bank_record *r)
{
    b->enabled = r->enabled & b->valid;
    b->pending = r->pending & b->valid;
    b->level = r->level & b->valid;
    b->active = r->active & b->valid;
    b->edge = r->edge & b->valid;
    b->any = r->any & b->valid;
    b->in_lr = 0;
    b->refired = 0;
    b->drop_pending = 0;
    b->drop_active = 0;
    b->add_active = 0;
    for (unsigned int i = 0; i < 32; i++) {
        b->priority[i] = r->priority[i] & VGIC_PRIORITY_MASK;
    }
    memcpy(b->holder, r->holder, sizeof(b->holder));
    memcpy(b->route, r->route, sizeof(b->route));
}

void vgic_save_domain_state(struct vgic_domain *d, domid_t domid, struct state_stream *s)
{
    struct dist_record dist = {.gic_version = d->version, .ctlr = d->ctlr, .nr_banks = d->nr_banks};
    struct state_header h = {
        .type = STATE_IRQCHIP, .version = RECORD_VERSION, .domid = domid, .length = sizeof(dist)};

    state_save(s, &h, &dist);
    for (unsigned int n = 0; n < d->nr_banks; n++) {
        struct bank_record r;

        bank_save(d->vcpu[0], &d->spi[n], &r);
        r.owed = 0;
        h.instance = n + 1;
        h.length = sizeof(r);
        state_save(s, &h, &r);
    }
}

static int next_record(struct state_stream *s, uint32_t type, uint32_t instance, size_t length,
                       const void **body)
{
    struct state_header h;
    int rc = state_next(s, &h, body);

    if (rc != 0) {
        return rc;
    }
    if (h.type != type || h.instance != instance) {
        return -EINVAL;
    }
    return state_expect(&h, RECORD_VERSION, length);
}

static void recompute_routes(struct vgic_domain *d)
{
    for (unsigned int i = 0; i < d->max_vcpus; i++) {
        if (d->vcpu[i] != NULL) {
            memset(d->vcpu[i]->routed, 0, sizeof(d->vcpu[i]->routed));
        }
    }
    for (unsigned int n = 0; n < d->nr_banks; n++) {
        for (unsigned int bit = 0; bit < 32; bit++) {
            struct vgic_vcpu *to = vgic_target(d, &d->spi[n], bit);

            if (to != NULL) {
                to->routed[n] |= vgic_bit(bit);
            }
        }
    }
}

/* What is in the banks is to be looked at by all vCPUs. */
static void look_again(struct vgic_domain *d, struct vgic_vcpu *v)
{
    v->spi_hint = d->nr_banks == 0 ? 0 : ~0U >> (32 - d->nr_banks);
    v->evicted = true;
    v->resync = true;
}

static void empty_list_registers(struct vgic_vcpu *v)
{
    memset(v->lr, 0, sizeof(v->lr));
    v->lr_used = 0;
    v->lr_spi = 0;
    v->eoi_count = 0;
}

int vgic_load_domain_state(struct vgic_domain *d, struct state_stream *s)
{
    struct dist_record dist;
    struct bank_record r;
    const void *body;
    int rc = next_record(s, STATE_IRQCHIP, 0, sizeof(dist), &body);

    if (rc != 0) {
        return rc;
    }
    memcpy(&dist, body, sizeof(dist));
    if (dist.gic_version != d->version || dist.nr_banks != d->nr_banks || dist.reserved != 0 ||
        (dist.ctlr & ~(d->version == 3 ? 3U : 1U)) != 0) {
        return -EINVAL;
    }
    d->ctlr = dist.ctlr;
    for (unsigned int n = 0; n < d->nr_banks; n++) {
        rc = next_record(s, STATE_IRQCHIP, n + 1, sizeof(r), &body);
        if (rc != 0) {
            return rc;
        }
        memcpy(&r, body, sizeof(r));
        if (r.reserved != 0 || r.owed != 0) {
            return -EINVAL;
        }
        bank_load(&d->spi[n], &r);
    }
    recompute_routes(d);
    for (unsigned int i = 0; i < d->max_vcpus; i++) {
        if (d->vcpu[i] != NULL) {
            d->vcpu[i]->private.in_lr = 0;
            empty_list_registers(d->vcpu[i]);
            look_again(d, d->vcpu[i]);
        }
    }
    return 0;
}

void vgic_save_vcpu_state(struct vgic_vcpu *v, domid_t domid, struct state_stream *s)
{
    struct vcpu_record r;
    struct state_header h = {.type = STATE_IRQCHIP_VCPU,
                             .version = RECORD_VERSION,
                             .domid = domid,
                             .instance = v->id,
                             .length = sizeof(r)};

    memset(&r, 0, sizeof(r));
    r.gic_version = v->domain->version;
    r.asleep = v->asleep ? 1 : 0;
    r.vmcr = v->cpuif.vmcr;
    memcpy(r.apr0, v->cpuif.apr0, sizeof(r.apr0));
    memcpy(r.apr1, v->cpuif.apr1, sizeof(r.apr1));
    for (unsigned int i = 0; v->domain->version == 2 && i < VGIC_NR_SGIS; i += 4) {
        struct vgic_access a = {.d = v->domain, .v = v, .b = &v->private, .bit = i};
        uint32_t sources = vgic_sgi_pending_read(&a);

        memcpy(&r.sgi_source[i], &sources, sizeof(sources));
    }
    bank_save(v, &v->private, &r.bank);
    state_save(s, &h, &r);
}

int vgic_load_vcpu_state(struct vgic_vcpu *v, struct state_stream *s)
{
    struct vgic_bank *b = &v->private;
    struct vcpu_record r;
    const void *body;
    int rc = next_record(s, STATE_IRQCHIP_VCPU, v->id, sizeof(r), &body);

    if (rc != 0) {
        return rc;
    }
    memcpy(&r, body, sizeof(r));
    if (r.gic_version != v->domain->version || r.asleep > 1 || r.reserved[0] != 0 ||
        r.reserved[1] != 0 || r.bank.reserved != 0 || (r.bank.owed & ~vgic_bit(PPI_VTIMER)) != 0) {
        return -EINVAL;
    }
    v->asleep = r.asleep != 0;
    v->cpuif.vmcr = r.vmcr;
    memcpy(v->cpuif.apr0, r.apr0, sizeof(r.apr0));
    memcpy(v->cpuif.apr1, r.apr1, sizeof(r.apr1));
    memcpy(v->sgi_source, r.sgi_source, sizeof(v->sgi_source));
    bank_load(b, &r.bank);
    memset(b->holder, v->id, sizeof(b->holder));
    b->edge |= 0xffffU;
    b->owed = r.bank.owed;
    b->hw |= r.bank.owed;
    b->hwirq[PPI_VTIMER] = PPI_VTIMER;
    empty_list_registers(v);
    look_again(v->domain, v);
    return 0;
}

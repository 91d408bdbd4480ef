/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens beside single hypercalls: what guests write, firmware does, and the few calls one
 * after the other by which guests share a page or a channel, and dom0 makes a domain.
 */
#pragma once

#include "hypercall_args.h"

#include <hearth/vuart.h>

static void *writable(struct vcpu *v, uint64_t gfn_n)
{
    struct p2m_entry e;

    if (p2m_lookup(v->domain->p2m[0], gfn(gfn_n), &e) != 0 || (e.access & P2M_W) == 0) {
        return v->domain->shared_info;
    }
    return mfn_to_virt(e.mfn);
}

static void grant(struct vcpu *v, uint32_t ref, uint64_t frame, domid_t to, uint32_t flags)
{
    union guest_grant_entry *e;
    mfn_t m;

    MUST(grant_shared_frame(v->domain, 0, &m) == 0);
    e = (union guest_grant_entry *)mfn_to_virt(m) + ref;
    e->frame = (uint32_t)frame;
    e->domid = to;
    e->flags = (uint16_t)flags;
    grant_offers[nr_grant_offers++ % OFFERS] = (struct offer){v->domain->id, to, ref};
}

static void guest_grants(struct vcpu *v, struct input *in)
{
    uint32_t first = take(in, 16), b = take(in, 256);
    uint64_t frame = any_gfn(in);
    domid_t to = (domid_t)take(in, DOMAINS);

    for (uint32_t i = 0; i < 1 + b % 4; i++) {
        grant(v, first + i, frame + i, to, b < 200 ? GTF_PERMIT_ACCESS | (b & GTF_READONLY) : b);
    }
}

/* A guest that is about to make a call of its own; NULL when it cannot. */
static struct caller *next_caller(unsigned int id, struct vcpu **v)
{
    *v = vcpu_at(id, 0);
    if (!may_run(*v) || callers[id][0].pending) {
        return NULL;
    }
    (void)enter(*v);
    return &callers[id][0];
}

/* v grants a page, which another one maps. */
static void share(struct vcpu *v, struct input *in)
{
    uint32_t ref = take(in, 16), to = take(in, DOMAINS), b = take(in, 256);
    uint64_t frame = RAM_GFN + take(in, RAM_PAGES);
    struct grant_map_arg *m;
    struct caller *c;
    struct vcpu *peer;

    grant(v, ref, frame, (domid_t)to, GTF_PERMIT_ACCESS | (b & GTF_READONLY));
    c = next_caller(to, &peer);
    if (c != NULL) {
        m = mfn_to_virt(c->page);
        *m = (struct grant_map_arg){.host_addr = any_gfn(in) << PAGE_SHIFT,
                                    .flags = 2 | (b & 4),
                                    .ref = ref,
                                    .dom = v->domain->id};
        c->nr = CALL_GRANT;
        c->args = (struct hypercall_args){.arg = {0, ARG_VA, 1}};
        if (call(peer, c, false) == 0) {
            m[1].flags = m[2].flags = 0;
            learn_handles(peer, (const uint8_t *)m);
        }
    }
}

/* v makes a port, to which another one binds. */
static void connect(struct vcpu *v, struct input *in)
{
    struct caller *c = &callers[v->domain->id][v->id];
    struct evtchn_alloc_unbound_arg *u = mfn_to_virt(c->page);
    struct evtchn_bind_interdomain_arg *bind;
    uint32_t to = take(in, DOMAINS), from = v->domain->id;
    struct vcpu *peer;
    uint32_t port;

    *u = (struct evtchn_alloc_unbound_arg){.dom = DOMID_SELF, .remote_dom = (domid_t)to};
    c->nr = CALL_EVENT;
    c->args = (struct hypercall_args){.arg = {6, ARG_VA}};
    if (call(v, c, false) != 0) {
        return;
    }
    port = u->port;
    learn_port(v, (const uint8_t *)u);
    c = next_caller(to, &peer);
    if (c != NULL) {
        bind = mfn_to_virt(c->page);
        *bind =
            (struct evtchn_bind_interdomain_arg){.remote_dom = (domid_t)from, .remote_port = port};
        c->nr = CALL_EVENT;
        c->args = (struct hypercall_args){.arg = {0, ARG_VA}};
        (void)call(peer, c, false);
    }
}

static void guest_writes(struct vcpu *v, struct input *in)
{
    uint8_t *page = writable(v, any_gfn(in));
    uint32_t offset = take(in, 256) * 4 + take(in, 4) * 1024;
    uint32_t value = (uint32_t)wild(in);

    memcpy(page + offset, &value, sizeof(value));
}

/* Accesses to the virtual UART; dom0 is told, if it is bound. */
static void use_vuart(struct vcpu *v, struct input *in)
{
    static const uint16_t regs[] = {0, 0, 0, 0x18, 0x38, 0x3c, 0x44};

    for (unsigned int n = 1 + take(in, 4); n > 0; n--) {
        uint32_t reg = regs[take(in, ARRAY_SIZE(regs))], value = take(in, 256);
        bool write = take(in, 2) != 0;

        for (unsigned int i = write && (value & 3U) == 3 ? value * 9 : 1; i > 0; i--) {
            uint64_t data = value;

            (void)vpl011_mmio(v, gaddr(HOST_VUART_BASE + reg), write, 4, &data);
        }
    }
}

/* What firmware does for a guest, and for domains that the tools make. */
static void power_vcpu(struct vcpu *v, struct input *in)
{
    struct vcpu *other = vcpu_at(take(in, 2) != 0 ? v->domain->id : take(in, DOMAINS), 1);

    if (other == NULL || other == v || other->domain->life != DOMAIN_ALIVE) {
        return;
    }
    if ((other->sched.pause & PAUSE_DOWN) != 0) {
        other->initialised = true;
        sched_clear_pause(other, PAUSE_DOWN);
    } else {
        sched_set_pause(other, PAUSE_DOWN);
    }
}

static int64_t tools_call(struct vcpu *v, uint32_t cmd, domid_t id, const void *arg, size_t size)
{
    struct caller *c = &callers[v->domain->id][v->id];
    struct domctl_request_arg *r = mfn_to_virt(c->page);

    *r = (struct domctl_request_arg){.cmd = cmd, .version = 0x15, .domain = id};
    if (size != 0) {
        memcpy(&r->u, arg, size);
    }
    c->nr = CALL_DOMCTL;
    c->args = (struct hypercall_args){.arg = {ARG_VA}};
    return call(v, c, false);
}

static int64_t populate(struct vcpu *v, domid_t id, uint64_t from, uint64_t n)
{
    struct caller *c = &callers[v->domain->id][v->id];
    uint8_t *page = mfn_to_virt(c->page);
    struct memory_reservation_arg *r = (void *)page;

    *r = (struct memory_reservation_arg){
        .extent_start = guest_ptr(ARG_VA + ARG_BUFFERS), .nr_extents = n, .domid = id};
    for (uint64_t i = 0; i < n; i++) {
        ((uint64_t *)(void *)(page + ARG_BUFFERS))[i] = from + i;
    }
    c->nr = CALL_MEMORY;
    c->args = (struct hypercall_args){.arg = {6, ARG_VA}};
    return call(v, c, false);
}

/* dom0 makes a domain that can run, as the tools do. */
static void build(domid_t id, unsigned int pages, uint32_t ports, uint32_t maptrack,
                  uint32_t release_steps)
{
    struct domctl_createdomain_arg create = {.flags = CDF_HVM | CDF_HAP,
                                             .grant_opts = 1,
                                             .max_vcpus = VCPUS,
                                             .max_evtchn_port = ports,
                                             .max_grant_frames = 2,
                                             .max_maptrack_frames = (int32_t)maptrack,
                                             .arch = {0, 1}};
    struct domctl_max_vcpus_arg vcpus = {.max = VCPUS};
    const struct domctl_vuart_op_arg vuart = {.gfn = RAM_GFN};
    struct vcpu *dom0 = enter(vcpu_at(0, 0));
    struct vcpu *v;

    if (callers[0][0].pending || tools_call(dom0, 1, id, &create, sizeof(create)) != 0 ||
        tools_call(dom0, 15, id, &vcpus, sizeof(vcpus)) != 0) {
        return;
    }
    (void)populate(dom0, id, RAM_GFN, pages);
    if (release_steps != 0) {
        (void)tools_call(dom0, 81, id, &vuart, sizeof(vuart));
    }
    v = vcpu_at(id, 0);
    v->initialised = true;
    v->domain->arch.release_steps = release_steps;
    sched_clear_pause(v, PAUSE_DOWN);
    (void)tools_call(dom0, 4, id, NULL, 0);
}

/* dom0 leaves a domain so many more page tables. */
static void limit_tables(domid_t id, unsigned int more)
{
    const struct domain *d = domain_find(id);
    struct domctl_paging_mempool_arg pool;
    struct vcpu *dom0;

    if (d != NULL && next_caller(0, &dom0) != NULL) {
        pool.size = (uint64_t)(d->p2m[0]->table_pages + more) << PAGE_SHIFT;
        (void)tools_call(dom0, 86, id, &pool, sizeof(pool));
    }
}

/* A guest goes over to the FIFO ABI, as Linux does. */
static void use_fifo(struct vcpu *v, struct input *in)
{
    struct caller *c = &callers[v->domain->id][v->id];
    uint8_t *page = mfn_to_virt(c->page);
    struct evtchn_init_control_arg *control = (void *)page;
    struct evtchn_expand_array_arg *array = (void *)page;

    *control = (struct evtchn_init_control_arg){.control_gfn = RAM_GFN + take(in, RAM_PAGES),
                                                .vcpu = v->id};
    c->nr = CALL_EVENT;
    c->args = (struct hypercall_args){.arg = {11, ARG_VA}};
    if (call(v, c, false) == 0 && may_run(v)) {
        array->array_gfn = RAM_GFN + take(in, RAM_PAGES);
        c->args.arg[0] = 12;
        (void)call(v, c, false);
    }
}

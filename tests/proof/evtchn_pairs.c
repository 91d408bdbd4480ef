/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event-channel ports: one bind, move or close, from any state of two domains with PORTS ports and
 * VCPUS vCPUs each, while other CPUs do anything that is allowed up to the moment at which the
 * locks are held: taking them replaces the whole state by any other sound one.
 *
 * Invariant: the two ends of a channel name each other, and nothing else has a peer; a VIRQ's port
 * is the one that its vCPU has for it, and the other way round; the hypervisor's own ends are of
 * channels, or wait; free ports are in one chain that ends at the tail; ports in use are counted.
 *
 * Fakes: locks, delivery, policy (any answer), FIFO (off), growth (no memory).
 */
#include "proof.h"

#include "common/event/evtchn.c"
#include "common/event/evtchn_bind.c"

#define DOMAINS 2U
#define PORTS   4U
#define VCPUS   2U
#define VIRQS   3U /* timer and debug are per vCPU, console is global */

/* Large structures stand alone: CBMC keeps the fields of those apart, not of arrays of them. */
static struct domain dom_a, dom_b;
static struct evtchn_table table_a, table_b;
static struct vcpu vcpu_a0, vcpu_a1, vcpu_b0, vcpu_b1;
static struct domain *const dom[DOMAINS] = {&dom_a, &dom_b};
static struct evtchn_table *const table[DOMAINS] = {&table_a, &table_b};
static struct vcpu *const vcpu[DOMAINS][VCPUS] = {{&vcpu_a0, &vcpu_a1}, {&vcpu_b0, &vcpu_b1}};
static struct evtchn chan[DOMAINS][PORTS];
static struct evtchn *pages[DOMAINS][1];
static bool own[PORTS]; /* of dom_a's, when the locks were taken */
static int locks;

static bool sound(void);
static void any_state(void);

/* --- Fakes --- */

static void acquire(const struct spinlock *a, const struct spinlock *b)
{
    PROVE(locks == 0, "no lock is held when others are taken");
    PROVE((a == &table_a.lock || a == &table_b.lock) && (b == &table_a.lock || b == &table_b.lock),
          "the locks are tables' locks");
    any_state();
    locks = 1;
}

static void release(void)
{
    PROVE(locks == 1, "a lock is released by who holds it");
    locks = 0;
    PROVE(sound(), "the invariant holds when the locks are released");
}

void spin_lock(struct spinlock *l)
{
    acquire(l, l);
}

void spin_unlock(struct spinlock *l)
{
    (void)l;
    release();
}

void spin_lock_pair(struct spinlock *a, struct spinlock *b)
{
    acquire(a, b);
}

void spin_unlock_pair(struct spinlock *a, struct spinlock *b)
{
    (void)a;
    (void)b;
    release();
}

struct vcpu *domain_vcpu(const struct domain *d, uint32_t id)
{
    const bool a = d == &dom_a;

    if (id == 0) {
        return a ? &vcpu_a0 : &vcpu_b0;
    }
    return id != 1 ? NULL : a ? &vcpu_a1 : &vcpu_b1;
}

struct domain *domain_find(domid_t id)
{
    return id == dom_a.id ? &dom_a : id == dom_b.id ? &dom_b : NULL;
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

void evtchn_set_pending(struct evtchn *c)
{
    (void)c;
}

void evtchn_clear_pending(struct evtchn *c)
{
    (void)c;
}

bool fifo_is_linked(const struct evtchn_fifo *f, const struct evtchn *c)
{
    (void)f;
    (void)c;
    return false;
}

void fifo_destroy(struct domain *d)
{
    (void)d;
}

bool preempt_check(void)
{
    return nondet_bool();
}

void *heap_alloc(size_t size)
{
    (void)size;
    return NULL;
}

void *heap_alloc_array(size_t n, size_t size)
{
    (void)n;
    (void)size;
    return NULL;
}

void heap_free(void *p)
{
    (void)p;
}

/* --- The invariant --- */

static bool pair_is_sound(const struct evtchn *c)
{
    if ((c->state == EVTCHN_INTERDOMAIN) != (c->peer != NULL)) {
        return false;
    }
    return c->peer == NULL || (c->peer != c && c->peer->peer == c);
}

static bool notify_is_sound(const struct evtchn *c)
{
    return c->notify < VCPUS ||
           (evtchn_is_own(c) && (c->state == EVTCHN_UNBOUND || c->state == EVTCHN_INTERDOMAIN));
}

static bool virq_is_sound(unsigned int i, uint32_t p)
{
    const struct evtchn *c = &chan[i][p];

    return c->data < VIRQS &&
           vcpu[i][virq_is_global(c->data) ? 0 : c->notify]->virq_port[c->data] == p;
}

static bool virqs_are_sound(unsigned int i)
{
    for (uint32_t n = 0; n < VCPUS; n++) {
        for (uint32_t q = 0; q < VIRQS; q++) {
            uint32_t p = vcpu[i][n]->virq_port[q];

            if (p != 0 && (p >= PORTS || chan[i][p].state != EVTCHN_VIRQ || chan[i][p].data != q ||
                           (virq_is_global(q) ? n != 0 : chan[i][p].notify != n))) {
                return false;
            }
        }
    }
    return true;
}

static bool free_ports_are_sound(unsigned int i, uint32_t bound)
{
    uint32_t next = table[i]->free[0].head, last = 0, count = 0;

    for (uint32_t n = 0; n < PORTS && next != 0; n++) {
        if (next >= PORTS || chan[i][next].state != EVTCHN_FREE) {
            return false;
        }
        last = next;
        count++;
        next = chan[i][next].data;
    }
    return next == 0 && count + bound + 1 == PORTS && table[i]->bound == bound &&
           (last == 0 || table[i]->free[0].tail == last);
}

static bool table_is_sound(unsigned int i)
{
    uint32_t bound = 0;

    for (uint32_t p = 0; p < PORTS; p++) {
        const struct evtchn *c = &chan[i][p];

        if (c->state > EVTCHN_RESERVED || c->state == EVTCHN_PIRQ ||
            (c->state == EVTCHN_RESERVED) != (p == 0) || !notify_is_sound(c) || !pair_is_sound(c) ||
            (c->state == EVTCHN_VIRQ && !virq_is_sound(i, p))) {
            return false;
        }
        bound += evtchn_is_bound(c);
    }
    return virqs_are_sound(i) && free_ports_are_sound(i, bound);
}

static bool sound(void)
{
    return table_is_sound(0) && table_is_sound(1) && locks == 0;
}

static void any_state(void)
{
    for (unsigned int i = 0; i < DOMAINS; i++) {
        for (uint32_t p = 0; p < PORTS; p++) {
            struct evtchn *c = &chan[i][p];
            uint32_t peer = nondet_u32();

            c->peer = peer < PORTS       ? &chan[0][peer]
                      : peer < 2 * PORTS ? &chan[1][peer - PORTS]
                                         : NULL;
            c->data = nondet_u32();
            c->notify = nondet_u16();
            c->state = nondet_u8();
        }
        for (uint32_t n = 0; n < VCPUS; n++) {
            for (uint32_t q = 0; q < VIRQS; q++) {
                vcpu[i][n]->virq_port[q] = nondet_u32();
            }
        }
        table[i]->free[0].head = nondet_u32();
        table[i]->free[0].tail = nondet_u32();
        table[i]->bound = nondet_u32();
        table[i]->dead = nondet_bool();
    }
    ASSUME(sound());
    for (uint32_t p = 0; p < PORTS; p++) {
        own[p] = evtchn_is_own(&chan[0][p]);
    }
}

static void start(void)
{
    for (unsigned int i = 0; i < DOMAINS; i++) {
        dom[i]->id = (domid_t)(i + 1);
        dom[i]->events = table[i];
        table[i]->page = pages[i];
        pages[i][0] = chan[i];
        table[i]->valid = PORTS;
        table[i]->limit = PORTS;
        for (uint32_t p = 0; p < PORTS; p++) {
            chan[i][p].domain = dom[i];
            chan[i][p].port = p;
        }
        for (uint32_t n = 0; n < VCPUS; n++) {
            vcpu[i][n]->id = (uint16_t)n;
            vcpu[i][n]->domain = dom[i];
        }
    }
    any_state();
}

/* --- Steps --- */

void prove_unbound(void)
{
    struct evtchn_alloc_unbound_arg a = {.remote_dom = nondet_u16()};
    int rc;

    start();
    rc = evtchn_op_alloc_unbound(&vcpu_a0, nondet_bool() ? &dom_a : &dom_b, &a);
    PROVE(sound(), "the invariant holds after alloc_unbound");
    COVER(rc == 0 && a.port == PORTS - 1);
    COVER(rc == -ENOSPC);
    COVER(rc == -EINVAL);
}

void prove_interdomain(void)
{
    struct evtchn_bind_interdomain_arg a = {.remote_dom = nondet_u16(),
                                            .remote_port = nondet_u32()};
    int rc;

    start();
    rc = evtchn_op_bind_interdomain(&vcpu_a0, &a);
    PROVE(sound(), "the invariant holds after bind_interdomain");
    PROVE(rc != 0 || (a.local_port < PORTS && a.remote_port < PORTS), "the ports are there");
    PROVE(rc != 0 || (chan[0][a.local_port].peer->port == a.remote_port), "they are the ends");
    COVER(rc == 0 && a.remote_dom == 1); /* a channel to itself */
    COVER(rc == 0 && a.remote_dom == 2);
    COVER(rc == -ENOSPC);
    COVER(rc == -ESRCH);
}

void prove_virq(void)
{
    struct evtchn_bind_virq_arg a = {.virq = nondet_u32(), .vcpu = nondet_u32()};
    int rc;

    ASSUME(a.virq < VIRQS || a.virq >= NR_VIRQS);
    start();
    rc = evtchn_op_bind_virq(&vcpu_a0, &a);
    PROVE(sound(), "the invariant holds after bind_virq");
    COVER(rc == 0 && a.vcpu == 1);
    COVER(rc == -EEXIST);
    COVER(rc == -EINVAL);
    COVER(rc == -ENOENT);
}

void prove_ipi(void)
{
    struct evtchn_bind_ipi_arg a = {.vcpu = nondet_u32()};
    int rc;

    start();
    rc = evtchn_op_bind_ipi(&vcpu_a0, &a);
    PROVE(sound(), "the invariant holds after bind_ipi");
    COVER(rc == 0 && a.vcpu == 1);
    COVER(rc == -ENOSPC);
}

void prove_vcpu(void)
{
    struct evtchn_bind_vcpu_arg a = {.port = nondet_u32(), .vcpu = nondet_u32()};
    int rc;

    start();
    rc = evtchn_op_bind_vcpu(&vcpu_a0, &a);
    PROVE(sound(), "the invariant holds after bind_vcpu");
    PROVE(rc != 0 || !own[a.port], "the hypervisor's own end stays its own");
    COVER(rc == 0 && chan[0][a.port].state == EVTCHN_VIRQ);
    COVER(rc == 0 && chan[0][a.port].state == EVTCHN_INTERDOMAIN);
    COVER(rc == -EINVAL);
}

void prove_close(void)
{
    evtchn_port_t port = nondet_u32();
    int rc;

    start();
    rc = evtchn_close_port(&dom_a, port);
    PROVE(sound(), "the invariant holds after a close");
    PROVE(rc != 0 || chan[0][port].state == EVTCHN_FREE, "the port is free");
    PROVE(rc != 0 || !own[port] || table_a.dead, "the hypervisor's own end goes with its domain");
    COVER(rc == 0 && own[port]);
    COVER(rc == 0 && table_b.bound == 3);
    COVER(rc == -ERESTART);
    COVER(rc == -EINVAL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event channels inside. One lock per domain (`lock`, RANK_EVTCHN) serialises binding, closing,
 * growing and FIFO set-up; operations on two domains take both locks by address. Sending takes no
 * lock: it follows `peer`, which is published with release, and touches only memory that stays
 * until a grace period has passed (tables: until the domain is freed; FIFO frames: rcu_call()).
 * An event that is on its way while its channel closes may therefore show up at the port's next
 * use; guests tolerate spurious events, since binding itself sends one.
 *
 * State        peer              data
 *   FREE       NULL              next free port, 0 none
 *   UNBOUND    NULL              domid that may bind
 *   INTERDOMAIN the other end    -
 *   VIRQ       NULL              virq
 *   IPI        NULL              -
 *   RESERVED   NULL              - (port 0)
 *
 * UNBOUND and INTERDOMAIN may be the hypervisor's own end (`notify` says whose): the domain neither
 * sends on it nor closes or moves it, and it outlives a reset.
 */
#pragma once

#include <hearth/abi_types.h>
#include <hearth/atomic.h>
#include <hearth/domain.h>
#include <hearth/evtchn.h>
#include <hearth/hypercall/evtchn_ops.h>
#include <hearth/lock.h>
#include <hearth/rcu.h>
#include <hearth/shared.h>
#include <hearth/vcpu.h>

/* The first six are EVTCHNSTAT_*. */
enum evtchn_state {
    EVTCHN_FREE = 0,
    EVTCHN_UNBOUND = 1,
    EVTCHN_INTERDOMAIN = 2,
    EVTCHN_PIRQ = 3,
    EVTCHN_VIRQ = 4,
    EVTCHN_IPI = 5,
    EVTCHN_RESERVED = 6,
};

struct evtchn {
    struct evtchn *peer;   /* INTERDOMAIN only; readers without the lock acquire it */
    struct domain *domain; /* constant */
    evtchn_port_t port;    /* constant */
    uint32_t data;
    uint16_t notify;     /* vCPU that is told, or EVTCHN_NOTIFY_VUART */
    uint16_t queue_vcpu; /* FIFO: queue it was put on last; under that queue's lock */
    uint8_t queue_priority;
    uint8_t priority;
    uint8_t state;
    uint8_t deferred; /* FIFO: sent before its event word was there */
};

static_assert(sizeof(struct evtchn) == 32, "128 channels a page");

/* A reset is closing; what is bound meanwhile lowers it. */
#define EVTCHN_RESETTING UINT32_MAX

/* Above any vCPU: the domain's virtual UART is told. */
#define EVTCHN_NOTIFY_VUART 0xffffU

#define EVTCHN_PER_PAGE     128U
#define EVTCHN_SMALL_PAGES  (EVTCHN_2L_PORTS / EVTCHN_PER_PAGE)
#define EVTCHN_ALL_PAGES    (FIFO_PORTS / EVTCHN_PER_PAGE)
#define FIFO_PAGES          (FIFO_PORTS / FIFO_WORDS_PER_PAGE)

/* A guest frame mapped for good; NULL va: none. */
struct evtchn_frame {
    void *va;
    mfn_t mfn;
    gfn_t gfn; /* as the guest named it */
};

/* A vCPU's queues. */
struct evtchn_fifo_vcpu {
    struct spinlock lock; /* RANK_EVTCHN_QUEUE */
    struct guest_fifo_control *control;
    struct evtchn_frame frame;
    struct rcu_head rcu;
    uint32_t tail[FIFO_QUEUES]; /* last event put there, 0 none; under lock */
};

/* A domain's event array. Pages below `pages` are there; the count only grows. */
struct evtchn_fifo {
    uint32_t pages;
    uint32_t deferred; /* channels with `deferred` set; atomic */
    struct rcu_head rcu;
    struct evtchn_frame array[FIFO_PAGES];
};

/* Free ports, first in first out, linked by `data`; 0 none. */
struct evtchn_free {
    uint32_t head;
    uint32_t tail;
};

struct evtchn_table {
    struct evtchn **page;     /* EVTCHN_SMALL_PAGES or EVTCHN_ALL_PAGES of them */
    struct evtchn_fifo *fifo; /* NULL: 2-level */
    uint32_t valid;           /* ports below are backed; grows only, published after `page` */
    uint32_t pollers;         /* vCPUs in SCHEDOP_poll; atomic */
    uint32_t limit;           /* ports are below it, whatever the ABI */
    struct spinlock lock;
    struct evtchn_free free[2]; /* ports that 2-level can name, and the others */
    uint32_t bound;             /* ports in use, for the audit and the domain table */
    uint32_t next_reset;        /* no port below is bound but own ends; or EVTCHN_RESETTING */
    uint32_t next_end;          /* the same of the domain's end, once `dead` */
    bool dead;                  /* no more binding */
    struct evtchn *small[EVTCHN_SMALL_PAGES];
};

/* The channel, or NULL; no lock. */
static inline struct evtchn *evtchn_at(const struct evtchn_table *t, evtchn_port_t port)
{
    uint32_t valid = load_acquire(&t->valid); /* pairs with evtchn_grow() */
    unsigned long p = port;

    if (unlikely(p >= valid)) {
        return NULL;
    }
    p = index_nospec(p, valid);
    return &t->page[p / EVTCHN_PER_PAGE][p % EVTCHN_PER_PAGE];
}

/* VIRQs of which each vCPU has its own; the others are global, bound on vCPU 0. */
#define VIRQS_PER_VCPU                                                                             \
    ((1U << VIRQ_TIMER) | (1U << VIRQ_DEBUG) | (1U << VIRQ_XENOPROF) | (1U << VIRQ_XENPMU))

static inline bool virq_is_global(uint32_t virq)
{
    return (VIRQS_PER_VCPU >> virq & 1U) == 0;
}

static inline bool evtchn_is_own(const struct evtchn *c)
{
    return READ_ONCE(c->notify) == EVTCHN_NOTIFY_VUART;
}

static inline bool evtchn_is_bound(const struct evtchn *c)
{
    return c->state != EVTCHN_FREE && c->state != EVTCHN_RESERVED;
}

/* evtchn.c */
int evtchn_take_port(struct evtchn_table *t, struct evtchn **out) REQUIRES(t->lock)
must_check;
int evtchn_grow(struct evtchn_table *t, struct domain *d) REQUIRES(t->lock)
must_check;
int evtchn_close_port(struct domain *d, evtchn_port_t port) must_check;
int evtchn_close_all(struct domain *d, uint32_t *next) must_check;

int evtchn_take_this_port(struct evtchn_table *t, evtchn_port_t port, struct evtchn **out)
    REQUIRES(t->lock)
must_check;
void evtchn_tie(struct evtchn *a, struct evtchn *b);

int evtchn_own_virq(struct evtchn *c) must_check;

/* evtchn_send.c */
void evtchn_set_pending(struct evtchn *c);
void evtchn_clear_pending(struct evtchn *c);
void evtchn_upcall(struct vcpu *v);
void evtchn_wake_pollers(struct domain *d, struct evtchn_table *t, evtchn_port_t port);
bool evtchn_is_pending(const struct evtchn *c) must_check;

/* evtchn_fifo.c */
void fifo_raise(struct evtchn_fifo *f, struct evtchn *c);
void fifo_unmask(struct evtchn_fifo *f, struct evtchn *c);
void fifo_clear_pending(struct evtchn_fifo *f, struct evtchn *c);
bool fifo_is_pending(const struct evtchn_fifo *f, const struct evtchn *c) must_check;
bool fifo_is_masked(const struct evtchn_fifo *f, const struct evtchn *c) must_check;
bool fifo_is_linked(const struct evtchn_fifo *f, const struct evtchn *c) must_check;
void fifo_deliver_deferred(struct evtchn_table *t, struct evtchn_fifo *f, uint32_t page);

/* evtchn_fifo_setup.c */
int fifo_enable(struct evtchn_table *t) must_check;
int fifo_init_control(struct domain *d, struct vcpu *v, uint64_t frame, uint32_t offset) must_check;
int fifo_expand(struct domain *d, uint64_t frame) must_check;
void fifo_destroy(struct domain *d); /* the table's lock is held */

/*
 * Event word of a port that has a channel, NULL when the array does not reach it yet; no lock.
 * Such a port is Hearth's own number, below FIFO_PORTS: nothing to hide from speculation.
 */
static inline uint32_t *fifo_word(const struct evtchn_fifo *f, evtchn_port_t port)
{
    unsigned int page = port / FIFO_WORDS_PER_PAGE;

    if (unlikely(page >= load_acquire(&f->pages))) { /* pairs with expand_array */
        return NULL;
    }
    return (uint32_t *)f->array[page].va + port % FIFO_WORDS_PER_PAGE;
}

/*
 * Whether a send has nothing to do: the word is there, pending, and on a queue or masked. Ordered
 * as evtchn_deliver() says. fifo_word() is written out: its NULL would be tested on every event.
 */
static inline bool fifo_is_set(const struct evtchn_fifo *f, unsigned long port)
{
    unsigned long page = port / FIFO_WORDS_PER_PAGE;
    const uint32_t *words;
    uint32_t w;

    if (unlikely(page >= load_acquire(&f->pages))) { /* pairs with expand_array */
        return false;
    }
    words = f->array[page].va;
    smp_mb();
    w = READ_ONCE(words[port % FIFO_WORDS_PER_PAGE]);
    return (w & FIFO_PENDING) != 0 && (w & (FIFO_MASKED | FIFO_LINKED)) != 0;
}

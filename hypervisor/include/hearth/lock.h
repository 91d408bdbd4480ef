/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spin locks with ranks.
 *
 * Hearth runs with interrupts masked (docs/decisions/0001): a lock never needs an irqsave form, a
 * holder is never preempted, and holding time is bounded by the 64-item rule.
 * Locks are taken in increasing rank; debug builds check it per CPU. Two locks of one rank are
 * taken only by spin_lock_pair(), lower address first.
 */
#pragma once

#include <hearth/compiler.h>

/* Acquisition order, outermost first. Ranks of unrelated subsystems leave gaps. */
enum lock_rank {
    RANK_DOMLIST = 10, /* list of domains, domid allocation */
    RANK_DOMCTL = 14,  /* serialises toolstack operations on one domain */
    RANK_DOMAIN = 20,  /* life cycle, vCPU creation, pause counts */
    RANK_GRANT = 30,   /* a grant table's shape (frames, version) */
    RANK_MAPTRACK = 34,
    RANK_GRANT_ENTRY = 36,
    RANK_P2M = 40,
    RANK_PAGES = 46, /* a domain's page list and counts */
    RANK_EVTCHN = 50,
    RANK_EVTCHN_QUEUE = 54, /* FIFO queues */
    RANK_WALLCLOCK = 58,    /* the wall clock in shared_info */
    RANK_VTIMER = 60,
    RANK_VUART = 62,
    RANK_VGIC = 64, /* virtual interrupt controller (any architecture) */
    RANK_IRQ = 68,  /* physical interrupt descriptors */
    RANK_SCHED = 72,
    RANK_TIMER = 76,
    RANK_MAP = 78, /* hypervisor's own page tables, identifiers */
    RANK_HEAP = 80,
    RANK_FREELIST = 84,
    RANK_CONSOLE = 92,
};

struct LOCK_TYPE spinlock {
    union {
        uint32_t word;
        uint16_t state;
        struct {
            uint8_t held;
            uint8_t claim; /* by the first in line */
            uint16_t tail; /* of the line of waiting CPUs: CPU + 1, or 0 */
        };
    };
    uint8_t rank;
    uint8_t second; /* debug: the later of a pair */
    uint16_t cpu;   /* debug: holder + 1, 0 when free */
};

#define SPINLOCK_INIT(r)                                                                           \
    {                                                                                              \
        .word = 0, .rank = (r)                                                                     \
    }

static inline void spin_lock_init(struct spinlock *l, enum lock_rank rank)
{
    *l = (struct spinlock){.rank = (uint8_t)rank};
}

#define SPIN_HELD 1U /* in spinlock.word */

/* True when it was free and is the caller's now. */
static always_inline bool spin_try_take(struct spinlock *l)
{
    return (__atomic_fetch_or(&l->word, SPIN_HELD, __ATOMIC_ACQUIRE) & SPIN_HELD) == 0;
}

/* The long ways of the two below: until it is the caller's; to the first in line. */
void spin_lock_wait(struct spinlock *l);
void spin_unlock_claimed(struct spinlock *l);

#ifdef CONFIG_DEBUG
void spin_lock(struct spinlock *l) ACQUIRES(*l);
void spin_unlock(struct spinlock *l) RELEASES(*l);
#else
static always_inline void spin_lock(struct spinlock *l) ACQUIRES(*l) NO_LOCK_ANALYSIS
{
    if (unlikely(!spin_try_take(l))) {
        spin_lock_wait(l);
    }
}

static always_inline void spin_unlock(struct spinlock *l) RELEASES(*l) NO_LOCK_ANALYSIS
{
    if (unlikely(READ_ONCE(l->claim) != 0)) {
        spin_unlock_claimed(l);
    } else {
        __atomic_store_n(&l->held, 0, __ATOMIC_RELEASE);
    }
}
#endif

bool spin_trylock(struct spinlock *l) must_check;
/* True when this CPU holds the lock; always true in builds that do not track holders. */
bool spin_is_held(const struct spinlock *l);

/* Takes two locks of one rank (a may equal b), lower address first. */
void spin_lock_pair(struct spinlock *a, struct spinlock *b) NO_LOCK_ANALYSIS;
void spin_unlock_pair(struct spinlock *a, struct spinlock *b) NO_LOCK_ANALYSIS;

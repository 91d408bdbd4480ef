/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A free lock is taken with one atomic OR, by whoever comes first; those who find it held line up
 * (each waits for a word of its own CPU), and only the first in line tries for it. A CPU that runs
 * can so take a lock again and again while the first in line does not run (its host has something
 * else to do): a strict order would hand the lock over at the pace of the host's time slices. The
 * first in line that has looked PATIENCE times claims it: the next release leaves it held, and
 * its own. docs/decisions/0003-locks.md
 *
 * held:  set by the OR in spin_try_take(), cleared by the holder's release.
 * claim: 0 to CLAIMED by the first in line, to GRANTED by the holder, to 0 by who got it so.
 * tail:  the last in line, as CPU + 1.
 *
 * Debug builds keep the ranks that a CPU holds in struct cpu and stop at the first acquisition
 * that is out of order, whether or not another CPU would have made it a deadlock.
 */
#include <hearth/atomic.h>
#include <hearth/bug.h>
#include <hearth/cpu.h>
#include <hearth/lock.h>

#include <hearth/arch/cpu.h>

#define TAIL_SHIFT 16
#define CLAIMED    1U /* in spinlock.claim */
#define GRANTED    2U
#define PATIENCE   1024U

static_assert(offsetof(struct spinlock, held) == 0 && offsetof(struct spinlock, claim) == 1 &&
                  offsetof(struct spinlock, tail) == 2,
              "parts of the word");

/* Bit of a rank in cpu.held_ranks. */
static uint64_t *rank_word(struct cpu *c, unsigned int rank, uint64_t *bit)
{
    *bit = 1ULL << (rank % 64);
    return &c->held_ranks[rank / 64];
}

/* `second`: of a pair, whose rank is held already. */
static void note_taken(struct spinlock *l, bool second)
{
    struct cpu *c = this_cpu();
    uint64_t bit;
    uint64_t *word = rank_word(c, l->rank, &bit);

    l->cpu = (uint16_t)(c->id + 1);
    l->second = second;
    *word |= bit;
    c->lock_rank = MAX(c->lock_rank, l->rank);
}

/* The last in line until now, as CPU + 1, or 0. */
static uint16_t join_line(struct spinlock *l, uint16_t self)
{
    uint32_t word = READ_ONCE(l->word);

    while (!atomic_cas(&l->word, &word, (uint16_t)word | (uint32_t)self << TAIL_SHIFT)) {
    }
    return (uint16_t)(word >> TAIL_SHIFT);
}

/* False when somebody stands behind. */
static bool close_line(struct spinlock *l, uint16_t self)
{
    uint32_t word = READ_ONCE(l->word);

    do {
        if (word >> TAIL_SHIFT != self) {
            return false;
        }
    } while (!atomic_cas(&l->word, &word, (uint16_t)word));
    return true;
}

static void wait_to_be_first(struct spinlock *l, struct cpu *c)
{
    uint16_t self = (uint16_t)(c->id + 1);
    uint16_t before;

    c->line_next = 0;
    c->line_first = 0;
    before = join_line(l, self);
    if (before == 0) {
        return;
    }
    store_release(&cpus[before - 1]->line_next, self); /* pairs with leave_line() */
    /* Pairs with leave_line(). */
    while (load_acquire(&c->line_first) == 0) {
        arch_wait_change(&c->line_first, 0);
    }
}

static void leave_line(struct spinlock *l, struct cpu *c)
{
    if (close_line(l, (uint16_t)(c->id + 1))) {
        return;
    }
    /* Who has the tail is about to say so: pairs with wait_to_be_first(). */
    while (load_acquire(&c->line_next) == 0) {
        arch_wait_change(&c->line_next, 0);
    }
    store_release(&cpus[c->line_next - 1]->line_first, (uint16_t)1);
}

void spin_lock_wait(struct spinlock *l)
{
    struct cpu *c = this_cpu();
    unsigned int seen = 0;

    wait_to_be_first(l, c);
    for (;;) {
        uint16_t state = load_acquire(&l->state); /* pairs with spin_unlock_claimed() */

        if (state >> 8 == GRANTED || ((state & SPIN_HELD) == 0 && spin_try_take(l))) {
            break;
        }
        if (++seen == PATIENCE) {
            WRITE_ONCE(l->claim, CLAIMED);
        }
        arch_wait_change(&l->state, state);
    }
    WRITE_ONCE(l->claim, 0);
    leave_line(l, c);
}

void spin_unlock_claimed(struct spinlock *l)
{
    store_release(&l->claim, (uint8_t)GRANTED); /* pairs with spin_lock_wait() */
}

static always_inline void take(struct spinlock *l)
{
    if (unlikely(!spin_try_take(l))) {
        spin_lock_wait(l);
    }
}

#ifdef CONFIG_DEBUG
static uint8_t highest_rank(const struct cpu *c)
{
    unsigned int i;

    for (i = ARRAY_SIZE(c->held_ranks); i > 0; i--) {
        if (c->held_ranks[i - 1] != 0) {
            return (uint8_t)(i * 64 - 1 - (unsigned int)__builtin_clzl(c->held_ranks[i - 1]));
        }
    }
    return 0;
}

/* Before waiting, so that a violation is reported and not waited for. */
static void check_rank(const struct spinlock *l)
{
    const struct cpu *c = this_cpu();

    if (l->rank == 0 || l->rank >= ARRAY_SIZE(c->held_ranks) * 64) {
        panic("lock %p has no rank", (const void *)l);
    }
    if (l->rank <= c->lock_rank) {
        panic("lock of rank %u taken inside rank %u", l->rank, c->lock_rank);
    }
}

static void note_released(struct spinlock *l)
{
    struct cpu *c = this_cpu();
    uint64_t bit;
    uint64_t *word = rank_word(c, l->rank, &bit);

    if (l->cpu != c->id + 1) {
        panic("lock of rank %u released by CPU %u, holder is %d", l->rank, c->id, l->cpu - 1);
    }
    l->cpu = 0;
    if (!l->second) {
        *word &= ~bit;
        c->lock_rank = highest_rank(c);
    }
}

NO_LOCK_ANALYSIS void spin_lock(struct spinlock *l)
{
    check_rank(l);
    take(l);
    note_taken(l, false);
}

NO_LOCK_ANALYSIS void spin_unlock(struct spinlock *l)
{
    note_released(l);
    if (unlikely(READ_ONCE(l->claim) != 0)) {
        spin_unlock_claimed(l);
    } else {
        store_release(&l->held, (uint8_t)0);
    }
}
#endif

NO_LOCK_ANALYSIS bool spin_trylock(struct spinlock *l)
{
    if (READ_ONCE(l->held) != 0 || !spin_try_take(l)) {
        return false;
    }
    if (IS_ENABLED(CONFIG_DEBUG)) {
        /* It cannot deadlock, whatever the order; a rank already held stays its first holder's. */
        uint64_t bit;
        const uint64_t *held = rank_word(this_cpu(), l->rank, &bit);

        note_taken(l, (*held & bit) != 0);
    }
    return true;
}

bool spin_is_held(const struct spinlock *l)
{
    return !IS_ENABLED(CONFIG_DEBUG) || READ_ONCE(l->cpu) == this_cpu_id() + 1;
}

void spin_lock_pair(struct spinlock *a, struct spinlock *b)
{
    struct spinlock *first = (uintptr_t)a < (uintptr_t)b ? a : b;
    struct spinlock *second = first == a ? b : a;

    spin_lock(first);
    if (first != second) {
        take(second);
        if (IS_ENABLED(CONFIG_DEBUG)) {
            if (second->rank != first->rank) {
                panic("pair of locks has ranks %u and %u", first->rank, second->rank);
            }
            note_taken(second, true);
        }
    }
}

void spin_unlock_pair(struct spinlock *a, struct spinlock *b)
{
    struct spinlock *first = (uintptr_t)a < (uintptr_t)b ? a : b;
    struct spinlock *second = first == a ? b : a;

    if (first != second) {
        spin_unlock(second);
    }
    spin_unlock(first);
}

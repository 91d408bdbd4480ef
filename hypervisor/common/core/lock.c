/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ticket locks: `next` is handed out with one atomic add, `owner` is whose turn it is. Fair under
 * LL/SC too: after its one add a waiter only reads. The acquire of the add (or of the last read of
 * `owner`) pairs with the release store in spin_unlock().
 *
 * Debug builds keep the ranks that a CPU holds in struct cpu and stop at the first acquisition
 * that is out of order, whether or not another CPU would have made it a deadlock.
 */
#include <hearth/atomic.h>
#include <hearth/bug.h>
#include <hearth/cpu.h>
#include <hearth/lock.h>

#include <hearth/arch/cpu.h>

#define NEXT_ONE   0x10000U
#define NEXT_SHIFT 16

static_assert(offsetof(struct spinlock, ticket.owner) == 0, "owner is the low half of the word");

/* Bit of a rank in cpu.held_ranks. */
static uint64_t *rank_word(struct cpu *c, unsigned int rank, uint64_t *bit)
{
    *bit = 1ULL << (rank % 64);
    return &c->held_ranks[rank / 64];
}

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

static noinline void wait_turn(struct spinlock *l, uint16_t ticket)
{
    uint16_t owner;

    while ((owner = load_acquire(&l->ticket.owner)) != ticket) {
        arch_wait_change(&l->ticket.owner, owner);
    }
}

static always_inline void take(struct spinlock *l)
{
    uint32_t word = __atomic_fetch_add(&l->word, NEXT_ONE, __ATOMIC_ACQUIRE);
    uint16_t ticket = (uint16_t)(word >> NEXT_SHIFT);

    if (unlikely((uint16_t)word != ticket)) {
        wait_turn(l, ticket);
    }
}

NO_LOCK_ANALYSIS void spin_lock(struct spinlock *l)
{
    if (IS_ENABLED(CONFIG_DEBUG)) {
        check_rank(l);
    }
    take(l);
    if (IS_ENABLED(CONFIG_DEBUG)) {
        note_taken(l, false);
    }
}

NO_LOCK_ANALYSIS void spin_unlock(struct spinlock *l)
{
    if (IS_ENABLED(CONFIG_DEBUG)) {
        note_released(l);
    }
    store_release(&l->ticket.owner, (uint16_t)(READ_ONCE(l->ticket.owner) + 1));
}

NO_LOCK_ANALYSIS bool spin_trylock(struct spinlock *l)
{
    uint32_t word = READ_ONCE(l->word);

    if ((uint16_t)word != (uint16_t)(word >> NEXT_SHIFT) ||
        !atomic_cas(&l->word, &word, word + NEXT_ONE)) {
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

// SPDX-License-Identifier: Apache-2.0
/* xorshift64*: small, and the same sequence for the same seed on every architecture. */
#include <guest.h>

void prng_seed(struct prng *p, uint64_t seed)
{
    p->state = seed != 0 ? seed : 0x9e3779b97f4a7c15ULL;
}

uint64_t prng_next(struct prng *p)
{
    p->state ^= p->state >> 12;
    p->state ^= p->state << 25;
    p->state ^= p->state >> 27;
    return p->state * 0x2545f4914f6cdd1dULL;
}

uint64_t prng_below(struct prng *p, uint64_t limit)
{
    return (prng_next(p) >> 11) % limit;
}

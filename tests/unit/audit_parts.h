/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of the audit (audit.h). */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"

#define AUDIT_FRAMES  (1U << 14)
#define AUDIT_DOMAINS 64U
#define AUDIT_PINS    4096U

/* What has been seen of a frame. */
#define SEEN_LISTED (1U << 0) /* on its owner's list */
#define SEEN_MAPPED (1U << 1) /* as its owner's RAM */
#define SEEN_TABLE  (1U << 2) /* of a p2m */
#define SEEN_SHARED (1U << 3) /* of a domain, or the test's own */

struct audit_pin {
    const void *active; /* struct grant_active */
    bool write;
};

struct audit {
    struct domain *domain[AUDIT_DOMAINS];
    unsigned int listed; /* of them, on the list of domains; then those that pins alone keep */
    unsigned int nr;
    struct audit_pin pin[AUDIT_PINS];
    unsigned int nr_pins;
    uint32_t tables; /* of the p2m that is walked */
    unsigned int nr_timers;
    uint32_t frames;
    uint8_t seen[AUDIT_FRAMES];
    uint32_t refs[AUDIT_FRAMES]; /* that are explained, without the owner's own */
};

/* Says what is wrong, once for all. */
const char *audit_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#define AUDIT_CHECK(cond, ...)                                                                     \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            return audit_say(__VA_ARGS__);                                                         \
        }                                                                                          \
    } while (0)

#define AUDIT_PART(call)                                                                           \
    do {                                                                                           \
        const char *part_bad = (call);                                                             \
                                                                                                   \
        if (part_bad != NULL) {                                                                    \
            return part_bad;                                                                       \
        }                                                                                          \
    } while (0)

/* A RAM frame's place in the frame table, or 0. */
static inline uint32_t audit_index(mfn_t m)
{
    return mfn_is_ram(m) ? (uint32_t)(mfn_to_page(m) - frame_table) : 0;
}

static inline bool audit_knows(const struct audit *a, const struct domain *d)
{
    for (unsigned int i = 0; i < a->nr; i++) {
        if (a->domain[i] == d) {
            return true;
        }
    }
    return false;
}

/* One more reference on m is explained; NULL if it is a frame that can have one. */
const char *audit_ref(struct audit *a, mfn_t m, const char *by);

const char *audit_domains(struct audit *a);
const char *audit_p2m(struct audit *a, const struct domain *d);
const char *audit_vcpus(struct audit *a, const struct domain *d);
const char *audit_scheduler(const struct audit *a);
const char *audit_events(struct audit *a, const struct domain *d);
const char *audit_grants(struct audit *a, const struct domain *d);
const char *audit_pins(struct audit *a);
const char *audit_frames(const struct audit *a);

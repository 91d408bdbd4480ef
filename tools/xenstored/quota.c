/* SPDX-License-Identifier: Apache-2.0 */
#include "quota.h"

#include <errno.h>
#include <string.h>

static const struct {
    const char *name, *text;
    uint32_t hard, soft;
} items[QUOTA_ITEMS] = {
    [QUOTA_NODES] = {"nodes", "Nodes per domain", 1000, 0},
    [QUOTA_WATCHES] = {"watches", "Watches per domain", 128, 0},
    [QUOTA_TRANSACTIONS] = {"transactions", "Transactions per domain", 10, 0},
    [QUOTA_OUTSTANDING] = {"outstanding", "Outstanding requests per domain", 20, 0},
    [QUOTA_MEMORY] = {"memory", "Total Xenstore memory per domain (error level)", 2560 * 1024,
                      2048 * 1024},
    [QUOTA_NODE_SIZE] = {"node-size", "Max. size of a node", 2048, 0},
    [QUOTA_PERMS] = {"permissions", "Max. number of permissions per node", 5, 0},
    [QUOTA_PATH] = {"path-max", "Max. length of a node path", 2048, 0},
    [QUOTA_TXN_NODES] = {"transaction-nodes", "Max. number of accessed nodes per transaction", 1024,
                         0},
};

void quota_limits_init(struct quota_limits *limits)
{
    for (unsigned int i = 0; i < QUOTA_ITEMS; i++) {
        limits->hard[i] = items[i].hard;
        limits->soft[i] = items[i].soft;
    }
}

int quota_item(const char *name)
{
    for (unsigned int i = 0; i < QUOTA_ITEMS; i++) {
        if (strcmp(items[i].name, name) == 0) {
            return (int)i;
        }
    }
    return -ENOENT;
}

const char *quota_name(enum quota_item item)
{
    return items[item].name;
}

const char *quota_text(enum quota_item item)
{
    return items[item].text;
}

void quota_init(struct quota *quota, const struct quota_limits *defaults, bool bound)
{
    memset(quota, 0, sizeof(*quota));
    quota->defaults = defaults;
    quota->bound = bound;
    for (unsigned int i = 0; i < QUOTA_ITEMS; i++) {
        quota->limit[i] = QUOTA_DEFAULT;
    }
}

uint32_t quota_limit(const struct quota *quota, enum quota_item item)
{
    return quota->limit[item] != QUOTA_DEFAULT ? quota->limit[item] : quota->defaults->hard[item];
}

bool quota_fits(const struct quota *quota, enum quota_item item, uint64_t more)
{
    uint32_t limit = quota_limit(quota, item);
    uint64_t used = item < QUOTA_COUNTED ? quota->used[item] : 0;

    return !quota->bound || limit == 0 || more == 0 || (used + more <= limit && more <= limit);
}

void quota_add(struct quota *quota, enum quota_item item, uint64_t amount)
{
    quota->used[item] += amount;
    if (quota->used[item] > quota->peak[item]) {
        quota->peak[item] = quota->used[item];
    }
}

void quota_sub(struct quota *quota, enum quota_item item, uint64_t amount)
{
    /* An amount that was never charged is a bug of ours; it must not turn into a free pass. */
    quota->used[item] = amount <= quota->used[item] ? quota->used[item] - amount : 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Counts everything anew and compares with what the store has kept count of. */
#include "store.h"

struct census {
    unsigned int bad;
    uint64_t nodes[DOMAINS], bytes[DOMAINS];
};

static int visit(void *arg, const char *path, size_t len, const struct node *node)
{
    struct census *census = arg;
    uint16_t owner = node->perms->entry[0].domid;
    const struct kids *kids = node->kids;

    if (len != 1) {
        census->nodes[owner]++;
        census->bytes[owner] += node_charge(node);
        census->bad += !path_valid(path, len, 0);
    }
    if (kids != NULL) {
        struct trie_iter iter;
        const struct node *kid;
        uint32_t count = 0, names = 0;

        trie_iter_start(&iter, kids->top);
        while ((kid = trie_iter_next(&iter)) != NULL) {
            count++;
            names += (uint32_t)kid->name_len + 1;
            census->bad += trie_find(kids->top, hash_bytes(kid->data, kid->name_len), kid->data,
                                     kid->name_len) != kid;
        }
        census->bad += count != kids->count || names != kids->names;
    }
    return 0;
}

unsigned int store_check(struct store *store)
{
    struct census *census = mem_zalloc(sizeof(*census));
    unsigned int bad = 0;

    if (census == NULL) {
        return 0; /* nothing is known to be wrong */
    }
    if (tree_walk(store->tree.root, "/", 1, visit, census) == 0) {
        bad = census->bad;
        for (unsigned int i = 0; i < DOMAINS; i++) {
            const struct domain *domain = domain_find(&store->domains, (uint16_t)i);
            uint64_t nodes = domain != NULL ? domain->quota.used[QUOTA_NODES] : 0;

            bad += census->nodes[i] != nodes;
            bad += domain != NULL && domain->quota.used[QUOTA_MEMORY] < census->bytes[i];
        }
    }
    mem_free(census);
    return bad;
}

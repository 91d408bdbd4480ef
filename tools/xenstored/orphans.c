/* SPDX-License-Identifier: Apache-2.0 */
/* What a domain leaves behind: its nodes go, or, where that is asked for, become dom0's. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store.h"

struct found {
    struct found *next;
    size_t len;
    char path[];
};

struct search {
    struct store *store;
    uint16_t domid;
    struct found *list;
};

static int find(void *arg, const char *path, size_t len, const struct node *node)
{
    struct search *search = arg;
    struct found *found;

    if (node_perms(node)->entry[0].domid != search->domid || len == 1) {
        return 0;
    }
    found = mem_alloc(sizeof(*found) + len);
    if (found == NULL) {
        return -ENOMEM;
    }
    found->next = search->list;
    found->len = len;
    memcpy(found->path, path, len);
    search->list = found;
    return search->store->keep_orphans ? 0 : TREE_SKIP;
}

static int give_to_dom0(struct store *store, const struct found *found)
{
    const struct node *node = tree_find(&store->tree, found->path, found->len);
    struct perm entry[STORE_PERMS_MAX];
    size_t count = node_perms(node)->count;

    memcpy(entry, node_perms(node)->entry, count * sizeof(entry[0]));
    entry[0].domid = DOMID_DOM0;
    return store_set_perms(store, NULL, NULL, found->path, found->len, entry, count);
}

int store_remove_orphans(struct store *store, struct domain *domain)
{
    struct search search = {.store = store, .domid = domain->domid};
    int err;

    if (domain->quota.used[QUOTA_NODES] == 0) {
        return 0;
    }
    err = tree_walk(tree_root(&store->tree), "/", 1, find, &search);
    while (search.list != NULL) {
        struct found *found = search.list;

        int failed = store->keep_orphans ? give_to_dom0(store, found)
                                         : store_remove(store, NULL, NULL, found->path, found->len);

        err = err != 0 ? err : failed;
        search.list = found->next;
        mem_free(found);
    }
    return err;
}

void store_domain_gone(struct store *store, struct domain *domain)
{
    (void)store_remove_orphans(store, domain);
    journal_plain(store, JOURNAL_GONE, domain->domid);
    domain_gone(&store->domains, domain);
}

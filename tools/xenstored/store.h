/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store: tree, domains, connections, and the operations that clients ask for. No system calls.
 *
 * An operation looks up and checks first, then prepares what may fail (events, charges), and
 * changes the tree last, in one step. Errors are negative errno and mean that nothing happened.
 * Paths are absolute, valid and canonical, or special where said; `txn` is NULL outside of a
 * transaction.
 */
#pragma once

#include "conn.h"
#include "domain.h"
#include "journal.h"
#include "path.h"
#include "tree.h"
#include "txn.h"
#include "watch.h"

#define STORE_PERMS_MAX 1366 /* entries that one request can carry: 3 bytes each */

struct store_edge;

struct store {
    struct tree_env env;
    struct tree tree;
    uint64_t gen; /* of the last change */
    struct table watches;
    struct table pending; /* unsent events, by their contents */
    struct domain_table domains;
    struct list conns, retired; /* struct conn */
    uint32_t next_conn;
    struct perm_set *introduce_perms, *release_perms; /* who may watch @introduceDomain, ... */
    struct list events;    /* that the request at hand caused: they follow its reply */
    struct message *spare; /* for the reply of the request at hand */
    uint8_t *spare_in;
    struct journal journal;
    bool keep_orphans;
    bool release_untold; /* there was no memory to tell that a domain went */
    uint64_t requests;
    uint64_t conflicts;
    const struct store_edge *edge;
    void *owner; /* the edge's own */
};

enum domain_state {
    DOMAIN_RUNS,
    DOMAIN_SHUTDOWN,
    DOMAIN_DYING,
    DOMAIN_ABSENT,
};

/* What the core asks of the operating-system edge. Any function may be NULL. */
struct store_edge {
    /*
     * Connects the ring of a domain that is introduced for the first time, or again: makes
     * domain->conn, or binds its channel anew. An error is the answer to XS_INTRODUCE.
     */
    int (*introduce)(struct store *store, struct domain *domain);
    /* Disconnects the ring for good; retires domain->conn. */
    void (*release)(struct store *store, struct domain *domain);
    enum domain_state (*state)(struct store *store, uint16_t domid);
    int64_t (*now)(void); /* seconds */
    /* The journal is full: keeps all of the store, and begins another; see journal.h. */
    void (*checkpoint)(struct store *store);
    void (*log)(const struct conn *conn, const char *what, const struct xsd_sockmsg *header,
                const char *payload);
};

int store_init(struct store *store, const struct store_edge *edge) must_check;
void store_free(struct store *store);

int store_get(struct store *store, struct conn *conn, struct txn *txn, const char *path, size_t len,
              unsigned int access, const struct node **out) must_check;
int store_list(struct store *store, struct conn *conn, struct txn *txn, const char *path,
               size_t len, const struct node **out) must_check;
int store_write(struct store *store, struct conn *conn, struct txn *txn, const char *path,
                size_t len, const void *value, size_t value_len) must_check;
int store_mkdir(struct store *store, struct conn *conn, struct txn *txn, const char *path,
                size_t len) must_check;
int store_remove(struct store *store, struct conn *conn, struct txn *txn, const char *path,
                 size_t len) must_check;
/* `perm` needs no serials: those of now are put in. Special paths too. */
int store_set_perms(struct store *store, struct conn *conn, struct txn *txn, const char *path,
                    size_t len, struct perm *perm, size_t count) must_check;
/* The permissions of a node or special path. */
int store_get_perms(struct store *store, struct conn *conn, struct txn *txn, const char *path,
                    size_t len, const struct perm_set **out) must_check;

/* Where the permissions of a special path are; NULL: there is no such path. */
struct perm_set **store_special(struct store *store, const char *path);
/* Tells those who watch a special path, and may. */
int store_special_event(struct store *store, const char *path) must_check;
/*
 * Somebody speaks of a domain: from its first mention on, while it exists, permissions are given to
 * it. What was given to its number before is not its. -ENOENT: there is no such domain; -ENOMEM.
 */
int store_know(struct store *store, uint16_t domid) must_check;
/* XS_INTRODUCE and XS_RELEASE. */
int store_introduce(struct store *store, uint16_t domid, uint64_t mfn, uint32_t port) must_check;
int store_release(struct store *store, struct domain *domain) must_check;
/* Domains may have shut down or died: looks, tells those who watch @releaseDomain, and cleans up.
 */
void store_check_domains(struct store *store);
/* Frees the connections that were retired. */
void store_collect(struct store *store);
/*
 * The domain is gone, and its connection with it: its nodes go too, and its number's permissions.
 * Where memory lacks for that, nodes are left, which nobody but dom0 can reach and whose number
 * stays charged, until store_check_domains() comes to them.
 */
void store_domain_gone(struct store *store, struct domain *domain);
int store_remove_orphans(struct store *store, struct domain *domain);

/*
 * Whether charges may be made on behalf of a connection, on top of others (`before` may be NULL):
 * -ENOSPC, -ENOMEM. Afterwards all records are there to make them. store_charge() makes them;
 * records that nothing needs any more go.
 */
int store_charge_check(struct store *store, const struct conn *conn, const struct charges *charges,
                       const struct charges *before) must_check;
void store_charge(struct store *store, const struct charges *charges);
/* Its size by the rule of the quota: value, permissions and names of the children. */
uint64_t node_size(size_t value_len, size_t perms, size_t names);
/*
 * Counts everything anew: how many things are not as they should be, 0 where all is well; -ENOMEM:
 * there was no memory to look, and nothing is known.
 */
int store_check(struct store *store) must_check;

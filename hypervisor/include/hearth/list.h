/* SPDX-License-Identifier: Apache-2.0 */
/* Doubly linked circular lists. Plain data, no locking; a list head is an entry of its own. */
#pragma once

#include <hearth/compiler.h>

struct list {
    struct list *next;
    struct list *prev;
};

static inline void list_init(struct list *l)
{
    l->next = l;
    l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
    return l->next == l;
}

/* Inserts e before `at`: at the tail when `at` is the head. */
static inline void list_add_tail(struct list *at, struct list *e)
{
    e->next = at;
    e->prev = at->prev;
    at->prev->next = e;
    at->prev = e;
}

/* Inserts e after `at`: at the front when `at` is the head. */
static inline void list_add(struct list *at, struct list *e)
{
    list_add_tail(at->next, e);
}

/* Takes e out and leaves it an empty list, so that removing twice is harmless. */
static inline void list_del(struct list *e)
{
    e->next->prev = e->prev;
    e->prev->next = e->next;
    list_init(e);
}

#define list_entry(ptr, type, member)  container_of(ptr, type, member)
#define list_first(head, type, member) list_entry((head)->next, type, member)

/* The body of _safe may remove `pos`. */
#define list_for_each(pos, head) for ((pos) = (head)->next; (pos) != (head); (pos) = (pos)->next)

#define list_for_each_safe(pos, n, head)                                                           \
    for ((pos) = (head)->next, (n) = (pos)->next; (pos) != (head); (pos) = (n), (n) = (pos)->next)

/* SPDX-License-Identifier: Apache-2.0 */
/* Doubly linked circular lists; the head is an entry of its own. */
#pragma once

#include <stdbool.h>

#include "mem.h"

struct list {
    struct list *next, *prev;
};

static inline void list_init(struct list *head)
{
    head->next = head->prev = head;
}

static inline bool list_empty(const struct list *head)
{
    return head->next == head;
}

static inline void list_add_tail(struct list *head, struct list *entry)
{
    entry->next = head;
    entry->prev = head->prev;
    head->prev->next = entry;
    head->prev = entry;
}

static inline void list_del(struct list *entry)
{
    entry->prev->next = entry->next;
    entry->next->prev = entry->prev;
    list_init(entry);
}

/* Moves all entries of `from` to the end of `to`. */
static inline void list_splice_tail(struct list *to, struct list *from)
{
    if (!list_empty(from)) {
        from->next->prev = to->prev;
        to->prev->next = from->next;
        from->prev->next = to;
        to->prev = from->prev;
        list_init(from);
    }
}

#define list_entry(ptr, type, member) container_of(ptr, type, member)
/* `entry` may be removed from the list inside the loop. */
#define list_for_each_entry(entry, after, head, type, member)                                      \
    for ((entry) = list_entry((head)->next, type, member),                                         \
        (after) = list_entry((entry)->member.next, type, member);                                  \
         &(entry)->member != (head);                                                               \
         (entry) = (after), (after) = list_entry((entry)->member.next, type, member))

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deferred freeing. Hearth is not preempted inside an operation, so a reader needs no marks: an
 * object found through an RCU-published pointer stays valid until the CPU next passes
 * rcu_quiescent() (return to a guest, idle, or a softirq round). Publish with release stores.
 */
#pragma once

#include <hearth/compiler.h>

struct rcu_head {
    struct rcu_head *next;
    void (*fn)(struct rcu_head *head);
};

/* Runs fn after every CPU that is online has passed a quiescent point. Any context. */
void rcu_call(struct rcu_head *head, void (*fn)(struct rcu_head *head));
/* This CPU holds no reference. Called with no lock held. */
void rcu_quiescent(void);
/* SOFTIRQ_RCU's handler. */
void rcu_softirq(void);

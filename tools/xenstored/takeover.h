/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Live update from Debian's oxenstored 4.17, which writes its dump (oxenstored.h) to "db" in the
 * daemon's directory and executes this program with --live --restart, all descriptors open.
 * A child loads the state first. If that fails, oxenstored is executed again, which reads its dump
 * and serves on.
 */
#pragma once

#include <stdbool.h>

struct takeover {
    int state; /* a descriptor that holds it, as state_load() wants it; -1: no take-over */
    int told;  /* in the child: where to say how it went */
    unsigned int virq;
    bool rehearsal; /* this is the child */
    bool unasked;   /* whoever asked for the update has not heard yet that it is done */
};

extern struct takeover takeover;

/* Returns with the state, in the child and, if that was content, in this process. Else it executes
 * the old program; -errno if even that fails. */
int takeover_begin(void);
/* It is done: the dump is of no use any more. */
void takeover_done(void);

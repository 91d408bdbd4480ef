/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Live update: another program takes this one's place, its number (pid) and its connections.
 *
 * 1. Rehearsal: the new program, as a child, loads a copy of the whole state, says so, and ends.
 *    Meanwhile this one serves on. A program of somebody else's, which knows no rehearsal, skips
 * this.
 * 2. Handover: the state is written again, a guardian (a fork of this process) starts to wait, and
 * this process executes the new program, which loads the state and tells the guardian that it
 * serves.
 * 3. If it does not say so in time, or ends, the guardian ends it and serves on where the old one
 * stopped.
 */
#pragma once

#include "server.h"
#include "state.h"
#include "wire.h"

/* A program that has these bytes in it knows rehearsals and says when it serves. */
#define UPDATE_MARK "hearth-xenstored-can-rehearse"
/* What it is told, in the environment: "<pid> <state> <told> <virq> <rehearsal>". */
#define UPDATE_ENV "XENSTORED_HANDOVER"

struct update {
    struct conn *conn; /* whose session it is; NULL: there is none */
    char *binary, *cmdline;
    bool foreign;
    struct xsd_sockmsg asked; /* the request that waits for its answer */
    unsigned int seconds;     /* time limit */
    int64_t deadline;         /* while the rehearsal runs; 0: it does not */
    int child;
    struct source told; /* what the child says */
    size_t said_len;
    char said[160];
    bool due; /* the handover is to be done */
};

extern struct update update;

/* XS_CONTROL live-update. */
int update_control(struct request *request, unsigned int words) must_check;
/* A connection goes. */
void update_gone(const struct conn *conn);
/* Between two rounds of the server: does what is due. Milliseconds until it wants to be called
 * again, -1. */
int update_tick(void);
/* Answers the request that started it. The session is over. */
void update_end(const char *answer);

/* A descriptor that holds the whole state; -errno. */
int handover_state(bool foreign, bool for_asker) must_check;
/* Executes the new program with all descriptors of the state; returns only if that fails. */
int handover_exec(int state, int told, bool rehearsal);
/* Step 2. Returns in a process that goes on to serve; the reason has been told to the asker. */
void handover(void);

/* The new program's side: loads what it was handed. Ends the process if that fails. */
int resume_load(bool domains, bool dom0) must_check;
/* All is set up: says so. Ends the process if it was a rehearsal. */
void resume_done(void);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Debian's oxenstored 4.17 hands over in its live update: lines of text, seen in its dumps.
 *
 *   $xenstored-dump-format
 *   global,<listening socket>
 *   evtchn-dev,<descriptor>,<port of VIRQ_DOM_EXC>
 *   dom,<domid>,<frame of its ring>,<its port>,<our port>
 *   socket,<descriptor>
 *   watch,<domid, or minus the descriptor>,<path>,<token>
 *   store,<path>,<permissions, each with a NUL between>,<value>
 *
 * Paths, tokens, permissions and values are hexadecimal. A parent stands before its children.
 */
#pragma once

#include "state.h"

struct oxenstored {
    unsigned int virq; /* the port that its VIRQ_DOM_EXC comes by */
    size_t line;       /* the last one looked at, from 1 */
    const char *why;   /* what is wrong with it */
};

/*
 * Writes the same as a state (version 1), for state_load() to judge. -EINVAL: a line makes no
 * sense; -ENOMEM. After an error *out is empty.
 */
int oxenstored_to_state(const char *text, size_t len, struct bytes *out,
                        struct oxenstored *found) must_check;

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file that the store outlives this process in: a checkpoint (the stream of state.h, without
 * what belongs to clients that will be cut off) and behind it the journal. A new checkpoint is a
 * new file that takes the name of the old one when it is whole.
 *
 * It lies in memory (tmpfs) and is of one boot of the machine: another boot's is not loaded.
 */
#pragma once

#include "server.h"

/* NULL: nothing is kept. */
void persist_use(const char *file);
enum persist_found {
    PERSIST_NONE,
    PERSIST_LOADED,
    PERSIST_BAD, /* it was put aside; the store is good for store_free() only */
};
/* Loads what the file holds. */
enum persist_found persist_load(void);
/* From now on all is kept. */
void persist_start(void);
/* Lets the file go, for somebody else takes over who does not keep it up. */
void persist_forget(void);
/* Tries again where there was no room. */
void persist_tick(void);
/* The edge's part of journal_commit(). */
void persist_checkpoint(struct store *store);

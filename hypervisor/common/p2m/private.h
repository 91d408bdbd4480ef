/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of p2m/. */
#pragma once

#include <hearth/p2m.h>

static_assert(P2M_R == PT_R && P2M_W == PT_W && P2M_X == PT_X,
              "access bits go through as they are");

/* Types whose mappings hold a reference on the frame. */
#define P2M_COUNTED ((1U << P2M_FOREIGN) | (1U << P2M_GRANT))

extern const struct pt_env p2m_env;

/* Frees limbo after a grace period. Under p2m->lock. */
void p2m_table_schedule(struct p2m *p2m) REQUIRES(p2m->lock);

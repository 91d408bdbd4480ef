/* SPDX-License-Identifier: Apache-2.0 */
/* Between matrix_world.c, which builds the machine, and matrix_state.c, which looks at it. */
#pragma once

#include "matrix.h"

#include <hearth/num.h>
#include <hearth/page.h>

#define MATRIX_DOMAINS 6U

/* Frames of RAM, by gfn from ARG_GFN on. */
#define SPAN (RAM_GFN + RAM_PAGES - ARG_GFN)

struct domain;
extern struct domain *matrix_dom[MATRIX_DOMAINS];
extern mfn_t matrix_frame[MATRIX_DOMAINS][SPAN];

static inline void *matrix_va(uint16_t id, uint64_t gfn_at)
{
    return mfn_to_virt(matrix_frame[id][gfn_at - ARG_GFN]);
}

/* Those that are free, or cut into objects of which some are. */
uint64_t matrix_free_frames(void);
/* The call's structure into the caller's memory, or from there (to_arg), as far as there is any. */
void matrix_transfer(const struct matrix_call *c, uint8_t *to_arg);

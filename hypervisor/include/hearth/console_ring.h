/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ring of a console (public/io/console.h: struct xencons_interface), in a guest's RAM. Either
 * side may write anything at any time: each index is looked at once for each use.
 */
#pragma once

#include <hearth/num.h>

struct console_ring {
    uint8_t in[1024];
    uint8_t out[2048];
    uint32_t in_cons;
    uint32_t in_prod;
    uint32_t out_cons;
    uint32_t out_prod;
};

#define CONSOLE_RING_IN  1024U
#define CONSOLE_RING_OUT 2048U

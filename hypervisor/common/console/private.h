/* SPDX-License-Identifier: Apache-2.0 */
/* Between the console's files. */
#pragma once

#include <hearth/console.h>
#include <hearth/lock.h>
#include <hearth/num.h>

#define RING_SIZE  16384U /* power of two */
#define INPUT_SIZE 256U   /* power of two */

/* Nobody: the cursor is at the start of a line. Else the domain id, or Hearth itself. */
#define LINE_NONE    0xffffffffU
#define LINE_HEARTH  0xfffffffeU
#define FOCUS_HEARTH 0xffffffffU

struct console {
    struct spinlock lock; /* RANK_CONSOLE: all below, and every domain's struct console_domain */
    const struct uart *uart;
    bool panic; /* no locks any more */
    char last;  /* written to the UART */
    uint32_t line_owner;
    /* Indices run freely; the ring holds [ring_start, ring_end), at most RING_SIZE bytes. */
    uint32_t ring_start;
    uint32_t ring_end;
    char ring[RING_SIZE];
    char format[1024]; /* printk()'s text */
    /* Input */
    uint32_t focus;   /* domain id, or FOCUS_HEARTH */
    char switch_char; /* '\0': no switching */
    uint32_t switch_count;
    uint32_t input_head;
    uint32_t input_tail;
    char input[INPUT_SIZE]; /* for dom0 */
};

/* See console_pv.c. */
struct console_pv {
    struct spinlock lock;      /* RANK_VUART */
    struct console_ring *ring; /* NULL: let go */
    mfn_t mfn;                 /* a reference is held */
    gfn_t gfn;
    evtchn_port_t port;
};

extern struct console console;

void console_lock(void) ACQUIRES(console.lock);
void console_unlock(void) RELEASES(console.lock);

/* One character to the UART and, if `keep`, to the ring. */
void console_emit(char c, bool keep) REQUIRES(console.lock);
void ring_put(char c) REQUIRES(console.lock);
/* Starts a new line unless `owner` may continue the open one; true when at a line's start. */
bool console_line_for(uint32_t owner) REQUIRES(console.lock);
/* Text of Hearth's own: prefixes each line. */
void console_text(const char *text, size_t len) REQUIRES(console.lock);
/* Writes out the line that waits in d's buffer. */
void console_domain_flush(struct domain *d) REQUIRES(console.lock);

/* What passes of `cost` units: false when the bucket is full. */
bool console_rate_pass(struct console_rate *r, uint32_t cost, uint32_t burst,
                       uint32_t per_second) must_check;

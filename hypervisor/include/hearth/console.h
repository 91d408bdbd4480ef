/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Console: log levels, ring, UART output, input switching between Hearth and domains.
 *
 * printk() formats a line with the "(XEN) " prefix that Xen's users know, filters it by loglvl,
 * stores it in the console ring (readable by XEN_SYSCTL_readconsole later) and writes it out.
 * Guest output is rate-limited per domain and prefixed "(XEN) DOMn: ", dom0's is written as is.
 */
#pragma once

#include <hearth/compiler.h>
#include <hearth/num.h>
#include <hearth/timer.h>

struct domain;
struct vcpu;

enum log_level {
    LOG_ERR = 0,
    LOG_WARNING = 1,
    LOG_INFO = 2,
    LOG_DEBUG = 3,
};

/* A leaky bucket: `level` grows by what passes and shrinks with time. */
struct console_rate {
    uint32_t level;
    uint32_t suppressed; /* since the last thing that passed */
    nanosec_t since;
};

/* A domain's part of the console; all zeros at birth. Under the console's lock. */
struct console_domain {
    char line[128]; /* output of an unfocused domU waits here for its line's end */
    uint32_t length;
    uint32_t escape; /* inside a terminal escape sequence */
    struct console_rate output;
    struct console_rate messages; /* guest_printk() */
};

/* Any context; takes RANK_CONSOLE. Lines of one call are not interleaved with others'. */
void printk(enum log_level level, const char *fmt, ...) printf_like(2, 3);
/* About a guest's doing: filtered by guest_loglvl and rate-limited for d (d may be NULL). */
void guest_printk(struct domain *d, enum log_level level, const char *fmt, ...) printf_like(3, 4);

/* A UART driver. Polled output; input comes through console_rx(). Const after start-up. */
struct uart {
    const char *name;
    void (*putc)(char c);
    void (*rx_irq_enable)(void); /* NULL: no input */
};
/* The first one is given what the ring kept until now. With console=none all goes nowhere. */
void console_set_uart(const struct uart *uart);
/* A character from the UART (interrupt or poll): Hearth's keys, or the focused domain's input. */
void console_rx(char c);

/* Output of a domain: console_io write, or its virtual UART. `text` is hypervisor memory. */
void console_domain_write(struct domain *d, const char *text, size_t len);
/* Bytes of input that wait for dom0's console_io read; returns how many were copied. */
size_t console_domain_read(struct domain *d, char *buf, size_t size);

/*
 * PV console of a guest that Hearth starts: a ring (public/io/console.h) in its RAM at gfn, and a
 * channel on which the hardware domain may take over as the back end. Until then, and when that one
 * is gone, Hearth is: output goes to console_domain_write(), input comes with the focus.
 * _init: -EINVAL (no RAM there), -ENOMEM, -EEXIST, -ENOSPC; d is not running. _told: d sent on a
 * port that waits for its peer; no lock of RANK_VUART or above is held; -ERESTART: again, there is
 * more. _rx: d takes input. _release: d is dying. _free: nobody can find d any more.
 */
int console_pv_init(struct domain *d, gfn_t gfn, evtchn_port_t *port) must_check;
int console_pv_told(struct domain *d, evtchn_port_t port) must_check;
bool console_pv_takes_input(const struct domain *d) must_check;
void console_pv_rx(struct domain *d, char c);
void console_pv_release(struct domain *d);
void console_pv_free(struct domain *d);
/* STATE_CONSOLE, of a domain that has one. Load, after memory and channels: -EINVAL, -ENOMEM. */
struct state_stream;
struct state_header;
void console_pv_state_save(struct domain *d, struct state_stream *s);
int console_pv_state_load(struct domain *d, const struct state_header *h,
                          const void *body) must_check;

/* Reads the ring from *index on (advanced) or, index NULL, from its start. */
size_t console_ring_read(char *buf, size_t size, uint32_t *index);
/* Where what is kept begins. */
uint32_t console_ring_start(void);
/* Forgets what lies before index. */
void console_ring_clear(uint32_t index);

/* Flushes and makes printk() lock-free: panic and bug only. */
void console_panic_mode(void);

/*
 * Start-up is done, domains are about to run: enables input and gives it to the first domain that
 * takes any (dom0 if there is one), unless conswitch's second character is 'x'.
 */
void console_boot_done(void);
/* Gives input to the next of: dom0, each domU with a virtual UART, Hearth. */
void console_switch_input(void);

/* Called when a domain is born or goes, so that focus moves off it. */
void console_domain_added(struct domain *d);
void console_domain_removed(struct domain *d);

/* A debug key, from the UART or XEN_SYSCTL_debug_keys. Runs with no lock held. */
void debug_key(char key);

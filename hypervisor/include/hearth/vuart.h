/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual UART of a domU: ARM's PL011 (DDI 0183) as far as an SBSA generic UART goes (DEN0029,
 * appendix B). Behind it is one of two:
 *
 * - the console: output is always taken at once and goes to console_domain_write(); input comes
 *   while the console has the domain's focus;
 * - a ring (public/io/console.h) that a back end in another domain shares, as `xl console -t vuart`
 *   has it: while the ring is full, the transmitter is.
 *
 * Lock: RANK_VUART, held while the interrupt line is set (RANK_VGIC), not while output is written
 * or an event is sent.
 */
#pragma once

#include <hearth/num.h>
#include <hearth/state.h>

struct domain;
struct vcpu;

#define VPL011_SIZE 0x1000U

/* Gives d a UART at `base` that raises `spi`. -ENOMEM, -EEXIST. d is not running. */
int vpl011_init(struct domain *d, gaddr_t base, unsigned int spi) must_check;
/*
 * The same with a ring in d's RAM at `ring`, and a channel at *port for the back end in `console`.
 * d->lock is held. Beside those, -EINVAL: no RAM there, or no port.
 */
int vpl011_init_ring(struct domain *d, gaddr_t base, unsigned int spi, gfn_t ring, domid_t console,
                     evtchn_port_t *port) must_check;
/*
 * A guest's access. False when it is not the UART's, or one that the device does not answer (8
 * bytes, unaligned): the caller injects an abort.
 */
bool vpl011_mmio(struct vcpu *v, gaddr_t addr, bool write, unsigned int size,
                 uint64_t *value) must_check;
/* A character of input; lost when the FIFO is full. Any context. */
void vpl011_rx(struct domain *d, char c);
/* Whether that is where its input comes from. NULL vuart is allowed. */
bool vpl011_on_console(const struct domain *d) must_check;
/* The back end has changed the ring. Holds no lock of RANK_VUART or above. */
void vpl011_told(struct domain *d);
/* A dying domain's UART lets its ring go. NULL vuart is allowed. */
void vpl011_release(struct domain *d);
/* When d cannot be found any more (its last reference is gone). NULL vuart is allowed. */
void vpl011_destroy(struct domain *d);

/*
 * STATE_VUART. The domain has a UART (vpl011_init) and does not run. Load, after its memory and its
 * channels: -EINVAL.
 */
void vpl011_state_save(struct domain *d, struct state_stream *s);
int vpl011_state_load(struct domain *d, const struct state_header *h, const void *body) must_check;

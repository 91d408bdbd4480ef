/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual UART of a domU: ARM's PL011 (DDI 0183) as far as an SBSA generic UART goes (DEN0029,
 * appendix B). Output is always taken at once and goes to console_domain_write(); input comes from
 * the console while it has the domain's focus.
 *
 * Lock: RANK_VUART, held while the interrupt line is set (RANK_VGIC), not while output is written.
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
 * A guest's access. False when it is not the UART's, or one that the device does not answer (8
 * bytes, unaligned): the caller injects an abort.
 */
bool vpl011_mmio(struct vcpu *v, gaddr_t addr, bool write, unsigned int size,
                 uint64_t *value) must_check;
/* A character of input; lost when the FIFO is full. Any context. */
void vpl011_rx(struct domain *d, char c);
/* When d cannot be found any more (its last reference is gone). NULL vuart is allowed. */
void vpl011_destroy(struct domain *d);

/* STATE_VUART. The domain has a UART (vpl011_init) and does not run. Load: -EINVAL. */
void vpl011_state_save(struct domain *d, struct state_stream *s);
int vpl011_state_load(struct domain *d, const struct state_header *h, const void *body) must_check;

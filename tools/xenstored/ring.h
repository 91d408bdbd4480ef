/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shared page of a domain (xenstore-ring.txt). The domain may write anything to it at any time:
 * an index is read once and checked; nothing that is in the page is trusted twice.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <xen/io/xs_wire.h>

/* Bytes moved, 0: none; -EINVAL: the indexes make no sense. What is read stays in the ring. */
ssize_t ring_read(const struct xenstore_domain_interface *page, void *to, size_t room);
/* Makes room for the domain where n bytes were read. */
void ring_took(struct xenstore_domain_interface *page, size_t n);
/* Whether the domain has put something there to read (or nonsense, which ring_read() tells). */
bool ring_waits(const struct xenstore_domain_interface *page);
ssize_t ring_write(struct xenstore_domain_interface *page, const void *from, size_t len);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hypervisor's heap: size classes up to half a page in slabs, whole pages above.
 * Memory comes back zeroed. Any context; takes RANK_HEAP and below.
 */
#pragma once

#include <hearth/compiler.h>

/* NULL when there is no memory. Alignment: 64 for sizes >= 64, else the next power of two. */
void *heap_alloc(size_t size) must_check;
/* count * size with the product checked. */
void *heap_alloc_array(size_t count, size_t size) must_check;
/* NULL is allowed. */
void heap_free(void *p);

/* Bytes handed out and not freed, for leak tests. */
size_t heap_in_use(void);
/* Pages that are cut into objects; an empty one of each size is kept. */
size_t heap_slab_pages(void);

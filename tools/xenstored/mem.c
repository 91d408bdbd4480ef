/* SPDX-License-Identifier: Apache-2.0 */
#include "mem.h"

#include <stdlib.h>

struct mem_count mem_counted;

void *mem_alloc(size_t size)
{
    return mem_fails() ? NULL : malloc(size);
}

void *mem_zalloc(size_t size)
{
    return mem_fails() ? NULL : calloc(1, size);
}

void *mem_resize(void *old, size_t size)
{
    return mem_fails() ? NULL : realloc(old, size);
}

void mem_free(void *p)
{
    free(p);
}

void mem_fail_at(uint64_t n)
{
    mem_counted.fail_at = n != 0 ? mem_counted.count + n : 0;
}

uint64_t mem_count(void)
{
    return mem_counted.count;
}

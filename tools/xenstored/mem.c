/* SPDX-License-Identifier: Apache-2.0 */
#include "mem.h"

#include <stdbool.h>
#include <stdlib.h>

static uint64_t count, fail_at;

static bool fails(void)
{
    return ++count == fail_at;
}

void *mem_alloc(size_t size)
{
    return fails() ? NULL : malloc(size);
}

void *mem_zalloc(size_t size)
{
    return fails() ? NULL : calloc(1, size);
}

void *mem_resize(void *old, size_t size)
{
    return fails() ? NULL : realloc(old, size);
}

void mem_free(void *p)
{
    free(p);
}

void mem_fail_at(uint64_t n)
{
    fail_at = n != 0 ? count + n : 0;
}

uint64_t mem_count(void)
{
    return count;
}

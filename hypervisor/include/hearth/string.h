/* SPDX-License-Identifier: Apache-2.0 */
/* The part of <string.h> that Hearth uses; same semantics. */
#pragma once

#include <hearth/compiler.h>

void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);

/* Copies at most size - 1 characters and ends with NUL; returns strlen(src). */
size_t strlcpy(char *dst, const char *src, size_t size);

/*
 * Parses a number: decimal, or 0x hexadecimal. *end is the first character not taken; false when
 * there was no digit or the value overflows.
 */
bool parse_u64(const char *s, const char **end, uint64_t *value) must_check;
/* The same followed by an optional K, M, G or T (powers of 1024, no suffix: KiB as Xen does). */
bool parse_size(const char *s, const char **end, uint64_t *bytes) must_check;

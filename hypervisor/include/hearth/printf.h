/* SPDX-License-Identifier: Apache-2.0 */
/* Formatted output to memory. Conversions: %c %s %d %i %u %x %X %p %% with l, ll, z, h, hh,
 * width, precision, flags 0 - and space. No floating point, no %n. */
#pragma once

#include <hearth/compiler.h>

#include <stdarg.h>

/* As C's: always ends with NUL when size > 0, returns the length that the text would have. */
int snprintf(char *buf, size_t size, const char *fmt, ...) printf_like(3, 4);
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap) printf_like(3, 0);

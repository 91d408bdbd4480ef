/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that could stop or end the caller, or print: sched_op, console_io, multicall and debug
 * keys. These are asked in READ_ONLY and CROSSING forms of their pointers, too. Not asked: block,
 * shutdown in a form that is no fault, dom0's shutdown of itself; reads when there is input.
 */
#pragma once

#include "matrix.h"

/* Bytes that console_io and debug keys are given. */
#define TEXT_SIZE 16U

bool is_careful(const struct matrix_row *row);
/* The call must not be made; how: NR_VARIATIONS for the good form. */
bool would_end(const struct matrix_row *row, const struct matrix_field *f, enum variation how);
/* State that the row's call needs, before; and its end, after. */
void careful_before(const struct matrix_row *row);
void careful_after(const struct matrix_row *row);
/* A word that the row's buffer is full of; 0: any. */
uint64_t careful_word(const struct matrix_row *row);
/* The same memory, where it can only be read. */
uint64_t read_only(uint64_t at);
/* The forms of argument f (NULL: as a whole) that only these rows have; false: not one of them. */
bool vary_careful(struct matrix_call *c, const struct matrix_field *f, enum variation how,
                  uint64_t buffer);

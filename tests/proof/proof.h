/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the proofs share. A proof is a program for CBMC: it builds ANY state that satisfies an
 * invariant, calls one operation of the real code with any arguments, and asserts that the
 * invariant holds again. By induction it then holds for ever, however long the run.
 *
 * Functions named nondet_* have no body: CBMC lets them return anything.
 */
#pragma once

#include <generated/autoconf.h>
#include <hearth/compiler.h>

#define ASSUME(cond)      __CPROVER_assume(cond)
#define PROVE(cond, what) __CPROVER_assert(cond, what)
/* A proof about states that cannot be would prove nothing: each of these must be found reachable
 * (the claim that it never holds must fail). */
#ifdef SEEDED /* a bug is to be found, nothing else */
#define COVER(cond) ((void)0)
#else
#define COVER(cond) __CPROVER_assert(!(cond), "reached: " #cond)
#endif

bool nondet_bool(void);
uint8_t nondet_u8(void);
uint16_t nondet_u16(void);
uint32_t nondet_u32(void);
uint64_t nondet_u64(void);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hypercall dispatch. Rows are in hearth/hypercall/ *.def; a handler is decode, check, perform.
 * A hypercall's result is negative errno or a value; -ERESTART re-executes the instruction with
 * the argument registers that hypercall_restart() left.
 */
#pragma once

#include <hearth/num.h>

struct vcpu;

struct hypercall_args {
    uint64_t arg[5];
};

/*
 * Runs hypercall `nr` for the current vCPU; args are copies of its argument registers. When the
 * result is -ERESTART the arch layer writes args back and rewinds the program counter.
 */
int64_t hypercall(struct vcpu *v, uint64_t nr, struct hypercall_args *args);

/* Lists of operations inside multicall share this entry without the restart rules. */

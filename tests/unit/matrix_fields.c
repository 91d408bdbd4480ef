/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fields of all arguments, from the .def files, and what is passed in registers. Offsets and
 * sizes are the wire's, of which common/abi proves that they are the internal structures'.
 */
#include "common/abi/wire.h"

#include "matrix.h"

#define ARG(op, wire)      typedef wire wire_##op;
#define ARG_ARCH(op, wire) typedef wire wire_##op;
#define FIELD(op, field, type, min, max)
#define FIELD_AS(op, field, wire_field, type, min, max)
#define FIELD_ARCH(op, field, at, wire_field, type, min, max)
#include <hearth/hypercall/fields.def>
#include <hearth/hypercall/fields_domctl.def>
#include <hearth/hypercall/fields_sysctl.def>
#undef ARG
#undef ARG_ARCH

#define ARG(op, wire)      {#op, sizeof(wire_##op)},
#define ARG_ARCH(op, wire) {#op, sizeof(wire_##op)},

const struct matrix_arg matrix_args[] = {
#include <hearth/hypercall/fields.def>
#include <hearth/hypercall/fields_domctl.def>
#include <hearth/hypercall/fields_sysctl.def>
};
const size_t matrix_nr_args = ARRAY_SIZE(matrix_args);

#undef ARG
#undef ARG_ARCH
#undef FIELD
#undef FIELD_AS
#undef FIELD_ARCH
#define ARG(op, wire)
#define ARG_ARCH(op, wire)
#define IN_STRUCT(op, called, what, at, length, low, high)                                         \
    {.arg = #op,                                                                                   \
     .name = called,                                                                               \
     .type = FT_##what,                                                                            \
     .reg = MATRIX_NO_REGISTER,                                                                    \
     .offset = (uint32_t)(at),                                                                     \
     .size = (uint32_t)(length),                                                                   \
     .min = (uint64_t)(low),                                                                       \
     .max = (uint64_t)(high)},
#define FIELD(op, field, type, min, max) FIELD_AS(op, field, field, type, min, max)
#define FIELD_AS(op, field, wire_field, type, min, max)                                            \
    IN_STRUCT(op, #field, type, offsetof(wire_##op, wire_field),                                   \
              sizeof(((wire_##op *)0)->wire_field), min, max)
#define FIELD_ARCH(op, field, at, wire_field, type, min, max)                                      \
    IN_STRUCT(op, #wire_field, type, offsetof(wire_##op, wire_field),                              \
              sizeof(((wire_##op *)0)->wire_field), min, max)
#define IN_REGISTER(call, called, what, n, length, low, high)                                      \
    {.arg = call,                                                                                  \
     .name = called,                                                                               \
     .type = FT_##what,                                                                            \
     .reg = (n),                                                                                   \
     .size = (length),                                                                             \
     .min = (low),                                                                                 \
     .max = (high)},

#define RUNSTATE_FLAG 5 /* the only assist that there is */

const struct matrix_field matrix_fields[] = {
    IN_REGISTER("grant_table_op", "count", COUNT, 2, 4, 0, INT32_MAX)
        IN_REGISTER("vcpu_op", "vcpu", VCPU, 1, 4, 0, FIELD_MAX)
            IN_REGISTER("vm_assist", "type", ENUM, 1, 4, RUNSTATE_FLAG, RUNSTATE_FLAG)
                IN_REGISTER("console_io", "count", COUNT, 1, 4, 0, FIELD_MAX)
                    IN_REGISTER("console_io", "buffer", PTR, 2, 8, 0, FIELD_MAX)
                        IN_REGISTER("multicall", "count", COUNT, 1, 4, 0, FIELD_MAX)
#include <hearth/hypercall/fields.def>
#include <hearth/hypercall/fields_domctl.def>
#include <hearth/hypercall/fields_sysctl.def>
};
const size_t matrix_nr_fields = ARRAY_SIZE(matrix_fields);

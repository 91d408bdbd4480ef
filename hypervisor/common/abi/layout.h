/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For files that include rows of fields: each row becomes the proof that an internal structure has
 * the wire structure's layout. The architecture's own part is shorter on x86, and is not compared.
 */
#pragma once

#define SAME_FIELD(a, field, b, wire_field)                                                        \
    static_assert(offsetof(a, field) == offsetof(b, wire_field) &&                                 \
                      sizeof(((a *)0)->field) == sizeof(((b *)0)->wire_field),                     \
                  #a "." #field)

#define ARG(op, wire)                                                                              \
    typedef wire wire_##op;                                                                        \
    static_assert(sizeof(struct op##_arg) == sizeof(wire_##op), #op);
#define FIELD(op, field, type, min, max) SAME_FIELD(struct op##_arg, field, wire_##op, field);
#define FIELD_AS(op, field, wire_field, type, min, max)                                            \
    SAME_FIELD(struct op##_arg, field, wire_##op, wire_field);

#ifdef CONFIG_X86
#define ARG_ARCH(op, wire)                                                                         \
    typedef wire wire_##op;                                                                        \
    static_assert(sizeof(struct op##_arg) >= sizeof(wire_##op), #op);
#define FIELD_ARCH(op, field, at, wire_field, type, min, max)
#else
#define ARG_ARCH(op, wire) ARG(op, wire)
#define FIELD_ARCH(op, field, at, wire_field, type, min, max)                                      \
    static_assert(offsetof(struct op##_arg, field) + (at) == offsetof(wire_##op, wire_field),      \
                  #op "." #wire_field);
#endif

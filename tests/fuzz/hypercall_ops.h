/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hypercalls out of bytes: which there are, and what their arguments consist of, from the rows and
 * fields that the hypervisor's own dispatchers are made of. A new row is fuzzed without a word
 * here.
 */
#pragma once

#include <string.h>

#include <hearth/abi_domctl.h>
#include <hearth/abi_sysctl.h>
#include <hearth/abi_types.h>
#include <hearth/domain.h>
#include <hearth/hypercall/domctl_ops.h>
#include <hearth/hypercall/evtchn_ops.h>
#include <hearth/hypercall/grant_ops.h>
#include <hearth/hypercall/handlers.h>
#include <hearth/hypercall/sysctl_ops.h>

enum field_kind {
    KIND_DOMID,
    KIND_PORT,
    KIND_VCPU,
    KIND_GREF,
    KIND_HANDLE,
    KIND_GFN,
    KIND_ADDR,
    KIND_PTR,
    KIND_COUNT,
    KIND_ENUM,
    KIND_FLAGS,
    KIND_NUM,
    KIND_TIME,
    KIND_OUT,
    KIND_OUT_DOMID = KIND_OUT,
    KIND_OUT_PORT = KIND_OUT,
    KIND_OUT_VCPU = KIND_OUT,
    KIND_OUT_HANDLE = KIND_OUT,
    KIND_OUT_GFN = KIND_OUT,
    KIND_OUT_ADDR = KIND_OUT,
    KIND_OUT_COUNT = KIND_OUT,
    KIND_OUT_ENUM = KIND_OUT,
    KIND_OUT_FLAGS = KIND_OUT,
    KIND_OUT_NUM = KIND_OUT,
    KIND_OUT_TIME = KIND_OUT,
};

/* --- Arguments: ID_<type> for each, and their fields --- */

#define FIELD(...)
#define FIELD_AS(...)
#define FIELD_ARCH(...)
#define ARG(op, wire)      ID_##op##_arg,
#define ARG_ARCH(op, wire) ID_##op##_arg,
enum arg_id {
    ID_none,
#include <hearth/hypercall/fields.def>
#include <hearth/hypercall/fields_domctl.def>
#include <hearth/hypercall/fields_sysctl.def>
    NR_ARGS
};
#undef FIELD
#undef FIELD_AS
#undef FIELD_ARCH
#undef ARG
#undef ARG_ARCH

struct field {
    uint16_t arg; /* enum arg_id */
    uint16_t offset;
    uint8_t size;
    uint8_t kind;
    uint64_t min, max;
};

#define ARG(op, wire)
#define ARG_ARCH(op, wire)
#define FIELD(op, member, type, low, high)                                                         \
    {ID_##op##_arg,                                                                                \
     offsetof(struct op##_arg, member),                                                            \
     sizeof(((struct op##_arg *)0)->member),                                                       \
     KIND_##type,                                                                                  \
     low,                                                                                          \
     high},
#define FIELD_AS(op, member, wire, type, low, high) FIELD(op, member, type, low, high)
#define FIELD_ARCH(op, member, at, wire, type, low, high)                                          \
    {ID_##op##_arg, offsetof(struct op##_arg, member) + (at), 2, KIND_##type, low, high},
static const struct field fields[] = {
#include <hearth/hypercall/fields.def>
#include <hearth/hypercall/fields_domctl.def>
#include <hearth/hypercall/fields_sysctl.def>
};
#undef FIELD
#undef FIELD_AS
#undef FIELD_ARCH

#undef ARG
#undef ARG_ARCH
#define ARG(op, wire)      [ID_##op##_arg] = sizeof(struct op##_arg),
#define ARG_ARCH(op, wire) ARG(op, wire)
#define FIELD(...)
#define FIELD_AS(...)
#define FIELD_ARCH(...)
static const uint16_t arg_size[NR_ARGS] = {
#include <hearth/hypercall/fields.def>
#include <hearth/hypercall/fields_domctl.def>
#include <hearth/hypercall/fields_sysctl.def>
};

/* --- Rows --- */

enum call {
    CALL_PLATFORM = 7,
    CALL_MEMORY = 12,
    CALL_MULTICALL = 13,
    CALL_VERSION = 17,
    CALL_CONSOLE = 18,
    CALL_GRANT = 20,
    CALL_ASSIST = 21,
    CALL_VCPU = 24,
    CALL_SCHED = 29,
    CALL_EVENT = 32,
    CALL_PHYSDEV = 33,
    CALL_HVM = 34,
    CALL_SYSCTL = 35,
    CALL_DOMCTL = 36,
};

struct op {
    uint8_t call; /* enum call */
    uint16_t cmd;
    uint16_t arg; /* enum arg_id */
};

#define OP_SELF(number, name, type, ...) {OPS_CALL, number, ID_##type},
#define OP_TARGET                        OP_SELF
#define OP_HOT                           OP_SELF
#define OP_ARRAY                         OP_SELF
#define OP_ONE                           OP_SELF
#define OP_CURSOR                        OP_SELF
#define OP_RESERVATION                   OP_SELF
#define VCPU_OP                          OP_SELF
#define OP_NULL(number, name, hook)      {OPS_CALL, number, ID_none},
#define VCPU_OP_NULL                     OP_NULL
#define CONSOLE_OP                       OP_NULL
#define ASSIST_OP                        OP_NULL
#define DOMCTL_NULL                      OP_NULL
#define OP_REFUSED(...)
#define VCPU_OP_REFUSED(...)
#define VERSION_REFUSED(...)
#define DOMCTL_REFUSED(...)
#define SYSCTL_REFUSED(...)
#define PLATFORM_REFUSED(...)
#define VERSION_OP                        OP_SELF
#define DOMCTL(number, name, member, ...) {OPS_CALL, number, ID_domctl_##member##_arg},
#define DOMCTL_ANY(number, name, hook)    {OPS_CALL, number, ID_domctl_##name##_arg},
#define SYSCTL(number, name, ...)         {OPS_CALL, number, ID_sysctl_##name##_arg},
#define PLATFORM_OP(number, name, hook)   {OPS_CALL, number, ID_platform_##name##_arg},

static const struct op ops[] = {
#define OPS_CALL CALL_EVENT
#include <hearth/hypercall/evtchn.def>
#undef OPS_CALL
#define OPS_CALL CALL_GRANT
#include <hearth/hypercall/grant.def>
#undef OPS_CALL
#define OPS_CALL CALL_MEMORY
#include <hearth/hypercall/memory.def>
#undef OPS_CALL
#define OPS_CALL CALL_SCHED
#include <hearth/hypercall/sched.def>
#undef OPS_CALL
#define OPS_CALL CALL_VCPU
#include <hearth/hypercall/vcpu.def>
#undef OPS_CALL
#define OPS_CALL CALL_HVM
#include <hearth/hypercall/hvm.def>
#undef OPS_CALL
#define OPS_CALL CALL_PHYSDEV
#include <hearth/hypercall/physdev.def>
#undef OPS_CALL
#define OPS_CALL CALL_VERSION
#include <hearth/hypercall/version.def>
#undef OPS_CALL
#define OPS_CALL CALL_CONSOLE
#include <hearth/hypercall/console.def>
#undef OPS_CALL
#define OPS_CALL CALL_ASSIST
#include <hearth/hypercall/assist.def>
#undef OPS_CALL
#define OPS_CALL CALL_PLATFORM
#include <hearth/hypercall/platform.def>
#undef OPS_CALL
#define OPS_CALL CALL_DOMCTL
#include <hearth/hypercall/domctl.def>
#undef OPS_CALL
#define OPS_CALL CALL_SYSCTL
#include <hearth/hypercall/sysctl.def>
#undef OPS_CALL
};

/* --- Bytes --- */

struct input {
    const uint8_t *at;
    size_t left;
};

static inline uint32_t take(struct input *in, uint32_t limit)
{
    if (in->left == 0) {
        return 0;
    }
    in->left--;
    return *in->at++ % limit;
}

/* Anything: a power of two, one less, or 32 bits as they come. */
static inline uint64_t wild(struct input *in)
{
    uint32_t b = take(in, 256);

    if (b < 192) {
        return (1ULL << (b & 63U)) - (b >= 128);
    }
    return b | take(in, 256) << 8 | take(in, 256) << 16 | take(in, 256) << 24;
}

/* Mostly near the low bound, now and then at or beyond the high one. */
static inline uint64_t number(struct input *in, uint64_t min, uint64_t max)
{
    uint32_t b = take(in, 256);

    if (b < 144) {
        return min + (b & 3U);
    }
    if (b < 208) {
        return min + (b & 15U);
    }
    if (b < 232) {
        return max - (b & 3U) % 3;
    }
    return b < 240 ? max + (b & 1U) : wild(in);
}

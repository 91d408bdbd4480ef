/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of all tables, from the .def files. A new form of row does not compile here. */
#include <hearth/compiler.h>
#include <hearth/errno.h>

#include "matrix.h"

enum {
#define HYPERCALL(number, name)                     NR_##name = (number),
#define HYPERCALL_REFUSED(number, name, error, why) NR_##name = (number),
#include <hearth/hypercall/hypercalls.def>
#undef HYPERCALL
#undef HYPERCALL_REFUSED
};

enum {
#define XSM_HOOK(id, default_rule) HOOK_##id = RULE_##default_rule,
#include <hearth/xsm_hooks.def>
#undef XSM_HOOK
};

#define IS_IN        false
#define IS_INOUT     true
#define ROW(of, ...) ROW_EXPANDED(of, __VA_ARGS__)
#define ROW_EXPANDED(of, nr, called, shape, rights, ...)                                           \
    {.table = #of,                                                                                 \
     .hypercall = NR_##of,                                                                         \
     .command = (nr),                                                                              \
     .name = #called,                                                                              \
     .form = FORM_##shape,                                                                         \
     .rule = (enum matrix_rule)HOOK_##rights,                                                      \
     __VA_ARGS__},

/* Tables of the common forms. */
#define OP_SELF(nr, name, type, direction, hook)                                                   \
    ROW(TABLE, nr, name, OP, hook, .arg = #type, .inout = IS_##direction)
#define OP_HOT                         OP_SELF
#define OP_NULL(nr, name, hook)        ROW(TABLE, nr, name, OP, hook, .arg = NULL)

#define OP_REFUSED(nr, name, err, why) ROW(TABLE, nr, name, OP, VERSION, .error = (err))

#define OP_ARRAY(nr, name, type, hook)                                                             \
    ROW(TABLE, nr, name, GRANT, hook, .arg = #type, .inout = true)
#define OP_CURSOR(nr, name, type, hook) ROW(TABLE, nr, name, GRANT, hook, .arg = #type)
/* Rows that act on the domain they name are there twice: by the control domain, on another; by a
 * guest, on itself. */
#define TWICE(nr, name, shape, hook, ...)                                                          \
    ROW(TABLE, nr, name, shape, hook, .on_another = true, __VA_ARGS__)                             \
    ROW(TABLE, nr, name, shape, hook, .on_itself = true, __VA_ARGS__)
#define OP_TARGET(nr, name, type, direction, hook, field)                                          \
    TWICE(nr, name, OP, hook, .arg = #type, .inout = IS_##direction, .target = #field)
#define OP_RESERVATION(nr, name, type, hook)                                                       \
    TWICE(nr, name, OP, hook, .arg = #type, .reserve = true, .target = "domid")
#define OP_ONE(nr, name, type, hook)                                                               \
    TWICE(nr, name, GRANT, hook, .arg = #type, .inout = true, .target = "dom")

/* Requests. */
#define DOMCTL(nr, name, member, direction, hook)                                                  \
    ROW(domctl, nr, name, REQUEST, hook, .arg = "domctl_" #member "_arg", .inout = IS_##direction, \
        .finds = true, .version = VERSION_OF_DOMCTL)
#define DOMCTL_NULL(nr, name, hook)                                                                \
    ROW(domctl, nr, name, REQUEST, hook, .finds = true, .version = VERSION_OF_DOMCTL)
#define DOMCTL_ANY(nr, name, hook)                                                                 \
    ROW(domctl, nr, name, REQUEST, hook, .arg = "domctl_" #name "_arg", .inout = true,             \
        .version = VERSION_OF_DOMCTL)
#define DOMCTL_REFUSED(nr, name, err, why)                                                         \
    ROW(domctl, nr, name, REQUEST, DOMCTL, .finds = true, .error = (err),                          \
        .version = VERSION_OF_DOMCTL)
#define SYSCTL(nr, name, direction, hook)                                                          \
    ROW(sysctl, nr, name, REQUEST, hook, .arg = "sysctl_" #name "_arg", .inout = IS_##direction,   \
        .version = 0x15)
#define SYSCTL_REFUSED(nr, name, err, why)                                                         \
    ROW(sysctl, nr, name, REQUEST, SYSCTL, .error = (err), .version = 0x15)
#define PLATFORM_OP(nr, name, hook)                                                                \
    ROW(platform_op, nr, name, REQUEST, hook, .arg = "platform_" #name "_arg",                     \
        .version = 0x03000001)
#define PLATFORM_REFUSED(nr, name, err, why)                                                       \
    ROW(platform_op, nr, name, REQUEST, PLATFORM, .error = (err), .version = 0x03000001)

/* Tables of forms of their own. */
#define VCPU_OP(nr, name, type, hook)       ROW(vcpu_op, nr, name, VCPU, hook, .arg = #type)
#define VCPU_OP_NULL(nr, name, hook)        ROW(vcpu_op, nr, name, VCPU, hook, .arg = NULL)
#define VCPU_OP_REFUSED(nr, name, err, why) ROW(vcpu_op, nr, name, VCPU, VERSION, .error = (err))
#define ASSIST_OP(nr, name, hook)           ROW(vm_assist, nr, name, ASSIST, hook, .arg = NULL)
#define CONSOLE_OP(nr, name, hook)          ROW(console_io, nr, name, CONSOLE, hook, .arg = NULL)
#define VERSION_OP(nr, name, type, hook)                                                           \
    ROW(xen_version, nr, name, OP, hook, .arg = #type, .inout = true)
#define VERSION_REFUSED(nr, name, err, why)                                                        \
    ROW(xen_version, nr, name, OP, VERSION_PRIV, .error = (err))
#define HYPERCALL(nr, name)
#define HYPERCALL_REFUSED(nr, name, err, why) ROW(name, 0, refused, BARE, VERSION, .error = (err))

const struct matrix_row matrix_rows[] = {
#define VERSION_OF_DOMCTL 0x15
#include <hearth/hypercall/domctl.def>
#undef VERSION_OF_DOMCTL
#define VERSION_OF_DOMCTL 0x17
#include <hearth/hypercall/domctl.def>
#include <hearth/hypercall/hypercalls.def>
#include <hearth/hypercall/platform.def>
#include <hearth/hypercall/sysctl.def>
#define TABLE memory_op
#include <hearth/hypercall/memory.def>
#undef TABLE
#define TABLE event_channel_op
#include <hearth/hypercall/evtchn.def>
#undef TABLE
#define TABLE sched_op
#include <hearth/hypercall/sched.def>
#undef TABLE
#define TABLE hvm_op
#include <hearth/hypercall/hvm.def>
#undef TABLE
#define TABLE physdev_op
#include <hearth/hypercall/physdev.def>
#undef TABLE
#define TABLE grant_table_op
#include <hearth/hypercall/grant.def>
#undef TABLE
#include <hearth/hypercall/assist.def>
#include <hearth/hypercall/console.def>
#include <hearth/hypercall/vcpu.def>
#include <hearth/hypercall/version.def>
    /* multicall has no rows: the list is its argument. */
    ROW(multicall, 0, entry, CALLS, MULTICALL, .arg = "multicall_entry_arg", .inout = true)};
const size_t matrix_nr_rows = ARRAY_SIZE(matrix_rows);

#undef HYPERCALL
#undef HYPERCALL_REFUSED
#define HYPERCALL(nr, name)                   {#name, (nr)},
#define HYPERCALL_REFUSED(nr, name, err, why) {#name, (nr)},

const struct matrix_hypercall matrix_hypercalls[] = {
#include <hearth/hypercall/hypercalls.def>
};
const size_t matrix_nr_hypercalls = ARRAY_SIZE(matrix_hypercalls);

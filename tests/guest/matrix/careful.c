// SPDX-License-Identifier: Apache-2.0
#include "careful.h"

#include <guest.h>
#include <hypercall.h>

#define ALIAS_GIB       300UL                /* above RAM, below BAD_ADDRESS */
#define BLOCK_READ_ONLY (0x701UL | 1UL << 7) /* as cpu.c's normal memory, but for AP[2] */
#define LONG_TIME       1000000U             /* seconds: it never fires */
#define TEXT            0x0a2e65746972770aUL /* "\nwrite.\n" */
#define CAPABILITIES    ((uint64_t)XENVER_capabilities)

extern uint64_t page_table[512];

static uint32_t pending_port;

static bool is_row(const struct matrix_row *row, const char *table, const char *name)
{
    return strcmp(row->table, table) == 0 && (name == NULL || strcmp(row->name, name) == 0);
}

bool is_careful(const struct matrix_row *row)
{
    return is_row(row, "sched_op", NULL) || is_row(row, "console_io", NULL) ||
           is_row(row, "multicall", NULL) || is_row(row, "sysctl", "debug_keys");
}

bool would_end(const struct matrix_row *row, const struct matrix_field *f, enum variation how)
{
    if (is_row(row, "sched_op", "block")) { /* it waits for an interrupt */
        return true;
    }
    /* What a guest has at address 0 may be shared_info. */
    if ((is_row(row, "sched_op", NULL) || is_row(row, "multicall", NULL)) && f == NULL &&
        how == ZERO && platform.is_domu) {
        return true;
    }
    /* Xen ends the caller whatever the reason. */
    if (is_row(row, "sched_op", "shutdown")) {
        return f != NULL ||
               (how != ZERO && how != ALL_ONES && how != UNMAPPED && how != CROSSING_HOLE);
    }
    /* dom0, by its id. */
    return is_row(row, "sched_op", "remote_shutdown") && !platform.is_domu && f != NULL &&
           f->type == FT_DOMID && (how == ZERO || how == SELF_BY_ID);
}

static void make_pending(void)
{
    struct evtchn_reset reset = {.dom = DOMID_SELF};
    struct evtchn_bind_ipi bind = {.vcpu = 0};
    struct evtchn_send send;

    if (evtchn_op(EVTCHNOP_reset, &reset) != 0 || evtchn_op(EVTCHNOP_bind_ipi, &bind) != 0) {
        guest_panic("no port to poll");
    }
    send.port = bind.port;
    if (evtchn_op(EVTCHNOP_send, &send) != 0) {
        guest_panic("no event to poll for");
    }
    pending_port = bind.port;
}

static long watchdog(uint32_t id, uint32_t timeout)
{
    struct sched_watchdog w = {.id = id, .timeout = timeout};

    return sched_op(SCHEDOP_watchdog, &w);
}

void careful_before(const struct matrix_row *row)
{
    if (is_row(row, "sched_op", "poll")) {
        make_pending();
    } else if (is_row(row, "sched_op", "watchdog") && watchdog(0, LONG_TIME) != 1) {
        guest_panic("no watchdog");
    }
}

void careful_after(const struct matrix_row *row)
{
    if (is_row(row, "sched_op", "watchdog")) {
        watchdog(1, 0);
        watchdog(2, 0);
    }
}

uint64_t careful_word(const struct matrix_row *row)
{
    if (is_row(row, "sched_op", "poll")) {
        return (uint64_t)pending_port << 32 | pending_port;
    }
    return is_row(row, "console_io", NULL) ? TEXT : 0;
}

uint64_t read_only(uint64_t at)
{
    page_table[ALIAS_GIB] = (at >> 30 << 30) | BLOCK_READ_ONLY;
    dsb();
    __asm__ volatile("tlbi vmalle1" ::: "memory");
    dsb();
    isb();
    return ALIAS_GIB << 30 | (at & ((1UL << 30) - 1));
}

/* The last bytes of RAM: a longer count goes beyond. */
static void place_at_end(struct matrix_call *c, uint64_t buffer)
{
    const struct matrix_field *f;
    uint64_t at = platform.ram_end - TEXT_SIZE;

    if (c->row->form == FORM_CALLS) {
        matrix_place(c, platform.ram_end - c->size);
        return;
    }
    memcpy((void *)(uintptr_t)at, (const void *)(uintptr_t)buffer, TEXT_SIZE);
    for (size_t i = 0; (f = matrix_row_field(c->row, i)) != NULL; i++) {
        if (f->type == FT_PTR) {
            matrix_set(c, f, at);
        }
    }
}

/* A register's has no maximum: there, the greatest int. */
static bool vary_count(struct matrix_call *c, const struct matrix_field *f, enum variation how,
                       uint64_t buffer)
{
    uint64_t value;

    if (how == ABOVE_MAXIMUM && f->reg != MATRIX_NO_REGISTER) {
        value = INT32_MAX;
    } else if (!matrix_vary_value(f, how, &value)) {
        return false;
    }
    if (!is_row(c->row, "sched_op", NULL)) {
        place_at_end(c, buffer);
    }
    matrix_set(c, f, value);
    return true;
}

/* A multicall's entry: in itself; with a buffer that is not there. */
static bool vary_entry(struct matrix_call *c, const struct matrix_field *f, enum variation how)
{
    const uint64_t args[] = {CAPABILITIES, BAD_ADDRESS};

    if (how == SELF && strcmp(f->name, "op") == 0) {
        matrix_set(c, f, __HYPERVISOR_multicall);
        return true;
    }
    if (how == UNMAPPED && strcmp(f->name, "args") == 0) {
        memcpy(c->arg + f->offset, args, sizeof(args));
        return true;
    }
    return false;
}

bool vary_careful(struct matrix_call *c, const struct matrix_field *f, enum variation how,
                  uint64_t buffer)
{
    if (f == NULL) {
        uint64_t at = c->at;

        if (how != READ_ONLY || c->size == 0) {
            return false;
        }
        memcpy((void *)(uintptr_t)at, c->arg, c->size);
        matrix_place(c, read_only(at));
        c->put = false;
        return true;
    }
    if (f->type == FT_COUNT) {
        return vary_count(c, f, how, buffer);
    }
    if (c->row->form == FORM_CALLS) {
        return vary_entry(c, f, how);
    }
    if (f->type != FT_PTR || how < CROSSING || how > READ_ONLY) {
        return false;
    }
    matrix_set(c, f,
               how == CROSSING        ? buffer + PAGE_SIZE - 2
               : how == CROSSING_HOLE ? platform.ram_end - 2
                                      : read_only(buffer));
    return true;
}

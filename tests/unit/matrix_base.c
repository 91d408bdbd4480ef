/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that should succeed, one for each row: from the metadata, and what it cannot know. */
#include "unit.h"

#include "matrix.h"

#include <hearth/domain.h>
#include <hearth/errno.h>

/* --- What the metadata does not say --- */

/* Values of fields. */
static const struct {
    const char *row, *field;
    uint64_t value;
} values[] = {
    {"domctl.createdomain", "domain", 0}, /* one that is free */
    {"domctl.max_vcpus", "max", 2},
    {"domctl.setvcpuaffinity", "flags", 3}, /* hard and soft */
    {"domctl.getvcpuaffinity", "flags", 3},
    {"domctl.scheduler_op", "u.credit2.weight", 256},
    {"domctl.scheduler_op", "u.credit2.cap", 0},
    {"domctl.scheduler_op", "sched_id", 6},
    {"domctl.set_address_size", "domain", NEWBORN}, /* before there is memory */
    {"domctl.set_paging_mempool_size", "size", 512 << 12},
    {"domctl.set_virq_handler", "virq", 3},
    {"sysctl.cpupool_op", "op", 3},
    {"sysctl.scheduler_op", "sched_id", 6},
    {"sysctl.scheduler_op", "cmd", 1},
    {"memory_op.add_to_physmap_batch", "space", 4}, /* foreign */
    {"memory_op.add_to_physmap_batch", "domid", DOMID_SELF},
    {"memory_op.acquire_resource", "type", 1},
    {"sched_op.watchdog", "timeout", 1},
    {"grant_table_op.map", "host_addr", PAGE_OF(FREE_GFN)},
    {"grant_table_op.unmap", "host_addr", PAGE_OF(GRANT_GFN)},
    {"grant_table_op.unmap", "dev_bus_addr", 0},
    {"grant_table_op.swap", "ref_b", DEFAULT_REF + 10},
    {"grant_table_op.copy", "flags", 1}, /* from a reference */
    {"grant_table_op.copy", "source.u.ref", DEFAULT_REF},
    {"grant_table_op.copy", "dest.domid", DOMID_SELF},
};

/* The words of the buffer that PTR fields point at; 1 elsewhere. */
static const struct {
    const char *row;
    uint64_t word;
} words[] = {
    {"memory_op.decrease_reservation", RAM_GFN},
    {"memory_op.add_to_physmap_batch", RAM_GFN},
};

/* What must have been called before, in 0x15 where there are versions. */
static const struct {
    const char *row, *before;
} befores[] = {
    {"domctl.unpausedomain", "domctl.pausedomain"},
    {"event_channel_op.expand_array", "event_channel_op.init_control"},
    {"event_channel_op.set_priority", "event_channel_op.init_control"},
    {"physdev_op.pci_device_remove", "physdev_op.pci_device_add"},
};

/* Rows whose good call fails here, and with what (a reservation: with nothing done). */
static const struct {
    const char *row;
    int64_t rc;
    bool itself; /* only when a guest does it to itself */
} errors[] = {
    {"memory_op.increase_reservation", 0, false},
    {"event_channel_op.bind_pirq", -EINVAL, false},
    {"grant_table_op.unmap_and_replace", -1, false},
    {"hvm_op.set_param", -EPERM, true},
    {"memory_op.add_to_physmap_batch", -EPERM, true}, /* it controls no other */
};

/* Failures that leave something done, as on Xen: an answer that could not be copied out. */
static const struct {
    const char *row, *field; /* NULL: the argument itself */
} stays[] = {
    {"domctl.createdomain", NULL},
    {"domctl.vuart_op", NULL},
    {"domctl.setvcpuaffinity", "cpumap_hard.bitmap"},
    {"domctl.setvcpuaffinity", "cpumap_soft.bitmap"},
    {"memory_op.add_to_physmap_batch", NULL},
    {"memory_op.add_to_physmap_batch", "size"}, /* the items before the one that failed */
    {"memory_op.add_to_physmap_batch", "errs"},
    {"memory_op.acquire_resource", NULL},
    {"event_channel_op.bind_interdomain", NULL},
    {"event_channel_op.bind_virq", NULL},
    {"event_channel_op.alloc_unbound", NULL},
    {"event_channel_op.bind_ipi", NULL},
    {"event_channel_op.init_control", NULL},
    {"grant_table_op.map", NULL},
    {"grant_table_op.map", "count"},
    {"grant_table_op.unmap", NULL},
    {"grant_table_op.unmap", "count"},
    {"grant_table_op.swap", NULL},
    {"grant_table_op.swap", "count"},
    {"grant_table_op.copy", NULL},
    {"grant_table_op.copy", "count"},
};

/* Fields whose bounds the row does not keep (XEN-ABI), or that it does not look at. */
static const struct {
    const char *row, *field;
} looses[] = {
    {"domctl.createdomain", "domain"},                 /* a reserved number asks for any */
    {"domctl.scheduler_op", "u.v.vcpus"},              /* of commands that the policy lacks */
    {"console_io.read", "buffer"},                     /* there is no input */
    {"vcpu_op.register_runstate_memory_area", "area"}, /* may be mapped later */
};

/* Rows that act on all domains. */
static const struct {
    const char *row;
} of_all[] = {
    {"platform_op.settime32"},
    {"platform_op.settime64"},
};

static unsigned int used_value[ARRAY_SIZE(values)], used_word[ARRAY_SIZE(words)],
    used_before[ARRAY_SIZE(befores)], used_error[ARRAY_SIZE(errors)], used_stay[ARRAY_SIZE(stays)],
    used_loose[ARRAY_SIZE(looses)], used_all[ARRAY_SIZE(of_all)];

/* --- Names, fields --- */

const char *matrix_name(const struct matrix_row *row, const struct matrix_field *f)
{
    static char text[4][160];
    static unsigned int turn;
    char *at = text[turn++ % ARRAY_SIZE(text)];

    snprintf(at, sizeof(text[0]), "%s.%s%s%s", row->table, row->name, f != NULL ? "." : "",
             f != NULL ? f->name : "");
    return at;
}

/* All of that name: those of both versions, on another and on itself. */
static bool is_row(const struct matrix_row *row, const char *name)
{
    return strcmp(matrix_name(row, NULL), name) == 0;
}

/* --- Good calls --- */

void matrix_base(const struct matrix_row *row, struct matrix_call *c)
{
    static const uint64_t good_values[FT_OUT] = {
        [FT_DOMID] = PEER,
        [FT_PORT] = 1,
        [FT_GREF] = DEFAULT_REF,
        [FT_GFN] = RAM_GFN,
        [FT_ADDR] = PAGE_OF(RAM_GFN),
        [FT_PTR] = PAGE_OF(BUFFER_GFN),
        [FT_COUNT] = 1,
    };
    const struct matrix_field *f;

    matrix_plain(row, c, good_values);
    c->caller = row->on_itself || row->rule == RULE_ANY || row->rule == RULE_PEER ? GUEST : CONTROL;
    if (c->put) {
        matrix_place(c, PAGE_OF(ARG_GFN));
    }
    for (size_t v = 0; v < ARRAY_SIZE(values); v++) {
        for (size_t i = 0; (f = matrix_row_field(row, i)) != NULL; i++) {
            if (is_row(row, values[v].row) && strcmp(f->name, values[v].field) == 0) {
                matrix_set(c, f, values[v].value);
                used_value[v]++;
            }
        }
    }
    for (size_t i = 0; row->on_itself && (f = matrix_row_field(row, i)) != NULL; i++) {
        if (strcmp(f->name, row->target) == 0) {
            matrix_set(c, f, DOMID_SELF);
        }
    }
}

bool matrix_base_fails(const struct matrix_row *row, int64_t *rc)
{
    if (row->error != 0) {
        /* Numbers of a later version are none in an earlier one. */
        *rc = row->version == 0x15 && row->command > 86 && row->command < 1000 && row->finds
                  ? -ENOSYS
                  : -row->error;
        return true;
    }
    if (row->on_itself && row->rule == RULE_PRIV) {
        *rc = -EPERM;
        return true;
    }
    for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
        if (is_row(row, errors[i].row) && (row->on_itself || !errors[i].itself)) {
            used_error[i]++;
            *rc = errors[i].rc;
            return true;
        }
    }
    return false;
}

void matrix_fill(const struct matrix_row *row)
{
    uint64_t word = 1;

    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (is_row(row, words[i].row)) {
            word = words[i].word;
            used_word[i]++;
        }
    }
    matrix_fill_buffer(CONTROL, word);
    matrix_fill_buffer(GUEST, word);
}

void matrix_prepare(const struct matrix_row *row)
{
    for (size_t i = 0; i < ARRAY_SIZE(befores); i++) {
        for (size_t r = 0; is_row(row, befores[i].row) && r < matrix_nr_rows; r++) {
            if (is_row(&matrix_rows[r], befores[i].before) && matrix_rows[r].version != 0x17 &&
                !matrix_rows[r].on_itself) {
                struct matrix_call c;

                matrix_fill(&matrix_rows[r]);
                matrix_base(&matrix_rows[r], &c);
                matrix_remember(&c);
                matrix_issue(&c);
                assert_int_equal(c.rc, 0);
                used_before[i]++;
            }
        }
    }
}

static bool is_about(const struct matrix_row *row, const struct matrix_field *f,
                     const char *row_name, const char *field_name)
{
    return is_row(row, row_name) &&
           (f == NULL ? field_name == NULL
                      : field_name != NULL && strcmp(field_name, f->name) == 0);
}

bool matrix_may_stay(const struct matrix_row *row, const struct matrix_field *f)
{
    for (size_t i = 0; i < ARRAY_SIZE(stays); i++) {
        if (is_about(row, f, stays[i].row, stays[i].field)) {
            used_stay[i]++;
            return true;
        }
    }
    return false;
}

bool matrix_may_stay_somehow(const struct matrix_row *row)
{
    for (size_t i = 0; i < ARRAY_SIZE(stays); i++) {
        if (is_row(row, stays[i].row)) {
            return true;
        }
    }
    return false;
}

bool matrix_is_loose(const struct matrix_row *row, const struct matrix_field *f)
{
    for (size_t i = 0; i < ARRAY_SIZE(looses); i++) {
        if (is_about(row, f, looses[i].row, looses[i].field)) {
            used_loose[i]++;
            return true;
        }
    }
    return false;
}

bool matrix_is_of_all(const struct matrix_row *row)
{
    for (size_t i = 0; i < ARRAY_SIZE(of_all); i++) {
        if (is_row(row, of_all[i].row)) {
            used_all[i]++;
            return true;
        }
    }
    return false;
}

/* Devices are no domain's: those that the call may have told of go. */
void matrix_undo(const struct matrix_call *c)
{
    if (strcmp(c->row->table, "physdev_op") != 0) {
        return;
    }
    for (size_t r = 0; r < matrix_nr_rows; r++) {
        for (unsigned int mine = 0;
             mine < 2 && is_row(&matrix_rows[r], "physdev_op.pci_device_remove"); mine++) {
            struct matrix_call remove;

            matrix_base(&matrix_rows[r], &remove);
            if (mine != 0) {
                memcpy(remove.arg, c->arg, remove.size);
            }
            matrix_remember(&remove);
            matrix_issue(&remove);
        }
    }
}

#define UNUSED(list, used)                                                                         \
    for (size_t i = 0; i < ARRAY_SIZE(list); i++) {                                                \
        if (used[i] == 0) {                                                                        \
            return list[i].row;                                                                    \
        }                                                                                          \
    }

const char *matrix_unused(void)
{
    UNUSED(values, used_value)
    UNUSED(words, used_word)
    UNUSED(befores, used_before)
    UNUSED(errors, used_error)
    UNUSED(stays, used_stay)
    UNUSED(looses, used_loose)
    UNUSED(of_all, used_all)
    return NULL;
}

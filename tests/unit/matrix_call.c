/* SPDX-License-Identifier: Apache-2.0 */
/* Calls, from rows and fields alone: nothing here knows the machine, or which side it is on. */
#include "matrix.h"

#include <string.h>

#define MOST_FIELDS 32U /* of one row */

/* "evtchn_close_arg" is the argument of "evtchn_close". */
static bool is_arg(const char *arg, const char *name)
{
    size_t n = strlen(name);

    return arg != NULL && strncmp(arg, name, n) == 0 && strcmp(arg + n, "_arg") == 0;
}

static const struct matrix_field *find_field(const char *arg, const char *name)
{
    for (size_t i = 0; i < matrix_nr_fields; i++) {
        if (strcmp(matrix_fields[i].arg, arg) == 0 && strcmp(matrix_fields[i].name, name) == 0) {
            return &matrix_fields[i];
        }
    }
    return NULL;
}

/* The whole request, and the field of it that is the union, or one of its members. */
static const char *request_of(const struct matrix_row *row, const char **u)
{
    *u = "u";
    if (strcmp(row->table, "domctl") == 0) {
        return "domctl_request";
    }
    if (strcmp(row->table, "sysctl") == 0) {
        return "sysctl_request";
    }
    *u = "u.settime32";
    return "platform_op";
}

size_t matrix_arg_size(const struct matrix_row *row)
{
    const char *u;

    for (size_t i = 0; i < matrix_nr_args; i++) {
        const char *name = matrix_args[i].name;

        if (row->form == FORM_REQUEST ? strcmp(request_of(row, &u), name) == 0
                                      : is_arg(row->arg, name)) {
            return matrix_args[i].size;
        }
    }
    return 0;
}

static bool is_field_of(const struct matrix_row *row, const struct matrix_field *f)
{
    const char *u;

    if (f->type >= FT_OUT) {
        return false;
    }
    if (f->reg != MATRIX_NO_REGISTER) {
        return strcmp(f->arg, row->table) == 0;
    }
    /* Of the request: its version, and the domain. Its command is the row. */
    if (row->form == FORM_REQUEST && strcmp(f->arg, request_of(row, &u)) == 0) {
        return strcmp(f->name, "version") == 0 || strcmp(f->name, "interface_version") == 0 ||
               strcmp(f->name, "domain") == 0;
    }
    return is_arg(row->arg, f->arg);
}

const struct matrix_field *matrix_row_field(const struct matrix_row *row, size_t n)
{
    static struct matrix_row last; /* what the list depends on */
    static const struct matrix_field *list[MOST_FIELDS];
    static size_t nr;

    if (row->table != last.table || row->arg != last.arg || row->form != last.form) {
        last = *row;
        nr = 0;
        for (size_t i = 0; i < matrix_nr_fields && nr < MOST_FIELDS; i++) {
            if (is_field_of(row, &matrix_fields[i])) {
                list[nr++] = &matrix_fields[i];
            }
        }
    }
    return n < nr ? list[n] : NULL;
}

/* Where a field stands. In domctl 0x17, createdomain has a word more before vmtrace_size. */
static uint32_t place(const struct matrix_call *c, const struct matrix_field *f)
{
    const char *u, *request = request_of(c->row, &u);
    uint32_t at = f->offset;

    if (c->row->form != FORM_REQUEST || strcmp(f->arg, request) == 0) {
        return at;
    }
    if (c->row->version == 0x17 && strcmp(f->arg, "domctl_createdomain") == 0 &&
        at >= find_field(f->arg, "vmtrace_size")->offset) {
        at += (uint32_t)sizeof(uint32_t);
    }
    return find_field(request, u)->offset + at;
}

static size_t length(const struct matrix_field *f)
{
    return f->size < sizeof(uint64_t) ? f->size : sizeof(uint64_t);
}

uint64_t matrix_get(const struct matrix_call *c, const struct matrix_field *f)
{
    uint64_t value = 0;

    if (f->reg != MATRIX_NO_REGISTER) {
        return c->reg[f->reg];
    }
    memcpy(&value, &c->arg[place(c, f)], length(f));
    return value;
}

/* Of what is longer than a word, every byte is the value's lowest. */
void matrix_set(struct matrix_call *c, const struct matrix_field *f, uint64_t value)
{
    if (f->reg != MATRIX_NO_REGISTER) {
        c->reg[f->reg] = value;
    } else if (f->size > sizeof(value)) {
        memset(&c->arg[place(c, f)], (uint8_t)value, f->size);
    } else {
        memcpy(&c->arg[place(c, f)], &value, length(f));
    }
}

void matrix_place(struct matrix_call *c, uint64_t at)
{
    static const int reg[] = {
        [FORM_OP] = 1,      [FORM_GRANT] = 1,  [FORM_VCPU] = 2,    [FORM_CALLS] = 0,
        [FORM_REQUEST] = 0, [FORM_ASSIST] = 4, [FORM_CONSOLE] = 4, [FORM_BARE] = 4};

    c->at = at;
    c->reg[reg[c->row->form]] = at;
}

void matrix_plain(const struct matrix_row *row, struct matrix_call *c, const uint64_t *good)
{
    const uint32_t head[2] = {(uint32_t)row->command, row->version};
    const struct matrix_field *f;

    memset(c, 0, sizeof(*c));
    c->row = row;
    c->size = (uint32_t)matrix_arg_size(row);
    c->put = c->size != 0;
    for (size_t i = 0; (f = matrix_row_field(row, i)) != NULL; i++) {
        uint64_t value = good[f->type] > f->min ? good[f->type] : f->min;

        matrix_set(c, f, value < f->max ? value : f->max);
    }
    if (row->form == FORM_REQUEST) {
        memcpy(c->arg, head, sizeof(head));
    } else if (row->form != FORM_CALLS && row->form != FORM_BARE) {
        c->reg[0] = row->command;
    }
}

bool matrix_vary_value(const struct matrix_field *f, enum variation how, uint64_t *value)
{
    uint64_t mask = f->size >= sizeof(uint64_t) ? UINT64_MAX : (1ULL << 8 * f->size) - 1;

    switch (how) {
    case ZERO:
        *value = 0;
        return true;
    case ALL_ONES:
        *value = mask;
        return true;
    case MAXIMUM:
        *value = f->max < mask ? f->max : mask;
        return true;
    case ABOVE_MAXIMUM:
        *value = f->max + 1;
        return f->max < mask && f->size <= sizeof(*value);
    case BELOW_MINIMUM:
        *value = f->min - 1;
        return f->min != 0;
    default:
        return false;
    }
}

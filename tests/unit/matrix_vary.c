/* SPDX-License-Identifier: Apache-2.0 */
/* The ways in which an argument can be bad, and what must come of each. */
#include "unit.h"

#include "matrix.h"

#include <hearth/domain.h>
#include <hearth/xsm.h>

#define TOP_OF_ADDRESSES (1ULL << 40)

const char *const matrix_variations[NR_VARIATIONS] = {
    "zero",          "all ones",         "maximum",       "maximum + 1", "minimum - 1",
    "unaligned",     "unmapped",         "page-crossing", "into a hole", "read-only",
    "wrong domain",  "dying domain",     "new domain",    "self",        "self by its id",
    "no permission", "undescribed bytes"};

static bool vary_pointer(const struct matrix_field *f, enum variation how, uint64_t *value)
{
    uint64_t good = f->type == FT_PTR ? PAGE_OF(BUFFER_GFN) : PAGE_OF(RAM_GFN);
    bool frame = f->type == FT_GFN;

    if (f->type != FT_PTR && f->type != FT_ADDR && !frame) {
        return false;
    }
    switch (how) {
    case UNALIGNED:
        *value = good + 1;
        return !frame;
    case UNMAPPED:
        *value = frame ? HOLE_GFN : PAGE_OF(HOLE_GFN);
        return true;
    case CROSSING:
        *value = good + PAGE_OF(1) - 4;
        return !frame;
    case CROSSING_HOLE:
        *value = PAGE_OF(HOLE_GFN) - 4;
        return !frame;
    case READ_ONLY:
        *value = frame ? READONLY_GFN : PAGE_OF(READONLY_GFN);
        return true;
    default:
        return false;
    }
}

static bool vary_domain(const struct matrix_call *c, enum variation how, uint64_t *value)
{
    static const uint64_t of[NR_VARIATIONS] = {[WRONG_DOMAIN] = ABSENT,
                                               [DYING_DOMAIN] = DYING,
                                               [NEW_DOMAIN] = NEWBORN,
                                               [SELF] = DOMID_SELF};

    *value = how == SELF_BY_ID ? c->caller : of[how];
    return how == SELF_BY_ID || of[how] != 0;
}

/* A domain that must be there: others may be named before they are. */
static bool must_exist(const struct matrix_row *row, const struct matrix_field *f)
{
    return f->type == FT_DOMID && f->max <= DOMID_XEN && !matrix_is_loose(row, f);
}

static bool names_domain(const struct matrix_row *row)
{
    const struct matrix_field *f;

    for (size_t i = 0; (f = matrix_row_field(row, i)) != NULL; i++) {
        if (f->type == FT_DOMID) {
            return true;
        }
    }
    return false;
}

/* Not for everybody: by its table or its form, or else by its hook. */
static bool is_controlling(const struct matrix_row *row)
{
    static const char *const tables[] = {"domctl", "sysctl", "platform_op", "physdev_op",
                                         "console_io"};

    if (row->error != 0 && row->form != FORM_REQUEST) {
        return row->rule == RULE_PRIV; /* its error is for everybody, or for those who may ask */
    }
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        if (strcmp(row->table, tables[i]) == 0) {
            return true;
        }
    }
    return row->rule == RULE_PRIV || row->rule == RULE_HARDWARE || row->rule == RULE_CONSOLE ||
           ((row->on_another || row->rule == RULE_TARGET) && names_domain(row));
}

/* Another's domain, named by one who controls nobody; where two must agree, with SILO. */
static bool deny(struct matrix_call *c, const struct matrix_field *f, enum expectation *e)
{
    bool by_agreement = !is_controlling(c->row);
    const struct matrix_field *other;

    if (f == NULL) {
        c->caller = GUEST;
        *e = DENIED;
        return !by_agreement && !c->row->on_itself;
    }
    if (f->type != FT_DOMID) {
        return false;
    }
    c->caller = GUEST;
    for (size_t i = 0; (other = matrix_row_field(c->row, i)) != NULL; i++) {
        if (other->type == FT_DOMID && c->row->form != FORM_REQUEST) {
            matrix_set(c, other, other == f ? PEER : DOMID_SELF);
        }
    }
    if (by_agreement) {
        xsm_init("silo");
    }
    *e = must_exist(c->row, f) ? REFUSED : ANYTHING;
    return true;
}

/* The argument as a whole. */
static bool vary_argument(struct matrix_call *c, enum variation how, bool good_fails,
                          enum expectation *e)
{
    uint64_t at[NR_VARIATIONS] = {
        [ALL_ONES] = UINT64_MAX,
        [MAXIMUM] = TOP_OF_ADDRESSES - 1,
        [ABOVE_MAXIMUM] = TOP_OF_ADDRESSES,
        [UNALIGNED] = PAGE_OF(ARG_GFN) + 1,
        [UNMAPPED] = PAGE_OF(HOLE_GFN),
        [CROSSING] = PAGE_OF(ARG_GFN + 1) - c->size / 2,
        [CROSSING_HOLE] = PAGE_OF(ARG_END_GFN) - c->size / 2,
        [READ_ONLY] = PAGE_OF(READONLY_GFN),
    };

    if (how > READ_ONLY || how == BELOW_MINIMUM || (c->size < 2 && how >= UNALIGNED)) {
        return false;
    }
    matrix_place(c, at[how]);
    if (c->size == 0) { /* what is not looked at */
        *e = c->row->error != 0 ? AS_GOOD : ANYTHING;
        return true;
    }
    *e = how == UNALIGNED || how == CROSSING || (how == READ_ONLY && (!c->row->inout || good_fails))
             ? AS_GOOD
             : FAULT;
    return true;
}

/* Bytes that belong to no field, in the row's structure. */
static bool vary_rest(struct matrix_call *c, enum expectation *e)
{
    struct matrix_call ones;
    const struct matrix_field *f;

    *e = ANYTHING;
    memset(&ones, 0, sizeof(ones));
    ones.row = c->row;
    for (size_t i = 0; (f = matrix_row_field(c->row, i)) != NULL; i++) {
        matrix_set(&ones, f, UINT64_MAX);
    }
    if (c->row->form == FORM_REQUEST) {
        memset(ones.arg, 0xff, 8);
    }
    for (uint32_t i = 0; i < c->size; i++) {
        c->arg[i] |= (uint8_t)~ones.arg[i];
    }
    return c->size != 0;
}

bool matrix_vary(struct matrix_call *c, const struct matrix_field *f, enum variation how,
                 bool good_fails, enum expectation *e)
{
    uint64_t value;

    if (how == NO_PERMISSION) {
        return deny(c, f, e);
    }
    if (f == NULL) {
        return how == REST ? vary_rest(c, e) : vary_argument(c, how, good_fails, e);
    }
    if (!matrix_vary_value(f, how, &value) && !vary_pointer(f, how, &value) &&
        !(f->type == FT_DOMID && vary_domain(c, how, &value))) {
        return false;
    }
    matrix_set(c, f, value);
    *e = f->size <= sizeof(value) && (value < f->min || value > f->max) &&
                 !matrix_is_loose(c->row, f)
             ? REFUSED
             : ANYTHING;
    if ((how == WRONG_DOMAIN && must_exist(c->row, f)) ||
        (how == UNMAPPED && f->type == FT_PTR && !matrix_is_loose(c->row, f))) {
        *e = REFUSED;
    }
    return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bad-input matrix: each row, each of its arguments, each way to be bad (matrix.h). After
 * every call: the answer is one that the metadata allows; no lock is held, no invariant broken, no
 * bystander touched; a call that failed has changed nothing; when one did change something, all
 * domains are ended, and nothing may be left.
 *   test_matrix TABLE.ROW    that row alone, each call named before it is made
 */
#include "unit.h"

#include "matrix.h"

#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/xsm.h>

enum variation {
    /* Of values. */
    ZERO,
    ALL_ONES,
    MAXIMUM,
    ABOVE_MAXIMUM,
    BELOW_MINIMUM,
    /* Of what points into memory. */
    UNALIGNED,
    UNMAPPED,
    CROSSING,      /* from one page into the next */
    CROSSING_HOLE, /* into a page that is not there */
    READ_ONLY,
    /* Of what names a domain. */
    WRONG_DOMAIN,
    DYING_DOMAIN,
    SELF,
    SELF_BY_ID,
    NO_PERMISSION,
    REST, /* whatever no field describes is all ones */
    NR_VARIATIONS
};

static const char *const names[NR_VARIATIONS] = {
    "zero",        "all ones",       "maximum",       "maximum + 1",
    "minimum - 1", "unaligned",      "unmapped",      "page-crossing",
    "into a hole", "read-only",      "wrong domain",  "dying domain",
    "self",        "self by its id", "no permission", "undescribed bytes"};

enum expectation {
    ANYTHING, /* success, or any error of the ABI's */
    AS_GOOD,  /* what the good call gives */
    REFUSED,
    FAULT,
    DENIED,
};

#define TOP_OF_ADDRESSES        (1ULL << 40)
#define GNTST_PERMISSION_DENIED (-8)

static unsigned int cells[NR_VARIATIONS], failures, calls, worlds;
static bool dirty = true, verbose;
static int64_t good_rc, good_status;

static void complain(const struct matrix_call *c, const struct matrix_field *f, const char *how,
                     const char *what)
{
    fprintf(stderr, "%s%s (%s): %s (result %lld, status %lld)\n", matrix_name(c->row, f),
            c->row->version == 0x17 ? " of 0x17" : "", how, what, (long long)c->rc,
            (long long)c->status);
    failures++;
}

/* --- Variations --- */

static uint64_t mask_of(const struct matrix_field *f)
{
    return f->size >= sizeof(uint64_t) ? UINT64_MAX : (1ULL << 8 * f->size) - 1;
}

/* True when the field can have the value. */
static bool vary_value(const struct matrix_field *f, enum variation how, uint64_t *value)
{
    uint64_t mask = mask_of(f);

    switch (how) {
    case ZERO:
        *value = 0;
        return true;
    case ALL_ONES:
        *value = mask;
        return true;
    case MAXIMUM:
        *value = MIN(f->max, mask);
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
    static const uint64_t of[NR_VARIATIONS] = {
        [WRONG_DOMAIN] = ABSENT, [DYING_DOMAIN] = DYING, [SELF] = DOMID_SELF};

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

/* Another's domain, named by one who controls nobody; where two must agree, with SILO. */
static bool deny(struct matrix_call *c, const struct matrix_field *f, enum expectation *e)
{
    bool by_agreement = c->row->rule == RULE_ANY || c->row->rule == RULE_PEER;
    const struct matrix_field *other;

    if (f == NULL) {
        c->caller = GUEST;
        *e = DENIED;
        return !by_agreement && (c->row->rule != RULE_TARGET || names_domain(c->row));
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
static bool vary_argument(struct matrix_call *c, enum variation how, enum expectation *e)
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
    *e =
        how == UNALIGNED || how == CROSSING || (how == READ_ONLY && (!c->row->inout || good_rc < 0))
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

static bool vary(struct matrix_call *c, const struct matrix_field *f, enum variation how,
                 enum expectation *e)
{
    uint64_t value;

    if (how == NO_PERMISSION) {
        return deny(c, f, e);
    }
    if (f == NULL) {
        return how == REST ? vary_rest(c, e) : vary_argument(c, how, e);
    }
    if (!vary_value(f, how, &value) && !vary_pointer(f, how, &value) &&
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

/* --- Judgement --- */

static bool is_error_of_abi(int64_t rc)
{
    static const uint8_t known[] = {
        EPERM,  ENOENT,  ESRCH,  EINTR,  EIO,       ENXIO,      E2BIG,      ENOEXEC,
        EBADF,  EAGAIN,  ENOMEM, EACCES, EFAULT,    EBUSY,      EEXIST,     EXDEV,
        ENODEV, EINVAL,  ENFILE, EMFILE, ENOSPC,    EROFS,      EDOM,       ERANGE,
        ENOSYS, ENODATA, EUSERS, ETIME,  EOVERFLOW, EOPNOTSUPP, EADDRINUSE, ENOBUFS};

    for (size_t i = 0; i < sizeof(known); i++) {
        if (rc == -known[i]) {
            return true;
        }
    }
    return false;
}

static bool is_denial(const struct matrix_call *c)
{
    return c->rc == -EPERM || c->rc == -ESRCH || c->status == -EPERM || c->status == -ESRCH ||
           (c->row->form == FORM_GRANT && c->status == GNTST_PERMISSION_DENIED);
}

static bool accepted(const struct matrix_call *c)
{
    return c->row->reserve ? c->rc > 0 : c->rc >= 0 && c->status >= 0;
}

static const char *judge(const struct matrix_call *c, enum expectation e)
{
    if (c->rc < 0 && !is_error_of_abi(c->rc)) {
        return "no error of the ABI's";
    }
    switch (e) {
    case ANYTHING:
        return NULL;
    case AS_GOOD:
        return (c->rc < 0 || good_rc < 0 ? c->rc == good_rc : c->status == good_status)
                   ? NULL
                   : "not what the good call gives";
    case REFUSED:
        return accepted(c) ? "not refused" : NULL;
    case FAULT:
        return (c->row->reserve ? c->rc == 0 : c->rc == -EFAULT) ? NULL : "no -EFAULT";
    case DENIED:
        return (c->row->reserve ? c->rc == 0 : is_denial(c)) ? NULL : "allowed";
    }
    return "?";
}

static void fresh(const struct matrix_row *row)
{
    if (dirty) {
        matrix_build();
        worlds++;
        matrix_prepare(row);
        dirty = false;
    }
}

static void leave(const struct matrix_call *c, const struct matrix_field *f, const char *how)
{
    const char *left;

    matrix_undo(c);
    left = matrix_end();
    dirty = true;
    if (left != NULL) {
        complain(c, f, how, left);
    }
}

/* Makes the call, and looks at everything. */
static void make(struct matrix_call *c, const struct matrix_field *f, const char *how,
                 enum expectation e)
{
    const char *bad, *changed;

    if (verbose) {
        fprintf(stderr, "%s (%s)\n", matrix_name(c->row, f), how);
    }
    matrix_remember(c);
    matrix_issue(c);
    calls++;
    bad = matrix_broken(c);
    xsm_init("dummy");
    bad = bad != NULL ? bad : judge(c, e);
    changed = matrix_changed();
    bad = bad != NULL || matrix_is_of_all(c->row) ? bad : matrix_bystander_changed();
    if (bad != NULL) {
        complain(c, f, how, bad);
    }
    if (changed != NULL && !accepted(c) && !matrix_may_stay(c->row, f)) {
        complain(c, f, how, "it failed, and yet something is different:");
        fprintf(stderr, "    %s\n", changed);
    }
    if (changed != NULL) {
        leave(c, f, how);
    }
}

/* --- The matrix --- */

static void one_argument(const struct matrix_row *row, const struct matrix_field *f)
{
    for (unsigned int how = 0; how < NR_VARIATIONS; how++) {
        struct matrix_call c;
        enum expectation e = ANYTHING;

        matrix_base(row, &c);
        if (vary(&c, f, how, &e)) {
            fresh(row);
            make(&c, f, names[how], e);
            cells[how]++;
        } else {
            xsm_init("dummy");
        }
    }
}

static void good_call(const struct matrix_row *row)
{
    struct matrix_call c;
    int64_t error;

    matrix_base(row, &c);
    fresh(row);
    make(&c, NULL, "good", ANYTHING);
    good_rc = c.rc;
    good_status = c.status;
    if (matrix_base_fails(row, &error) ? c.rc != error && c.status != error : !accepted(&c)) {
        complain(&c, NULL, "good", "the good call does not give what it should");
    }
}

static unsigned int one_row(const struct matrix_row *row)
{
    const struct matrix_field *f;
    unsigned int n = 0;

    good_call(row);
    one_argument(row, NULL);
    while ((f = matrix_row_field(row, n)) != NULL) {
        one_argument(row, f);
        n++;
    }
    if (!dirty) {
        struct matrix_call c;

        matrix_base(row, &c);
        leave(&c, NULL, "at the end");
    }
    return n;
}

static const char *only;

static void test_rows(void **state)
{
    unsigned int arguments = 0, rows = 0, total = 0;

    (void)state;
    matrix_boot();
    for (size_t i = 0; i < matrix_nr_rows; i++) {
        if (only == NULL || strcmp(only, matrix_name(&matrix_rows[i], NULL)) == 0) {
            arguments += one_row(&matrix_rows[i]);
            rows++;
        }
    }
    for (unsigned int how = 0; how < NR_VARIATIONS; how++) {
        print_message("%6u %s\n", cells[how], names[how]);
        total += cells[how];
    }
    print_message("%u rows, %u arguments and the rows themselves: %u cells, %u calls, %u worlds\n",
                  rows, arguments, total, calls, worlds);
    assert_int_equal(failures, 0);
}

/* Commands that no table has, and hypercalls that there are not. */
static void test_unknown(void **state)
{
    const char *table = "";

    (void)state;
    for (size_t i = 0; i < matrix_nr_rows && only == NULL; i++) {
        const struct matrix_row *row = &matrix_rows[i];
        uint64_t last = matrix_last_command(row->table);
        const uint64_t none[] = {last + 1, UINT32_MAX};

        if (strcmp(row->table, table) == 0 || row->form == FORM_CALLS) {
            continue;
        }
        table = row->table;
        for (unsigned int n = 0; n < ARRAY_SIZE(none); n++) {
            struct matrix_row unknown = *row;
            struct matrix_call c;

            unknown.name = n == 0 ? "one above the last" : "all ones";
            unknown.command = none[n];
            unknown.hypercall = row->form == FORM_BARE ? none[n] + 100 : row->hypercall;
            fresh(row);
            matrix_base(&unknown, &c);
            make(&c, NULL, "unknown", REFUSED);
        }
    }
    if (!dirty) {
        assert_null(matrix_end());
        dirty = true;
    }
    assert_int_equal(failures, 0);
}

/* Nothing is left out: a row whose argument has no fields, a hypercall without rows. */
static void test_all_are_there(void **state)
{
    (void)state;
    for (size_t i = 0; i < matrix_nr_rows; i++) {
        const struct matrix_row *row = &matrix_rows[i];
        bool described = matrix_arg_size(row) != 0 && matrix_row_field(row, 0) != NULL;
        bool written_only = strcmp(row->table, "xen_version") == 0;

        if (row->arg != NULL && !described && !written_only) {
            fail_msg("%s: no ARG() or FIELD() for %s", matrix_name(row, NULL), row->arg);
        }
        assert_true(matrix_arg_size(row) <= MATRIX_ARG_SIZE);
    }
    for (size_t h = 0; h < matrix_nr_hypercalls; h++) {
        unsigned int n = 0;

        for (size_t i = 0; i < matrix_nr_rows; i++) {
            n += matrix_rows[i].hypercall == matrix_hypercalls[h].number;
        }
        if (n == 0) {
            fail_msg("%s has no rows here", matrix_hypercalls[h].name);
        }
    }
    if (only == NULL && matrix_unused() != NULL) {
        fail_msg("matrix_base.c says something of %s that is not needed", matrix_unused());
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_all_are_there),
    };

    only = argc > 1 ? argv[1] : NULL;
    verbose = only != NULL;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

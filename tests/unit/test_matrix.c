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

#define MIXED_CALLS             12 /* of each row */
#define GNTST_PERMISSION_DENIED (-8)

static unsigned int cells[NR_VARIATIONS], again, failures, calls, worlds;
static bool dirty = true, verbose;
static int64_t good_rc, good_status;
static bool mixed; /* several arguments are bad at once */

static void complain(const struct matrix_call *c, const struct matrix_field *f, const char *how,
                     const char *what)
{
    fprintf(stderr, "%s%s%s (%s): %s (result %lld, status %lld)\n", matrix_name(c->row, f),
            c->row->version == 0x17 ? " of 0x17" : "", c->row->on_itself ? " on itself" : "", how,
            what, (long long)c->rc, (long long)c->status);
    failures++;
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
    matrix_fill(row);
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

static void leave_row(const struct matrix_row *row)
{
    struct matrix_call c;

    if (!dirty) {
        matrix_base(row, &c);
        leave(&c, NULL, "at the end");
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
    if (changed != NULL && !accepted(c) &&
        !(mixed ? matrix_may_stay_somehow(c->row) : matrix_may_stay(c->row, f))) {
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
        if (matrix_vary(&c, f, how, good_rc < 0, &e)) {
            fresh(row);
            make(&c, f, matrix_variations[how], e);
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

/* The good call a second time, when what it wanted is so. */
static void once_more(const struct matrix_row *row)
{
    struct matrix_call c;

    fresh(row);
    matrix_base(row, &c);
    matrix_remember(&c);
    matrix_issue(&c);
    (void)matrix_changed(); /* what it left to be done is done */
    if (matrix_all_alive()) {
        matrix_base(row, &c);
        make(&c, NULL, "once more", ANYTHING);
        again++;
    }
    if (!dirty) {
        leave(&c, NULL, "once more");
    }
}

static unsigned int one_row(const struct matrix_row *row)
{
    const struct matrix_field *f;
    unsigned int n = 0;

    good_call(row);
    once_more(row);
    one_argument(row, NULL);
    while ((f = matrix_row_field(row, n)) != NULL) {
        one_argument(row, f);
        n++;
    }
    leave_row(row);
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
        print_message("%6u %s\n", cells[how], matrix_variations[how]);
        total += cells[how];
    }
    print_message("%6u a good call once more\n", again);
    print_message("%u rows, %u arguments and the rows themselves: %u cells, %u calls, %u worlds\n",
                  rows, arguments, total, calls, worlds);
    assert_int_equal(failures, 0);
}

/* --- Several bad arguments at once --- */

static const struct matrix_field *any_field(const struct matrix_row *row)
{
    size_t n = 0;

    while (matrix_row_field(row, n) != NULL) {
        n++;
    }
    return n == 0 ? NULL : matrix_row_field(row, unit_below(n));
}

static void mixed_call(const struct matrix_row *row)
{
    unsigned int bad = 2 + (unsigned int)unit_below(3);
    struct matrix_call c;
    char how[128] = "";

    matrix_base(row, &c);
    for (unsigned int tries = 0; bad != 0 && tries < 100; tries++) {
        const struct matrix_field *f = any_field(row);
        enum variation v = (enum variation)unit_below(REST);
        enum expectation e;

        /* SILO is the machine's, not the call's. */
        if (v != NO_PERMISSION && matrix_vary(&c, f, v, false, &e)) {
            size_t at = strlen(how);

            snprintf(how + at, sizeof(how) - at, "%s %s, ", f != NULL ? f->name : "",
                     matrix_variations[v]);
            bad--;
        }
    }
    if (unit_below(4) == 0) {
        c.caller = GUEST;
    }
    fresh(row);
    make(&c, NULL, how, ANYTHING);
}

static void test_mixed(void **state)
{
    const char *runs = getenv("MATRIX_RUNS");

    (void)state;
    mixed = true;
    for (size_t i = 0; i < matrix_nr_rows; i++) {
        const struct matrix_row *row = &matrix_rows[i];

        for (int n = runs != NULL ? atoi(runs) : MIXED_CALLS; n > 0 && row->error == 0; n--) {
            if (only == NULL || strcmp(only, matrix_name(row, NULL)) == 0) {
                mixed_call(row);
            }
        }
        leave_row(row);
    }
    mixed = false;
    print_message("%u calls in all\n", calls);
    assert_int_equal(failures, 0);
}

static uint64_t last_command(const char *table)
{
    uint64_t last = 0;

    for (size_t i = 0; i < matrix_nr_rows; i++) {
        if (strcmp(matrix_rows[i].table, table) == 0) {
            last = MAX(last, matrix_rows[i].command);
        }
    }
    return last;
}

/* Commands that no table has, and hypercalls that there are not. */
static void test_unknown(void **state)
{
    const char *table = "";

    (void)state;
    for (size_t i = 0; i < matrix_nr_rows && only == NULL; i++) {
        const struct matrix_row *row = &matrix_rows[i];
        uint64_t last = last_command(row->table);
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
    leave_row(&matrix_rows[0]);
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
        cmocka_unit_test(test_mixed),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_all_are_there),
    };

    only = argc > 1 ? argv[1] : NULL;
    verbose = only != NULL;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

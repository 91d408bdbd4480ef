// SPDX-License-Identifier: Apache-2.0
/*
 * The bad-input matrix from inside: dom0, or a guest, makes each row's call with each argument bad
 * in each way, and tells what it was answered, one line for each argument; test_matrix.py compares
 * the lines with Xen's. dom0 acts on a domain that it makes; a guest on dom0, and on itself. Rows,
 * fields and calls are those of tests/unit/matrix.h, which says more. Left out: what would stop the
 * caller (careful.c), and values with which Xen writes without a bound.
 */
#include <builder.h>
#include <guest.h>

#include "careful.h"

#define TARGET_PAGES 16U
#define BUFFER_SIZE  (1UL << 20)
#define TARGET_GFN   (BUILT_GFN + 4)

static char buffer[BUFFER_SIZE] PAGE_ALIGNED;
static char argument[2 * PAGE_SIZE] PAGE_ALIGNED;
static char own_page[PAGE_SIZE] PAGE_ALIGNED;
static domid_t target;
static uint64_t good[FT_OUT];

static const struct {
    const char *table, *row, *field;
    uint64_t value;
} values[] = {
    {"domctl", "createdomain", "domain", 0},
    {"domctl", "max_vcpus", "max", 2},
    {"domctl", "setvcpuaffinity", "flags", 3},
    {"domctl", "getvcpuaffinity", "flags", 3},
    {"domctl", "scheduler_op", "u.credit2.weight", 256},
    {"domctl", "scheduler_op", "u.credit2.cap", 0},
    {"domctl", "scheduler_op", "sched_id", 6},
    {"domctl", "set_paging_mempool_size", "size", 1 << 20},
    {"domctl", "set_virq_handler", "virq", 3},
    {"sysctl", "cpupool_op", "op", 3},
    {"sysctl", "scheduler_op", "sched_id", 6},
    {"sysctl", "scheduler_op", "cmd", 1},
    {"sysctl", "debug_keys", "nr_keys", TEXT_SIZE},
    {"memory_op", "acquire_resource", "type", 1},
    {"sched_op", "poll", "timeout", 1}, /* long past */
    {"sched_op", "watchdog", "id", 1},
    {"sched_op", "watchdog", "timeout", 1000000},
    {"console_io", "write", "count", TEXT_SIZE},
    {"console_io", "read", "count", TEXT_SIZE},
    {"multicall", "entry", "op", __HYPERVISOR_xen_version},
};

static bool is_left_out(const struct matrix_row *row)
{
    return row->error != 0 || (row->on_itself && !platform.is_domu) || row->version == 0x17 ||
           row->form == FORM_BARE;
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && strcmp(text + n - m, end) == 0;
}

/* Arrays and bitmaps that are longer than their memory. */
static bool is_unbounded(const struct matrix_field *f, enum variation how)
{
    return how != ZERO && (ends_with(f->name, "nr_bits") || strcmp(f->name, "count") == 0);
}

/* Hearth speaks more than one version. */
static bool is_hearths(const struct matrix_field *f, enum variation how)
{
    return how == MAXIMUM && strcmp(f->name, "version") == 0;
}

static void fill_buffer(uint64_t word)
{
    uint64_t *words = (uint64_t *)(void *)buffer;

    for (unsigned int i = 0; i < BUFFER_SIZE / sizeof(*words); i++) {
        words[i] = word;
    }
}

static void need_target(void)
{
    if (platform.is_domu || (target != 0 && builder_exists(target))) {
        return;
    }
    if (builder_make(&target, 2, TARGET_PAGES) != 0) {
        guest_panic("no domain to act on");
    }
    memset(&domctl, 0, sizeof(domctl));
    domctl.u.max_mem.max_memkb = 4 * TARGET_PAGES * (PAGE_SIZE / 1024);
    if (domctl_do(XEN_DOMCTL_max_mem, target) != 0) {
        guest_panic("no room for more");
    }
    good[FT_DOMID] = target;
}

static bool acts_on_another(const struct matrix_row *row)
{
    return !platform.is_domu && (row->on_another || row->finds);
}

static void base(const struct matrix_row *row, struct matrix_call *c)
{
    const struct matrix_field *f;
    uint64_t word = careful_word(row);

    good[FT_GFN] = acts_on_another(row) ? TARGET_GFN : ADDRESS(own_page) >> PAGE_SHIFT;
    matrix_plain(row, c, good);
    for (unsigned int v = 0; v < ARRAY_SIZE(values); v++) {
        for (size_t i = 0; (f = matrix_row_field(row, i)) != NULL; i++) {
            if (strcmp(values[v].table, row->table) == 0 && strcmp(values[v].row, row->name) == 0 &&
                strcmp(values[v].field, f->name) == 0) {
                matrix_set(c, f, values[v].value);
            }
        }
    }
    for (size_t i = 0; row->on_itself && (f = matrix_row_field(row, i)) != NULL; i++) {
        if (strcmp(f->name, row->target) == 0) {
            matrix_set(c, f, DOMID_SELF);
        }
    }
    if (c->put) {
        matrix_place(c, ADDRESS(argument));
    }
    if (row->reserve && row->command == XENMEM_decrease_reservation) {
        word = good[FT_GFN];
    }
    fill_buffer(word != 0 ? word : 1);
}

/* Of its own frames, a domain risks one. */
static void risk_own(struct matrix_call *c)
{
    const struct matrix_field *f;

    for (size_t i = 0; (f = matrix_row_field(c->row, i)) != NULL; i++) {
        if (f->type == FT_GFN) {
            matrix_set(c, f, ADDRESS(own_page) >> PAGE_SHIFT);
        }
    }
    if (c->row->reserve) {
        fill_buffer(ADDRESS(own_page) >> PAGE_SHIFT);
    }
}

static bool vary_argument(struct matrix_call *c, enum variation how)
{
    uint64_t end = platform.ram_end;

    if (c->size == 0) {
        return false;
    }
    switch (how) {
    case ZERO:
        /* Address 0 is a device's, or nothing. */
        matrix_place(c, 0);
        break;
    case ALL_ONES:
        matrix_place(c, UINT64_MAX);
        break;
    case UNALIGNED:
        matrix_place(c, ADDRESS(argument) + 1);
        break;
    case UNMAPPED:
        matrix_place(c, BAD_ADDRESS);
        break;
    case CROSSING:
        matrix_place(c, ADDRESS(argument) + PAGE_SIZE - c->size / 2);
        break;
    case CROSSING_HOLE:
        matrix_place(c, end - c->size / 2);
        break;
    default:
        return false;
    }
    c->put = how == UNALIGNED || how == CROSSING;
    return true;
}

static bool vary(struct matrix_call *c, const struct matrix_field *f, enum variation how)
{
    uint64_t value;

    if (f == NULL) {
        return (is_careful(c->row) && vary_careful(c, f, how, ADDRESS(buffer))) ||
               vary_argument(c, how);
    }
    if (is_careful(c->row) && vary_careful(c, f, how, ADDRESS(buffer))) {
        return true;
    }
    if (is_unbounded(f, how) || is_hearths(f, how)) {
        return false;
    }
    if (!matrix_vary_value(f, how, &value)) {
        if (f->type == FT_PTR && (how == UNALIGNED || how == UNMAPPED)) {
            value = how == UNALIGNED ? ADDRESS(buffer) + 1 : BAD_ADDRESS;
        } else if (f->type == FT_GFN && how == UNMAPPED) {
            value = BUILT_GFN + 1000;
        } else if (f->type == FT_DOMID && how >= WRONG_DOMAIN && how <= SELF_BY_ID &&
                   how != DYING_DOMAIN && how != NEW_DOMAIN) {
            value = how == WRONG_DOMAIN ? BAD_DOMAIN : how == SELF ? DOMID_SELF : 0;
        } else {
            return false;
        }
    }
    matrix_set(c, f, value);
    if (f->type == FT_DOMID && (value == 0 || value == DOMID_SELF)) {
        risk_own(c);
    }
    return true;
}

static long status_of(const struct matrix_call *c)
{
    int16_t status = 0;

    if (c->row->form == FORM_CALLS) {
        struct multicall_entry entry;

        memcpy(&entry, (const void *)(uintptr_t)c->at, sizeof(entry));
        return (long)entry.result;
    }
    for (size_t i = 0; i < matrix_nr_fields && c->row->form == FORM_GRANT; i++) {
        const struct matrix_field *f = &matrix_fields[i];
        size_t n = strlen(f->arg);

        if (strncmp(c->row->arg, f->arg, n) == 0 && strcmp(c->row->arg + n, "_arg") == 0 &&
            strcmp(f->name, "status") == 0) {
            memcpy(&status, (const void *)(uintptr_t)(c->at + f->offset), sizeof(status));
        }
    }
    return status;
}

static void issue(struct matrix_call *c)
{
    if (c->put) {
        memcpy((void *)(uintptr_t)c->at, c->arg, c->size);
    }
    c->rc = hypercall((unsigned int)c->row->hypercall, c->reg[0], c->reg[1], c->reg[2], c->reg[3],
                      c->reg[4]);
    c->status = c->put ? status_of(c) : 0;
    if (c->rc == 0 && strcmp(c->row->name, "createdomain") == 0 && c->put) {
        const struct xen_domctl *made = (const void *)(uintptr_t)c->at;
        domid_t id;

        memcpy(&id, &made->domain, sizeof(id));
        builder_destroy(id);
    }
}

static char line[512];
static size_t used;

static void add(const char *text)
{
    used += (size_t)format(line + used, sizeof(line) - used, "%s", text);
}

/* What is a number of the machine's, and not an answer, is told as such. */
static void tell(const struct matrix_call *c)
{
    char text[64];

    if (c->rc > 0 && !c->row->reserve) {
        add(" some");
        return;
    }
    if (c->status > 0) {
        format(text, sizeof(text), " %ld/some", (long)c->rc);
    } else if (c->status != 0) {
        format(text, sizeof(text), " %ld/%ld", (long)c->rc, (long)c->status);
    } else {
        format(text, sizeof(text), " %ld", (long)c->rc);
    }
    add(text);
}

/* how: NR_VARIATIONS for the good form. */
static bool ask(const struct matrix_row *row, const struct matrix_field *f, enum variation how)
{
    struct matrix_call c;
    bool asked = !would_end(row, f, how);

    if (asked) {
        need_target();
        careful_before(row);
        base(row, &c);
        asked = how == NR_VARIATIONS || vary(&c, f, how);
    }
    if (asked) {
        issue(&c);
        tell(&c);
    } else {
        add(" .");
    }
    careful_after(row);
    return asked;
}

static void one_argument(const struct matrix_row *row, const struct matrix_field *f)
{
    size_t last = 0;

    used = (size_t)format(line, sizeof(line), "cell %s.%s%s %s", row->table, row->name,
                          row->on_itself ? "(self)" : "", f != NULL ? f->name : "-");
    for (unsigned int i = 0; i <= NR_VARIATIONS; i++) {
        if (ask(row, f, i == 0 ? NR_VARIATIONS : (enum variation)(i - 1))) {
            last = used;
        }
    }
    line[last] = '\0';
    if (last != 0) {
        /* In one piece: the hypervisor prints too, and so may the call have done. */
        print("%s%s\n", row->form == FORM_CONSOLE ? "\n" : "", line);
    }
}

void test_main(void)
{
    good[FT_PORT] = 1;
    good[FT_GREF] = DEFAULT_REF;
    good[FT_ADDR] = spare_gfn(8) << PAGE_SHIFT;
    good[FT_PTR] = ADDRESS(buffer);
    good[FT_COUNT] = 1;
    for (size_t i = 0; i < matrix_nr_rows; i++) {
        const struct matrix_row *row = &matrix_rows[i];
        const struct matrix_field *f;

        if (is_left_out(row)) {
            continue;
        }
        one_argument(row, NULL);
        for (size_t n = 0; (f = matrix_row_field(row, n)) != NULL; n++) {
            one_argument(row, f);
        }
        if (target != 0 && builder_destroy(target) != 0) {
            guest_panic("the target lives on");
        }
        target = 0;
    }
    test_finish();
}

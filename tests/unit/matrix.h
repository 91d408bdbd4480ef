/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bad-input matrix: every row of hearth/hypercall/ *.def, each argument of it, each way in
 * which that argument can be bad. Rows and fields are the .def files themselves (matrix_rows.c,
 * matrix_fields.c); what a good call looks like is made from the fields' metadata and a few words
 * for each row that needs them (matrix_base.c); the machine and its audit are in matrix_world.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- Fields --- */

enum matrix_type {
    FT_DOMID,
    FT_PORT,
    FT_VCPU,
    FT_GREF,
    FT_HANDLE,
    FT_GFN,
    FT_ADDR,
    FT_PTR,
    FT_COUNT,
    FT_ENUM,
    FT_FLAGS,
    FT_NUM,
    FT_TIME,
    FT_OUT, /* from here on: only written */
    FT_OUT_DOMID,
    FT_OUT_PORT,
    FT_OUT_VCPU,
    FT_OUT_HANDLE,
    FT_OUT_GFN,
    FT_OUT_ADDR,
    FT_OUT_COUNT,
    FT_OUT_ENUM,
    FT_OUT_FLAGS,
    FT_OUT_NUM,
    FT_OUT_TIME,
};

#define MATRIX_NO_REGISTER (-1)

struct matrix_field {
    const char *arg; /* "evtchn_close", or of a register the hypercall's name */
    const char *name;
    enum matrix_type type;
    int reg; /* argument register that holds it, or MATRIX_NO_REGISTER: in the structure */
    uint32_t offset;
    uint32_t size;
    uint64_t min;
    uint64_t max;
};

struct matrix_arg {
    const char *name;
    uint32_t size;
};

extern const struct matrix_field matrix_fields[];
extern const size_t matrix_nr_fields;
extern const struct matrix_arg matrix_args[];
extern const size_t matrix_nr_args;

/* --- Rows --- */

enum matrix_form {
    FORM_OP,      /* (command, pointer) */
    FORM_GRANT,   /* (command, pointer, count) */
    FORM_VCPU,    /* (command, vCPU, pointer) */
    FORM_ASSIST,  /* (command, type) */
    FORM_CONSOLE, /* (command, count, pointer) */
    FORM_CALLS,   /* (pointer, count): multicall */
    FORM_REQUEST, /* (pointer): the command stands in the structure, before its union */
    FORM_BARE,    /* a hypercall that is refused as such */
};

/* As xsm_hooks.def. */
enum matrix_rule {
    RULE_ANY,
    RULE_PEER,
    RULE_TARGET,
    RULE_PRIV,
    RULE_HARDWARE,
    RULE_CONSOLE,
};

struct matrix_row {
    const char *table;
    const char *name;
    const char *arg; /* "evtchn_close_arg"; NULL: none */
    enum matrix_form form;
    enum matrix_rule rule;
    uint64_t hypercall;
    uint64_t command;
    uint32_t version; /* FORM_REQUEST */
    int error;        /* refused with it; 0: performed */
    bool inout;       /* the argument is copied back */
    bool reserve;     /* memory reservation: the result is a number of extents done */
    bool finds;       /* domctl: the request's domain is found before anything else */
    bool on_another;  /* whatever its hook, it acts on the domain that it names in target */
    bool on_itself;   /* the same row, by a guest with its own name there */
    const char *target;
};

extern const struct matrix_row matrix_rows[];
extern const size_t matrix_nr_rows;

/* Every HYPERCALL() row: what must have rows of its own. */
struct matrix_hypercall {
    const char *name;
    uint64_t number;
};
extern const struct matrix_hypercall matrix_hypercalls[];
extern const size_t matrix_nr_hypercalls;

/* --- Calls --- */

#define MATRIX_ARG_SIZE 1024U

struct matrix_call {
    const struct matrix_row *row;
    uint16_t caller;
    uint64_t at; /* where the structure stands in the caller's memory */
    uint32_t size;
    bool put; /* the structure is written there first */
    uint64_t reg[5];
    uint8_t arg[MATRIX_ARG_SIZE];
    /* Afterwards. */
    int64_t rc;
    int64_t status; /* the item's own, or 0 */
};

size_t matrix_arg_size(const struct matrix_row *row); /* 0: no argument */
/* The nth argument of the row, those in registers first; NULL: there are fewer. */
const struct matrix_field *matrix_row_field(const struct matrix_row *row, size_t n);
uint64_t matrix_get(const struct matrix_call *c, const struct matrix_field *f);
void matrix_set(struct matrix_call *c, const struct matrix_field *f, uint64_t value);
/* All fields as good[] has it for their types, but within their bounds; not placed yet. */
void matrix_plain(const struct matrix_row *row, struct matrix_call *c, const uint64_t *good);
/* Where the structure is to stand. */
void matrix_place(struct matrix_call *c, uint64_t at);
/* "table.name" or "table.name.field" in a buffer of its own. */
const char *matrix_name(const struct matrix_row *row, const struct matrix_field *f);

/* A call that should succeed in a fresh world; if it cannot, _fails() says what it gives. */
void matrix_base(const struct matrix_row *row, struct matrix_call *c);
bool matrix_base_fails(const struct matrix_row *row, int64_t *rc);
/* What the row needs in the world before, and what a call leaves that is no domain's. */
void matrix_prepare(const struct matrix_row *row);
/* What its pointers point at, before each call. */
void matrix_fill(const struct matrix_row *row);
void matrix_undo(const struct matrix_call *c);
/* True when a failure of this call may leave something done; when the field's bounds are not the
 * row's; when it acts on all domains. Each counts its uses. */
bool matrix_may_stay(const struct matrix_row *row, const struct matrix_field *f);
bool matrix_may_stay_somehow(const struct matrix_row *row); /* whatever is bad in it */
bool matrix_is_loose(const struct matrix_row *row, const struct matrix_field *f);
bool matrix_is_of_all(const struct matrix_row *row);
/* The name of an entry that was never used, or NULL. */
const char *matrix_unused(void);

/* --- Variations --- */

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
    NEW_DOMAIN,
    SELF,
    SELF_BY_ID,
    NO_PERMISSION,
    REST, /* whatever no field describes is all ones */
    NR_VARIATIONS
};

enum expectation {
    ANYTHING, /* success, or any error of the ABI's */
    AS_GOOD,  /* what the good call gives */
    REFUSED,
    FAULT,
    DENIED,
};

extern const char *const matrix_variations[NR_VARIATIONS];

/* True when the field can have such a value. */
bool matrix_vary_value(const struct matrix_field *f, enum variation how, uint64_t *value);

/*
 * Makes a good call bad in argument f (NULL: the structure as a whole); false: such an argument
 * cannot be. May set SILO. good_fails: the good call has an error for its answer.
 */
bool matrix_vary(struct matrix_call *c, const struct matrix_field *f, enum variation how,
                 bool good_fails, enum expectation *e);

/* --- The world --- */

/* Domains, by id. */
#define CONTROL   0U
#define GUEST     1U
#define PEER      2U
#define BYSTANDER 3U
#define DYING     4U
#define NEWBORN   5U /* just created: no vCPU, no memory */
#define ABSENT    77U

/* Guest frames of each domain. */
#define ARG_GFN      0x100U
#define ARG_END_GFN  0x102U /* a hole */
#define READONLY_GFN 0x103U
#define BUFFER_GFN   0x104U
#define BUFFER_PAGES 2U
#define HOLE_GFN     0x106U
#define RAM_GFN      0x107U
#define RAM_PAGES    3U
#define GRANT_GFN    0x300U /* PEER's grant MAPPED_REF is mapped here in GUEST */
#define FREE_GFN     0x200U /* nothing */
#define DEFAULT_REF  8U
#define MAPPED_REF   9U

#define PAGE_OF(gfn) ((uint64_t)(gfn) << 12)

void matrix_boot(void);
void matrix_build(void);
/* Ends all domains; NULL, or what was left behind. */
const char *matrix_end(void);
/* Words of a domain's buffer. */
void matrix_fill_buffer(uint16_t id, uint64_t word);
bool matrix_all_alive(void);
/* Puts the structure there and remembers the state of everything. */
void matrix_remember(const struct matrix_call *c);
/* Makes the call, until it does not ask to be made again. */
void matrix_issue(struct matrix_call *c);
/* What differs from the remembered state, of all or of what the call had nothing to do with; or
 * NULL. */
const char *matrix_changed(void);
const char *matrix_bystander_changed(void);
/* An invariant that does not hold after the call, whatever its result; or NULL. */
const char *matrix_broken(const struct matrix_call *c);

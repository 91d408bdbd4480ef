// SPDX-License-Identifier: Apache-2.0
/*
 * TCG plugin that counts instructions exactly, split into hypervisor and guest by address.
 *
 * Arguments: out=FILE, hyp=LO-HI (hex, may be given up to 8 times: linked range, physical range of
 * early boot), stop=IMM (write the file and leave QEMU at the marker with this number; with stopn=N
 * at its Nth execution), profile=IMM-IMM (count the executions of each hypervisor instruction
 * between these two markers, too), check=ADDRESS (hex, up to 8 times: see below).
 *
 * A section is what the hypervisor runs from an exit, or from the last start of a block at a check
 * address, to the next, or to the entry into the guest: each marker has the longest one since the
 * marker before it, and where it began.
 *
 * An exit is a hypervisor block that starts after at least one guest instruction ran; its length is
 * the number of hypervisor instructions until the next exit. A marker is `movz xzr, #0xBxxx`, which
 * does nothing on any exception level; each execution records all counters. QEMU runs one thread
 * under -icount, so plain counters are exact.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "qemu_plugin_v1.h"

#define MAX_RANGES   8
#define MAX_MARKS    32768
#define MAX_PLACES   131072 /* a power of two */
#define HIST_LIMIT   65536

#define MARKER_MASK  0xfffe001fu
#define MARKER_VALUE 0xd296001fu /* movz xzr, #0xBxxx; see is_marker() */
#define TLBI_MASK    0xfff8f000u
#define TLBI_VALUE   0xd5088000u
#define DC_VALUE     0xd5087000u
#define AT_MASK      0xfff8ff00u
#define AT_VALUE     0xd5087800u /* among the former: address translation */
#define ERET_VALUE   0xd69f03e0u

struct counters {
    uint64_t hyp;
    uint64_t hyp0; /* by vCPU 0 alone, exact at the start of a hypervisor block */
    uint64_t guest;
    uint64_t exits;
    uint64_t tlbi;
    uint64_t dc;
    uint64_t eret;
};

struct mark {
    unsigned int number;
    unsigned int vcpu;
    struct counters at;
    uint64_t longest; /* section since the last marker */
    uint64_t longest_from;
    uint64_t longest_to;
};

PLUGIN_EXPORT int qemu_plugin_version = 1;
PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                      char **argv);

static struct {
    uint64_t lo;
    uint64_t hi;
} ranges[MAX_RANGES];
static unsigned int nr_ranges;
static const char *out_path = "count.json";
static unsigned long stop_number;
static unsigned long stop_times = 1;

static struct counters now;
static struct counters first_hyp;
static struct counters first_guest;
static bool hyp_started;
static bool guest_started;
static uint64_t first_guest_address;

static uint64_t guest_at_last_block;
static uint64_t hyp_at_entry;
static bool in_exit;
static uint32_t histogram[HIST_LIMIT];
static uint64_t longest_exit;

static uint64_t checks[MAX_RANGES];
static unsigned int nr_checks;
static uint64_t section_start; /* now.hyp */
static uint64_t section_from;
static uint64_t section_longest;
static uint64_t section_longest_from;
static uint64_t section_longest_to;

static struct place {
    uint64_t address;
    uint64_t executed;
} places[MAX_PLACES];
static unsigned int profile_from;
static unsigned int profile_to;
static bool profiling;

static struct mark marks[MAX_MARKS];
static unsigned int nr_marks;

static bool is_hyp(uint64_t address)
{
    for (unsigned int i = 0; i < nr_ranges; i++) {
        if (address >= ranges[i].lo && address < ranges[i].hi) {
            return true;
        }
    }
    return false;
}

static void print_counters(FILE *f, const struct counters *c)
{
    fprintf(f,
            "{\"hyp\": %" PRIu64 ", \"hyp0\": %" PRIu64 ", \"guest\": %" PRIu64
            ", \"exits\": %" PRIu64 ", \"tlbi\": %" PRIu64 ", \"dc\": %" PRIu64
            ", \"eret\": %" PRIu64 "}",
            c->hyp, c->hyp0, c->guest, c->exits, c->tlbi, c->dc, c->eret);
}

static void write_report(void)
{
    FILE *f = fopen(out_path, "w");

    if (f == NULL) {
        perror(out_path);
        return;
    }
    fprintf(f, "{\n\"end\": ");
    print_counters(f, &now);
    fprintf(f, ",\n\"hyp_started\": %s,\n\"first_hyp\": ", hyp_started ? "true" : "false");
    print_counters(f, &first_hyp);
    fprintf(f, ",\n\"guest_started\": %s,\n\"first_guest_address\": \"0x%" PRIx64 "\"",
            guest_started ? "true" : "false", first_guest_address);
    fprintf(f, ",\n\"first_guest\": ");
    print_counters(f, &first_guest);
    fprintf(f, ",\n\"longest_exit\": %" PRIu64 ",\n\"marks\": [", longest_exit);
    for (unsigned int i = 0; i < nr_marks; i++) {
        fprintf(f, "%s\n{\"number\": %u, \"vcpu\": %u, \"at\": ", i ? "," : "", marks[i].number,
                marks[i].vcpu);
        print_counters(f, &marks[i].at);
        fprintf(f, ", \"longest\": [%" PRIu64 ", \"0x%" PRIx64 "\", \"0x%" PRIx64 "\"]}",
                marks[i].longest, marks[i].longest_from, marks[i].longest_to);
    }
    fprintf(f, "],\n\"places\": [");
    for (unsigned int i = 0, first = 1; i < MAX_PLACES; i++) {
        if (places[i].executed != 0) {
            fprintf(f, "%s[\"0x%" PRIx64 "\", %" PRIu64 "]", first ? "" : ", ", places[i].address,
                    places[i].executed);
            first = 0;
        }
    }
    fprintf(f, "],\n\"exit_lengths\": {");
    for (unsigned int i = 0, first = 1; i < HIST_LIMIT; i++) {
        if (histogram[i] != 0) {
            fprintf(f, "%s\"%u\": %u", first ? "" : ", ", i, histogram[i]);
            first = 0;
        }
    }
    fprintf(f, "}\n}\n");
    fclose(f);
}

static void end_exit(void)
{
    uint64_t length = now.hyp - hyp_at_entry;

    if (length > longest_exit) {
        longest_exit = length;
    }
    histogram[length < HIST_LIMIT ? length : HIST_LIMIT - 1]++;
}

/* What ran since the last hypervisor block belongs to the vCPU of that block. */
static void attribute(unsigned int vcpu)
{
    static unsigned int last_vcpu;
    static uint64_t last_hyp;

    if (last_vcpu == 0) {
        now.hyp0 += now.hyp - last_hyp;
    }
    last_hyp = now.hyp;
    last_vcpu = vcpu;
}

static void end_section(uint64_t address)
{
    uint64_t length = now.hyp - section_start;

    if (length > section_longest && guest_started) {
        section_longest = length;
        section_longest_from = section_from;
        section_longest_to = address;
    }
    section_start = now.hyp;
    section_from = address;
}

static void on_check(unsigned int vcpu, void *data)
{
    (void)vcpu;
    end_section((uint64_t)(uintptr_t)data);
}

/* One slot for each address. With all taken, what is left shares slots. */
static struct place *place_at(uint64_t address)
{
    unsigned int slot = (unsigned int)(address >> 2) % MAX_PLACES;

    for (unsigned int i = 0; i < MAX_PLACES - 1; i++) {
        struct place *b = &places[(slot + i) % MAX_PLACES];

        if (b->address == 0 || b->address == address) {
            b->address = address;
            return b;
        }
    }
    return &places[slot];
}

static void on_profiled_insn(unsigned int vcpu, void *data)
{
    struct place *b = data;

    (void)vcpu;
    b->executed += profiling;
}

static void on_hyp_block(unsigned int vcpu, void *data)
{
    uint64_t address = (uint64_t)(uintptr_t)data;

    attribute(vcpu);
    if (now.guest != guest_at_last_block) {
        end_section(address);
    }
    if (!hyp_started) {
        hyp_started = true;
        first_hyp = now;
    }
    if (now.guest != guest_at_last_block && guest_started) {
        if (in_exit) {
            end_exit();
        }
        in_exit = true;
        now.exits++;
        hyp_at_entry = now.hyp;
    }
    guest_at_last_block = now.guest;
}

static void on_early_guest_block(unsigned int vcpu, void *data)
{
    if (!hyp_started || guest_started) {
        return;
    }
    attribute(vcpu);
    guest_started = true;
    first_guest = now;
    first_guest_address = (uint64_t)(uintptr_t)data;
}

static void on_marker(unsigned int vcpu, void *data)
{
    unsigned int number = (unsigned int)(uintptr_t)data;
    static unsigned long stops;

    end_section(0);
    if (number == profile_from || number == profile_to) {
        profiling = number == profile_from;
    }
    if (nr_marks < MAX_MARKS) {
        marks[nr_marks].number = number;
        marks[nr_marks].vcpu = vcpu;
        marks[nr_marks].at = now;
        marks[nr_marks].longest = section_longest;
        marks[nr_marks].longest_from = section_longest_from;
        marks[nr_marks].longest_to = section_longest_to;
        section_longest = 0;
        nr_marks++;
    }
    if (stop_number != 0 && number == stop_number && ++stops == stop_times) {
        write_report();
        _exit(0);
    }
}

/* movz xzr, #imm16 with imm16 in 0xB000..0xBFFF: the imm16 is bits 20..5. */
static bool is_marker(uint32_t opcode)
{
    return (opcode & MARKER_MASK) == MARKER_VALUE;
}

static void translate_insn(struct qemu_plugin_insn *insn, bool hyp)
{
    uint32_t opcode;

    qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64,
                                               hyp ? &now.hyp : &now.guest, 1);
    if (qemu_plugin_insn_size(insn) != sizeof(opcode)) {
        return;
    }
    memcpy(&opcode, qemu_plugin_insn_data(insn), sizeof(opcode));
    if (is_marker(opcode)) {
        qemu_plugin_register_vcpu_insn_exec_cb(insn, on_marker, QEMU_PLUGIN_CB_NO_REGS,
                                               (void *)(uintptr_t)((opcode >> 5) & 0xffff));
    }
    if (!hyp) {
        return;
    }
    if (profile_from != 0) {
        qemu_plugin_register_vcpu_insn_exec_cb(insn, on_profiled_insn, QEMU_PLUGIN_CB_NO_REGS,
                                               place_at(qemu_plugin_insn_vaddr(insn)));
    }
    if ((opcode & TLBI_MASK) == TLBI_VALUE) {
        qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64, &now.tlbi, 1);
    } else if ((opcode & TLBI_MASK) == DC_VALUE && (opcode & AT_MASK) != AT_VALUE) {
        qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64, &now.dc, 1);
    } else if (opcode == ERET_VALUE) {
        qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64, &now.eret, 1);
    }
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    uint64_t address = qemu_plugin_tb_vaddr(tb);
    bool hyp = is_hyp(address);
    size_t count = qemu_plugin_tb_n_insns(tb);

    (void)id;
    if (hyp) {
        qemu_plugin_register_vcpu_tb_exec_cb(tb, on_hyp_block, QEMU_PLUGIN_CB_NO_REGS,
                                             (void *)(uintptr_t)address);
        for (unsigned int i = 0; i < nr_checks; i++) {
            if (address == checks[i]) {
                qemu_plugin_register_vcpu_tb_exec_cb(tb, on_check, QEMU_PLUGIN_CB_NO_REGS,
                                                     (void *)(uintptr_t)address);
            }
        }
    } else if (!guest_started) {
        qemu_plugin_register_vcpu_tb_exec_cb(tb, on_early_guest_block, QEMU_PLUGIN_CB_NO_REGS,
                                             (void *)(uintptr_t)address);
    }
    for (size_t i = 0; i < count; i++) {
        translate_insn(qemu_plugin_tb_get_insn(tb, i), hyp);
    }
}

static void on_exit_qemu(qemu_plugin_id_t id, void *data)
{
    (void)id;
    (void)data;
    write_report();
}

static int parse_argument(const char *arg)
{
    if (strncmp(arg, "out=", 4) == 0) {
        out_path = strdup(arg + 4);
    } else if (strncmp(arg, "hyp=", 4) == 0 && nr_ranges < MAX_RANGES) {
        char *end;

        ranges[nr_ranges].lo = strtoull(arg + 4, &end, 16);
        if (*end != '-') {
            return -1;
        }
        ranges[nr_ranges++].hi = strtoull(end + 1, NULL, 16);
    } else if (strncmp(arg, "check=", 6) == 0 && nr_checks < MAX_RANGES) {
        checks[nr_checks++] = strtoull(arg + 6, NULL, 16);
    } else if (strncmp(arg, "profile=", 8) == 0) {
        char *end;

        profile_from = (unsigned int)strtoul(arg + 8, &end, 0);
        if (*end != '-') {
            return -1;
        }
        profile_to = (unsigned int)strtoul(end + 1, NULL, 0);
    } else if (strncmp(arg, "stop=", 5) == 0) {
        stop_number = strtoul(arg + 5, NULL, 0);
    } else if (strncmp(arg, "stopn=", 6) == 0) {
        stop_times = strtoul(arg + 6, NULL, 0);
    } else {
        return -1;
    }
    return 0;
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (parse_argument(argv[i]) != 0) {
            fprintf(stderr, "count: bad argument '%s'\n", argv[i]);
            return -1;
        }
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    qemu_plugin_register_atexit_cb(id, on_exit_qemu, NULL);
    return 0;
}

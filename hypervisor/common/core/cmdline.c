/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hearth's command line. One row for each option says how its value is read and where it goes;
 * names and values are those of Xen's. An option that is unknown, or whose value is malformed, is
 * named in a warning and ignored. Words are separated by blanks; nothing is quoted.
 */
#include <hearth/boot.h>

#include <hearth/console.h>
#include <hearth/string.h>

#define WORD_MAX 192U

/* What one domain may be given, whatever the command line says. */
#define MOST_GRANT_FRAMES    4096U
#define MOST_MAPTRACK_FRAMES 65536U

struct option_row {
    const char *name;
    /* True when `value` (NULL: the option stood alone) is well-formed and was stored. */
    bool (*read)(const struct option_row *row, const char *value);
    void *to;
    size_t size; /* of text, terminating NUL included; of a count, what is taken at most, or 0 */
};

static const char *const truths[] = {"1", "yes", "on", "true", "enable"};
static const char *const lies[] = {"0", "no", "off", "false", "disable"};

static bool is_one_of(const char *value, const char *const *words, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        if (strcmp(value, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool read_bool(const struct option_row *row, const char *value)
{
    bool *to = row->to;

    if (value == NULL || is_one_of(value, truths, ARRAY_SIZE(truths))) {
        *to = true;
        return true;
    }
    if (is_one_of(value, lies, ARRAY_SIZE(lies))) {
        *to = false;
        return true;
    }
    return false;
}

/* `idle`: free memory is scrubbed in any case before a guest gets it. */
static bool read_bootscrub(const struct option_row *row, const char *value)
{
    return read_bool(row, value != NULL && strcmp(value, "idle") == 0 ? NULL : value);
}

static bool read_text(const struct option_row *row, const char *value)
{
    if (value == NULL || strlen(value) >= row->size) {
        return false;
    }
    (void)strlcpy(row->to, value, row->size);
    return true;
}

/* A number, or `least-most`, of which the second counts. */
static bool read_number(const struct option_row *row, const char *value)
{
    uint32_t *to = row->to;
    const char *end;
    uint64_t n;

    if (value == NULL || !parse_u64(value, &end, &n)) {
        return false;
    }
    if (*end == '-' && !parse_u64(end + 1, &end, &n)) {
        return false;
    }
    if (*end != '\0' || n > UINT32_MAX) {
        return false;
    }
    *to = (uint32_t)(row->size != 0 ? MIN(n, row->size) : n);
    return true;
}

/* One that is not 0. */
static bool read_count(const struct option_row *row, const char *value)
{
    uint32_t *to = row->to, before = *to;

    if (read_number(row, value) && *to != 0) {
        return true;
    }
    *to = before;
    return false;
}

static bool level_of(const char *value, size_t len, uint32_t *level)
{
    static const struct {
        const char *name;
        uint32_t level;
    } levels[] = {
        {"none", LOG_ERR},  {"error", LOG_ERR},   {"warning", LOG_WARNING},
        {"info", LOG_INFO}, {"debug", LOG_DEBUG}, {"all", LOG_DEBUG},
    };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(levels); i++) {
        if (strlen(levels[i].name) == len && memcmp(levels[i].name, value, len) == 0) {
            *level = levels[i].level;
            return true;
        }
    }
    return false;
}

/* `level` or `level/rate-limited level`; Hearth limits all of a guest's messages. */
static bool read_level(const struct option_row *row, const char *value)
{
    const char *slash = value == NULL ? NULL : strchr(value, '/');
    uint32_t unused;

    if (value == NULL) {
        return false;
    }
    if (slash != NULL && !level_of(slash + 1, strlen(slash + 1), &unused)) {
        return false;
    }
    return level_of(value, slash == NULL ? strlen(value) : (size_t)(slash - value), row->to);
}

static bool strip_prefix(const char **s, const char *prefix)
{
    size_t len = strlen(prefix);

    if (strncmp(*s, prefix, len) != 0) {
        return false;
    }
    *s += len;
    return true;
}

/* XEN-ABI: 0 is no limit. */
static bool read_limit(const struct option_row *row, const char *value)
{
    uint32_t *to = row->to;

    if (value != NULL && strcmp(value, "0") == 0) {
        *to = UINT32_MAX;
        return true;
    }
    return read_count(row, value);
}

/* A list of where output goes: Hearth's one UART, by either name, or `none`. */
static bool read_console(const struct option_row *row, const char *value)
{
    bool *off = row->to;
    bool uart = false, none = false;
    const char *s = value;

    while (s != NULL && *s != '\0') {
        if (strip_prefix(&s, "dtuart") || strip_prefix(&s, "com1")) {
            uart = true;
        } else if (strip_prefix(&s, "none")) {
            none = true;
        } else {
            return false;
        }
        if (*s != '\0' && *s++ != ',') {
            return false;
        }
    }
    *off = none && !uart;
    return none || uart;
}

/* A list of `size`, `min:size`, `max:size`. min is as good as size: dom0 has no less. */
static bool read_dom0_mem(const struct option_row *row, const char *value)
{
    uint64_t size = 0, least = 0, most = 0;
    const char *s = value;
    uint64_t *to;

    (void)row;
    while (s != NULL && *s != '\0') {
        to = strip_prefix(&s, "min:") ? &least : strip_prefix(&s, "max:") ? &most : &size;
        if (!parse_size(s, &s, to) || *to == 0 || (*s != '\0' && *s != ',')) {
            return false;
        }
        s += *s == ',' ? 1 : 0;
    }
    if (size == 0) {
        size = least != 0 ? least : most;
    }
    if (size == 0 || (least != 0 && most != 0 && least > most)) {
        return false;
    }
    size = MAX(size, least);
    options.dom0_mem = most != 0 ? MIN(size, most) : size;
    options.dom0_mem_max = most;
    return true;
}

static const struct option_row rows[] = {
    {"bootscrub", read_bootscrub, &options.bootscrub, 0},
    {"console", read_console, &options.console_off, 0},
    {"conswitch", read_text, options.conswitch, sizeof(options.conswitch)},
    {"dom0_max_vcpus", read_count, &options.dom0_max_vcpus, 0},
    {"dom0_mem", read_dom0_mem, NULL, 0},
    {"dom0_vcpus_pin", read_bool, &options.dom0_vcpus_pin, 0},
    {"dtuart", read_text, options.dtuart, sizeof(options.dtuart)},
    {"gnttab_max_frames", read_count, &options.gnttab_max_frames, MOST_GRANT_FRAMES},
    {"gnttab_max_maptrack_frames", read_number, &options.gnttab_max_maptrack_frames,
     MOST_MAPTRACK_FRAMES},
    {"guest_loglvl", read_level, &options.guest_loglvl, 0},
    {"loglvl", read_level, &options.loglvl, 0},
    {"maxcpus", read_limit, &options.maxcpus, 0},
    {"noreboot", read_bool, &options.noreboot, 0},
    {"sched", read_text, options.sched, sizeof(options.sched)},
    {"xsm", read_text, options.xsm, sizeof(options.xsm)},
};

static const struct option_row *find_row(const char *name)
{
    size_t i;

    for (i = 0; i < ARRAY_SIZE(rows); i++) {
        if (strcmp(rows[i].name, name) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

/* One `name`, `name=value` or `no-name`, which is cut into its parts here. */
static void parse_word(char *word)
{
    char *equals = strchr(word, '=');
    const char *value = NULL, *name = word;
    const struct option_row *row;

    if (equals != NULL) {
        *equals = '\0';
        value = equals + 1;
    }
    row = find_row(name);
    if (row == NULL && value == NULL && strip_prefix(&name, "no-")) {
        row = find_row(name);
        value = "no";
        row = row != NULL && (row->read == read_bool || row->read == read_bootscrub) ? row : NULL;
    }
    if (row == NULL) {
        printk(LOG_WARNING, "unknown option '%s' is ignored\n", word);
    } else if (!row->read(row, value)) {
        printk(LOG_WARNING, "option '%s': value '%s' is malformed, ignored\n", name,
               value == NULL ? "" : value);
    }
}

void cmdline_parse(const char *line)
{
    char word[WORD_MAX];
    size_t len;

    options = (struct hearth_options){
        .conswitch = "a",
        .loglvl = LOG_INFO,
        .guest_loglvl = LOG_WARNING,
        .bootscrub = true,
        .maxcpus = CONFIG_NR_CPUS,
        .gnttab_max_frames = 64, /* XEN-ABI: both defaults */
        .gnttab_max_maptrack_frames = 1024,
    };
    while (*line != '\0') {
        for (len = 0;
             line[len] != '\0' && line[len] != ' ' && line[len] != '\t' && line[len] != '\n';) {
            len++;
        }
        if (len >= WORD_MAX) {
            printk(LOG_WARNING, "option '%.32s...' is too long, ignored\n", line);
        } else if (len != 0) {
            memcpy(word, line, len);
            word[len] = '\0';
            parse_word(word);
        }
        line += len;
        line += *line != '\0' ? 1 : 0;
    }
}

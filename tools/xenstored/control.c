/* SPDX-License-Identifier: Apache-2.0 */
/* XS_CONTROL: what an administrator asks of the daemon with xenstore-control. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "update.h"
#include "wire.h"

struct control {
    const char *name;
    int (*run)(struct request *request, unsigned int words);
    const char *args;
};

static int say(struct request *request, const char *text)
{
    return request_put(request, text, strlen(text));
}

static int run_check(struct request *request, unsigned int words)
{
    int bad;

    if (words != 0) {
        return -EINVAL;
    }
    log_line("Checking store ...");
    bad = store_check(request->conn->store);
    if (bad > 0) {
        log_system("the store is not consistent");
    }
    log_line("Checking store complete.");
    return bad > 0 ? -EIO : bad;
}

static int run_log(struct request *request, unsigned int words)
{
    const char *word = words == 1 ? request_string(request, 1) : "";

    if (strcmp(word, "on") != 0 && strcmp(word, "off") != 0) {
        return -EINVAL;
    }
    log_tracing = strcmp(word, "on") == 0;
    return 0;
}

static int run_logfile(struct request *request, unsigned int words)
{
    return words == 1 ? log_open(request_string(request, 1)) : -EINVAL;
}

static int run_print(struct request *request, unsigned int words)
{
    if (words != 1) {
        return -EINVAL;
    }
    log_system("control: %s", request_string(request, 1));
    return 0;
}

static void report_domain(FILE *out, const struct domain *domain)
{
    (void)fprintf(out, "domain %u:", domain->domid);
    for (unsigned int i = 0; i < QUOTA_COUNTED; i++) {
        (void)fprintf(out, " %s %llu (most %llu)", quota_name(i),
                      (unsigned long long)domain->quota.used[i],
                      (unsigned long long)domain->quota.peak[i]);
    }
    (void)fputc('\n', out);
}

static int run_memreport(struct request *request, unsigned int words)
{
    struct store *store = request->conn->store;
    FILE *out;

    if (words > 1) {
        return -EINVAL;
    }
    out = words == 1 ? fopen(request_string(request, 1), "we") : stderr;
    if (out == NULL) {
        return -errno;
    }
    (void)fprintf(out, "nodes %llu in %llu bytes, permission lists %zu, watches %zu\n",
                  (unsigned long long)store->env.nodes, (unsigned long long)store->env.bytes,
                  store->env.perms.count, store->watches.count);
    for (unsigned int i = 0; i < DOMAINS; i++) {
        if (domain_find(&store->domains, (uint16_t)i) != NULL) {
            report_domain(out, domain_find(&store->domains, (uint16_t)i));
        }
    }
    if (out != stderr) {
        (void)fclose(out);
    }
    return 0;
}

/* The order in which Debian's daemon prints the limits. */
static const enum quota_item quota_order[] = {
    QUOTA_NODES,  QUOTA_WATCHES,   QUOTA_TRANSACTIONS, QUOTA_OUTSTANDING, QUOTA_TXN_NODES,
    QUOTA_MEMORY, QUOTA_NODE_SIZE, QUOTA_PATH,         QUOTA_PERMS,
};

static int show_limits(struct request *request, const uint32_t *limit, bool soft)
{
    char line[128];
    int err = say(request, "Quota settings:\n");

    for (size_t i = 0; err == 0 && i < array_len(quota_order); i++) {
        enum quota_item item = quota_order[i];

        if (soft && item != QUOTA_MEMORY) {
            continue;
        }
        (void)snprintf(line, sizeof(line), "%-17s: %8u %s\n", quota_name(item), limit[item],
                       soft ? "Total Xenstore memory per domain (warning level)"
                            : quota_text(item));
        err = say(request, line);
    }
    return err == 0 ? request_put(request, "", 1) : err;
}

static int show_usage(struct request *request, const char *text)
{
    static const enum quota_item order[] = {QUOTA_NODES, QUOTA_WATCHES, QUOTA_TRANSACTIONS,
                                            QUOTA_OUTSTANDING, QUOTA_MEMORY};
    char line[64], *end;
    unsigned long domid = strtoul(text, &end, 10);
    const struct domain *domain;
    int err;

    if (text[0] == '\0' || *end != '\0' || domid >= DOMAINS) {
        return -EINVAL;
    }
    domain = domain_find(&request->conn->store->domains, (uint16_t)domid);
    if (domain == NULL) {
        return -ENOENT;
    }
    (void)snprintf(line, sizeof(line), "Domain %lu:\n", domid);
    err = say(request, line);
    for (size_t i = 0; err == 0 && i < array_len(order); i++) {
        (void)snprintf(line, sizeof(line), "%-16s: %8llu\n", quota_name(order[i]),
                       (unsigned long long)domain->quota.used[order[i]]);
        err = say(request, line);
    }
    return err == 0 ? request_put(request, "", 1) : err;
}

static int set_limit(struct request *request, uint32_t *limit, bool soft)
{
    int item = quota_item(request_string(request, 2));
    const char *text = request_string(request, 3);
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (item < 0 || (soft && item != QUOTA_MEMORY) || text[0] == '\0' || *end != '\0' ||
        value >= QUOTA_DEFAULT) {
        return -EINVAL;
    }
    limit[item] = (uint32_t)value;
    journal_limits(request->conn->store);
    return 0;
}

static int run_quota(struct request *request, unsigned int words)
{
    uint32_t *limit = request->conn->store->domains.limits.hard;

    if (words == 0) {
        return show_limits(request, limit, false);
    }
    if (words == 1) {
        return show_usage(request, request_string(request, 1));
    }
    return words == 3 && strcmp(request_string(request, 1), "set") == 0
               ? set_limit(request, limit, false)
               : -EINVAL;
}

static int run_quota_soft(struct request *request, unsigned int words)
{
    uint32_t *limit = request->conn->store->domains.limits.soft;

    if (words == 0) {
        return show_limits(request, limit, true);
    }
    return words == 3 && strcmp(request_string(request, 1), "set") == 0
               ? set_limit(request, limit, true)
               : -EINVAL;
}

static int run_help(struct request *request, unsigned int words);

static const struct control controls[] = {
    {"check", run_check, ""},
    {"log", run_log, "on|off"},
    {"live-update", update_control,
     "[-c <cmdline>] [-F] [-t <timeout>] <file>\n"
     "    Default timeout is 60 seconds."},
    {"logfile", run_logfile, "<file>"},
    {"memreport", run_memreport, "[<file>]"},
    {"print", run_print, "<string>"},
    {"quota", run_quota, "[set <name> <val>|<domid>]"},
    {"quota-soft", run_quota_soft, "[set <name> <val>]"},
    {"help", run_help, ""},
};

static int run_help(struct request *request, unsigned int words)
{
    int err = words == 0 ? 0 : -EINVAL;

    for (size_t i = 0; err == 0 && i < array_len(controls); i++) {
        char line[128];

        (void)snprintf(line, sizeof(line), "%s\t%s\n", controls[i].name, controls[i].args);
        err = say(request, line);
    }
    return err == 0 ? request_put(request, "", 1) : err;
}

int control_request(struct request *request)
{
    unsigned int n = request_strings(request);

    if (n == 0 || request->in[request->header->len - 1] != '\0') {
        return -EINVAL;
    }
    for (size_t i = 0; i < array_len(controls); i++) {
        if (strcmp(request->in, controls[i].name) == 0) {
            return controls[i].run(request, n - 1);
        }
    }
    return -EINVAL;
}

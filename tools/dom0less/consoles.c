/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hearth-dom0less-consoles: tells xenconsoled of the PV consoles of guests that Hearth has started.
 * init-dom0less introduces such a guest to the store and says nothing there of a console.
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xenctrl.h>
#include <xenstore.h>

#include <xen/hvm/params.h>

#define MOST_DOMAINS 1024U
#define LIMIT        "1048576" /* bytes that xenconsoled keeps of a console that nobody reads */

struct console {
    uint32_t domid;
    uint64_t gfn, port;
};

static bool json;
static bool listed; /* something stands in the list that is printed */

static void say(uint32_t domid, const char *what, const char *why)
{
    if (json) {
        printf("%s\n  {\"domid\": %u, \"console\": \"%s\"%s%s%s}", listed ? "," : "", domid, what,
               why != NULL ? ", \"why\": \"" : "", why != NULL ? why : "", why != NULL ? "\"" : "");
    } else {
        printf("domain %u: %s%s%s\n", domid, what, why != NULL ? ": " : "", why != NULL ? why : "");
    }
    listed = true;
}

/* --- The store --- */

static bool exists(struct xs_handle *xs, xs_transaction_t t, uint32_t domid, const char *node)
{
    char path[80];
    unsigned int len;
    void *value;

    (void)snprintf(path, sizeof(path), "/local/domain/%u%s", domid, node);
    value = xs_read(xs, t, path, &len);
    free(value);
    return value != NULL;
}

/* Written by dom0, read by the guest. */
static bool put(struct xs_handle *xs, xs_transaction_t t, uint32_t domid, const char *node,
                const char *value)
{
    struct xs_permissions perms[] = {{.id = 0, .perms = XS_PERM_NONE},
                                     {.id = domid, .perms = XS_PERM_READ}};
    char path[80];

    (void)snprintf(path, sizeof(path), "/local/domain/%u/console%s", domid, node);
    return xs_write(xs, t, path, value, (unsigned int)strlen(value)) &&
           xs_set_permissions(xs, t, path, perms, 2);
}

static bool put_all(struct xs_handle *xs, xs_transaction_t t, const struct console *c)
{
    char gfn[24], port[24];

    (void)snprintf(gfn, sizeof(gfn), "%llu", (unsigned long long)c->gfn);
    (void)snprintf(port, sizeof(port), "%llu", (unsigned long long)c->port);
    return put(xs, t, c->domid, "", "") && put(xs, t, c->domid, "/ring-ref", gfn) &&
           put(xs, t, c->domid, "/port", port) && put(xs, t, c->domid, "/limit", LIMIT) &&
           put(xs, t, c->domid, "/type", "xenconsoled") && put(xs, t, c->domid, "/output", "pty") &&
           put(xs, t, c->domid, "/tty", "");
}

/* What came of it; *error is set when that is a failure. */
static const char *publish(struct xs_handle *xs, const struct console *c, bool *error)
{
    for (;;) {
        xs_transaction_t t = xs_transaction_start(xs);
        const char *what = "ready";
        bool there, good;

        if (t == XBT_NULL) {
            *error = true;
            return "the store cannot be written";
        }
        there = exists(xs, t, c->domid, "/console/port");
        if (there) {
            what = "ready before";
        } else if (!exists(xs, t, c->domid, "/domid") && !exists(xs, t, c->domid, "/name")) {
            (void)xs_transaction_end(xs, t, true);
            *error = true;
            return "not in the store: run init-dom0less first";
        }
        good = there || put_all(xs, t, c);
        if (xs_transaction_end(xs, t, !good) && good) {
            return what;
        }
        if (errno != EAGAIN) {
            *error = true;
            return "the store cannot be written";
        }
    }
}

/* --- Domains --- */

static bool find_console(xc_interface *xch, uint32_t domid, struct console *c)
{
    c->domid = domid;
    return xc_hvm_param_get(xch, domid, HVM_PARAM_CONSOLE_EVTCHN, &c->port) == 0 &&
           xc_hvm_param_get(xch, domid, HVM_PARAM_CONSOLE_PFN, &c->gfn) == 0 && c->port != 0 &&
           c->gfn != 0;
}

/* 0, or 1 when a domain that was asked for has no console that can be reached. */
static int one(xc_interface *xch, struct xs_handle *xs, uint32_t domid, bool asked)
{
    struct console c;
    bool error = false;
    const char *what;

    if (!find_console(xch, domid, &c)) {
        if (asked) {
            say(domid, "none", "no such domain, or it was not started as xen,enhanced");
        }
        return asked;
    }
    what = publish(xs, &c, &error);
    say(domid, error ? "failed" : what, error ? what : NULL);
    return error;
}

static int all(xc_interface *xch, struct xs_handle *xs)
{
    static xc_dominfo_t info[MOST_DOMAINS];
    int n = xc_domain_getinfo(xch, 1, MOST_DOMAINS, info), status = 0;

    if (n < 0) {
        n = 0; /* none but dom0 */
    }
    for (int i = 0; i < n; i++) {
        status |= one(xch, xs, info[i].domid, false);
    }
    return status;
}

/* --- Command line --- */

static void usage(FILE *to)
{
    fprintf(to, "usage: hearth-dom0less-consoles [--json] [DOMID...]\n"
                "\n"
                "Lets `xl console` reach guests that Hearth has started (xen,domain nodes with\n"
                "xen,enhanced): writes what xenconsoled needs to the store. Run it in dom0, after\n"
                "init-dom0less, with xenconsoled running. Without DOMID: all such guests.\n"
                "\n"
                "  --json      print the outcome as JSON\n"
                "  -h, --help  print this\n"
                "\n"
                "Exit status: 0, 1 when a guest that was asked for failed, 2 for bad usage.\n");
}

static bool number(const char *text, uint32_t *domid)
{
    char *end;
    unsigned long n;

    errno = 0;
    n = strtoul(text, &end, 10);
    *domid = (uint32_t)n;
    return errno == 0 && end != text && *end == '\0' && n != 0 && n < DOMID_FIRST_RESERVED;
}

static int run(char *const *domids)
{
    xc_interface *xch = xc_interface_open(NULL, NULL, 0);
    struct xs_handle *xs = xs_open(0);
    int status = 0;

    if (xch == NULL || xs == NULL) {
        fprintf(stderr, "hearth-dom0less-consoles: %s: is this dom0, and xenstored running?\n",
                xch == NULL ? "the hypervisor cannot be asked" : "the store cannot be reached");
        status = 1;
    } else {
        printf("%s", json ? "[" : "");
        if (*domids == NULL) {
            status = all(xch, xs);
        }
        for (uint32_t domid; *domids != NULL; domids++) {
            (void)number(*domids, &domid);
            status |= one(xch, xs, domid, true);
        }
        printf("%s", json ? "\n]\n" : "");
    }
    if (xs != NULL) {
        xs_close(xs);
    }
    if (xch != NULL) {
        (void)xc_interface_close(xch);
    }
    return status;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {0}};
    uint32_t domid;
    int c;

    while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (c) {
        case 'j':
            json = true;
            break;
        case 'h':
            usage(stdout);
            return 0;
        default:
            usage(stderr);
            return 2;
        }
    }
    for (int i = optind; i < argc; i++) {
        if (!number(argv[i], &domid)) {
            fprintf(stderr, "hearth-dom0less-consoles: %s is no number of a guest\n", argv[i]);
            return 2;
        }
    }
    return run(argv + optind);
}

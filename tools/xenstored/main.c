/* SPDX-License-Identifier: Apache-2.0 */
/* xenstored: options as Debian's C daemon has them, then the server. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "persist.h"
#include "takeover.h"
#include "update.h"

#define OPT_NO_DOMAINS 256
#define OPT_MASTER     257
#define OPT_PRIV       258
#define OPT_PERSIST    259
#define OPT_NO_PERSIST 260
#define OPT_LIVE       261
#define OPT_OCAML      262

static const struct option long_options[] = {
    {"no-domain-init", no_argument, NULL, 'D'},
    {"no-domains", no_argument, NULL, OPT_NO_DOMAINS},
    {"entry-nb", required_argument, NULL, 'E'},
    {"pid-file", required_argument, NULL, 'F'},
    {"master-domid", required_argument, NULL, OPT_MASTER},
    {"priv-domid", required_argument, NULL, OPT_PRIV},
    {"persist", required_argument, NULL, OPT_PERSIST},
    {"no-persist", no_argument, NULL, OPT_NO_PERSIST},
    {"help", no_argument, NULL, 'H'},
    {"no-fork", no_argument, NULL, 'N'},
    {"output-pid", no_argument, NULL, 'P'},
    {"entry-size", required_argument, NULL, 'S'},
    {"trace-file", required_argument, NULL, 'T'},
    {"transaction", required_argument, NULL, 't'},
    {"perm-nb", required_argument, NULL, 'A'},
    {"path-max", required_argument, NULL, 'M'},
    {"quota", required_argument, NULL, 'Q'},
    {"quota-soft", required_argument, NULL, 'q'},
    {"timeout", required_argument, NULL, 'w'},
    {"no-recovery", no_argument, NULL, 'R'},
    {"internal-db", optional_argument, NULL, 'I'},
    {"live-update", no_argument, NULL, 'U'},
    {"keep-orphans", no_argument, NULL, 'K'},
    {"verbose", no_argument, NULL, 'V'},
    {"watch-nb", required_argument, NULL, 'W'},
    /* oxenstored's, in its live update */
    {"live", no_argument, NULL, OPT_LIVE},
    {"restart", no_argument, NULL, OPT_OCAML},
    {"config-file", required_argument, NULL, OPT_OCAML},
    {"reraise-top-level", no_argument, NULL, OPT_OCAML},
    {NULL, 0, NULL, 0},
};

static const char usage[] =
    "Usage:\n\n"
    "  xenstored <options>\n\n"
    "where options may include:\n\n"
    "  -D, --no-domain-init     do not connect dom0's own ring,\n"
    "      --no-domains         serve the socket only,\n"
    "  -F, --pid-file <file>    write the daemon's pid to a file,\n"
    "  -H, --help               print this,\n"
    "  -N, --no-fork            stay in the foreground,\n"
    "      --persist <file>     where the store outlives a crash: in memory (tmpfs); default:\n"
    "                           \"store\" in the daemon's directory,\n"
    "      --no-persist         nowhere,\n"
    "  -P, --output-pid         print the daemon's pid,\n"
    "  -T, --trace-file <file>  log requests to a file,\n"
    "  -E, --entry-nb <nb>      nodes per domain,\n"
    "  -S, --entry-size <size>  bytes per node,\n"
    "  -W, --watch-nb <nb>      watches per domain,\n"
    "  -t, --transaction <nb>   transactions per domain,\n"
    "  -A, --perm-nb <nb>       permissions per node,\n"
    "  -M, --path-max <chars>   length of a path,\n"
    "  -Q, --quota <what>=<nb>  any limit by its name: nodes, watches, transactions,\n"
    "                           outstanding, transaction-nodes, memory, node-size, path-max,\n"
    "                           permissions,\n"
    "  -q, --quota-soft <what>=<nb>  a warning level, which xenstore-control shows: memory,\n"
    "  -K, --keep-orphans       nodes of a domain that is gone become dom0's.\n"
    "  -U, --live-update        take over from the daemon that executes this one,\n"
    "      --live               take over from oxenstored, which gives this option itself, and\n"
    "                           --restart, --config-file <file>, --reraise-top-level, which mean\n"
    "                           nothing here,\n"
    "  -w, -R, -I, -V           are taken and mean nothing here: the store is in memory.\n";

static struct {
    bool help, fork, print_pid, dom0, domains, keep_orphans, update, live, no_persist;
    const char *pid_file, *trace_file, *persist;
    uint16_t privileged;
    struct quota_limits limits;
} options = {.fork = true, .dom0 = true, .domains = true};

static void die(const char *what, int err)
{
    fprintf(stderr, "xenstored: %s: %s\n", what, strerror(-err));
    exit(1);
}

static uint32_t number(const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (text[0] < '0' || text[0] > '9' || *end != '\0' || value >= QUOTA_DEFAULT) {
        fprintf(stderr, "xenstored: invalid parameter value \"%s\"\n", text);
        exit(1);
    }
    return (uint32_t)value;
}

/* <what>=<nb> */
static void named_limit(const char *text, uint32_t *limit, bool soft)
{
    char name[32];
    const char *equals = strchr(text, '=');
    int item = -ENOENT;

    if (equals == NULL) {
        fprintf(stderr, "xenstored: quotas must be specified via <what>=<nb>\n");
        exit(1);
    }
    if ((size_t)(equals - text) < sizeof(name)) {
        memcpy(name, text, (size_t)(equals - text));
        name[equals - text] = '\0';
        item = quota_item(name);
    }
    if (item < 0 || (soft && item != QUOTA_MEMORY)) {
        fprintf(stderr, "xenstored: unknown quota \"%s\"\n", text);
        exit(1);
    }
    limit[item] = number(equals + 1);
}

static void one_limit(int opt)
{
    static const struct {
        int opt;
        enum quota_item item;
    } by_letter[] = {{'E', QUOTA_NODES},        {'S', QUOTA_NODE_SIZE}, {'W', QUOTA_WATCHES},
                     {'t', QUOTA_TRANSACTIONS}, {'A', QUOTA_PERMS},     {'M', QUOTA_PATH}};

    for (size_t i = 0; i < array_len(by_letter); i++) {
        if (by_letter[i].opt == opt) {
            options.limits.hard[by_letter[i].item] = number(optarg);
        }
    }
}

static void one_option(int opt)
{
    switch (opt) {
    case 'D':
        options.dom0 = false;
        break;
    case 'U':
        options.update = true;
        break;
    case OPT_LIVE:
        options.live = options.update = true;
        break;
    case OPT_OCAML:
        break;
    case OPT_NO_DOMAINS:
        options.domains = false;
        break;
    case 'F':
        options.pid_file = optarg;
        break;
    case OPT_PRIV:
        options.privileged = (uint16_t)number(optarg);
        break;
    case OPT_PERSIST:
        options.persist = optarg;
        break;
    case OPT_NO_PERSIST:
        options.no_persist = true;
        break;
    case 'H':
        options.help = true;
        break;
    case 'N':
        options.fork = false;
        break;
    case 'P':
        options.print_pid = true;
        break;
    case 'T':
        options.trace_file = optarg;
        break;
    case 'Q':
        named_limit(optarg, options.limits.hard, false);
        break;
    case 'q':
        named_limit(optarg, options.limits.soft, true);
        break;
    case 'K':
        options.keep_orphans = true;
        break;
    case '?':
        exit(1);
    default:
        one_limit(opt);
        break;
    }
}

static void read_options(int argc, char **argv)
{
    int opt;

    quota_limits_init(&options.limits);
    while ((opt = getopt_long(argc, argv, "DE:F:HI::KNPS:t:A:M:Q:q:T:RUVW:w:", long_options,
                              NULL)) != -1) {
        one_option(opt);
    }
    if (options.help) {
        fputs(usage, stdout);
        exit(0);
    }
    if (optind != argc) {
        fprintf(stderr, "xenstored: No arguments desired\n");
        exit(1);
    }
}

/* The parent waits until the daemon serves; its end of the pipe is in *ready. */
static void become_daemon(int *ready)
{
    int ends[2];
    char ok;

    *ready = -1;
    if (!options.fork) {
        return;
    }
    if (pipe2(ends, O_CLOEXEC) != 0) {
        die("pipe", -errno);
    }
    switch (fork()) {
    case -1:
        die("fork", -errno);
        break;
    case 0:
        (void)close(ends[0]);
        *ready = ends[1];
        (void)setsid();
        break;
    default:
        (void)close(ends[1]);
        _exit(read(ends[0], &ok, 1) == 1 ? 0 : 1);
    }
}

static void detach(int ready)
{
    int null;

    if (ready < 0) {
        return;
    }
    null = open("/dev/null", O_RDWR);
    if (null >= 0) {
        (void)dup2(null, STDIN_FILENO);
        (void)dup2(null, STDOUT_FILENO);
        (void)dup2(null, STDERR_FILENO);
    }
    if (chdir("/") != 0 || write(ready, "", 1) != 1) {
        log_system("cannot tell the parent that the daemon serves");
    }
    (void)close(ready);
}

/* The file stays locked as long as the daemon lives. */
static int write_pid(const char *file)
{
    char text[16];
    int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600), n;

    if (fd < 0) {
        return -errno;
    }
    if (lockf(fd, F_TLOCK, 0) != 0) {
        (void)close(fd);
        return -EBUSY;
    }
    n = snprintf(text, sizeof(text), "%d\n", (int)getpid());
    /* Whoever reads it meanwhile finds a number. */
    return write(fd, text, (size_t)n) != n || ftruncate(fd, n) != 0 ? -EIO : 0;
}

void server_new_pid(void)
{
    if (options.pid_file != NULL && write_pid(options.pid_file) != 0) {
        log_system("cannot write %s", options.pid_file);
    }
}

static void on_signal(int number_of_it)
{
    (void)number_of_it;
    server_stop();
}

static void set_signals(void)
{
    struct sigaction stop = {.sa_handler = on_signal}, ignore = {.sa_handler = SIG_IGN};

    (void)sigaction(SIGTERM, &stop, NULL);
    (void)sigaction(SIGINT, &stop, NULL);
    (void)sigaction(SIGPIPE, &ignore, NULL);
    (void)sigaction(SIGHUP, &ignore, NULL);
    (void)sigaction(SIGCHLD, &ignore, NULL); /* children are reaped by themselves */
}

static void new_store(void)
{
    int err = store_init(&server.store, server_edge(options.domains));

    if (err != 0) {
        die("store", err);
    }
    server.store.domains.limits = options.limits;
    server.store.domains.privileged = options.privileged;
    server.store.keep_orphans = options.keep_orphans;
}

static void choose_file(void)
{
    static char file[256];

    (void)snprintf(file, sizeof(file), "%s/store", server.rundir);
    if (!options.no_persist) {
        persist_use(options.persist != NULL ? options.persist : file);
    }
}

static void store_start(void)
{
    uint64_t key;
    int err;

    if (getrandom(&key, sizeof(key), 0) != sizeof(key)) {
        die("getrandom", -errno);
    }
    hash_key(key);
    new_store();
    choose_file();
    err = options.trace_file != NULL ? log_open(options.trace_file) : 0;
    if (err != 0) {
        die(options.trace_file, err);
    }
}

/* A new store, or the one that the file has of a daemon that ended. */
static int begin_alone(void)
{
    enum persist_found found = persist_load();
    int err;

    if (found == PERSIST_BAD) {
        store_free(&server.store);
        new_store();
    }
    err = found != PERSIST_LOADED ? server_first_nodes() : 0;
    if (err == 0 && options.domains) {
        err = rings_start(options.dom0 && found != PERSIST_LOADED);
    }
    if (err == 0) {
        persist_start();
    }
    if (err == 0 && found == PERSIST_LOADED && options.domains) {
        rings_reconnect(&server.store);
    }
    return err;
}

/* A new store, or the one that another program hands over. */
static int begin(void)
{
    int err = options.live ? takeover_begin() : 0;

    err = err == 0 ? server_start() : err;
    if (err == 0 && options.update) {
        err = resume_load(options.domains, options.dom0);
    } else if (err == 0) {
        err = begin_alone();
    }
    return err == 0 ? socket_listen() : err;
}

int main(int argc, char **argv)
{
    int ready = -1, err;

    read_options(argc, argv);
    server.argv = argv;
    server.rundir =
        getenv("XENSTORED_RUNDIR") != NULL ? getenv("XENSTORED_RUNDIR") : "/var/run/xenstored";
    openlog("xenstored", 0, LOG_DAEMON);
    set_signals();
    if (!options.update) {
        (void)mkdir(server.rundir, 0755);
        become_daemon(&ready);
        err = options.pid_file != NULL ? write_pid(options.pid_file) : 0;
        if (err == -EBUSY) {
            exit(0); /* another one runs already */
        }
        if (err != 0) {
            die(options.pid_file, err);
        }
        if (options.print_pid) {
            printf("%d\n", (int)getpid());
            (void)fflush(stdout);
        }
    }
    store_start();
    err = begin();
    if (err != 0) {
        die("start", err);
    }
    if (options.update) {
        resume_done();
        server_new_pid();
    }
    detach(ready);
    server_run();
    return 0;
}

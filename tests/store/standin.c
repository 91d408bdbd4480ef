/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into a store daemon on the host: the event channel, grant and control libraries without
 * a hypervisor. What they stand for lies in the directory that STORE_STANDIN names:
 *
 *   evtchn          the daemon's end of all event channels: a datagram socket; each datagram is the
 *                   daemon's port as uint32_t
 *   guest-DOMID     the guest's end, made by the test: gets the guest's port as uint32_t
 *   ring-DOMID      the guest's ring page, made by the test
 *   domains         what exists: a byte for each number below 0x7ff0: 0 no such domain, 1 running,
 *                   2 shut down, 3 dying
 *   xsd_kva         dom0's own ring page, and
 *   xsd_port        its port, for the files of these names in /proc/xen
 *
 * A daemon's port is (DOMID + 1) * GUEST_PORTS + the guest's port, and VIRQ_PORT for VIRQ_DOM_EXC:
 * nothing needs to be remembered, so that ports stay valid over exec().
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define __XEN_TOOLS__ 1
#include <xenctrl.h>
#include <xenevtchn.h>
#include <xengnttab.h>

#define GUEST_PORTS 4096U
#define VIRQ_PORT   1
#define PAGE        4096U
#define DOMAINS     0x7ff0U

struct xenevtchn_handle {
    int fd;
};

struct xengntdev_handle {
    int unused;
};

static void place(char *path, size_t size, const char *name, int number)
{
    const char *dir = getenv("STORE_STANDIN");

    if (number < 0) {
        snprintf(path, size, "%s/%s", dir ? dir : ".", name);
    } else {
        snprintf(path, size, "%s/%s-%d", dir ? dir : ".", name, number);
    }
}

static struct sockaddr_un address(const char *name, int number)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};

    place(a.sun_path, sizeof(a.sun_path), name, number);
    return a;
}

/* --- Files: of /proc/xen, and where oxenstored has its own whatever it is told --------------- */

static const char *here(const char *path, char *room, size_t size)
{
    static const char *const there[] = {"/proc/xen/", "/var/run/xenstored/", "/var/log/xen/"};

    for (unsigned int i = 0; i < sizeof(there) / sizeof(there[0]); i++) {
        size_t len = strlen(there[i]);

        if (strncmp(path, there[i], len) == 0) {
            place(room, size, path + len, -1);
            return room;
        }
        if (strncmp(path, there[i], len - 1) == 0 && path[len - 1] == '\0') {
            place(room, size, ".", -1);
            return room;
        }
    }
    return path;
}

static int open_file(const char *path, int flags, mode_t mode)
{
    char room[256];

    return (int)syscall(SYS_openat, AT_FDCWD, here(path, room, sizeof(room)), flags, mode);
}

int unlink(const char *path)
{
    char room[256];

    return (int)syscall(SYS_unlinkat, AT_FDCWD, here(path, room, sizeof(room)), 0);
}

int chmod(const char *path, mode_t mode)
{
    char room[256];

    return (int)syscall(SYS_fchmodat, AT_FDCWD, here(path, room, sizeof(room)), mode);
}

int mkdir(const char *path, mode_t mode)
{
    char room[256];

    return (int)syscall(SYS_mkdirat, AT_FDCWD, here(path, room, sizeof(room)), mode);
}

int stat64(const char *path, struct stat64 *st)
{
    char room[256];

    return (int)syscall(SYS_newfstatat, AT_FDCWD, here(path, room, sizeof(room)), st, 0);
}

int access(const char *path, int mode)
{
    char room[256];

    return (int)syscall(SYS_faccessat, AT_FDCWD, here(path, room, sizeof(room)), mode);
}

int bind(int fd, const struct sockaddr *address, socklen_t len)
{
    struct sockaddr_un a;
    char room[256];

    if (address->sa_family != AF_UNIX || len > sizeof(a)) {
        return (int)syscall(SYS_bind, fd, address, len);
    }
    memset(&a, 0, sizeof(a));
    memcpy(&a, address, len);
    snprintf(room, sizeof(room), "%s", a.sun_path);
    snprintf(a.sun_path, sizeof(a.sun_path), "%s", here(room, (char[256]){0}, 256));
    return (int)syscall(SYS_bind, fd, (struct sockaddr *)&a, sizeof(a));
}

int open(const char *path, int flags, ...)
{
    va_list list;
    mode_t mode;

    va_start(list, flags);
    mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(list, mode_t) : 0;
    va_end(list);
    return open_file(path, flags, mode);
}

int open64(const char *path, int flags, ...) __attribute__((alias("open")));

/* --- Randomness ---------------------------------------------------------------------------- */

/* The same in each run, where STORE_SEED is set: what depends on a hash can then be compared. */
ssize_t getrandom(void *to, size_t len, unsigned int flags)
{
    const char *seed = getenv("STORE_SEED");

    if (seed == NULL) {
        return syscall(SYS_getrandom, to, len, flags);
    }
    memset(to, atoi(seed), len);
    return (ssize_t)len;
}

/* --- Event channels ------------------------------------------------------------------------- */

xenevtchn_handle *xenevtchn_fdopen(struct xentoollog_logger *logger, int fd, unsigned int flags)
{
    struct xenevtchn_handle *h = calloc(1, sizeof(*h));

    (void)logger;
    (void)flags;
    if (h != NULL) {
        h->fd = fd;
    }
    return h;
}

xenevtchn_handle *xenevtchn_open(struct xentoollog_logger *logger, unsigned int flags)
{
    struct sockaddr_un a = address("evtchn", -1);
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

    unlink(a.sun_path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0) {
        return NULL;
    }
    return xenevtchn_fdopen(logger, fd, flags);
}

int xenevtchn_close(xenevtchn_handle *h)
{
    close(h->fd);
    free(h);
    return 0;
}

int xenevtchn_fd(xenevtchn_handle *h)
{
    return h->fd;
}

xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *h, uint32_t domid,
                                                     evtchn_port_t remote)
{
    (void)h;
    if (remote == 0 || remote >= GUEST_PORTS) {
        errno = EINVAL;
        return -1;
    }
    return (int)((domid + 1) * GUEST_PORTS + remote);
}

xenevtchn_port_or_error_t xenevtchn_bind_virq(xenevtchn_handle *h, unsigned int virq)
{
    (void)h;
    (void)virq;
    return VIRQ_PORT;
}

int xenevtchn_unbind(xenevtchn_handle *h, evtchn_port_t port)
{
    (void)h;
    (void)port;
    return 0;
}

int xenevtchn_unmask(xenevtchn_handle *h, evtchn_port_t port)
{
    (void)h;
    (void)port;
    return 0;
}

int xenevtchn_notify(xenevtchn_handle *h, evtchn_port_t port)
{
    struct sockaddr_un a = address("guest", (int)(port / GUEST_PORTS) - 1);
    uint32_t guest_port = port % GUEST_PORTS;

    /* A guest whose socket is full has events enough. */
    sendto(h->fd, &guest_port, sizeof(guest_port), MSG_DONTWAIT, (struct sockaddr *)&a, sizeof(a));
    return 0;
}

xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *h)
{
    uint32_t port;

    return recv(h->fd, &port, sizeof(port), 0) == sizeof(port) ? (int)port : -1;
}

/* --- Grants --------------------------------------------------------------------------------- */

xengnttab_handle *xengnttab_open(struct xentoollog_logger *logger, unsigned int flags)
{
    (void)logger;
    (void)flags;
    return calloc(1, sizeof(struct xengntdev_handle));
}

int xengnttab_close(xengnttab_handle *h)
{
    free(h);
    return 0;
}

int xengnttab_set_max_grants(xengnttab_handle *h, uint32_t count)
{
    (void)h;
    (void)count;
    return 0;
}

void *xengnttab_map_grant_ref(xengnttab_handle *h, uint32_t domid, uint32_t ref, int prot)
{
    char path[256];
    void *page;
    int fd;

    (void)h;
    (void)ref;
    place(path, sizeof(path), "ring", (int)domid);
    fd = open(path, O_RDWR);
    if (fd < 0) {
        return NULL;
    }
    page = mmap(NULL, PAGE, prot, MAP_SHARED, fd, 0);
    close(fd);
    return page == MAP_FAILED ? NULL : page;
}

/* oxenstored maps rings by their frames; /ring-N is named by the domain alone. */
void *xc_map_foreign_range(xc_interface *xch, uint32_t dom, int size, int prot, unsigned long mfn)
{
    (void)xch;
    (void)size;
    return xengnttab_map_grant_ref(NULL, dom, (uint32_t)mfn, prot);
}

int xengnttab_unmap(xengnttab_handle *h, void *start, uint32_t count)
{
    (void)h;
    return munmap(start, (size_t)count * PAGE);
}

/* --- Domains -------------------------------------------------------------------------------- */

struct found {
    uint32_t domid;
    int shutdown, dying;
};

/* Up to `max` domains from `first` on. Cheap, so that it does not count where daemons are compared.
 */
static int domains(uint32_t first, unsigned int max, struct found *out)
{
    static const uint8_t *states;
    unsigned int n = 0;

    if (states == NULL) {
        char path[256];
        int fd;

        place(path, sizeof(path), "domains", -1);
        fd = open_file(path, O_RDONLY, 0);
        states = fd < 0 ? MAP_FAILED : mmap(NULL, DOMAINS, PROT_READ, MAP_SHARED, fd, 0);
        close(fd);
        if (states == MAP_FAILED) {
            states = NULL;
            return -1;
        }
    }
    for (uint32_t id = first; id < DOMAINS && n < max; id++) {
        if (states[id] != 0) {
            out[n++] = (struct found){id, states[id] == 2, states[id] == 3};
        }
    }
    return (int)n;
}

xc_interface *xc_interface_open(xentoollog_logger *logger, xentoollog_logger *dom, unsigned flags)
{
    static char handle;

    (void)logger;
    (void)dom;
    (void)flags;
    return (xc_interface *)&handle;
}

int xc_interface_close(xc_interface *xch)
{
    (void)xch;
    return 0;
}

int xc_evtchn_status(xc_interface *xch, xc_evtchn_status_t *status)
{
    (void)xch;
    status->status = EVTCHNSTAT_interdomain;
    status->u.interdomain.dom = (domid_t)(status->port / GUEST_PORTS - 1);
    status->u.interdomain.port = status->port % GUEST_PORTS;
    return 0;
}

int xc_domain_getinfo(xc_interface *xch, uint32_t first, unsigned int max, xc_dominfo_t *info)
{
    struct found found[64];
    int n = domains(first, max > 64 ? 64 : max, found);

    (void)xch;
    for (int i = 0; i < n; i++) {
        memset(&info[i], 0, sizeof(info[i]));
        info[i].domid = found[i].domid;
        info[i].shutdown = found[i].shutdown != 0;
        info[i].dying = found[i].dying != 0;
    }
    return n;
}

int xc_domain_getinfolist(xc_interface *xch, uint32_t first, unsigned int max,
                          xc_domaininfo_t *info)
{
    struct found found[64];
    int n = domains(first, max > 64 ? 64 : max, found);

    (void)xch;
    for (int i = 0; i < n; i++) {
        memset(&info[i], 0, sizeof(info[i]));
        info[i].domain = (domid_t)found[i].domid;
        info[i].flags = (found[i].shutdown ? XEN_DOMINF_shutdown : 0U) |
                        (found[i].dying ? XEN_DOMINF_dying : 0U);
    }
    return n;
}

/* oxenstored asks for more open files than a container may have; and does not need them here. */
int setrlimit(__rlimit_resource_t resource, const struct rlimit *limits)
{
    return resource == RLIMIT_NOFILE ? 0 : (int)syscall(SYS_setrlimit, resource, limits);
}

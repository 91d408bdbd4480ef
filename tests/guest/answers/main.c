// SPDX-License-Identifier: Apache-2.0
/*
 * What a privileged domain is answered to each number of each hypercall: one line each, compared
 * by test_answers.py with what Debian's Xen answers. Arguments are all zero but for the interface
 * version and, as second column, the domain.
 */
#include <guest.h>
#include <hypercall.h>

#include <xen/domctl.h>
#include <xen/physdev.h>
#include <xen/platform.h>
#include <xen/sysctl.h>

#define HANDLE_BYTE 0x5a

static char zeros[PAGE_SIZE] PAGE_ALIGNED;
static struct xen_domctl d PAGE_ALIGNED;
static struct xen_sysctl s PAGE_ALIGNED;

static void tell(const char *table, unsigned int number, const char *what, long rc)
{
    print("answer %s %u %s %ld\n", table, number, what, rc);
}

static long domctl(unsigned int cmd, domid_t id)
{
    d.cmd = cmd;
    d.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    d.domain = id;
    return hypercall(__HYPERVISOR_domctl, ADDRESS(&d), 0, 0, 0, 0);
}

static void good_domain(void)
{
    memset(&d, 0, sizeof(d));
    memset(d.u.createdomain.handle, HANDLE_BYTE, sizeof(d.u.createdomain.handle));
    d.u.createdomain.flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap;
    d.u.createdomain.max_vcpus = 1;
    d.u.createdomain.max_evtchn_port = 1023;
    d.u.createdomain.max_grant_frames = 4;
    d.u.createdomain.max_maptrack_frames = 4;
    d.u.createdomain.grant_opts = 1;
}

static long destroy(domid_t id)
{
    long rc;

    memset(&d, 0, sizeof(d));
    do {
        rc = domctl(XEN_DOMCTL_destroydomain, id);
    } while (rc == -XEN_EAGAIN);
    return rc;
}

/* One field of a good createdomain changed. */
#define CREATE(field, value)                                                                       \
    do {                                                                                           \
        long create_rc;                                                                            \
                                                                                                   \
        good_domain();                                                                             \
        d.u.createdomain.field = (value);                                                          \
        create_rc = domctl(XEN_DOMCTL_createdomain, 0);                                            \
        tell("createdomain", (unsigned int)(value), #field, create_rc);                            \
        if (create_rc == 0) {                                                                      \
            destroy(d.domain);                                                                     \
        }                                                                                          \
    } while (0)

/* Whether a domain with this limit has room for a channel. */
static void first_port(unsigned int most)
{
    struct evtchn_alloc_unbound port = {.remote_dom = DOMID_SELF};
    long rc;

    good_domain();
    d.u.createdomain.max_evtchn_port = most;
    rc = domctl(XEN_DOMCTL_createdomain, 0);
    port.dom = d.domain;
    tell("first_port", most, "-", rc != 0 ? rc : evtchn_op(EVTCHNOP_alloc_unbound, &port));
    destroy(port.dom);
}

static void creations(void)
{
    first_port(0);
    first_port(1);
    CREATE(flags, 3);
    for (unsigned int bit = 0; bit < 32; bit++) {
        CREATE(flags, 3 ^ 1u << bit);
    }
    CREATE(iommu_opts, 1);
    CREATE(max_vcpus, 0);
    CREATE(max_vcpus, 8);
    CREATE(max_vcpus, 128);
    CREATE(max_vcpus, 129);
    CREATE(max_vcpus, 0xffffffff);
    CREATE(max_evtchn_port, 0);
    CREATE(max_evtchn_port, 0x7fffffff);
    CREATE(max_evtchn_port, 0xffffffff);
    CREATE(max_grant_frames, 0);
    CREATE(max_grant_frames, -1);
    CREATE(max_grant_frames, 64);
    CREATE(max_grant_frames, 65);
    CREATE(max_grant_frames, 100000);
    CREATE(max_maptrack_frames, 0);
    CREATE(max_maptrack_frames, -1);
    CREATE(max_maptrack_frames, 1024);
    CREATE(max_maptrack_frames, 1025);
    CREATE(grant_opts, 0);
    CREATE(grant_opts, 2);
    CREATE(grant_opts, 17);
    CREATE(vmtrace_size, 4096);
    CREATE(cpupool_id, 1);
    CREATE(cpupool_id, 0xffffffff);
    CREATE(arch.gic_version, 1);
    CREATE(arch.gic_version, 2);
    CREATE(arch.gic_version, 3);
    CREATE(arch.tee_type, 1);
    CREATE(arch.nr_spis, 32);
    CREATE(arch.nr_spis, 960);
    CREATE(arch.nr_spis, 988);
    CREATE(arch.nr_spis, 989);
    CREATE(arch.nr_spis, 0xffffffff);
    CREATE(arch.clock_frequency, 1);
    CREATE(ssidref, 12345);
    good_domain();
    tell("createdomain", 0x7ff0, "domid", domctl(XEN_DOMCTL_createdomain, 0x7ff0));
    destroy(d.domain);
    good_domain();
    tell("createdomain", 5000, "domid", domctl(XEN_DOMCTL_createdomain, 5000));
    good_domain();
    tell("createdomain", 5000, "twice", domctl(XEN_DOMCTL_createdomain, 5000));
    destroy(5000);
}

static void domctls(const char *what, domid_t id)
{
    for (unsigned int cmd = 0; cmd <= 1005; cmd++) {
        if (cmd == 100) {
            cmd = 998;
        }
        if (cmd == XEN_DOMCTL_createdomain || cmd == XEN_DOMCTL_destroydomain) {
            continue;
        }
        memset(&d, 0, sizeof(d));
        tell("domctl", cmd, what, domctl(cmd, id));
    }
}

static void a_new_domain(void)
{
    domid_t id;

    good_domain();
    if (!test_check(domctl(XEN_DOMCTL_createdomain, 0) == 0, "a domain to ask about")) {
        return;
    }
    id = d.domain;
    domctls("new", id);
    tell("domctl", XEN_DOMCTL_destroydomain, "new", destroy(id));
    tell("domctl", XEN_DOMCTL_destroydomain, "gone", destroy(id));
}

static void sysctls(void)
{
    for (unsigned int cmd = 0; cmd <= 35; cmd++) {
        memset(&s, 0, sizeof(s));
        s.cmd = cmd;
        s.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
        tell("sysctl", cmd, "-", hypercall(__HYPERVISOR_sysctl, ADDRESS(&s), 0, 0, 0, 0));
    }
}

static void versions(void)
{
    static const uint32_t words[] = {0, 0x12, 0x13, 0x14, 0x16, 0x17, 0x18, 0xffffffff};

    for (unsigned int i = 0; i < ARRAY_SIZE(words); i++) {
        memset(&d, 0, sizeof(d));
        d.cmd = XEN_DOMCTL_getdomaininfo;
        d.interface_version = words[i];
        tell("domctl_version", words[i], "-",
             hypercall(__HYPERVISOR_domctl, ADDRESS(&d), 0, 0, 0, 0));
        memset(&s, 0, sizeof(s));
        s.cmd = XEN_SYSCTL_sched_id;
        s.interface_version = words[i];
        tell("sysctl_version", words[i], "-",
             hypercall(__HYPERVISOR_sysctl, ADDRESS(&s), 0, 0, 0, 0));
    }
}

/* Numbers first..last of a hypercall with (number, argument). */
static void numbers(const char *table, unsigned int nr, unsigned int last)
{
    for (unsigned int cmd = 0; cmd <= last; cmd++) {
        memset(zeros, 0, 256);
        tell(table, cmd, "-", hypercall(nr, cmd, ADDRESS(zeros), 0, 0, 0));
    }
}

static void platform_ops(void)
{
    for (unsigned int cmd = 0; cmd <= 70; cmd++) {
        struct xen_platform_op *op = (void *)zeros;

        memset(zeros, 0, 256);
        op->cmd = cmd;
        op->interface_version = XENPF_INTERFACE_VERSION;
        tell("platform_op", cmd, "-", hypercall(__HYPERVISOR_platform_op, ADDRESS(op), 0, 0, 0, 0));
    }
}

static void vcpu_ops(void)
{
    for (unsigned int cmd = 0; cmd <= 15; cmd++) {
        memset(zeros, 0, 256);
        tell("vcpu_op", cmd, "-", hypercall(__HYPERVISOR_vcpu_op, cmd, 0, ADDRESS(zeros), 0, 0));
    }
}

/* FLASK's own header is not the tools': the version word first, then the command. */
static void xsm_ops(void)
{
    uint32_t *op = (void *)zeros;

    for (unsigned int cmd = 0; cmd <= 30; cmd++) {
        memset(zeros, 0, 256);
        op[0] = cmd;
        op[1] = 1;
        tell("xsm_op", cmd, "-", hypercall(__HYPERVISOR_xsm_op, ADDRESS(op), 0, 0, 0, 0));
    }
}

/* Hypercalls that are not asked number by number below. */
static bool asked_apart(unsigned int nr)
{
    return nr == __HYPERVISOR_memory_op || nr == __HYPERVISOR_sched_op ||
           nr == __HYPERVISOR_vcpu_op || nr == __HYPERVISOR_platform_op ||
           nr == __HYPERVISOR_sysctl || nr == __HYPERVISOR_domctl;
}

void test_main(void)
{
    creations();
    domctls("self", 0);
    domctls("nobody", 77);
    domctls("reserved", 0x7ff4);
    a_new_domain();
    sysctls();
    versions();
    numbers("memory_op", __HYPERVISOR_memory_op, 31);
    numbers("physdev_op", __HYPERVISOR_physdev_op, 33);
    numbers("hvm_op", __HYPERVISOR_hvm_op, 27);
    numbers("hypfs_op", __HYPERVISOR_hypfs_op, 4);
    numbers("argo_op", __HYPERVISOR_argo_op, 6);
    numbers("kexec_op", __HYPERVISOR_kexec_op, 6);
    numbers("grant_table_op", __HYPERVISOR_grant_table_op, 14);
    numbers("event_channel_op", __HYPERVISOR_event_channel_op, 16);
    numbers("xen_version", __HYPERVISOR_xen_version, 12);
    platform_ops();
    vcpu_ops();
    xsm_ops();
    for (unsigned int nr = 0; nr < 64; nr++) {
        memset(zeros, 0, 256);
        if (!asked_apart(nr)) {
            tell("hypercall", nr, "-", hypercall(nr, 0, 0, 0, 0, 0));
        }
    }
    test_finish();
}

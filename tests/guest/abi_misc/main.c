// SPDX-License-Identifier: Apache-2.0
/* Version, vcpu, sched, hvm parameters, console, multicall: what Linux asks while it boots. */
#include <builder.h>
#include <guest.h>
#include <hypercall.h>

#include <xen/platform.h>

static char buffer[2048] PAGE_ALIGNED;
static struct vcpu_register_runstate_memory_area area;
static struct vcpu_runstate_info runstate PAGE_ALIGNED;
static union {
    struct vcpu_info info;
    char page[PAGE_SIZE];
} vcpu_page PAGE_ALIGNED;

static void test_version(void)
{
    struct xen_feature_info features = {.submap_idx = 0};
    struct xen_feature_info beyond = {.submap_idx = 99};

    test_equal(version_op(XENVER_version, NULL), (4 << 16) | 17, "version 4.17");
    test_equal(version_op(XENVER_extraversion, buffer), 0, "extraversion");
    memset(buffer, 0, sizeof(buffer));
    test_equal(version_op(XENVER_capabilities, buffer), 0, "capabilities");
    test_check(find_text(buffer, "xen-3.0-aarch64") != NULL, "capabilities name aarch64");
    test_equal(version_op(XENVER_compile_info, buffer), 0, "compile_info");
    test_equal(version_op(XENVER_changeset, buffer), 0, "changeset");
    test_equal(version_op(XENVER_platform_parameters, buffer), 0, "platform_parameters");
    test_equal(version_op(XENVER_guest_handle, buffer), 0, "guest_handle");
    test_equal(version_op(XENVER_pagesize, NULL), 4096, "pagesize");
    test_equal(version_op(XENVER_get_features, &features), 0, "get_features");
    test_check((features.submap & (1u << XENFEAT_auto_translated_physmap)) != 0,
               "auto_translated_physmap");
    test_check(((features.submap >> XENFEAT_dom0) & 1) == (platform.is_domu ? 0u : 1u),
               "the dom0 feature is right");
    test_check((features.submap & (1u << XENFEAT_ARM_SMCCC_supported)) != 0, "SMCCC");
    test_equal(version_op(XENVER_get_features, &beyond), -XEN_EINVAL, "no such feature map");
    test_equal(version_op(77, buffer), -XEN_ENOSYS, "unknown version operation");
    test_equal(hypercall(__HYPERVISOR_xen_version, XENVER_extraversion, BAD_ADDRESS, 0, 0, 0),
               -XEN_EFAULT, "extraversion, bad pointer");
}

static void test_vcpu(void)
{
    struct vcpu_register_vcpu_info info = {.mfn = ADDRESS(&vcpu_page) >> PAGE_SHIFT};
    uint64_t begin;

    info.offset = PAGE_SIZE - 8;
    test_equal(vcpu_op(VCPUOP_register_vcpu_info, 0, &info), -XEN_ENXIO,
               "vcpu_info across the page's end");
    info.offset = 0;
    test_equal(vcpu_op(VCPUOP_register_vcpu_info, BAD_VCPU, &info), -XEN_ENOENT,
               "vcpu_info for no vCPU");
    test_equal(vcpu_op(VCPUOP_register_vcpu_info, 0, &info), 0, "register vcpu_info");
    test_equal(vcpu_op(VCPUOP_register_vcpu_info, 0, &info), -XEN_EINVAL, "not a second time");
    area.addr.p = ADDRESS(&runstate);
    test_equal(vcpu_op(VCPUOP_register_runstate_memory_area, 0, &area), 0, "register runstate");
    test_equal(runstate.state, RUNSTATE_running, "this vCPU is running");
    begin = runstate.time[RUNSTATE_running];
    for (unsigned int i = 0; i < 4; i++) {
        sched_op(SCHEDOP_yield, NULL);
    }
    test_check(runstate.time[RUNSTATE_running] >= begin, "running time does not go back");
    test_check(vcpu_op(VCPUOP_is_up, 0, NULL) < 0 || vcpu_op(VCPUOP_is_up, 0, NULL) == 1, "is_up");
    test_check(vcpu_op(77, 0, buffer) < 0, "unknown vcpu operation");
}

/* Mapped once: Xen refuses a second place. */
static uint64_t shared_gfn;

static void test_vcpu_info_moved(void)
{
    struct evtchn_bind_ipi ipi = {.vcpu = 0};
    struct evtchn_send send;
    struct evtchn_unmask unmask;

    shared_gfn = spare_gfn(1);
    test_equal(map_frame(XENMAPSPACE_shared_info, 0, shared_gfn), 0, "map shared_info");
    test_equal(evtchn_op(EVTCHNOP_bind_ipi, &ipi), 0, "bind_ipi");
    send.port = ipi.port;
    unmask.port = ipi.port;
    test_equal(evtchn_op(EVTCHNOP_unmask, &unmask), 0, "unmask");
    test_check(((volatile struct vcpu_info *)&vcpu_page.info)->evtchn_pending_sel == ~0UL,
               "registering selects every word, for events that came before");
    vcpu_page.info.evtchn_pending_sel = 0;
    vcpu_page.info.evtchn_upcall_pending = 0;
    test_equal(evtchn_op(EVTCHNOP_send, &send), 0, "send");
    test_check(((volatile struct vcpu_info *)&vcpu_page.info)->evtchn_upcall_pending != 0,
               "the upcall is in the registered vcpu_info");
}

static void test_sched(void)
{
    evtchn_port_t ports[2] = {BAD_PORT, 0};
    struct sched_poll poll = {.nr_ports = 1, .timeout = 1};
    struct evtchn_alloc_unbound unbound = {.dom = DOMID_SELF, .remote_dom = DOMID_SELF};

    set_xen_guest_handle(poll.ports, ports);
    test_equal(sched_op(SCHEDOP_yield, NULL), 0, "yield");
    test_equal(sched_op(SCHEDOP_poll, &poll), -XEN_EINVAL, "poll no port");
    poll.nr_ports = 129;
    test_equal(sched_op(SCHEDOP_poll, &poll), -XEN_EINVAL, "poll too many ports");
    test_equal(evtchn_op(EVTCHNOP_alloc_unbound, &unbound), 0, "a port to poll");
    ports[0] = unbound.port;
    poll.nr_ports = 1;
    test_equal(sched_op(SCHEDOP_poll, &poll), 0, "poll with a timeout in the past");
    poll.nr_ports = 0;
    test_equal(sched_op(SCHEDOP_poll, &poll), 0, "poll nothing with a timeout in the past");
    test_equal(sched_op(77, buffer), -XEN_ENOSYS, "unknown sched operation");
    test_equal(hypercall(__HYPERVISOR_sched_op, SCHEDOP_poll, BAD_ADDRESS, 0, 0, 0), -XEN_EFAULT,
               "poll, bad pointer");
    test_equal(hypercall(__HYPERVISOR_sched_op, SCHEDOP_shutdown, BAD_ADDRESS, 0, 0, 0),
               -XEN_EFAULT, "shutdown, bad pointer");
}

static void test_hvm(void)
{
    struct xen_hvm_param param = {.domid = DOMID_SELF, .index = HVM_PARAM_CALLBACK_IRQ};

    test_equal(hvm_op(HVMOP_get_param, &param), 0, "get the callback parameter");
    param.index = HVM_PARAM_STORE_EVTCHN;
    test_equal(hvm_op(HVMOP_get_param, &param), 0, "get the store's port");
    param.index = HVM_PARAM_STORE_PFN;
    test_equal(hvm_op(HVMOP_get_param, &param), 0, "get the store's page");
    param.index = HVM_NR_PARAMS;
    test_equal(hvm_op(HVMOP_get_param, &param), -XEN_EINVAL, "get a parameter beyond the last");
    param.index = HVM_PARAM_CALLBACK_IRQ;
    param.domid = BAD_DOMAIN;
    test_equal(hvm_op(HVMOP_get_param, &param), -XEN_ESRCH, "get, no domain");
    test_equal(hvm_op(77, &param), -XEN_ENOSYS, "unknown hvm operation");
    test_equal(hypercall(__HYPERVISOR_hvm_op, HVMOP_get_param, BAD_ADDRESS, 0, 0, 0), -XEN_EFAULT,
               "get, bad pointer");
}

static void test_console(void)
{
    if (console_is_uart()) {
        test_skip("console_io", "dom0 only");
        return;
    }
    test_equal(hypercall(__HYPERVISOR_console_io, CONSOLEIO_write, 0, ADDRESS(buffer), 0, 0), 0,
               "write nothing");
    test_equal(hypercall(__HYPERVISOR_console_io, CONSOLEIO_read, 16, ADDRESS(buffer), 0, 0), 0,
               "read when nothing was typed");
    test_equal(hypercall(__HYPERVISOR_console_io, 77, 16, ADDRESS(buffer), 0, 0), -XEN_ENOSYS,
               "unknown console operation");
    test_equal(hypercall(__HYPERVISOR_console_io, CONSOLEIO_write, 16, BAD_ADDRESS, 0, 0),
               -XEN_EFAULT, "write, bad pointer");
}

static void test_multicall(void)
{
    struct multicall_entry calls[2] = {
        {.op = __HYPERVISOR_xen_version, .args = {XENVER_version}},
        {.op = 999},
    };

    test_equal(hypercall(__HYPERVISOR_multicall, ADDRESS(calls), 2, 0, 0, 0), 0, "multicall");
    test_equal((long)calls[0].result, (4 << 16) | 17, "the first call's result");
    test_equal((long)calls[1].result, -XEN_ENOSYS, "the second call's result");
    test_equal(hypercall(__HYPERVISOR_multicall, BAD_ADDRESS, 2, 0, 0, 0), -XEN_EFAULT,
               "multicall, bad pointer");
    test_equal(hypercall(__HYPERVISOR_multicall, ADDRESS(calls), 0, 0, 0, 0), 0, "of nothing");
}

static long vm_assist(unsigned long cmd, unsigned long type)
{
    return hypercall(__HYPERVISOR_vm_assist, cmd, type, 0, 0, 0);
}

static void test_vm_assist(void)
{
    static const unsigned int foreign[] = {0, 1, 2, 3, 4, 6, 31, 63, 64, 0x7fffffff, 0xffffffff};
    unsigned int enable = VMASST_CMD_enable;
    unsigned int disable = VMASST_CMD_disable;

    for (unsigned int i = 0; i < ARRAY_SIZE(foreign); i++) {
        test_check(vm_assist(enable, foreign[i]) == -XEN_EINVAL, "no assist %x", foreign[i]);
        test_check(vm_assist(disable, foreign[i]) == -XEN_EINVAL, "nor to disable %x", foreign[i]);
    }
    test_equal(vm_assist(77, VMASST_TYPE_runstate_update_flag), -XEN_ENOSYS, "no such command");
    test_equal(vm_assist(enable, VMASST_TYPE_runstate_update_flag), 0, "runstate_update_flag");
    for (unsigned int i = 0; i < 4; i++) {
        sched_op(SCHEDOP_yield, NULL);
    }
    test_check((((volatile struct vcpu_runstate_info *)&runstate)->state_entry_time &
                XEN_RUNSTATE_UPDATE) == 0,
               "the flag is off when no update is under way");
    test_equal(vm_assist(disable, VMASST_TYPE_runstate_update_flag), 0, "disable it");
}

static struct xen_platform_op platform_arg;

static long settime(uint32_t version, uint64_t secs, uint32_t mbz)
{
    memset(&platform_arg, 0, sizeof(platform_arg));
    platform_arg.cmd = XENPF_settime64;
    platform_arg.interface_version = version;
    platform_arg.u.settime64.secs = secs;
    platform_arg.u.settime64.nsecs = 5;
    platform_arg.u.settime64.mbz = mbz;
    return hypercall(__HYPERVISOR_platform_op, ADDRESS(&platform_arg), 0, 0, 0, 0);
}

#define SOME_DAY  1000000000ULL
#define LATER_DAY (SOME_DAY + (1ULL << 32))

static void test_settime(void)
{
    const volatile struct shared_info *info = (void *)(uintptr_t)(shared_gfn << PAGE_SHIFT);
    uint32_t version = info->wc_version;

    test_equal(version & 1, 0, "no update of it is under way");
    if (platform.is_domu) {
        test_equal(settime(XENPF_INTERFACE_VERSION, SOME_DAY, 0), -XEN_EPERM, "settime, no right");
        test_equal(info->wc_version, version, "and the wall clock stands");
        return;
    }
    test_equal(settime(0, SOME_DAY, 0), -XEN_EACCES, "settime, wrong version");
    test_equal(settime(XENPF_INTERFACE_VERSION, SOME_DAY, 1), -XEN_EINVAL, "settime, not zero");
    test_equal(hypercall(__HYPERVISOR_platform_op, BAD_ADDRESS, 0, 0, 0, 0), -XEN_EFAULT,
               "settime, bad pointer");
    platform_arg.cmd = 77;
    platform_arg.interface_version = XENPF_INTERFACE_VERSION;
    test_equal(hypercall(__HYPERVISOR_platform_op, ADDRESS(&platform_arg), 0, 0, 0, 0), -XEN_ENOSYS,
               "unknown platform operation");
    test_equal(info->wc_version, version, "the wall clock stands after each refusal");
    test_equal(settime(XENPF_INTERFACE_VERSION, LATER_DAY, 0), 0, "settime");
    test_equal(info->wc_version, version + 2, "one update, and it is complete");
    test_equal(info->wc_sec, (uint32_t)LATER_DAY, "seconds");
    test_equal(info->wc_sec_hi, LATER_DAY >> 32, "seconds beyond 32 bits");
    test_equal(info->wc_nsec, 5, "nanoseconds");
}

static void test_numbers(void)
{
    static const unsigned long wild[] = {64, 100, 4095, 0x7fffffff, 0xffffffff, ~0UL, 1UL << 63};

    for (unsigned int i = 0; i < ARRAY_SIZE(wild); i++) {
        test_check(hypercall(wild[i], 0, 0, 0, 0, 0) == -XEN_ENOSYS, "hypercall %lx", wild[i]);
    }
}

static volatile unsigned int second_ran;

static void second(void)
{
    second_ran = 1 + cpu_number();
    psci_cpu_off();
}

static void test_psci(void)
{
    uint64_t end;

    test_check((smccc_hvc(0x84000000, 0, 0, 0) >> 16) == 1, "PSCI 1.x");
    test_equal(psci_cpu_on(200, second), -2, "CPU_ON of no vCPU");
    if (boot_option("cpus", 1) < 2) {
        test_skip("CPU_ON", "one vCPU");
        return;
    }
    test_equal(psci_cpu_on(1, second), 0, "CPU_ON");
    end = timer_now() + 60 * timer_frequency();
    while (second_ran == 0 && timer_now() < end) {
        sched_op(SCHEDOP_yield, NULL);
    }
    test_equal(second_ran, 2, "the second vCPU ran");
}

/* dom0_vcpus_pin: vCPU n on CPU n. */
static void test_pinned(void)
{
    uint64_t map;

    for (unsigned int i = 0; i < boot_option("cpus", 1); i++) {
        map = 0;
        memset(&domctl.u, 0, sizeof(domctl.u));
        domctl.u.vcpuaffinity.vcpu = i;
        domctl.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD;
        set_xen_guest_handle(domctl.u.vcpuaffinity.cpumap_hard.bitmap, (uint8_t *)&map);
        domctl.u.vcpuaffinity.cpumap_hard.nr_bits = 64;
        test_equal(domctl_do(XEN_DOMCTL_getvcpuaffinity, 0), 0, "getvcpuaffinity");
        test_equal((long)map, 1L << i, "a vCPU of dom0 is pinned");
    }
}

void test_main(void)
{
    if (boot_option("pinned", 0)) {
        test_pinned();
    }
    test_version();
    test_vcpu();
    test_vcpu_info_moved();
    test_sched();
    test_hvm();
    test_console();
    test_multicall();
    test_vm_assist();
    test_settime();
    test_numbers();
    test_psci();
}

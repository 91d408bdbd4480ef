/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arm64's device trees for dom0 and for a guest, made from QEMU's own, with the parts beneath
 * (stage 2, interrupt routing, virtual GIC) recorded.
 */
#include "unit.h"

#include <asm/host.h>
#include <hearth/bootmem.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/fdt.h>
#include <hearth/irq.h>
#include <hearth/launch.h>
#include <hearth/p2m.h>
#include <hearth/vuart.h>

#include "arch/arm64/launch/private.h"

#include "log.h"

static struct {
    uint64_t start, end, target;
} given[512];
static unsigned int nr_mapped;
static uint8_t routed[1020];
static struct gic_platform host_gic;
static struct domain domain;
static struct p2m host_p2m, *p2ms[] = {&host_p2m};

/* --- What lies beneath --- */

#define p2m_map             fake_map
#define irq_route_to_domain fake_route
#define vpl011_init         fake_uart

static int p2m_map(struct p2m *p, gfn_t g, mfn_t m, uint64_t count, enum p2m_type type,
                   unsigned int access)
{
    assert_true(p == &host_p2m && count != 0 && type == P2M_MMIO);
    assert_int_equal(
        access, m.n << PAGE_SHIFT == host_gic.vcpu.base && m.n != 0 ? P2M_RW | P2M_DEVICE : P2M_RW);
    given[nr_mapped].start = g.n << PAGE_SHIFT;
    given[nr_mapped].target = m.n << PAGE_SHIFT;
    given[nr_mapped++].end = (g.n + count) << PAGE_SHIFT;
    return 0;
}

static int irq_route_to_domain(unsigned int irq, struct domain *d, unsigned int virq)
{
    assert_true(d == &domain && irq == virq && irq >= 32 && irq < 1020);
    routed[irq]++;
    return 0;
}

static int vpl011_init(struct domain *d, gaddr_t base, unsigned int spi)
{
    (void)d;
    return base.a != 0 && spi == 32 ? 0 : -EINVAL;
}

int launch_create(struct launch *l, struct domain_config *config)
{
    (void)l;
    (void)config;
    return -ENOMEM;
}

void launch_abandon(struct launch *l)
{
    (void)l;
}

int launch_memory(struct launch *l, const struct launch_bank *windows, unsigned int count)
{
    (void)l;
    (void)windows;
    (void)count;
    return -ENOMEM;
}

void vgic_set_dist(struct domain *d, gaddr_t base)
{
    (void)d;
    (void)base;
}

int vgic_add_redist(struct domain *d, gaddr_t base, unsigned int count)
{
    (void)d;
    assert_true(base.a != 0 && count != 0);
    return 0;
}

void gic_describe(struct gic_platform *out)
{
    *out = host_gic;
}

uint32_t gic_node(void)
{
    return fdt_find(&host_fdt, "/intc");
}

unsigned int gic_line_count(void)
{
    return 288;
}

bool uart_owns_node(uint32_t node)
{
    return node == fdt_find(&host_fdt, "/pl011@9000000");
}

bool uart_drives_node(uint32_t node)
{
    return uart_owns_node(node);
}

const char _image_start[64], _image_end[1];

paddr_t image_to_paddr(const void *symbol)
{
    (void)symbol;
    return paddr(0x40200000);
}

int load_place(struct launch *l, uint64_t size)
{
    (void)l;
    (void)size;
    return 0;
}

int load_parts(struct launch *l, const void *fdt, uint32_t len)
{
    (void)l;
    (void)fdt;
    (void)len;
    return 0;
}

#include "arch/arm64/launch/dom0_devices.c"
#include "arch/arm64/launch/dom0_fdt.c"
#include "arch/arm64/launch/guest.c"
#include "arch/arm64/launch/nodes.c"

static uint8_t blob[1 << 21] aligned(8);
static uint8_t made[1 << 16] aligned(8);
static struct fdt made_fdt;
static struct dom0 builder;

/* QEMU's tree for a board. */
static void machine(const char *board)
{
    char name[] = "/tmp/test-dom0-XXXXXX", command[300];
    int fd = mkstemp(name), rc;
    FILE *file;

    assert_true(fd >= 0);
    close(fd);
    snprintf(command, sizeof(command),
             "qemu-system-aarch64 -M virt,virtualization=on,%s,dumpdtb=%s -cpu cortex-a57 -smp 4 "
             "-m 2G -display none >/dev/null 2>&1",
             board, name);
    rc = system(command);
    if (rc == 0) {
        file = fopen(name, "rb");
        assert_true(fread(blob, 1, sizeof(blob), file) > 4096);
        fclose(file);
    }
    unlink(name);
    if (rc != 0) {
        skip();
    }
    assert_int_equal(boot_fdt_open(&boot_info, blob, 0x48000000), 0);
    nr_mapped = 0;
    memset(routed, 0, sizeof(routed));
    log_clear();
}

static void region(uint32_t i, struct gic_region *r)
{
    assert_int_equal(fdt_reg(&host_fdt, gic_node(), i, &r->base, &r->size), 0);
}

static void describe_gic(unsigned int version)
{
    host_gic = (struct gic_platform){.version = version};
    region(0, &host_gic.dist);
    if (version == 2) {
        region(1, &host_gic.cpu);
        region(2, &host_gic.hyp);
        region(3, &host_gic.vcpu);
    } else {
        host_gic.nr_redist = 1;
        region(1, &host_gic.redist[0]);
    }
}

static void make_dom0(const char *board, unsigned int version)
{
    static struct plan_domain plan = {.name = "dom0", .is_dom0 = true, .cmdline = "console=hvc0"};
    static struct launch l;
    struct fdt_error error;
    uint32_t len;
    const char *save = getenv("SAVE_DTB");
    FILE *file;

    machine(board);
    describe_gic(version);
    domain = (struct domain){.p2m = p2ms, .nr_p2m = 1, .max_vcpus = 2};
    domain.config.max_grant_frames = 64;
    domain.config.gic_version = (uint8_t)version;
    host_p2m.max_gfn = 1ULL << (40 - PAGE_SHIFT);
    plan.ramdisk = (struct boot_module){.start = 1, .size = 1000};
    l = (struct launch){.plan = &plan, .domain = &domain, .nr_banks = 1, .ramdisk = 0x70000000};
    l.bank[0] = (struct launch_bank){0x60000000, MiB(512)};
    memset(&builder, 0, sizeof(builder));
    builder.l = &l;
    dom0_devices_init(&builder);
    dom0_give_gic(&builder);
    give_range(&builder, 0xaff00000, MiB(2));
    assert_int_equal(dom0_fdt(&builder, made, sizeof(made), &len), 0);
    assert_int_equal(fdt_open(&made_fdt, made, len, &error), 0);
    if (save != NULL && (file = fopen(save, "wb")) != NULL) {
        fwrite(made, 1, len, file);
        fclose(file);
    }
}

static bool is_mapped(uint64_t address)
{
    for (unsigned int i = 0; i < nr_mapped; i++) {
        if (given[i].start <= address && address < given[i].end) {
            assert_true(given[i].target == given[i].start || address == host_gic.cpu.base);
            return true;
        }
    }
    return false;
}

static void check_common(void)
{
    uint64_t start, size;
    uint32_t phandle = 0, number;

    assert_int_equal(fdt_find(&made_fdt, "/pl011@9000000"), FDT_NONE);
    assert_true(fdt_find(&made_fdt, "/virtio_mmio@a000000") != FDT_NONE);
    assert_int_equal(fdt_find(&made_fdt, "/pmu"), FDT_NONE);
    assert_string_equal(fdt_string(&made_fdt, fdt_find(&made_fdt, "/psci"), "method"), "hvc");
    assert_true(fdt_u32(&made_fdt, fdt_find(&made_fdt, "/intc"), "phandle", &phandle));
    assert_true(fdt_u32(&made_fdt, fdt_root(&made_fdt), "interrupt-parent", &number));
    assert_int_equal(phandle, number);
    assert_int_equal(fdt_reg(&made_fdt, fdt_find(&made_fdt, "/memory"), 0, &start, &size), 0);
    assert_true(start == 0x60000000 && size == MiB(512));
    assert_true(fdt_find(&made_fdt, "/cpus/cpu@1") != FDT_NONE);
    assert_int_equal(fdt_find(&made_fdt, "/cpus/cpu@2"), FDT_NONE);
    assert_int_equal(fdt_reg(&made_fdt, fdt_find(&made_fdt, "/hypervisor"), 0, &start, &size), 0);
    assert_true(start >= 0xc0000000 && size == 64 * PAGE_SIZE && !is_mapped(start));
    assert_int_equal(fdt_reg(&made_fdt, fdt_find(&made_fdt, "/hypervisor"), 1, &start, &size), 0);
    assert_true(start >= 0xc0000000 && size >= GiB(1) && !is_mapped(start + size - 1));
    assert_string_equal(fdt_string(&made_fdt, fdt_find(&made_fdt, "/chosen"), "bootargs"),
                        "console=hvc0");
    assert_true(fdt_number(&made_fdt, fdt_find(&made_fdt, "/chosen"), "linux,initrd-end", &start));
    assert_int_equal(start, 0x70000000 + 1000);
    /* Devices: virtio, RTC, fw-cfg, flash, ECAM, PCI windows; not Hearth's. */
    assert_true(is_mapped(0xa000000) && is_mapped(0x9010000) && is_mapped(0x9020000));
    assert_true(is_mapped(0) && is_mapped(0x4000000) && is_mapped(0x4010000000));
    assert_true(is_mapped(0x10000000) && is_mapped(0x3eff0000) && is_mapped(0x8000000000));
    assert_true(is_mapped((1ULL << 40) - 1));
    assert_false(is_mapped(0x9000000) || is_mapped(0x8000000));
    assert_false(is_mapped(0x40000000) || is_mapped(0xbfffffff));
    /* Of RAM, what the tree reserves for others, in whole pages, and no page beside. */
    assert_false(is_mapped(0xb0000000 - 1) || is_mapped(0xb0003000));
    assert_true(is_mapped(0xb0000000) && is_mapped(0xb0002fff));
    assert_false(is_mapped(0xb0004000)); /* a module's */
    assert_true(routed[32 + 16] == 1 && routed[32 + 47] == 1 && routed[32 + 2] == 1);
    assert_true(routed[32 + 3] == 1 && routed[32 + 6] == 1 && routed[32 + 1] == 0);
}

static void dom0_gicv3(void **state)
{
    uint64_t start, size;

    (void)state;
    make_dom0("gic-version=3", 3);
    check_common();
    assert_int_equal(fdt_find(&made_fdt, "/intc/its"), FDT_NONE);
    assert_false(fdt_has(&made_fdt, fdt_find(&made_fdt, "/pcie"), "msi-map"));
    assert_int_equal(fdt_reg(&made_fdt, fdt_find(&made_fdt, "/intc"), 1, &start, &size), 0);
    assert_int_equal(start, 0x80a0000);
    assert_false(is_mapped(0x8080000) || is_mapped(0x80a0000));
}

static void dom0_gicv2(void **state)
{
    uint64_t start, size;

    (void)state;
    make_dom0("gic-version=2", 2);
    check_common();
    assert_int_equal(fdt_reg(&made_fdt, fdt_find(&made_fdt, "/intc"), 1, &start, &size), 0);
    assert_int_equal(start, 0x8010000);
    assert_true(fdt_reg(&made_fdt, fdt_find(&made_fdt, "/intc"), 2, &start, &size) != 0);
    assert_true(fdt_find(&made_fdt, "/intc/v2m") != FDT_NONE);
    assert_true(fdt_has(&made_fdt, fdt_find(&made_fdt, "/pcie"), "msi-map") ||
                fdt_has(&made_fdt, fdt_find(&made_fdt, "/pcie"), "msi-parent"));
    assert_true(is_mapped(0x8020000) && is_mapped(0x8010000) && !is_mapped(0x8040000));
}

static void dom0_smmu(void **state)
{
    struct fdt_path path;
    bool more;

    (void)state;
    make_dom0("gic-version=3,iommu=smmuv3", 3);
    check_common();
    assert_true(logged("/smmuv3@9050000: Hearth does not drive this IOMMU"));
    assert_false(is_mapped(0x9050000));
    for (more = fdt_walk_first(&made_fdt, &path); more;
         more = fdt_walk_next(&made_fdt, &path, false)) {
        assert_false(fdt_has(&made_fdt, fdt_path_node(&path), "iommu-map"));
        assert_false(fdt_compatible(&made_fdt, fdt_path_node(&path), "arm,smmu-v3"));
    }
}

static void a_guest(void **state)
{
    static struct plan_domain plan = {
        .name = "g", .cmdline = "quiet", .vuart = true, .enhanced = true};
    struct launch l = {.plan = &plan, .domain = &domain, .nr_banks = 2};
    struct fdt_error error;
    uint64_t start, size;
    uint32_t len;

    (void)state;
    l.bank[0] = (struct launch_bank){0x40000000, 0xc0000000};
    l.bank[1] = (struct launch_bank){0x200000000, GiB(1)};
    domain = (struct domain){.p2m = p2ms, .nr_p2m = 1, .max_vcpus = 18};
    domain.config.gic_version = 3;
    host_p2m.max_gfn = 1ULL << (40 - PAGE_SHIFT);
    assert_int_equal(guest_fdt(&l, made, 8192 + 18 * 256, &len), 0);
    assert_int_equal(fdt_open(&made_fdt, made, len, &error), 0);
    assert_true(fdt_find(&made_fdt, "/cpus/cpu@101") != FDT_NONE);
    assert_int_equal(fdt_reg(&made_fdt, fdt_find(&made_fdt, "/memory"), 1, &start, &size), 0);
    assert_true(start == 0x200000000 && size == GiB(1));
    assert_int_equal(fdt_reg(&made_fdt, fdt_find(&made_fdt, "/hypervisor"), 0, &start, &size), 0);
    assert_true(start == 0x38000000 && size == MiB(16));
    assert_int_equal(fdt_reg(&made_fdt, fdt_find(&made_fdt, "/hypervisor"), 1, &start, &size), 0);
    assert_true(start == 0x240000000 && size == GiB(64));
    assert_true(fdt_find(&made_fdt, "/sbsa-uart@22000000") != FDT_NONE);
    assert_int_equal(fdt_find(&made_fdt, "/reserved-memory"), FDT_NONE);
    plan.store = true;
    l.console = 0x48005000;
    assert_int_equal(guest_fdt(&l, made, 8192 + 18 * 256, &len), 0);
    assert_int_equal(fdt_open(&made_fdt, made, len, &error), 0);
    assert_int_equal(
        fdt_reg(&made_fdt, fdt_find(&made_fdt, "/reserved-memory/xen-console"), 0, &start, &size),
        0);
    assert_true(start == 0x48005000 && size == PAGE_SIZE);
    plan.store = plan.vuart = plan.enhanced = false;
    assert_int_equal(guest_fdt(&l, made, sizeof(made), &len), 0);
    assert_int_equal(fdt_open(&made_fdt, made, len, &error), 0);
    assert_int_equal(fdt_find(&made_fdt, "/sbsa-uart"), FDT_NONE);
    assert_int_equal(fdt_find(&made_fdt, "/hypervisor"), FDT_NONE);
    assert_int_equal(guest_fdt(&l, made, 512, &len), -ENOSPC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dom0_gicv3),
        cmocka_unit_test(dom0_gicv2),
        cmocka_unit_test(dom0_smmu),
        cmocka_unit_test(a_guest),
    };

    host_add_cpus(1);
    if (bootmem_add_bank(0x40000000, GiB(2)) != 0 ||
        bootmem_reserve(0x40200000, MiB(1), "Hearth's image") != 0 ||
        bootmem_reserve(0xb0000000, 0x2800, RESERVED_MEMORY) != 0 ||
        bootmem_reserve(0xb0004000, PAGE_SIZE, "a boot module") != 0) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

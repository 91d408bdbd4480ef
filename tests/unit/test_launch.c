/* SPDX-License-Identifier: Apache-2.0 */
/* Boot description and launch plan, from trees made here. Each case in a process of its own. */
#include "unit.h"

#include <asm/host.h>
#include <hearth/bootmem.h>
#include <hearth/fdt.h>
#include <hearth/launch.h>
#include <hearth/uart.h>

#include "log.h"

#define RAM   0x40000000ULL
#define FDT   (RAM + MiB(16))
#define IMAGE (RAM + MiB(2))

static uint64_t image = IMAGE;
static uint8_t blob[16384] aligned(8);
static struct fdt_writer w;
static struct launch_plan plan;

static void begin(void)
{
    fdt_write_start(&w, blob, sizeof(blob));
    fdt_begin_node(&w, "");
    fdt_put_u32(&w, "#address-cells", 2);
    fdt_put_u32(&w, "#size-cells", 2);
    fdt_begin_node(&w, "memory@40000000");
    fdt_put_string(&w, "device_type", "memory");
    fdt_put_ranges(&w, "reg", (const uint64_t[]){RAM, MiB(256), RAM + GiB(2), MiB(64)}, 4);
    fdt_end_node(&w);
    fdt_begin_node(&w, "chosen");
}

static void module(const char *kind, uint64_t start, uint64_t size, const char *bootargs)
{
    char compatible[64], name[32];
    int n = snprintf(compatible, sizeof(compatible), "multiboot,%s", kind);

    strcpy(compatible + n + 1, "multiboot,module");
    snprintf(name, sizeof(name), "module@%llx", (unsigned long long)start);
    fdt_begin_node(&w, name);
    fdt_put_strings(&w, "compatible", compatible, (uint32_t)n + 1 + sizeof("multiboot,module"));
    fdt_put_ranges(&w, "reg", (const uint64_t[]){start, size}, 2);
    if (bootargs != NULL) {
        fdt_put_string(&w, "bootargs", bootargs);
    }
    fdt_end_node(&w);
}

static void guest(const char *name, uint64_t kib, uint32_t vcpus)
{
    fdt_begin_node(&w, name);
    fdt_put_string(&w, "compatible", "xen,domain");
    fdt_put_u32(&w, "#address-cells", 2);
    fdt_put_u32(&w, "#size-cells", 2);
    fdt_put_u64(&w, "memory", kib);
    fdt_put_u32(&w, "cpus", vcpus);
}

bool uart_drives_node(uint32_t node)
{
    return fdt_compatible(&host_fdt, node, "arm,pl011");
}

/* Ends the tree and does what start-up does with it. */
static void boot(void)
{
    uint32_t len;

    fdt_end_node(&w);
    fdt_end_node(&w);
    host_add_cpus(1);
    unit_check(fdt_finish(&w, &len) == 0);
    unit_check(boot_fdt_open(&boot_info, blob, FDT) == 0);
    cmdline_parse(boot_info.cmdline);
    boot_fdt_memory();
    boot_fdt_image(image, MiB(1));
    boot_fdt_reserve(&boot_info);
    plan_read(&host_fdt, &boot_info, &plan);
}

static void dom0_and_guests(void)
{
    const struct mem_range *banks;

    begin();
    fdt_put_string(&w, "xen,xen-bootargs", "dom0_mem=128M dom0_max_vcpus=2");
    module("kernel", RAM + MiB(32), MiB(3), "console=hvc0");
    module("ramdisk", RAM + MiB(35), 12345, NULL);
    guest("domU1", 65536, 1);
    fdt_put_empty(&w, "vpl011");
    fdt_put_string(&w, "xen,enhanced", "enabled");
    module("kernel", RAM + MiB(35) + 12345, 4096, "quiet"); /* in the same page */
    fdt_end_node(&w);
    guest("domU2", 1, 9);
    fdt_put_string(&w, "xen,enhanced", "no-xenstore");
    fdt_put_empty(&w, "direct-map");
    module("kernel", RAM + MiB(35) + 12345, 4096, NULL); /* shared with domU1 */
    fdt_begin_node(&w, "strange");
    fdt_end_node(&w);
    fdt_end_node(&w);
    boot();
    unit_check(bootmem_banks(&banks) == 2 && banks[1].start == RAM + GiB(2));
    unit_check(boot_info.nr_modules == 3 && plan.count == 3);
    unit_check(plan.domain[0].is_dom0 && plan.domain[0].memory == MiB(128));
    unit_check(plan.domain[0].cpus == 2 && plan.domain[0].ramdisk.size == 12345);
    unit_check(strcmp(plan.domain[0].cmdline, "console=hvc0") == 0);
    unit_check(strcmp(plan.domain[1].name, "domU1") == 0 && plan.domain[1].memory == MiB(64));
    unit_check(plan.domain[1].vuart && plan.domain[1].enhanced && plan.domain[1].store);
    unit_check(strcmp(plan.domain[1].cmdline, "quiet") == 0);
    unit_check(plan.domain[2].enhanced && !plan.domain[2].store && !plan.domain[2].vuart);
    unit_check(plan.domain[2].memory == PAGE_SIZE && plan.domain[2].cpus == 9);
    unit_check(plan.domain[2].kernel.size == 4096 && *plan.domain[2].cmdline == '\0');
    unit_check(logged("domU2: property direct-map") && logged("domU2: node strange"));
    unit_check(!logged("domU1:"));
}

bool launch_module_is_policy(const struct boot_module *m)
{
    return m->size == 666;
}

static void bare_module(const char *kind, uint64_t at, uint64_t size)
{
    char name[32];

    snprintf(name, sizeof(name), "module@%llx", (unsigned long long)at);
    fdt_begin_node(&w, name);
    fdt_put_string(&w, "compatible", kind);
    fdt_put_ranges(&w, "reg", (const uint64_t[]){at, size}, 2);
    fdt_end_node(&w);
}

/* As GRUB writes it: by their order. */
static void bare_modules(void)
{
    begin();
    bare_module("multiboot,device-tree", RAM + MiB(48), 3000);
    bare_module("multiboot,module", RAM + MiB(32), MiB(3));
    bare_module("multiboot,module", RAM + MiB(36), 777);
    bare_module("multiboot,module", RAM + MiB(40), 666);
    boot();
    unit_check(plan.count == 1 && plan.domain[0].kernel.size == MiB(3));
    unit_check(plan.domain[0].ramdisk.size == 777);
    unit_check(logged("dom0: node module@42800000 is not supported, ignored"));
}

static void bare_policy(void)
{
    begin();
    bare_module("multiboot,module", RAM + MiB(32), MiB(3));
    bare_module("multiboot,module", RAM + MiB(36), 666);
    boot();
    unit_check(plan.count == 1 && plan.domain[0].ramdisk.size == 0);
    unit_check(logged("dom0: node module@42400000 is not supported, ignored"));
}

static void bare_beside_named(void)
{
    begin();
    module("kernel", RAM + MiB(32), MiB(3), NULL);
    bare_module("multiboot,module", RAM + MiB(36), 777);
    bare_module("xen,xsm-policy", RAM + MiB(40), 666);
    boot();
    unit_check(plan.count == 1 && plan.domain[0].kernel.size == MiB(3));
    unit_check(plan.domain[0].ramdisk.size == 0 && logged("node module@42400000"));
}

static void deeper_modules(void)
{
    begin();
    fdt_put_string(&w, "bootargs", "root=/dev/vda");
    fdt_begin_node(&w, "modules");
    module("kernel", RAM + MiB(32), MiB(3), NULL);
    module("ramdisk", RAM + MiB(36), 777, NULL);
    fdt_begin_node(&w, "too-deep");
    module("ramdisk", RAM + MiB(40), 888, NULL);
    fdt_end_node(&w);
    fdt_end_node(&w);
    guest("domU1", 65536, 1);
    module("kernel", RAM + MiB(44), MiB(1), "quiet");
    fdt_end_node(&w);
    boot();
    unit_check(plan.count == 2 && boot_info.nr_modules == 3 && *boot_info.cmdline == '\0');
    unit_check(plan.domain[0].is_dom0 && plan.domain[0].kernel.size == MiB(3));
    unit_check(plan.domain[0].ramdisk.size == 777);
    unit_check(strcmp(plan.domain[0].cmdline, "root=/dev/vda") == 0);
    unit_check(plan.domain[1].kernel.start == RAM + MiB(44));
}

/* As QEMU's -initrd and U-Boot leave it, the one in one cell, the other in two. */
static void initrd(void)
{
    const char *what;

    begin();
    fdt_put_u32(&w, "linux,initrd-start", RAM + MiB(36));
    fdt_put_u64(&w, "linux,initrd-end", RAM + MiB(36) + 777);
    module("kernel", RAM + MiB(32), MiB(3), NULL);
    module("ramdisk", RAM + MiB(40), MiB(1), NULL);
    boot();
    unit_check(plan.count == 1 && plan.domain[0].ramdisk.start == RAM + MiB(36));
    unit_check(plan.domain[0].ramdisk.size == 777);
    unit_check(bootmem_overlap(RAM + MiB(36), 1, &what) != NULL);
    unit_check(logged("dom0: module@42800000 is not used: linux,initrd-start comes first"));
}

static void initrd_backwards(void)
{
    begin();
    fdt_put_u64(&w, "linux,initrd-start", RAM + MiB(36));
    fdt_put_u64(&w, "linux,initrd-end", RAM + MiB(36));
    module("kernel", RAM + MiB(32), MiB(3), NULL);
    boot();
    unit_check(plan.domain[0].ramdisk.size == 0 && logged("linux,initrd-start and -end are malf"));
}

static void initrd_on_image(void)
{
    begin();
    fdt_put_u64(&w, "linux,initrd-start", IMAGE);
    fdt_put_u64(&w, "linux,initrd-end", IMAGE + 1);
    boot();
}

/* As QEMU's guest-loader writes it: no #-cells in /chosen, Hearth's options in bootargs. */
static void guest_loader(void)
{
    begin();
    fdt_put_string(&w, "bootargs", "dom0_mem=64M");
    module("kernel", RAM + MiB(32), MiB(3), "console=hvc0");
    boot();
    unit_check(plan.count == 1 && plan.domain[0].memory == MiB(64));
    unit_check(strcmp(plan.domain[0].cmdline, "console=hvc0") == 0);
}

/* bootargs is dom0's when nothing else is. */
static void bootargs_for_dom0(void)
{
    begin();
    fdt_put_string(&w, "bootargs", "dom0_mem=64M");
    module("kernel", RAM + MiB(32), MiB(3), NULL);
    boot();
    unit_check(*boot_info.cmdline == '\0' && plan.domain[0].memory == MiB(512));
    unit_check(strcmp(plan.domain[0].cmdline, "dom0_mem=64M") == 0 && logged("dom0_mem"));
}

static void bootargs_for_a_bare_kernel(void)
{
    begin();
    fdt_put_string(&w, "bootargs", "dom0_mem=64M");
    bare_module("multiboot,module", RAM + MiB(32), MiB(3));
    boot();
    unit_check(*boot_info.cmdline == '\0' && plan.domain[0].memory == MiB(512));
    unit_check(strcmp(plan.domain[0].cmdline, "dom0_mem=64M") == 0);
}

static void dom0_bootargs(void)
{
    begin();
    fdt_put_string(&w, "bootargs", "dom0_mem=64M");
    fdt_put_string(&w, "xen,dom0-bootargs", "root=/dev/vda");
    module("kernel", RAM + MiB(32), MiB(3), NULL);
    boot();
    unit_check(plan.domain[0].memory == MiB(64));
    unit_check(strcmp(plan.domain[0].cmdline, "root=/dev/vda") == 0);
}

static void guests_alone(void)
{
    begin();
    guest("a", 1024, 1);
    fdt_put_empty(&w, "xen,enhanced");
    module("kernel", RAM + MiB(32), MiB(3), NULL);
    fdt_end_node(&w);
    boot();
    unit_check(plan.count == 1 && !plan.domain[0].is_dom0);
    unit_check(plan.domain[0].enhanced && !plan.domain[0].store && logged("without dom0"));
}

static void faulty_guests(void)
{
    begin();
    guest("empty", 1024, 1);
    fdt_end_node(&w);
    guest("nocpus", 1024, 0);
    module("kernel", RAM + MiB(32), MiB(3), NULL);
    fdt_end_node(&w);
    guest("nomemory", 0, 1);
    module("kernel", RAM + MiB(36), MiB(3), NULL);
    fdt_end_node(&w);
    guest("overlap", 1024, 1);
    module("kernel", RAM + MiB(37), MiB(3), NULL);
    fdt_end_node(&w);
    guest("image", 1024, 1);
    module("kernel", IMAGE + MiB(1) - 1, MiB(3), NULL);
    fdt_end_node(&w);
    guest("nowhere", 1024, 1);
    module("kernel", RAM + GiB(1), MiB(3), NULL);
    fdt_end_node(&w);
    guest("twice", 1024, 1);
    module("kernel", RAM + MiB(64), MiB(3), NULL);
    module("kernel", RAM + MiB(68), MiB(3), NULL);
    fdt_end_node(&w);
    guest("same", 1024, 1);
    module("kernel", RAM + MiB(72), MiB(3), NULL);
    module("ramdisk", RAM + MiB(72), MiB(3), NULL);
    fdt_end_node(&w);
    guest("good", 1024, 1);
    module("kernel", RAM + MiB(80), MiB(3), NULL);
    fdt_end_node(&w);
    boot();
    unit_check(plan.count == 1 && strcmp(plan.domain[0].name, "good") == 0);
    unit_check(logged("empty: no kernel") && logged("nocpus: property cpus"));
    unit_check(logged("nomemory: property memory") && logged("twice: module@"));
    unit_check(logged("/chosen/overlap/module@42500000 (0x42500000, 0x300000 bytes) overlaps "
                      "module@42400000"));
    unit_check(logged("overlaps Hearth's image") && logged("is not in RAM"));
    unit_check(logged("overlap: not started"));
    unit_check(logged("/chosen/same/module@44800000 (0x44800000, 0x300000 bytes) overlaps "
                      "module@44800000"));
    unit_check(logged("same: its module module@44800000 was refused"));
}

static void dom0_overlap(void)
{
    begin();
    module("kernel", RAM + MiB(32), MiB(3), NULL);
    module("ramdisk", RAM + MiB(34), MiB(3), NULL);
    boot();
}

static void dom0_same_place(void)
{
    begin();
    module("kernel", RAM + MiB(32), MiB(3), NULL);
    module("ramdisk", RAM + MiB(32), MiB(3), NULL);
    boot();
}

static void dom0_outside(void)
{
    begin();
    module("kernel", MiB(32), MiB(3), NULL);
    boot();
}

static void dom0_on_fdt(void)
{
    begin();
    module("kernel", FDT, MiB(3), NULL);
    boot();
}

static void no_memory(void)
{
    uint32_t len;

    host_add_cpus(1);
    fdt_write_start(&w, blob, sizeof(blob));
    fdt_begin_node(&w, "");
    fdt_end_node(&w);
    unit_check(fdt_finish(&w, &len) == 0);
    unit_check(boot_fdt_open(&boot_info, blob, FDT) == 0);
    boot_fdt_memory();
}

static void cut_off(void)
{
    uint32_t len;

    begin();
    fdt_end_node(&w);
    fdt_end_node(&w);
    unit_check(fdt_finish(&w, &len) == 0);
    blob[7] = 64;
    blob[6] = 0;
    unit_check(boot_fdt_open(&boot_info, blob, FDT) != 0);
    unit_check(logged("device tree at 0x41000000: structure block is cut off"));
}

static void image_in_no_bank(void)
{
    image = RAM + MiB(256) - 1;
    begin();
    boot();
}

static void begin_node(const char *name, uint64_t start, uint64_t size)
{
    fdt_begin_node(&w, name);
    fdt_put_ranges(&w, "reg", (const uint64_t[]){start, size}, 2);
}

/* A tree with dom0's kernel, and on behind /chosen. */
static void begin_root(void)
{
    begin();
    module("kernel", RAM + MiB(32), MiB(3), NULL);
    fdt_end_node(&w);
}

static void uart_in_memory(void)
{
    begin_root();
    begin_node("serial@50000000", RAM + MiB(256), PAGE_SIZE); /* right behind the bank */
    fdt_put_string(&w, "compatible", "arm,pl011");
    fdt_end_node(&w);
    begin_node("serial@4ffff000", RAM + MiB(256) - PAGE_SIZE, PAGE_SIZE);
    fdt_put_string(&w, "compatible", "arm,pl011");
    boot();
}

static void intc_in_memory(void)
{
    begin_root();
    fdt_begin_node(&w, "intc");
    fdt_put_empty(&w, "interrupt-controller");
    fdt_put_ranges(&w, "reg", (const uint64_t[]){MiB(128), MiB(1), RAM - PAGE_SIZE, MiB(1)}, 4);
    boot();
}

static void begin_reserved(void)
{
    begin_root();
    fdt_begin_node(&w, "reserved-memory");
    fdt_put_u32(&w, "#address-cells", 2);
    fdt_put_u32(&w, "#size-cells", 2);
}

static void reserved_cut_off(void)
{
    begin_reserved();
    fdt_begin_node(&w, "r@44000000");
    fdt_put_cells(&w, "reg", (const uint32_t[]){0, RAM + MiB(64), 0, MiB(1), 0, RAM, 0}, 7);
    fdt_end_node(&w);
    boot();
}

/* Reservations that overlap modules, each other and the image; one that has no place yet. */
static void reservations(void)
{
    const char *what;

    begin_reserved();
    begin_node("all@40000000", RAM, MiB(64));
    fdt_end_node(&w);
    fdt_begin_node(&w, "pool");
    fdt_put_u64(&w, "size", MiB(1));
    fdt_end_node(&w);
    boot();
    unit_check(bootmem_overlap(RAM, 1, &what) != NULL && strcmp(what, "/reserved-memory") == 0);
    unit_check(bootmem_overlap(RAM + MiB(63), 1, &what) != NULL);
    unit_check(bootmem_overlap(RAM + MiB(64), 1, &what) == NULL);
    unit_check(bootmem_overlap(RAM + MiB(33), 1, &what) != NULL &&
               strcmp(what, "a boot module") == 0);
}

#define PASS(fn)                                                                                   \
    static void run_##fn(void **state)                                                             \
    {                                                                                              \
        (void)state;                                                                               \
        unit_expect_pass(fn);                                                                      \
    }
#define STOP(fn, why)                                                                              \
    static void run_##fn(void **state)                                                             \
    {                                                                                              \
        (void)state;                                                                               \
        unit_expect_stop(fn, why);                                                                 \
    }

PASS(dom0_and_guests)
PASS(bare_modules)
PASS(bare_policy)
PASS(bare_beside_named)
PASS(deeper_modules)
PASS(initrd)
PASS(initrd_backwards)
PASS(guest_loader)
PASS(bootargs_for_dom0)
PASS(bootargs_for_a_bare_kernel)
PASS(dom0_bootargs)
PASS(guests_alone)
PASS(faulty_guests)
PASS(cut_off)
PASS(reservations)
STOP(dom0_overlap, "/chosen/module@42200000 (0x42200000, 0x300000 bytes) overlaps module@42000000")
STOP(dom0_same_place, "overlaps module@42000000")
STOP(dom0_outside, "is not in RAM")
STOP(dom0_on_fdt, "overlaps the device tree")
STOP(initrd_on_image, "boot module /chosen (0x40200000, 0x1 bytes) overlaps Hearth's image")
STOP(no_memory, "no memory node")
STOP(image_in_no_bank, "no memory node has the place of Hearth's image, 0x4fffffff")
STOP(uart_in_memory, "registers of /serial@4ffff000, at 0x4ffff000, lie in memory")
STOP(intc_in_memory, "registers of /intc, at 0x3ffff000, lie in memory")
STOP(reserved_cut_off, "reg of /reserved-memory/r@44000000 is malformed")

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run_dom0_and_guests),
        cmocka_unit_test(run_bare_modules),
        cmocka_unit_test(run_bare_policy),
        cmocka_unit_test(run_bare_beside_named),
        cmocka_unit_test(run_guest_loader),
        cmocka_unit_test(run_bootargs_for_dom0),
        cmocka_unit_test(run_bootargs_for_a_bare_kernel),
        cmocka_unit_test(run_dom0_bootargs),
        cmocka_unit_test(run_guests_alone),
        cmocka_unit_test(run_faulty_guests),
        cmocka_unit_test(run_cut_off),
        cmocka_unit_test(run_reservations),
        cmocka_unit_test(run_dom0_overlap),
        cmocka_unit_test(run_dom0_same_place),
        cmocka_unit_test(run_dom0_outside),
        cmocka_unit_test(run_dom0_on_fdt),
        cmocka_unit_test(run_no_memory),
        cmocka_unit_test(run_deeper_modules),
        cmocka_unit_test(run_initrd),
        cmocka_unit_test(run_initrd_backwards),
        cmocka_unit_test(run_initrd_on_image),
        cmocka_unit_test(run_image_in_no_bank),
        cmocka_unit_test(run_uart_in_memory),
        cmocka_unit_test(run_intc_in_memory),
        cmocka_unit_test(run_reserved_cut_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

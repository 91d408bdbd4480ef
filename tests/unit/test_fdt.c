/* SPDX-License-Identifier: Apache-2.0 */
/* Device tree reader and writer: round trip, a real machine's tree, every truncation of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <hearth/errno.h>
#include <hearth/fdt.h>

static uint8_t buffer[1 << 16] aligned(8);

static struct fdt opened(const void *blob, uint64_t limit)
{
    struct fdt_error error;
    struct fdt fdt;

    if (fdt_open(&fdt, blob, limit, &error) != 0) {
        fail_msg("%s at %#x", error.what, error.at);
    }
    return fdt;
}

/* Touches everything that can be read; ASan sees what is outside. Returns the number of nodes. */
static unsigned int read_all(const struct fdt *fdt)
{
    struct fdt_interrupt irq;
    struct fdt_path path;
    struct fdt_prop prop;
    unsigned int nodes = 0;
    uint64_t start, size;
    uint32_t at;
    char text[64];
    bool more;

    for (more = fdt_walk_first(fdt, &path); more; more = fdt_walk_next(fdt, &path, false)) {
        nodes++;
        assert_true(strlen(fdt_path_text(fdt, &path, text, sizeof(text))) < sizeof(text));
        fdt_for_each_prop (fdt, &prop, fdt_path_node(&path)) {
            for (at = 0; fdt_next_string(&prop, &at) != NULL;) {
            }
        }
        for (at = 0; fdt_path_reg(fdt, &path, at, &start, &size) == 0; at++) {
        }
        for (at = 0; fdt_interrupt(fdt, &path, at, &irq) == 0; at++) {
        }
    }
    return nodes;
}

static uint32_t small_tree(void *buf, uint32_t size)
{
    static const uint64_t ranges[] = {0x1000, 0x40000000, 0x10000};
    struct fdt_writer w;
    uint32_t len = 0;

    fdt_write_start(&w, buf, size);
    fdt_begin_node(&w, "");
    fdt_put_u32(&w, "#address-cells", 2);
    fdt_put_u32(&w, "#size-cells", 2);
    fdt_put_u32(&w, "interrupt-parent", 7);
    fdt_begin_node(&w, "aliases");
    fdt_put_string(&w, "serial0", "/bus@0/uart@1100");
    fdt_end_node(&w);
    fdt_begin_node(&w, "bus@0");
    fdt_put_u32(&w, "#address-cells", 2);
    fdt_put_u32(&w, "#size-cells", 2);
    fdt_put_ranges(&w, "ranges", ranges, 3);
    fdt_begin_node(&w, "uart@1100");
    fdt_put_strings(&w, "compatible", "vendor,uart\0arm,pl011", sizeof("vendor,uart\0arm,pl011"));
    fdt_put_ranges(&w, "reg", (const uint64_t[]){0x1100, 0x100, 0x20000, 4}, 4);
    fdt_put_cells(&w, "interrupts", (const uint32_t[]){0, 5, 4, 0, 6, 1}, 6);
    fdt_put_string(&w, "status", "disabled");
    fdt_end_node(&w);
    fdt_end_node(&w);
    fdt_begin_node(&w, "gic");
    fdt_put_u32(&w, "#interrupt-cells", 3);
    fdt_put_u32(&w, "phandle", 7);
    fdt_put_u64(&w, "big", 0x123456789abcdefULL);
    fdt_put_empty(&w, "interrupt-controller");
    fdt_end_node(&w);
    fdt_end_node(&w);
    assert_int_equal(fdt_finish(&w, &len), 0);
    return len;
}

static void round_trip(void **state)
{
    uint32_t len = small_tree(buffer, sizeof(buffer));
    struct fdt fdt = opened(buffer, len);
    uint32_t uart = fdt_find(&fdt, "/bus/uart@1100"), gic = fdt_find(&fdt, "/gic");
    struct fdt_interrupt irq;
    struct fdt_path path;
    uint64_t start, size;
    char text[32];

    (void)state;
    assert_int_equal(read_all(&fdt), 5);
    assert_int_equal(fdt_find(&fdt, "serial0:115200"), uart);
    assert_int_equal(fdt_find(&fdt, "/bus@1/uart"), FDT_NONE);
    assert_int_equal(fdt_find(&fdt, "/bus/uart@11"), FDT_NONE);
    assert_int_equal(fdt_find_compatible(&fdt, FDT_NONE, "arm,pl011"), uart);
    assert_int_equal(fdt_find_compatible(&fdt, uart, "arm,pl011"), FDT_NONE);
    assert_int_equal(fdt_find_phandle(&fdt, 7), gic);
    assert_true(fdt_number(&fdt, gic, "big", &size) && size == 0x123456789abcdefULL);
    assert_true(fdt_has(&fdt, gic, "interrupt-controller"));
    assert_false(fdt_available(&fdt, uart));
    assert_true(fdt_available(&fdt, gic));
    assert_true(fdt_locate(&fdt, uart, &path));
    assert_string_equal(fdt_path_text(&fdt, &path, text, sizeof(text)), "/bus@0/uart@1100");
    assert_int_equal(fdt_path_reg(&fdt, &path, 0, &start, &size), 0);
    assert_true(start == 0x40000100 && size == 0x100);
    assert_int_equal(fdt_path_reg(&fdt, &path, 1, &start, &size), -ENXIO);
    assert_int_equal(fdt_path_reg(&fdt, &path, 2, &start, &size), -ENOENT);
    assert_int_equal(fdt_interrupt(&fdt, &path, 1, &irq), 0);
    assert_true(irq.parent == gic && irq.nr_cells == 3 && irq.cells[1] == 6 && irq.cells[2] == 1);
    assert_int_equal(fdt_interrupt(&fdt, &path, 2, &irq), -ENOENT);
}

static void writer_out_of_room(void **state)
{
    struct fdt_writer w;
    uint32_t size, len;

    (void)state;
    for (size = 0; size < 1024; size += 8) {
        uint8_t *small = aligned_alloc(8, size == 0 ? 8 : size);

        fdt_write_start(&w, small, size);
        fdt_begin_node(&w, "");
        fdt_put_string(&w, "model", "a machine with a somewhat long name");
        fdt_put_string(&w, "another-property", "value");
        fdt_end_node(&w);
        if (fdt_finish(&w, &len) == 0) {
            assert_true(len <= size);
            (void)opened(small, len);
        } else {
            assert_int_equal(w.error, -ENOSPC);
        }
        free(small);
    }
}

static void writer_nesting(void **state)
{
    struct fdt_writer w;
    uint32_t i, len;

    (void)state;
    fdt_write_start(&w, buffer, sizeof(buffer));
    fdt_begin_node(&w, "");
    fdt_begin_node(&w, "a");
    fdt_end_node(&w);
    fdt_put_empty(&w, "late");
    assert_int_equal(w.error, -EINVAL);
    fdt_write_start(&w, buffer, sizeof(buffer));
    for (i = 0; i <= FDT_MAX_DEPTH; i++) {
        fdt_begin_node(&w, "n");
    }
    assert_int_equal(w.error, -EINVAL);
    fdt_write_start(&w, buffer, sizeof(buffer));
    fdt_begin_node(&w, "");
    assert_int_equal(fdt_finish(&w, &len), -EINVAL);
}

static void put32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

/* Each word of the structure block replaced by troublesome values. */
static void wild_words(void **state)
{
    static const uint32_t words[] = {0, 1, 2, 3, 4, 9, 0x7fffffff, 0x80000000, 0xffffffff, 64};
    uint32_t len = small_tree(buffer, sizeof(buffer)), at, i;
    uint8_t *copy = aligned_alloc(8, (len + 7) & ~7U);
    struct fdt_error error;
    struct fdt fdt;

    (void)state;
    for (at = 0; at + 4 <= len; at += 4) {
        for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
            memcpy(copy, buffer, len);
            put32(copy + at, words[i]);
            if (fdt_open(&fdt, copy, len, &error) != 0) {
                assert_non_null(error.what);
            }
            (void)read_all(&fdt);
        }
    }
    free(copy);
}

/* A tree as QEMU makes it, cut to its used part; NULL without QEMU. */
static uint8_t *machine_tree(uint32_t *len)
{
    char name[] = "/tmp/test-fdt-XXXXXX", command[256];
    int fd = mkstemp(name);
    uint8_t *blob = aligned_alloc(8, 2 << 20);
    FILE *file;

    assert_true(fd >= 0);
    (void)snprintf(command, sizeof(command),
                   "qemu-system-aarch64 -M virt,virtualization=on,gic-version=2,dumpdtb=%s "
                   "-cpu cortex-a57 -smp 4 -m 4G -display none >/dev/null 2>&1",
                   name);
    close(fd);
    if (system(command) != 0) {
        free(blob);
        blob = NULL;
    } else {
        file = fopen(name, "rb"); /* QEMU renames a new file to it */
        *len = (uint32_t)fread(blob, 1, 2 << 20, file);
        assert_true(*len > 4096);
        fclose(file);
    }
    unlink(name);
    return blob;
}

static void real_machine(void **state)
{
    uint32_t len = 0;
    uint8_t *blob = machine_tree(&len);
    struct fdt fdt;
    uint64_t start, size;

    (void)state;
    if (blob == NULL) {
        skip();
    }
    fdt = opened(blob, len);
    assert_true(read_all(&fdt) > 50);
    assert_int_equal(fdt_reg(&fdt, fdt_find(&fdt, "/memory"), 0, &start, &size), 0);
    assert_true(start == 0x40000000 && size == 4ULL << 30);
    assert_int_equal(
        fdt_reg(&fdt, fdt_find_compatible(&fdt, FDT_NONE, "arm,gic-v2m-frame"), 0, &start, &size),
        0);
    assert_true(start == 0x8020000 && size == 0x1000);
    free(blob);
}

/* The header says less and less; what is behind the end is not there at all. */
static void every_truncation(void **state)
{
    uint32_t len = 0, end, n;
    uint8_t *blob = machine_tree(&len);
    struct fdt_error error;
    struct fdt fdt;

    (void)state;
    if (blob == NULL) {
        skip();
    }
    end = fdt_be32(blob + 12) + fdt_be32(blob + 32);
    for (n = 0; n < end; n++) {
        uint8_t *copy = aligned_alloc(8, (n + 8) & ~7U);

        memcpy(copy, blob, n);
        memset(copy + n, 0xaa, ((n + 8) & ~7U) - n);
        assert_int_equal(fdt_open(&fdt, copy, n, &error), -EINVAL);
        if (n >= 40) {
            put32(copy + 4, n);
            assert_int_equal(fdt_open(&fdt, copy, n, &error), -EINVAL);
            assert_non_null(error.what);
            if (n % 16 == 0) {
                put32(copy + 12, 40);
                put32(copy + 32, 8);
                if (fdt_open(&fdt, copy, n, &error) == 0) {
                    fail();
                }
                (void)read_all(&fdt);
            }
        }
        free(copy);
    }
    free(blob);
}

/* Zeros from some byte on, sizes as they were: as if half of it had been loaded. */
static void half_loaded(void **state)
{
    uint32_t len = 0, end, n;
    uint8_t *blob = machine_tree(&len);
    struct fdt_error error;
    struct fdt fdt;

    (void)state;
    if (blob == NULL) {
        skip();
    }
    end = fdt_be32(blob + 8) + fdt_be32(blob + 36);
    memset(blob + end, 0, len - end);
    for (n = end - 4; n > 56; n -= 4) {
        memset(blob + n, 0, 4);
        assert_int_equal(fdt_open(&fdt, blob, len, &error), -EINVAL);
        assert_non_null(error.what);
        if (n % 64 == 0) {
            (void)read_all(&fdt);
        }
    }
    free(blob);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),     cmocka_unit_test(writer_out_of_room),
        cmocka_unit_test(writer_nesting), cmocka_unit_test(wild_words),
        cmocka_unit_test(real_machine),   cmocka_unit_test(every_truncation),
        cmocka_unit_test(half_loaded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

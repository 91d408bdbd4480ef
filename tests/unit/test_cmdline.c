/* SPDX-License-Identifier: Apache-2.0 */
/* Options: every row, every form, and what is said about the others. */
#include "unit.h"

#include <hearth/boot.h>

#include "log.h"

static void parse(const char *line)
{
    log_clear();
    cmdline_parse(line);
}

static void defaults(void **state)
{
    (void)state;
    parse("");
    assert_int_equal(options.dom0_mem, 0);
    assert_true(options.bootscrub);
    assert_false(options.noreboot);
    assert_int_equal(options.maxcpus, CONFIG_NR_CPUS);
    assert_int_equal(options.gnttab_max_frames, 64);
    assert_int_equal(options.gnttab_max_maptrack_frames, 1024);
    assert_int_equal(options.loglvl, LOG_INFO);
    assert_string_equal(options.conswitch, "a");
    assert_string_equal(log_text, "");
}

static void all_options(void **state)
{
    (void)state;
    parse("  console=dtuart dtuart=/pl011@9000000\tdom0_max_vcpus=3 conswitch=qx loglvl=all "
          "guest_loglvl=none/all bootscrub=0 maxcpus=0x10 noreboot sched=fair xsm=silo "
          "dom0_vcpus_pin=yes dom0_mem=768M gnttab_max_frames=256 gnttab_max_maptrack_frames=2048");
    assert_string_equal(log_text, "");
    assert_false(options.console_off);
    assert_string_equal(options.dtuart, "/pl011@9000000");
    assert_int_equal(options.dom0_max_vcpus, 3);
    assert_string_equal(options.conswitch, "qx");
    assert_int_equal(options.loglvl, LOG_DEBUG);
    assert_int_equal(options.guest_loglvl, LOG_ERR);
    assert_false(options.bootscrub);
    assert_int_equal(options.maxcpus, 16);
    assert_int_equal(options.gnttab_max_frames, 256);
    assert_int_equal(options.gnttab_max_maptrack_frames, 2048);
    assert_true(options.noreboot);
    assert_true(options.dom0_vcpus_pin);
    assert_string_equal(options.sched, "fair");
    assert_string_equal(options.xsm, "silo");
    assert_int_equal(options.dom0_mem, MiB(768));
    assert_int_equal(options.dom0_mem_max, 0);
}

static void grant_limits(void **state)
{
    (void)state;
    parse("gnttab_max_frames=4097 gnttab_max_maptrack_frames=4294967295");
    assert_string_equal(log_text, "");
    assert_int_equal(options.gnttab_max_frames, 4096);
    assert_int_equal(options.gnttab_max_maptrack_frames, 65536);
    parse("gnttab_max_frames=0 gnttab_max_maptrack_frames=0");
    assert_true(logged("gnttab_max_frames") && !logged("gnttab_max_maptrack_frames"));
    assert_int_not_equal(options.gnttab_max_frames, 0);
    assert_int_equal(options.gnttab_max_maptrack_frames, 0);
}

static void booleans(void **state)
{
    static const char *const off[] = {"0", "no", "off", "false", "disable"};
    static const char *const on[] = {"1", "yes", "on", "true", "enable"};
    char line[64];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(on); i++) {
        snprintf(line, sizeof(line), "noreboot=%s bootscrub=%s", on[i], off[i]);
        parse(line);
        assert_true(options.noreboot && !options.bootscrub);
    }
    log_clear();
    parse("bootscrub=idle");
    assert_true(options.bootscrub && !logged("malformed"));
    parse("no-bootscrub noreboot no-noreboot");
    assert_true(!options.noreboot && !options.bootscrub);
    assert_string_equal(log_text, "");
}

static void dom0_memory(void **state)
{
    static const struct {
        const char *line;
        uint64_t mem, most;
    } rows[] = {
        {"dom0_mem=512M", MiB(512), 0},         {"dom0_mem=1048576", GiB(1), 0},
        {"dom0_mem=1G,max:2G", GiB(1), GiB(2)}, {"dom0_mem=max:2G", GiB(2), GiB(2)},
        {"dom0_mem=min:1G", GiB(1), 0},         {"dom0_mem=min:1G,512M", GiB(1), 0},
        {"dom0_mem=4G,max:2G", GiB(2), GiB(2)}, {"dom0_mem=min:256M,max:512M", MiB(256), MiB(512)},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        parse(rows[i].line);
        assert_string_equal(log_text, "");
        assert_int_equal(options.dom0_mem, rows[i].mem);
        assert_int_equal(options.dom0_mem_max, rows[i].most);
    }
}

static void consoles(void **state)
{
    static const struct {
        const char *line;
        bool off;
    } rows[] = {
        {"console=none", true},  {"console=none,none", true},    {"console=dtuart", false},
        {"console=com1", false}, {"console=none,dtuart", false}, {"console=dtuart,none", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        parse(rows[i].line);
        assert_string_equal(log_text, "");
        assert_int_equal(options.console_off, rows[i].off);
    }
}

static void no_limit(void **state)
{
    (void)state;
    parse("maxcpus=0");
    assert_string_equal(log_text, "");
    assert_int_equal(options.maxcpus, UINT32_MAX);
}

static void malformed(void **state)
{
    static const char *const lines[] = {
        "dom0_mem=",
        "dom0_mem",
        "dom0_mem=0",
        "dom0_mem=12Q",
        "dom0_mem=1G,,2G",
        "dom0_mem=min:",
        "dom0_mem=min:2G,max:1G",
        "dom0_mem=99999999999999999999",
        "dom0_max_vcpus=0",
        "dom0_max_vcpus=x",
        "maxcpus=4294967296",
        "maxcpus",
        "loglvl=loud",
        "loglvl=all/loud",
        "noreboot=perhaps",
        "conswitch=abc",
        "console",
        "console=",
        "console=vga",
        "console=none,vga",
        "console=nonesuch",
        "loglvl",
    };
    char name[32];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        parse(lines[i]);
        snprintf(name, sizeof(name), "'%.*s'", (int)strcspn(lines[i], "="), lines[i]);
        if (!logged(name) || !logged("malformed")) {
            fail_msg("'%s' gave: %s", lines[i], log_text);
        }
        assert_int_equal(options.dom0_mem, 0);
        assert_int_equal(options.maxcpus, CONFIG_NR_CPUS);
        assert_int_equal(options.loglvl, LOG_INFO);
        assert_false(options.console_off);
    }
}

static void unknown(void **state)
{
    char line[400];

    (void)state;
    parse("no_such_option=1 no-console no-such dom0_mem=1G");
    assert_true(logged("'no_such_option'") && logged("'no-console'") && logged("'no-such'"));
    assert_int_equal(options.dom0_mem, GiB(1));
    memset(line, 'x', sizeof(line));
    strcpy(line + sizeof(line) - 16, " maxcpus=2");
    parse(line);
    assert_true(logged("too long"));
    assert_int_equal(options.maxcpus, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults), cmocka_unit_test(all_options), cmocka_unit_test(grant_limits),
        cmocka_unit_test(booleans), cmocka_unit_test(dom0_memory), cmocka_unit_test(malformed),
        cmocka_unit_test(unknown),  cmocka_unit_test(consoles),    cmocka_unit_test(no_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: Apache-2.0
/* The test framework: one `ok` or `not ok` line per check and a last line with the totals. */
#include <guest.h>

static unsigned int passed;
static unsigned int failed;
static unsigned int skipped;

bool test_check(bool good, const char *name, ...)
{
    char text[200];
    va_list args;

    va_start(args, name);
    format_text(text, sizeof(text), name, args);
    va_end(args);
    if (good) {
        passed++;
    } else {
        failed++;
    }
    print("%s %u - %s\n", good ? "ok" : "not ok", passed + failed + skipped, text);
    return good;
}

void test_equal(long got, long want, const char *name)
{
    if (got == want) {
        test_check(true, "%s", name);
    } else {
        test_check(false, "%s (got %ld, want %ld)", name, got, want);
    }
}

void test_skip(const char *name, const char *why)
{
    skipped++;
    print("ok %u - %s # SKIP %s\n", passed + failed + skipped, name, why);
}

void test_finish(void)
{
    print("TESTS passed=%u failed=%u skipped=%u\n", passed, failed, skipped);
    guest_off();
}

void guest_panic(const char *fmt, ...)
{
    char text[200];
    va_list args;

    va_start(args, fmt);
    format_text(text, sizeof(text), fmt, args);
    va_end(args);
    print("not ok - PANIC %s\n", text);
    failed++;
    test_finish();
}

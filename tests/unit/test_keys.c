/* SPDX-License-Identifier: Apache-2.0 */
/* Debug keys: what they show, at any level. */
#include "unit.h"

#include <hearth/boot.h>

#include "machine.h"

static char text[16384];

static void lost(char c)
{
    (void)c;
}

static void press(char key)
{
    uint32_t from = UINT32_MAX;

    (void)console_ring_read(text, sizeof(text), &from);
    debug_key(key);
    text[console_ring_read(text, sizeof(text) - 1, &from)] = '\0';
}

static void test_domains_at_any_level(void **state)
{
    static const struct uart uart = {.name = "deaf", .putc = lost};
    struct domain *d;

    (void)state;
    machine_boot(1);
    console_set_uart(&uart); /* without one levels do not count */
    d = machine_domain(7, &machine_config, 4);
    assert_non_null(d);
    strcpy(d->name, "somebody");
    for (options.loglvl = LOG_ERR; options.loglvl <= LOG_DEBUG; options.loglvl++) {
        press('q');
        if (strstr(text, "why it ended") == NULL || strstr(text, "somebody") == NULL ||
            strstr(text, "d7v0") == NULL) {
            fail_msg("at level %u: %s", options.loglvl, text);
        }
    }
    machine_kill(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_domains_at_any_level),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Console input. The switch character typed three times gives the input to the next in the circle
 * dom0, the domUs whose virtual UART or PV console is Hearth's (by id), Hearth. Fewer of it go to
 * whoever has the input, together with the character that follows them. dom0 is told by
 * VIRQ_CONSOLE and reads with console_io; a domU's virtual UART or channel interrupts it.
 */
#include "private.h"

#include <hearth/boot.h>
#include <hearth/domain.h>
#include <hearth/evtchn.h>
#include <hearth/printf.h>
#include <hearth/vuart.h>

#define SWITCH_PRESSES 3U

static bool takes_input(const struct domain *d)
{
    return d->life == DOMAIN_ALIVE &&
           (d->is_hardware || vpl011_on_console(d) || console_pv_takes_input(d));
}

/* The domain with the lowest id from `id` on that takes input. */
static struct domain *input_domain_from(uint32_t id)
{
    struct domain *d;

    for_each_domain (d) {
        if (d->id >= id && takes_input(d)) {
            return d;
        }
    }
    return NULL;
}

static void announce(uint32_t focus)
{
    char key = READ_ONCE(console.switch_char);
    char who[16] = "Xen";
    char how[64] = "";

    if (focus != FOCUS_HEARTH) {
        (void)snprintf(who, sizeof(who), "DOM%u", focus);
    }
    if (key != '\0') {
        (void)snprintf(how, sizeof(how), " (type 'CTRL-%c' three times to switch input)",
                       key | 0x60);
    }
    printk(LOG_ERR, "*** Serial input to %s%s\n", who, how);
}

/* A line that waited in the buffer of the new owner is written before its output becomes raw. */
static void set_focus(struct domain *to)
{
    uint32_t focus = to != NULL ? to->id : FOCUS_HEARTH;

    console_lock();
    if (to != NULL) {
        console_domain_flush(to);
    }
    console.focus = focus;
    console.switch_count = 0;
    console_unlock();
    announce(focus);
}

void console_switch_input(void)
{
    uint32_t focus = READ_ONCE(console.focus);

    set_focus(input_domain_from(focus == FOCUS_HEARTH ? 0 : focus + 1));
}

/* dom0's read of console_io. When its buffer is full, input is lost. */
static void deliver_to_dom0(struct domain *d, char c)
{
    console_lock();
    if (console.input_head - console.input_tail < INPUT_SIZE) {
        console.input[console.input_head++ % INPUT_SIZE] = c;
    }
    console_unlock();
    evtchn_send_global_virq(d, VIRQ_CONSOLE);
}

static void deliver(char c)
{
    uint32_t focus = READ_ONCE(console.focus);
    struct domain *d;

    if (focus == FOCUS_HEARTH) {
        debug_key(c);
        return;
    }
    d = domain_find((domid_t)focus);
    if (d == NULL || !takes_input(d)) {
        return;
    }
    if (d->is_hardware) {
        deliver_to_dom0(d, c);
    } else if (vpl011_on_console(d)) {
        vpl011_rx(d, c);
    } else {
        console_pv_rx(d, c);
    }
}

/* What this character makes of the count of switch characters: how many to deliver before it. */
static uint32_t count_switch(char c, bool *is_switch)
{
    uint32_t held = 0;

    console_lock();
    *is_switch = console.switch_char != '\0' && c == console.switch_char;
    if (*is_switch) {
        console.switch_count++;
    } else {
        held = console.switch_count;
        console.switch_count = 0;
    }
    console_unlock();
    return held;
}

void console_rx(char c)
{
    bool is_switch;
    uint32_t held = count_switch(c, &is_switch);

    if (is_switch) {
        if (READ_ONCE(console.switch_count) >= SWITCH_PRESSES) {
            console_switch_input();
        }
        return;
    }
    while (held-- > 0) {
        deliver(console.switch_char);
    }
    deliver(c);
}

size_t console_domain_read(struct domain *d, char *buf, size_t size)
{
    size_t n = 0;

    if (!d->is_hardware) {
        return 0;
    }
    console_lock();
    while (n < size && console.input_tail != console.input_head) {
        buf[n++] = console.input[console.input_tail++ % INPUT_SIZE];
    }
    console_unlock();
    return n;
}

/* `conswitch=<c><x>`: CTRL-<c> switches, '`' switches never; 'x' keeps the input after start-up. */
static void parse_conswitch(void)
{
    char c = options.conswitch[0];

    if (c >= 'A' && c <= 'Z') {
        c = (char)(c | 0x20);
    }
    if (c == '`') {
        console.switch_char = '\0';
    } else if (c >= 'a' && c <= 'z') {
        console.switch_char = (char)(c & 0x1f);
    } else if (c != '\0') {
        printk(LOG_WARNING, "conswitch: '%c' is not a letter, CTRL-a is used\n", c);
    }
}

void console_boot_done(void)
{
    struct domain *first = input_domain_from(0);

    parse_conswitch();
    if (console.uart != NULL && console.uart->rx_irq_enable != NULL) {
        console.uart->rx_irq_enable();
    }
    if (first != NULL && (options.conswitch[0] == '\0' || options.conswitch[1] != 'x')) {
        set_focus(first);
    } else {
        announce(console.focus);
    }
}

void console_domain_added(struct domain *d)
{
    d->console = (struct console_domain){.length = 0};
}

void console_domain_removed(struct domain *d)
{
    console_lock();
    console_domain_flush(d);
    console_unlock();
    if (READ_ONCE(console.focus) == d->id) {
        set_focus(hardware_domain != d ? hardware_domain : NULL);
    }
}

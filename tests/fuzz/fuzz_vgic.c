/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual GIC under arbitrary accesses, lines, context switches and guests. The invariants of
 * fake_vgic.h hold after each step; at the end everything that is pending can be handled, and a
 * state record makes the same device. Reaches 700 edges.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/fake_vgic.h"

#define STEP    8U
#define VCPUS   3U
#define SPIS    64U
#define LINKED  40U /* and the 7 after it: physical interrupts 100 more */
#define SYNC(v) fake_run((v) % FAKE_CPUS, (v))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned int acked[FAKE_VCPUS][32]; /* what each guest has to end, innermost last */
static unsigned int nr_acked[FAKE_VCPUS];

static void guest_ack(void)
{
    struct vgic_vcpu *v = fake_cpu[fake_here].loaded;
    unsigned int intid;

    if (v == NULL || nr_acked[v->id] == 32) {
        return;
    }
    intid = fake_ack();
    if (intid != FAKE_NONE) {
        acked[v->id][nr_acked[v->id]++] = intid;
    }
}

static void guest_eoi(void)
{
    struct vgic_vcpu *v = fake_cpu[fake_here].loaded;

    if (v != NULL && nr_acked[v->id] != 0) {
        fake_eoi(acked[v->id][--nr_acked[v->id]]);
    }
}

static void raise_physical(unsigned int n)
{
    struct vgic_vcpu *v = fake_cpu[fake_here].loaded;

    if (n % 8 == 0) {
        if (v != NULL && !fake_cpu[fake_here].private_active[27]) {
            fake_cpu[fake_here].private_active[27] = true;
            vgic_hw_private(v, 27, 27);
        }
        return;
    }
    n = LINKED + n % 8;
    if (fake_enabled[n + 100] && !fake_active[n + 100]) {
        fake_active[n + 100] = true;
        vgic_hw_spi(&fake_domain, n);
    }
}

static void source(const uint8_t *p)
{
    unsigned int irq = p[2] % 104U;

    switch (p[1] % 6) {
    case 0:
        vgic_latch_spi(&fake_domain, irq);
        break;
    case 1:
        vgic_latch_private(&fake_vcpu[p[3] % VCPUS], irq);
        break;
    case 2:
        vgic_line_spi(&fake_domain, irq, (p[3] & 1) != 0);
        break;
    case 3:
        vgic_line_private(&fake_vcpu[p[3] % VCPUS], irq, (p[3] & 16) != 0);
        break;
    case 4:
        vgic_sgi1r(&fake_vcpu[p[3] % VCPUS], (uint64_t)p[4] << 24 | p[5] | (uint64_t)p[6] << 40);
        break;
    default:
        raise_physical(p[2]);
        break;
    }
}

static void access_registers(const uint8_t *p)
{
    /* Mostly the registers per interrupt, of the banks that exist. */
    static const uint16_t blocks[] = {0x000, 0x100, 0x180, 0x200, 0x280, 0x300,  0x380,
                                      0x400, 0x420, 0x820, 0xc00, 0xf00, 0x6100, 0x0000};
    uint64_t off = (uint64_t)blocks[(p[1] & 15) % 14] + (p[2] & 0x7f);
    unsigned int size = 1U << (p[1] >> 4 & 3);
    bool write = (p[1] & 0x40) != 0;
    uint64_t value;
    enum vgic_result r;

    memcpy(&value, p, sizeof(value));
    value = (p[1] & 15) == 13 ? value : value >> 24;
    if ((p[1] & 0x80) == 0 || fake_domain.version == 2) {
        off += FAKE_DIST + (((p[1] & 15) == 13) ? p[3] << 8 : 0);
    } else {
        off = (off & 0xffff) + FAKE_REDIST + (p[3] % VCPUS) * 0x20000ULL +
              ((p[3] & 0x80) != 0 ? 0 : 0x10000);
    }
    if ((p[1] & 8) != 0) {
        off &= ~3ULL;
        size = 4;
    }
    r = fake_access(fake_domain.version == 2 && fake_cpu[fake_here].loaded != NULL
                        ? fake_cpu[fake_here].loaded->id
                        : p[3] % VCPUS,
                    off, write, size, &value);
    FAKE_CHECK(r != VGIC_DONE || write || size == 8 || value >> (8 * size) == 0);
    FAKE_CHECK(r != VGIC_DONE || off % size == 0);
}

static void step(const uint8_t *p)
{
    fake_here = p[0] >> 4 & 3;
    switch (p[0] & 15) {
    case 0:
        if (fake_vcpu[p[1] % VCPUS].cpu == VGIC_NOT_LOADED || fake_cpu[fake_here].loaded == NULL) {
            fake_run(fake_here, p[1] % VCPUS);
        }
        break;
    case 1:
        fake_unload(fake_here);
        break;
    case 2:
    case 3:
        guest_ack();
        break;
    case 4:
    case 5:
        guest_eoi();
        break;
    case 6:
        fake_enter();
        break;
    case 7:
    case 8:
    case 9:
        source(p);
        break;
    case 10:
        (void)vgic_pending(&fake_vcpu[p[1] % VCPUS]);
        break;
    case 11:
        if (fake_vcpu[p[1] % VCPUS].cpu == VGIC_NOT_LOADED && (p[2] & 7) == 0) {
            vgic_reset_vcpu(&fake_vcpu[p[1] % VCPUS]);
            fake_run_priority[p[1] % VCPUS] = 0;
            nr_acked[p[1] % VCPUS] = 0;
        }
        break;
    default:
        access_registers(p);
        break;
    }
}

/* Guests end all they have, then take all that is pending: no interrupt gets lost or stuck. */
static void drain(void)
{
    unsigned int rounds = 0;
    bool busy = true;

    for (unsigned int i = 0; i < FAKE_CPUS; i++) {
        fake_unload(i);
    }
    for (unsigned int irq = 0; irq < 104; irq++) {
        vgic_line_spi(&fake_domain, irq, false);
        for (unsigned int v = 0; v < VCPUS; v++) {
            vgic_line_private(&fake_vcpu[v], irq, false);
        }
    }
    while (busy) {
        busy = false;
        for (unsigned int v = 0; v < VCPUS; v++) {
            unsigned int intid;

            SYNC(v);
            fake_cpu[fake_here].active_priorities = 0; /* software-set active state has none */
            while (nr_acked[v] != 0) {
                guest_eoi();
            }
            while ((intid = fake_ack()) != FAKE_NONE) {
                fake_eoi(intid);
                fake_check();
                busy = true;
                FAKE_CHECK(++rounds < 2000);
            }
        }
    }
    fake_check_settled();
    for (unsigned int v = 0; v < VCPUS; v++) {
        struct vgic_bank *b = &fake_vcpu[v].private;

        FAKE_CHECK((vgic_wanted(&fake_domain, b)) == 0);
        for (unsigned int n = 0; n < fake_domain.nr_banks; n++) {
            b = &fake_domain.spi[n];
            FAKE_CHECK((vgic_wanted(&fake_domain, b) & fake_vcpu[v].routed[n]) == 0);
        }
    }
}

static size_t save_all(uint8_t *buffer, size_t size)
{
    struct state_stream s = {.data = buffer, .size = size};

    memset(buffer, 0, size);
    vgic_save_domain_state(&fake_domain, 5, &s);
    for (unsigned int i = 0; i < VCPUS; i++) {
        vgic_save_vcpu_state(&fake_vcpu[i], 5, &s);
    }
    FAKE_CHECK(s.error == 0);
    return s.pos;
}

static void round_trip(unsigned int version)
{
    static uint8_t one[4096], two[4096];
    struct state_stream in = {.data = one};

    for (unsigned int i = 0; i < FAKE_CPUS; i++) {
        fake_unload(i);
    }
    in.size = save_all(one, sizeof(one));
    fake_teardown();
    fake_setup(version, VCPUS, SPIS, fake_lrs);
    FAKE_CHECK(vgic_load_domain_state(&fake_domain, &in) == 0);
    for (unsigned int i = 0; i < VCPUS; i++) {
        FAKE_CHECK(vgic_load_vcpu_state(&fake_vcpu[i], &in) == 0);
    }
    FAKE_CHECK(save_all(two, sizeof(two)) == in.size && memcmp(one, two, in.size) == 0);
    fake_check();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned int version = size != 0 && (data[0] & 1) != 0 ? 2 : 3;

    memset(nr_acked, 0, sizeof(nr_acked));
    fake_setup(version, VCPUS, SPIS, size != 0 && (data[0] & 2) != 0 ? 4 : 2);
    fake_domain.ctlr = 1;
    for (unsigned int n = LINKED; n < LINKED + 8; n++) {
        fake_domain.spi[n / 32 - 1].hwirq[n % 32] = (uint16_t)(n + 100);
        fake_domain.spi[n / 32 - 1].hw |= 1U << n % 32;
    }
    fake_run(0, 0);
    for (; size >= STEP; size -= STEP, data += STEP) {
        step(data);
        fake_check();
    }
    fake_check_settled();
    drain();
    fake_check();
    round_trip(version);
    fake_teardown();
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Guest copies over a fake address space: one frame per guest page, with rights. */
#include "unit.h"

#include <asm/host.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/guest_copy.h>
#include <hearth/p2m.h>
#include <hearth/page.h>
#include <hearth/vcpu.h>

#include "fake_console.h"

#define PAGES 16U

static struct domain d;
static struct p2m p2m;
static struct p2m *p2ms[] = {&p2m};
static struct vcpu v;
static mfn_t frame[PAGES];
static unsigned int access_of[PAGES];
static unsigned int breaks;  /* how many more meet tables that are being split */
static unsigned int changes; /* how many more translations are raced by a removal */

int p2m_lookup(struct p2m *of, gfn_t g, struct p2m_entry *entry)
{
    assert_ptr_equal(of, &p2m);
    if (changes > 0) {
        changes--;
        __atomic_fetch_add(&p2m.generation, 1, __ATOMIC_RELEASE);
    }
    if (breaks > 0) {
        breaks--;
        __atomic_fetch_add(&p2m.pt.breaks, 2, __ATOMIC_RELEASE);
        return -ENOENT;
    }
    if (g.n >= PAGES || access_of[g.n] == 0) {
        return -ENOENT;
    }
    *entry = (struct p2m_entry){.mfn = frame[g.n], .access = access_of[g.n]};
    return 0;
}

int p2m_get_page(struct p2m *of, gfn_t g, unsigned int flags, mfn_t *out)
{
    struct p2m_entry e;

    if (p2m_lookup(of, g, &e) != 0) {
        return -ENOENT;
    }
    if ((flags & P2M_GET_WRITE) != 0 && (e.access & P2M_W) == 0) {
        return -EPERM;
    }
    *out = e.mfn;
    return page_get(e.mfn, &d) ? 0 : -EINVAL;
}

static int setup(void **state)
{
    (void)state;
    host_boot(1);
    d = (struct domain){.id = 3, .max_pages = 100, .p2m = p2ms, .nr_p2m = 1};
    spin_lock_init(&d.pages_lock, RANK_PAGES);
    v.domain = &d;
    this_cpu()->current = &v;
    for (unsigned int i = 0; i < PAGES; i++) {
        assert_int_equal(page_alloc_guest(&d, 0, 0, &frame[i]), 0);
        access_of[i] = P2M_RWX;
    }
    return 0;
}

static void check_no_reference_leaks(void)
{
    for (unsigned int i = 0; i < PAGES; i++) {
        if (mfn_is_ram(frame[i])) {
            assert_int_equal(mfn_to_page(frame[i])->refs, 1);
        }
    }
}

static uint8_t *byte(uint64_t at)
{
    return (uint8_t *)mfn_to_virt(frame[at / PAGE_SIZE]) + at % PAGE_SIZE;
}

static void test_round_trip(void **state)
{
    static uint8_t in[3 * PAGE_SIZE], out[3 * PAGE_SIZE];

    (void)state;
    for (int round = 0; round < 300; round++) {
        size_t n = unit_below(sizeof(in));
        uint64_t at = unit_below(PAGES * PAGE_SIZE - n);

        for (size_t i = 0; i < n; i++) {
            in[i] = (uint8_t)unit_random();
        }
        memset(out, 0, sizeof(out));
        if (round % 2 == 0) {
            assert_int_equal(guest_copy_out(guest_ptr(at), in, n), 0);
            assert_int_equal(guest_phys_copy_in(&d, out, gaddr(at), n), 0);
        } else {
            assert_int_equal(guest_phys_copy_out(&d, gaddr(at), in, n), 0);
            assert_int_equal(guest_copy_in(out, guest_ptr(at), n), 0);
        }
        assert_memory_equal(in, out, n);
        for (size_t i = 0; i < n; i += 97) {
            assert_int_equal(*byte(at + i), in[i]);
        }
    }
    check_no_reference_leaks();
}

static void test_clear(void **state)
{
    (void)state;
    *byte(4000) = *byte(4001) = *byte(8200) = *byte(8201) = 9;
    assert_int_equal(guest_clear(guest_ptr(4001), 4200), 0);
    assert_int_equal(*byte(4000), 9);
    assert_int_equal(*byte(4001), 0);
    assert_int_equal(*byte(8200), 0);
    assert_int_equal(*byte(8201), 9);
}

static void test_faults(void **state)
{
    uint64_t buf[2];

    (void)state;
    access_of[5] = 0;
    access_of[6] = P2M_R;
    assert_int_equal(guest_copy_in(buf, guest_ptr(5 * PAGE_SIZE - 1), 1), 0);
    assert_int_equal(guest_copy_in(buf, guest_ptr(5 * PAGE_SIZE - 8), 16), -EFAULT);
    assert_int_equal(guest_copy_in(buf, guest_ptr(6 * PAGE_SIZE), 16), 0);
    assert_int_equal(guest_copy_out(guest_ptr(6 * PAGE_SIZE), buf, 16), -EFAULT);
    assert_int_equal(guest_clear(guest_ptr(6 * PAGE_SIZE), 16), -EFAULT);
    assert_int_equal(guest_phys_copy_in(&d, buf, gaddr(5 * PAGE_SIZE - 8), 16), -EFAULT);
    assert_int_equal(guest_phys_copy_out(&d, gaddr(6 * PAGE_SIZE), buf, 16), -EFAULT);
    assert_int_equal(guest_copy_in(buf, guest_ptr(UINT64_MAX - 7), 16), -EFAULT);
    assert_int_equal(guest_copy_in(buf, guest_ptr(UINT64_MAX), 0), 0);
    assert_int_equal(guest_phys_copy_in(&d, buf, gaddr(UINT64_MAX - 7), 16), -EFAULT);
    access_of[5] = access_of[6] = P2M_RWX;
    check_no_reference_leaks();
}

/* Mapped, but no memory that guests may use: a device, the hypervisor's own. */
static void test_not_guest_memory(void **state)
{
    mfn_t saved = frame[2], heap;
    uint64_t buf;

    (void)state;
    frame[2] = mfn(0x9000);
    assert_int_equal(guest_copy_in(&buf, guest_ptr(2 * PAGE_SIZE), 8), -EFAULT);
    assert_int_equal(page_alloc(0, PAGE_HEAP, 0, &heap), 0);
    frame[2] = heap;
    assert_int_equal(guest_copy_in(&buf, guest_ptr(2 * PAGE_SIZE), 8), -EFAULT);
    assert_int_equal(guest_copy_out(guest_ptr(2 * PAGE_SIZE), &buf, 8), -EFAULT);
    page_free(heap, 0);
    frame[2] = saved;
}

static void test_race_with_removal(void **state)
{
    uint64_t buf = 0;

    (void)state;
    *byte(0) = 0x42;
    changes = 3;
    assert_int_equal(guest_copy_in(&buf, guest_ptr(0), 1), 0);
    assert_int_equal(buf, 0x42);
    changes = 1000; /* a guest that never stops: bounded */
    assert_int_equal(guest_copy_in(&buf, guest_ptr(0), 1), -EFAULT);
    assert_int_equal(1000 - changes, 64);
    changes = 0;
    check_no_reference_leaks();
}

static void test_race_with_split(void **state)
{
    uint64_t buf = 0;

    (void)state;
    *byte(0) = 0x43;
    breaks = 5;
    assert_int_equal(guest_copy_in(&buf, guest_ptr(0), 1), 0);
    assert_int_equal(buf, 0x43);
    assert_int_equal(breaks, 0);
    check_no_reference_leaks();
}

/* In and out through one translation; whatever is out of the ordinary is refused, and not held. */
static void test_window(void **state)
{
    struct guest_window w;
    uint64_t word[4] = {1, 2, 3, 4};
    uint64_t seen[4];
    const guest_ptr_t at = guest_ptr(3 * PAGE_SIZE + 64);

    (void)state;
    assert_int_equal(guest_copy_out(at, word, 32), 0);
    assert_true(guest_window_open(&v, &w, at, 32));
    guest_window_read(&w, seen, 32);
    assert_memory_equal(seen, word, 32);
    assert_int_equal(mfn_to_page(frame[3])->refs, 2);
    seen[1] = 22;
    access_of[3] = 0; /* what the guest maps there meanwhile does not matter */
    guest_window_close(&w, seen, 32);
    access_of[3] = P2M_RWX;
    assert_int_equal(guest_copy_in(word, at, 32), 0);
    assert_memory_equal(seen, word, 32);
    assert_false(guest_window_open(&v, &w, guest_ptr(at.a + 4), 32));
    assert_false(guest_window_open(&v, &w, guest_ptr(4 * PAGE_SIZE - 16), 32));
    assert_false(guest_window_open(&v, &w, guest_ptr(PAGES * PAGE_SIZE), 32));
    assert_false(guest_window_open(&v, &w, guest_ptr(~0UL - 7), 32));
    access_of[3] = P2M_R;
    assert_false(guest_window_open(&v, &w, at, 32));
    access_of[3] = P2M_RWX;
    changes = 1;
    assert_false(guest_window_open(&v, &w, at, 32));
    d.id++; /* another's frame, though mapped */
    assert_false(guest_window_open(&v, &w, at, 32));
    d.id--;
    check_no_reference_leaks();
}

static void test_index(void **state)
{
    guest_ptr_t p;

    (void)state;
    assert_true(guest_ptr_index(guest_ptr(0x1000), 3, 24, &p));
    assert_int_equal(p.a, 0x1000 + 72);
    assert_false(guest_ptr_index(guest_ptr(0), 1UL << 62, 8, &p));
    assert_false(guest_ptr_index(guest_ptr(UINT64_MAX - 10), 1, 24, &p));
}

static void test_no_vcpu(void **state)
{
    uint64_t buf;

    (void)state;
    this_cpu()->current = NULL;
    assert_int_equal(guest_copy_in(&buf, guest_ptr(0), 8), -EFAULT);
    this_cpu()->current = &v;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_clear),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_not_guest_memory),
        cmocka_unit_test(test_race_with_removal),
        cmocka_unit_test(test_race_with_split),
        cmocka_unit_test(test_window),
        cmocka_unit_test(test_index),
        cmocka_unit_test(test_no_vcpu),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* p2m: types, references, flushes, generation, charged table memory, readers beside a writer. */
#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>

#include <asm/host.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/p2m.h>
#include <hearth/softirq.h>

#include "fake_console.h"

#define M2 512UL

static struct domain a, b;
static struct p2m p2m;

static uint64_t free_frames(void)
{
    struct page_stats s;

    page_stats(&s);
    return s.free;
}

static void settle(void)
{
    for (unsigned int i = 0; i < 8; i++) {
        for (unsigned int cpu = 0; cpu < HOST_CPUS; cpu++) {
            unsigned int before = host_switch_cpu(cpu);

            softirq_run();
            rcu_quiescent();
            (void)host_switch_cpu(before);
        }
    }
}

static void init_domain(struct domain *d, domid_t id)
{
    *d = (struct domain){.id = id, .max_pages = 1U << 20};
    spin_lock_init(&d->pages_lock, RANK_PAGES);
}

static int group_setup(void **state)
{
    (void)state;
    host_boot(HOST_CPUS);
    init_domain(&a, 1);
    init_domain(&b, 2);
    return 0;
}

static int setup(void **state)
{
    (void)state;
    return p2m_init(&p2m, &a, 40);
}

static void destroy(void)
{
    unsigned int calls = 0;

    while (p2m_destroy(&p2m) == -ERESTART) {
        assert_true(++calls < 10000);
        settle();
    }
    assert_int_equal(p2m.table_pages, 0);
}

static int teardown(void **state)
{
    (void)state;
    if (!p2m.dying) {
        destroy();
    }
    return 0;
}

static mfn_t frame_of(struct domain *d, unsigned int order)
{
    mfn_t m = INVALID_MFN;

    assert_int_equal(page_alloc_guest(d, order, 0, &m), 0);
    return m;
}

static void release(struct domain *d, mfn_t m, unsigned int order)
{
    for (uint64_t i = 0; i < 1UL << order; i++) {
        assert_true(page_get(mfn_add(m, i), d));
        assert_int_equal(page_disown(d, mfn_add(m, i)), 0);
        page_put(mfn_add(m, i));
    }
}

static unsigned int refs(mfn_t m)
{
    return mfn_to_page(m)->refs;
}

static void map_foreign(uint64_t at, mfn_t m)
{
    assert_true(page_get(m, &b));
    assert_int_equal(p2m_map(&p2m, gfn(at), m, 1, P2M_FOREIGN, P2M_RW), 0);
}

static void test_map_and_lookup(void **state)
{
    struct p2m_entry e;

    (void)state;
    assert_int_equal(p2m_map(&p2m, gfn(M2), mfn(4 * M2), 2 * M2, P2M_RAM, P2M_RWX), 0);
    assert_int_equal(p2m_map(&p2m, gfn(7), mfn(0x9000), 1, P2M_MMIO, P2M_RW), 0);
    assert_int_equal(p2m_map(&p2m, gfn(9), mfn(0x9001), 1, P2M_MMIO, P2M_RW | P2M_DEVICE), 0);
    assert_int_equal(p2m_lookup(&p2m, gfn(M2 + 5), &e), 0);
    assert_int_equal(e.mfn.n, 4 * M2 + 5);
    assert_int_equal(e.type, P2M_RAM);
    assert_int_equal(e.access, P2M_RWX);
    assert_int_equal(e.order, 9);
    assert_int_equal(p2m_lookup(&p2m, gfn(7), &e), 0);
    assert_int_equal(e.mfn.n, 0x9000);
    assert_int_equal(e.type, P2M_MMIO);
    assert_int_equal(e.access, P2M_RW); /* the domain's own tables say what it is */
    assert_int_equal(e.order, 0);
    assert_int_equal(p2m_lookup(&p2m, gfn(9), &e), 0);
    assert_int_equal(e.access, P2M_RW | P2M_DEVICE);
    assert_int_equal(p2m_lookup(&p2m, gfn(8), &e), -ENOENT);
    assert_int_equal(e.order, 0);
    assert_int_equal(p2m_lookup(&p2m, gfn(M2 * M2 * 3), &e), -ENOENT);
    assert_int_equal(e.order, 18);
    assert_int_equal(p2m_lookup(&p2m, gfn(p2m.max_gfn), &e), -ENOENT);
    assert_int_equal(p2m_lookup(&p2m, INVALID_GFN, &e), -ENOENT);
    assert_int_equal(p2m_unmap(&p2m, gfn(0), p2m.max_gfn), 0);
    assert_int_equal(p2m_lookup(&p2m, gfn(7), &e), -ENOENT);
}

static void test_arguments(void **state)
{
    uint64_t max = p2m.max_gfn;

    (void)state;
    assert_int_equal(max, 1UL << 28);
    assert_int_equal(p2m_map(&p2m, gfn(max - 1), mfn(1), 1, P2M_RAM, P2M_RW), 0);
    assert_int_equal(p2m_map(&p2m, gfn(max), mfn(1), 1, P2M_RAM, P2M_RW), -EINVAL);
    assert_int_equal(p2m_map(&p2m, gfn(max - 1), mfn(1), 2, P2M_RAM, P2M_RW), -EINVAL);
    assert_int_equal(p2m_map(&p2m, gfn(1), mfn(1), ~0UL, P2M_RAM, P2M_RW), -EINVAL);
    assert_int_equal(p2m_map(&p2m, INVALID_GFN, mfn(1), 1, P2M_RAM, P2M_RW), -EINVAL);
    assert_int_equal(p2m_map(&p2m, gfn(1), INVALID_MFN, 1, P2M_RAM, P2M_RW), -EINVAL);
    assert_int_equal(p2m_map(&p2m, gfn(1), mfn(1), 1, P2M_RAM, P2M_W), -EINVAL);
    assert_int_equal(p2m_map(&p2m, gfn(1), mfn(1), 1, P2M_RAM, 17), -EINVAL);
    assert_int_equal(p2m_map(&p2m, gfn(1), mfn(1), 1, 4, P2M_RW), -EINVAL);
    assert_int_equal(p2m_map(&p2m, gfn(1), mfn(1), 2, P2M_FOREIGN, P2M_RW), -EINVAL);
    assert_int_equal(p2m.highest_gfn, max - 1); /* that was mapped, not that was asked for */
    assert_int_equal(p2m_unmap(&p2m, gfn(max), 1), -EINVAL);
    assert_int_equal(p2m_unmap(&p2m, gfn(2), max - 1), -EINVAL);
    assert_int_equal(p2m_unmap(&p2m, gfn(5), 0), 0);
}

static void test_foreign_references(void **state)
{
    mfn_t m = frame_of(&b, 0), n = frame_of(&b, 0);
    uint64_t generation;

    (void)state;
    map_foreign(5, m);
    assert_int_equal(refs(m), 2);
    generation = p2m.generation;
    /* Replaced: by another, then by itself. */
    map_foreign(5, n);
    assert_int_equal(refs(m), 1);
    assert_int_equal(refs(n), 2);
    assert_int_equal(p2m.generation, generation + 1);
    map_foreign(5, n);
    assert_int_equal(refs(n), 2);
    /* Wrong frame, wrong type, then right. */
    assert_int_equal(p2m_unmap_exact(&p2m, gfn(5), m, P2M_FOREIGN), -ENOENT);
    assert_int_equal(p2m_unmap_exact(&p2m, gfn(5), n, P2M_GRANT), -ENOENT);
    assert_int_equal(p2m_unmap_exact(&p2m, gfn(6), n, P2M_FOREIGN), -ENOENT);
    assert_int_equal(p2m_unmap_exact(&p2m, INVALID_GFN, n, P2M_FOREIGN), -ENOENT);
    assert_int_equal(refs(n), 2);
    assert_int_equal(p2m_unmap_exact(&p2m, gfn(5), n, P2M_FOREIGN), 0);
    assert_int_equal(refs(n), 1);
    /* RAM in place of it holds none. */
    map_foreign(5, m);
    assert_int_equal(p2m_map(&p2m, gfn(0), mfn(8 * M2), M2, P2M_RAM, P2M_RW), 0);
    assert_int_equal(refs(m), 1);
    release(&b, m, 0);
    release(&b, n, 0);
}

/* One at a time, from tables and blocks, whatever it is but a device. */
static void test_unmap_memory(void **state)
{
    mfn_t m = frame_of(&b, 0), n = frame_of(&b, 0);
    uint64_t generation;

    (void)state;
    map_foreign(700, m);
    map_foreign(702, n);
    assert_int_equal(p2m_map(&p2m, gfn(701), mfn(77), 1, P2M_MMIO, P2M_RW), 0);
    assert_int_equal(p2m_unmap_memory(&p2m, gfn(701)), -ENOENT);
    assert_int_equal(p2m_unmap_memory(&p2m, gfn(703)), -ENOENT);
    assert_int_equal(p2m_unmap_memory(&p2m, INVALID_GFN), -ENOENT);
    generation = p2m.generation;
    host_forget_events();
    assert_int_equal(p2m_unmap_memory(&p2m, gfn(700)), 0);
    assert_int_equal(refs(m), 1);
    assert_int_equal(p2m.generation, generation + 1);
    assert_int_equal(host_count_events(HOST_FLUSH_RANGE), 1);
    /* In a batch the reference waits for the flush. */
    p2m_batch_begin(&p2m);
    assert_int_equal(p2m_unmap_memory(&p2m, gfn(702)), 0);
    assert_int_equal(refs(n), 2);
    assert_int_equal(host_count_events(HOST_FLUSH_RANGE), 1);
    p2m_batch_end(&p2m);
    assert_int_equal(refs(n), 1);
    assert_int_equal(host_count_events(HOST_FLUSH_RANGE), 2);
    /* The last of a table, and one of a block. */
    assert_int_equal(p2m_unmap(&p2m, gfn(701), 1), 0);
    map_foreign(700, m);
    assert_int_equal(p2m_unmap_memory(&p2m, gfn(700)), 0);
    assert_int_equal(refs(m), 1);
    assert_int_equal(p2m_map(&p2m, gfn(8 * M2), mfn(8 * M2), M2, P2M_RAM, P2M_RW), 0);
    assert_int_equal(p2m_unmap_memory(&p2m, gfn(8 * M2 + 3)), 0);
    assert_int_equal(p2m_unmap_memory(&p2m, gfn(8 * M2 + 3)), -ENOENT);
    assert_int_equal(p2m_unmap_memory(&p2m, gfn(8 * M2 + 4)), 0);
    assert_int_equal(p2m_unmap(&p2m, gfn(8 * M2), M2), 0);
    release(&b, m, 0);
    release(&b, n, 0);
}

static void test_batch(void **state)
{
    mfn_t m[200];
    uint64_t generation;

    (void)state;
    for (unsigned int i = 0; i < 200; i++) {
        m[i] = frame_of(&b, 0);
        map_foreign(1000 + i, m[i]);
    }
    host_forget_events();
    p2m_batch_begin(&p2m);
    generation = p2m.generation;
    for (unsigned int i = 0; i < 10; i++) {
        assert_int_equal(p2m_unmap(&p2m, gfn(1000 + i), 1), 0);
        assert_int_equal(refs(m[i]), 2);
    }
    assert_int_equal(p2m.generation, generation);
    assert_int_equal(host_count_events(HOST_FLUSH_ALL) + host_count_events(HOST_FLUSH_RANGE), 0);
    p2m_batch_end(&p2m);
    assert_int_equal(p2m.generation, generation + 1);
    assert_int_equal(host_count_events(HOST_FLUSH_RANGE), 1);
    assert_int_equal(refs(m[9]), 1);
    /* More than wait at once. */
    p2m_batch_begin(&p2m);
    for (unsigned int i = 10; i < 200; i++) {
        assert_int_equal(p2m_unmap(&p2m, gfn(1000 + i), 1), 0);
    }
    assert_int_equal(refs(m[10]), 1);
    assert_int_equal(refs(m[199]), 2);
    /* Another CPU's unmap is not deferred, and its batch neither. */
    assert_int_equal(host_switch_cpu(1), 0);
    p2m_batch_begin(&p2m);
    assert_int_equal(p2m_unmap(&p2m, gfn(5), 1), 0);
    map_foreign(2000, m[0]);
    assert_int_equal(p2m_unmap(&p2m, gfn(2000), 1), 0);
    assert_int_equal(refs(m[0]), 1);
    assert_int_equal(refs(m[199]), 1);
    p2m_batch_end(&p2m);
    assert_int_equal(p2m.batch_owner, 1);
    assert_int_equal(host_switch_cpu(0), 1);
    p2m_batch_end(&p2m);
    assert_int_equal(p2m.batch_owner, 0);
    for (unsigned int i = 0; i < 200; i++) {
        assert_int_equal(refs(m[i]), 1);
        release(&b, m[i], 0);
    }
}

static void test_get_page(void **state)
{
    mfn_t own = frame_of(&a, 0), other = frame_of(&b, 0), got;

    (void)state;
    assert_int_equal(p2m_map(&p2m, gfn(1), own, 1, P2M_RAM, P2M_RW), 0);
    assert_int_equal(p2m_map(&p2m, gfn(2), own, 1, P2M_RAM, P2M_R), 0);
    assert_int_equal(p2m_map(&p2m, gfn(3), mfn(0x9000), 1, P2M_MMIO, P2M_RW), 0);
    assert_int_equal(p2m_map(&p2m, gfn(4), other, 1, P2M_RAM, P2M_RW), 0); /* not a's */
    map_foreign(5, other);
    assert_int_equal(p2m_get_page(&p2m, gfn(1), P2M_GET_WRITE, &got), 0);
    assert_int_equal(got.n, own.n);
    assert_int_equal(refs(own), 2);
    page_put(got);
    assert_int_equal(p2m_get_page(&p2m, gfn(2), P2M_GET_WRITE, &got), -EPERM);
    assert_int_equal(p2m_get_page(&p2m, gfn(2), 0, &got), 0);
    page_put(got);
    assert_int_equal(p2m_get_page(&p2m, gfn(3), 0, &got), -EINVAL);
    assert_int_equal(p2m_get_page(&p2m, gfn(4), 0, &got), -EINVAL);
    assert_int_equal(p2m_get_page(&p2m, gfn(5), 0, &got), -EINVAL);
    assert_int_equal(p2m_get_page(&p2m, gfn(5), P2M_GET_FOREIGN, &got), 0);
    assert_int_equal(refs(other), 3);
    page_put(got);
    assert_int_equal(p2m_get_page(&p2m, gfn(6), 0, &got), -ENOENT);
    assert_int_equal(p2m_unmap(&p2m, gfn(0), 10), 0);
    assert_int_equal(refs(own), 1);
    assert_int_equal(refs(other), 1);
    release(&a, own, 0);
    release(&b, other, 0);
}

static void test_table_limit(void **state)
{
    (void)state;
    assert_int_equal(p2m.table_pages, 2); /* a concatenated root */
    p2m.table_limit = 5;
    assert_int_equal(p2m_map(&p2m, gfn(0), mfn(7), 1, P2M_RAM, P2M_RW), 0);
    assert_int_equal(p2m.table_pages, 4);
    /* Needs two more: gets one, gives it back. */
    assert_int_equal(p2m_map(&p2m, gfn(M2 * M2), mfn(7), 1, P2M_RAM, P2M_RW), -ENOMEM);
    settle();
    assert_int_equal(p2m.table_pages, 4);
    assert_int_equal(p2m_map(&p2m, gfn(M2), mfn(7), 1, P2M_RAM, P2M_RW), 0);
    assert_int_equal(p2m.table_pages, 5);
    assert_int_equal(p2m_unmap(&p2m, gfn(M2), 1), 0);
    /* Charged until no reader can be in it. */
    assert_int_equal(p2m.table_pages, 5);
    settle();
    assert_int_equal(p2m.table_pages, 4);
}

static void test_preemptible_forms(void **state)
{
    uint64_t done = 0;
    unsigned int calls = 0;

    (void)state;
    while (done < 1000) {
        uint64_t before = done;

        assert_int_equal(
            p2m_map_some(&p2m, gfn(done), mfn(done + 1), 1000 - done, P2M_RAM, P2M_RW, &done), 0);
        assert_in_range(done - before, 1, P2M_CHUNK);
        calls++;
    }
    assert_in_range(calls, 1000 / P2M_CHUNK, 1000 / P2M_CHUNK + 3);
    for (done = 0, calls = 0; done < 1000; calls++) {
        assert_int_equal(p2m_protect_some(&p2m, gfn(done), 1000 - done, P2M_R, &done), 0);
        assert_true(calls < 20);
    }
    for (done = 0, calls = 0; done < p2m.max_gfn; calls++) {
        assert_int_equal(p2m_unmap_some(&p2m, gfn(done), p2m.max_gfn - done, &done), 0);
        assert_true(calls < 30);
    }
}

static void test_flush_forms(void **state)
{
    (void)state;
    assert_int_equal(p2m_map(&p2m, gfn(0), mfn(7), 2, P2M_RAM, P2M_RW), 0);
    host_forget_events();
    assert_int_equal(p2m_unmap(&p2m, gfn(1), 1), 0);
    assert_int_equal(host_count_events(HOST_FLUSH_RANGE), 1);
    assert_int_equal(host_count_events(HOST_FLUSH_ALL), 0);
    host_forget_events();
    assert_int_equal(p2m_unmap(&p2m, gfn(0), 1), 0); /* frees tables */
    assert_int_equal(host_count_events(HOST_FLUSH_RANGE), 0);
    assert_int_equal(host_count_events(HOST_FLUSH_ALL), 1);
    host_forget_events();
    assert_int_equal(p2m_unmap(&p2m, gfn(0), 1), 0); /* nothing there */
    assert_int_equal(host_count_events(HOST_FLUSH_ALL), 0);
    assert_int_equal(p2m_map(&p2m, gfn(9), mfn(7), 2, P2M_RAM, P2M_RW), 0); /* nothing removed */
    assert_int_equal(host_count_events(HOST_FLUSH_ALL), 0);
    assert_int_equal(host_count_events(HOST_FLUSH_RANGE), 0);
}

static void test_destroy(void **state)
{
    mfn_t m = frame_of(&b, 0), got;
    struct p2m_entry e;

    (void)state;
    for (uint64_t i = 0; i < 300; i++) {
        map_foreign(i * 700, m);
    }
    assert_int_equal(p2m_map(&p2m, gfn(M2 * M2), mfn(0), 700 * M2, P2M_RAM, P2M_RW), 0);
    assert_int_equal(refs(m), 301);
    assert_int_equal(p2m_destroy(&p2m), -ERESTART);
    assert_int_equal(p2m_map(&p2m, gfn(1), mfn(1), 1, P2M_RAM, P2M_RW), -EINVAL);
    assert_int_equal(p2m_unmap(&p2m, gfn(1), 1), 0);
    assert_int_equal(p2m_unmap_exact(&p2m, gfn(1), m, P2M_FOREIGN), -ENOENT);
    assert_int_equal(p2m_lookup(&p2m, gfn(700), &e), -ENOENT);
    assert_int_equal(p2m_get_page(&p2m, gfn(700), P2M_GET_FOREIGN, &got), -ENOENT);
    destroy();
    assert_int_equal(refs(m), 1);
    release(&b, m, 0);
}

/* ---- Readers beside a writer ----------------------------------------------------------------- */

static atomic_bool stop;
static mfn_t block;

static void *reader(void *arg)
{
    unsigned long rounds = 0;

    (void)host_switch_cpu((unsigned int)(uintptr_t)arg);
    while (!atomic_load(&stop)) {
        uint64_t at = (rounds * 37) % M2;
        struct p2m_entry e;
        mfn_t got;

        /* Always mapped, though broken and made again all the time. */
        assert_int_equal(p2m_lookup(&p2m, gfn(at), &e), 0);
        assert_int_equal(e.mfn.n, block.n + at);
        /* Comes, goes, and is freed. */
        if (p2m_get_page(&p2m, gfn(M2 + 1), P2M_GET_FOREIGN, &got) == 0) {
            assert_int_equal(mfn_to_page(got)->class, PAGE_GUEST);
            assert_int_equal(mfn_to_page(got)->owner, 2);
            page_put(got);
        }
        softirq_run();
        rcu_quiescent();
        rounds++;
    }
    return (void *)rounds;
}

static void test_readers(void **state)
{
    pthread_t threads[2];
    void *rounds;

    (void)state;
    settle();
    block = frame_of(&a, 9);
    assert_int_equal(p2m_map(&p2m, gfn(0), block, M2, P2M_RAM, P2M_RW), 0);
    atomic_store(&stop, false);
    for (uintptr_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, reader, (void *)(i + 1)), 0);
    }
    for (unsigned int i = 0; i < 3000; i++) {
        mfn_t m = frame_of(&b, 0);
        uint64_t done = 0;

        map_foreign(M2 + 1, m);
        /* Split, and merge again. */
        assert_int_equal(p2m_protect_some(&p2m, gfn(i % 511), 1, P2M_R, &done), 0);
        assert_int_equal(p2m_map(&p2m, gfn(i % 511), mfn_add(block, i % 511), 1, P2M_RAM, P2M_RW),
                         0);
        assert_int_equal(p2m_map(&p2m, gfn(511), mfn_add(block, 511), 1, P2M_RAM, P2M_RW), 0);
        assert_int_equal(p2m_unmap(&p2m, gfn(M2 + 1), 1), 0);
        release(&b, m, 0);
        for (unsigned int cpu = 3; cpu <= HOST_CPUS; cpu++) {
            (void)host_switch_cpu(cpu % HOST_CPUS);
            softirq_run();
            rcu_quiescent();
        }
    }
    atomic_store(&stop, true);
    for (unsigned int i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i], &rounds), 0);
        assert_true((unsigned long)rounds > 0);
    }
    assert_int_equal(p2m_unmap(&p2m, gfn(0), M2), 0);
    release(&a, block, 9);
}

/* A reader that misses what is being broken waits for the end of it. */
static void *patient_reader(void *arg)
{
    struct p2m_entry e;

    (void)arg;
    (void)host_switch_cpu(1);
    return (void *)(intptr_t)p2m_lookup(&p2m, gfn(3), &e);
}

static void test_reader_waits(void **state)
{
    pthread_t thread;
    void *result;

    (void)state;
    p2m.pt.breaks++;
    assert_int_equal(pthread_create(&thread, NULL, patient_reader, NULL), 0);
    usleep(50000);
    assert_int_equal(p2m_map(&p2m, gfn(3), mfn(9), 1, P2M_RAM, P2M_RW), 0);
    atomic_fetch_add((_Atomic uint32_t *)&p2m.pt.breaks, 1);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_int_equal((intptr_t)result, 0);
}

static void test_nothing_leaks(void **state)
{
    static uint64_t before;

    (void)state;
    for (unsigned int i = 0; i < 3; i++) {
        settle();
        before = free_frames();
        assert_int_equal(p2m_init(&p2m, &a, i == 0 ? 48 : 40), 0);
        for (uint64_t n = 0; n < 100; n++) {
            assert_int_equal(p2m_map(&p2m, gfn(n * 9999), mfn(n), n, P2M_RAM, P2M_R), 0);
        }
        destroy();
        settle();
        assert_int_equal(free_frames(), before);
    }
    assert_int_equal(p2m_init(&p2m, &a, 60), -EINVAL);
    assert_int_equal(free_frames(), before);
}

#define P2M_TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        P2M_TEST(test_map_and_lookup),
        P2M_TEST(test_arguments),
        P2M_TEST(test_foreign_references),
        P2M_TEST(test_unmap_memory),
        P2M_TEST(test_batch),
        P2M_TEST(test_get_page),
        P2M_TEST(test_table_limit),
        P2M_TEST(test_preemptible_forms),
        P2M_TEST(test_flush_forms),
        P2M_TEST(test_destroy),
        P2M_TEST(test_readers),
        P2M_TEST(test_reader_waits),
        cmocka_unit_test(test_nothing_leaks),
    };

    return cmocka_run_group_tests(tests, group_setup, NULL);
}

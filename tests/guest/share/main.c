// SPDX-License-Identifier: Apache-2.0
/*
 * Shares of the CPUs: dom0 starts domains that only count, gives them weights, sleeps, and compares
 * how far each came. On one CPU with a clock that counts instructions: then nothing but the
 * scheduler decides.
 *
 * Boot argument: cpus=N, how many the machine has.
 */
#include <builder.h>
#include <guest.h>

#define PAGES      2U
#define CHILD_DATA (BUILT_BASE + PAGE_SIZE)
#define CHILDREN   6U
#define SECONDS    3U

extern const char child_image[], child_image_end[];

static struct child {
    domid_t domid;
    uint64_t data; /* the gfn at which its second page stands here */
} children[CHILDREN];
static unsigned int cpus;

static void must(long rc, const char *what)
{
    if (rc != 0) {
        guest_panic("share: %s: %ld", what, rc);
    }
}

/* How far it came: counted, or with several CPUs (which QEMU cannot count for) its time on them. */
static uint64_t came(const struct child *c)
{
    if (cpus == 1) {
        return *(volatile uint64_t *)(uintptr_t)(c->data << PAGE_SHIFT);
    }
    must(domctl_do(XEN_DOMCTL_getdomaininfo, c->domid), "getdomaininfo");
    return domctl.u.getdomaininfo.cpu_time;
}

static void make(struct child *c)
{
    must(builder_make(&c->domid, 1, PAGES), "make");
    must(builder_map(c->domid, BUILT_GFN, c->data), "map code");
    memcpy((void *)(uintptr_t)(c->data << PAGE_SHIFT), child_image,
           (size_t)(child_image_end - child_image));
    must(builder_unmap(c->data), "unmap code");
    must(builder_map(c->domid, BUILT_GFN + 1, c->data), "map data");
    must(builder_start(c->domid, BUILT_BASE, CHILD_DATA), "start");
}

static void sleep_for(unsigned int seconds)
{
    uint64_t until = timer_now() + seconds * timer_frequency();

    while (timer_now() < until) {
        struct sched_poll p = {.timeout = until * 1000000 / (timer_frequency() / 1000)};

        must(sched_op(SCHEDOP_poll, &p), "poll");
    }
}

/* What each of n domains did in SECONDS, all of them running all the time. */
static void measure(unsigned int n, uint64_t *did)
{
    for (unsigned int i = 0; i < n; i++) {
        must(domctl_do(XEN_DOMCTL_unpausedomain, children[i].domid), "unpause");
    }
    sleep_for(1);
    for (unsigned int i = 0; i < n; i++) {
        did[i] = came(&children[i]);
    }
    sleep_for(SECONDS);
    for (unsigned int i = 0; i < n; i++) {
        did[i] = came(&children[i]) - did[i];
    }
    for (unsigned int i = 0; i < n; i++) {
        must(domctl_do(XEN_DOMCTL_pausedomain, children[i].domid), "pause");
    }
}

/* Each one's part of the whole, against its weight's, in thousandths of what it should be. */
static void check_shares(const char *name, const uint16_t *weight, unsigned int n)
{
    uint64_t did[CHILDREN];
    uint64_t all = 0;
    uint64_t weights = 0;

    for (unsigned int i = 0; i < n; i++) {
        must(builder_weight(children[i].domid, weight[i]), "weight");
        weights += weight[i];
    }
    measure(n, did);
    for (unsigned int i = 0; i < n; i++) {
        all += did[i];
    }
    for (unsigned int i = 0; i < n; i++) {
        uint64_t part = did[i] * 1000 * weights / (all * weight[i]);

        test_check(part >= 980 && part <= 1020,
                   "%s: domain %u of weight %u has %lu/1000 of its share", name, i, weight[i],
                   (unsigned long)part);
    }
}

void test_main(void)
{
    static const uint16_t two[] = {256, 512}, four[] = {256, 512, 256, 512};
    static const uint16_t six[] = {256, 256, 256, 256, 256, 256};
    static const uint16_t far[] = {256, 1024};
    uint64_t spare = spare_gfn(CHILDREN);

    cpus = (unsigned int)boot_option("cpus", 1);
    for (unsigned int i = 0; i < CHILDREN; i++) {
        children[i].data = spare + i;
        make(&children[i]);
    }
    if (cpus == 1) { /* with more, two domains do not compete */
        check_shares("1:2", two, 2);
        check_shares("1:4", far, 2);
    }
    check_shares("1:2, two of each", four, 4);
    check_shares("six alike", six, 6);
    for (unsigned int i = 0; i < CHILDREN; i++) {
        must(builder_unmap(children[i].data), "unmap data");
        must(builder_destroy(children[i].domid), "destroy");
    }
    test_finish();
}

// SPDX-License-Identifier: Apache-2.0
/*
 * Shares of the CPUs: dom0 starts domains that only count, gives them weights and caps, sleeps, and
 * compares how far each came. On one CPU with a clock that counts instructions: then nothing but
 * the scheduler decides.
 *
 * Boot argument: cpus=N, how many the machine has.
 */
#include <builder.h>
#include <guest.h>

#define PAGES      2U
#define CHILD_DATA (BUILT_BASE + PAGE_SIZE)
#define CHILDREN   6U
#define WEIGHT     256U
#define LOOK_MS    300U
#define WINDOW     10U /* looks: 3 s */
#define WINDOWS    11U /* each begins a look later */

extern const char child_image[], child_image_end[];

static struct child {
    domid_t domid;
    uint64_t data; /* the gfn at which its second page stands here */
} children[CHILDREN];
static unsigned int cpus;
static bool by_time; /* with several CPUs, for which QEMU cannot count; and caps are of time */

struct look {
    uint64_t ns;
    uint64_t came[CHILDREN];
};

/*
 * With several CPUs, QEMU's threads are stopped by what else its host runs, in the middle of a look
 * too; the scheduler makes up for it afterwards. So the median of the windows counts.
 */
static unsigned int windows(void)
{
    return cpus == 1 ? 1 : WINDOWS;
}

static void must(long rc, const char *what)
{
    if (rc != 0) {
        guest_panic("share: %s: %ld", what, rc);
    }
}

/* How far it came: counted, or its time on CPUs. */
static uint64_t came(const struct child *c)
{
    if (!by_time) {
        return *(volatile uint64_t *)(uintptr_t)(c->data << PAGE_SHIFT);
    }
    must(domctl_do(XEN_DOMCTL_getdomaininfo, c->domid), "getdomaininfo");
    return domctl.u.getdomaininfo.cpu_time;
}

static void make(struct child *c, unsigned int vcpus)
{
    must(builder_make(&c->domid, vcpus, PAGES), "make");
    must(builder_map(c->domid, BUILT_GFN, c->data), "map code");
    memcpy((void *)(uintptr_t)(c->data << PAGE_SHIFT), child_image,
           (size_t)(child_image_end - child_image));
    must(builder_unmap(c->data), "unmap code");
    must(builder_map(c->domid, BUILT_GFN + 1, c->data), "map data");
    must(builder_start(c->domid, BUILT_BASE, CHILD_DATA), "start");
}

static void sleep_for(unsigned int ms)
{
    uint64_t until = timer_now() + ms * timer_frequency() / 1000;

    while (timer_now() < until) {
        struct sched_poll p = {.timeout = until * 1000000 / (timer_frequency() / 1000)};

        must(sched_op(SCHEDOP_poll, &p), "poll");
    }
}

static uint64_t now_ns(void)
{
    return timer_now() * 1000000 / (timer_frequency() / 1000);
}

static void look(unsigned int n, struct look *at)
{
    at->ns = now_ns();
    for (unsigned int i = 0; i < n; i++) {
        at->came[i] = came(&children[i]);
    }
}

/* How far each of n domains came, at all looks, all of them running all the time. */
static void watch(unsigned int n, struct look *at)
{
    unsigned int looks = WINDOW + windows();

    for (unsigned int i = 0; i < n; i++) {
        must(domctl_do(XEN_DOMCTL_unpausedomain, children[i].domid), "unpause");
    }
    sleep_for(1000);
    for (unsigned int k = 0; k < looks; k++) {
        look(n, &at[k]);
        sleep_for(k + 1 < looks ? LOOK_MS : 0);
    }
    for (unsigned int i = 0; i < n; i++) {
        must(domctl_do(XEN_DOMCTL_pausedomain, children[i].domid), "pause");
    }
}

/* What a domain had of all in one window, against its weight's part, in thousandths of it. */
static uint64_t part_of(const struct look *from, const struct look *to, const uint16_t *weight,
                        unsigned int n, unsigned int i)
{
    uint64_t all = 0;
    uint64_t weights = 0;

    for (unsigned int k = 0; k < n; k++) {
        all += to->came[k] - from->came[k];
        weights += weight[k];
    }
    return (to->came[i] - from->came[i]) * 1000 * weights / (all * weight[i]);
}

static uint64_t median(uint64_t *v, unsigned int n)
{
    for (unsigned int i = 1; i < n; i++) {
        for (unsigned int k = i; k > 0 && v[k - 1] > v[k]; k--) {
            uint64_t t = v[k];

            v[k] = v[k - 1];
            v[k - 1] = t;
        }
    }
    return v[n / 2];
}

/* Each one's part of the whole, against its weight's, in thousandths of what it should be. */
static void check_shares(const char *name, const uint16_t *weight, unsigned int n)
{
    static struct look at[WINDOW + WINDOWS];

    for (unsigned int i = 0; i < n; i++) {
        must(builder_share(children[i].domid, weight[i], 0), "weight");
    }
    watch(n, at);
    for (unsigned int i = 0; i < n; i++) {
        uint64_t parts[WINDOWS];
        uint64_t part;

        for (unsigned int w = 0; w < windows(); w++) {
            parts[w] = part_of(&at[w], &at[w + WINDOW], weight, n, i);
        }
        part = median(parts, windows());
        test_check(part >= 980 && part <= 1020,
                   "%s: domain %u of weight %u has %lu/1000 of its share", name, i, weight[i],
                   (unsigned long)part);
    }
}

/* What percentage of one CPU a domain has to have: its cap, or one of `free` parts of the rest. */
static uint64_t due(const uint16_t *cap, unsigned int n, unsigned int i)
{
    uint64_t rest = cpus * 100;
    uint64_t free = 0;

    for (unsigned int k = 0; k < n; k++) {
        rest -= cap[k];
        free += cap[k] == 0;
    }
    return cap[i] != 0 ? cap[i] : rest / free;
}

/*
 * Each one's time, against what its cap and those of the others leave it, in thousandths. With
 * several CPUs the host makes some wake-ups late, and what a capped domain left in a period is lost
 * to it: then no cap may be exceeded, and that is all.
 */
static void check_caps(const char *name, const uint16_t *cap, unsigned int n)
{
    static struct look at[WINDOW + WINDOWS];

    for (unsigned int i = 0; i < n; i++) {
        must(builder_share(children[i].domid, WEIGHT, cap[i]), "cap");
    }
    watch(n, at);
    for (unsigned int i = 0; i < n; i++) {
        uint64_t parts[WINDOWS];
        uint64_t part;

        if (cpus > 1 && cap[i] == 0) {
            continue;
        }
        for (unsigned int w = 0; w < windows(); w++) {
            const struct look *from = &at[w];
            const struct look *to = &at[w + WINDOW];

            parts[w] =
                (to->came[i] - from->came[i]) * 1000 * 100 / ((to->ns - from->ns) * due(cap, n, i));
        }
        part = median(parts, windows());
        test_check(part >= (cpus == 1 ? 980 : 500) && part <= 1020,
                   "%s: domain %u with a cap of %u has %lu/1000 of its time", name, i, cap[i],
                   (unsigned long)part);
    }
}

static void test_caps(void)
{
    static const uint16_t alone[] = {30}, two[] = {20, 50}, beside[] = {20, 0, 0};
    static const uint16_t six[] = {20, 0, 0, 0, 0, 0}, narrow[] = {60}, wide[] = {150};

    by_time = true;
    if (cpus == 1) {
        check_caps("cap, alone", alone, 1);
        check_caps("two caps", two, 2);
        check_caps("cap, two beside", beside, 3);
    } else {
        check_caps("cap, five beside", six, 6);
    }
    must(builder_unmap(children[0].data), "unmap data");
    must(builder_destroy(children[0].domid), "destroy");
    make(&children[0], 2);
    check_caps("cap of two vCPUs", cpus == 1 ? narrow : wide, 1);
}

void test_main(void)
{
    static const uint16_t two[] = {256, 512}, four[] = {256, 512, 256, 512};
    static const uint16_t six[] = {256, 256, 256, 256, 256, 256};
    static const uint16_t far[] = {256, 1024};
    uint64_t spare = spare_gfn(CHILDREN);

    cpus = (unsigned int)boot_option("cpus", 1);
    by_time = cpus > 1;
    for (unsigned int i = 0; i < CHILDREN; i++) {
        children[i].data = spare + i;
        make(&children[i], 1);
    }
    if (cpus == 1) { /* with more, two domains do not compete */
        check_shares("1:2", two, 2);
        check_shares("1:4", far, 2);
    }
    check_shares("1:2, two of each", four, 4);
    check_shares("six alike", six, 6);
    test_caps();
    for (unsigned int i = 0; i < CHILDREN; i++) {
        must(builder_unmap(children[i].data), "unmap data");
        must(builder_destroy(children[i].domid), "destroy");
    }
    test_finish();
}

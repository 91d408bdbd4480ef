/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs of hypercalls by a control domain and up to four guests on one CPU, through the real
 * dispatcher, scheduler and way out; the whole system is audited (tests/unit/audit.h) after each
 * step. In the end everything is gone, and everything back.
 *
 * The first byte chooses the policy, and whether page tables are scarce. Then each step has
 * STEP_BYTES: what, by whom, and the values of the argument's fields. A call that is preempted goes
 * on in its vCPU's next step, so that others' calls come between its parts, or is left undone.
 * Reaches 3190 edges, by inputs of at most 2048 bytes.
 */
#include "hypercall_args.h"
#include "hypercall_events.h"

#define STEP_BYTES 20U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LEAVES_UNDONE 0x80U

static bool is_preempted(uint32_t how)
{
    return (how & 0x30) == 0x30;
}

/* --- One hypercall --- */

/* The argument in the domain's own RAM, if it has any there: the short ways are for that. */
static void move_to_ram(struct vcpu *v, const uint8_t *arg, struct caller *c)
{
    unsigned int reg = c->nr == CALL_VCPU                             ? 2
                       : c->nr == CALL_DOMCTL || c->nr == CALL_SYSCTL ? 0
                                                                      : 1;
    struct p2m_entry e;

    if (p2m_lookup(v->domain->p2m[0], gfn(RAM_GFN), &e) == 0 && (e.access & P2M_W) != 0) {
        memcpy(mfn_to_virt(e.mfn), arg, 512);
        c->args.arg[reg] = (uint64_t)RAM_GFN << PAGE_SHIFT;
    }
}

#define OP_DEBUG_KEYS 7U

/* Not what prints a lot, nor the list of devices, which is the machine's and stays. */
static bool is_wanted(const struct op *op)
{
    return op->call != CALL_PHYSDEV && !(op->call == CALL_SYSCTL && op->cmd == OP_DEBUG_KEYS);
}

static void show_bytes(const uint8_t *at, unsigned int n)
{
    for (unsigned int i = 0; tracing && i < n && i < 128; i += 4) {
        uint32_t word;

        memcpy(&word, at + i, 4);
        fprintf(stderr, "%x%s", word, i + 4 < n ? " " : "\n");
    }
}

static void hypercall_step(struct vcpu *v, struct input *in, unsigned int op, uint32_t how)
{
    struct caller *c = &callers[v->domain->id][v->id];
    struct call_input ci = {.in = *in, .v = v, .page = mfn_to_virt(c->page)};
    bool in_page, good;

    if (!is_wanted(&ops[op])) {
        return;
    }
    prepare(&ci, &ops[op], c);
    show_bytes(ci.page, arg_size[ops[op].arg] + 16U);
    if ((how & 0x40) != 0 && ops[op].call != CALL_CONSOLE) {
        move_to_ram(v, ci.page, c);
    }
    in_page = c->args.arg[1] == ARG_VA;
    good = call(v, c, is_preempted(how)) == 0 && in_page;
    if (good && ops[op].arg == ID_grant_map_arg) {
        learn_handles(v, ci.page);
    } else if (good && ops[op].arg == ID_evtchn_alloc_unbound_arg) {
        learn_port(v, ci.page);
    }
}

/* A few of them in one call. */
static void multicall_step(struct vcpu *v, struct input *in, uint32_t how)
{
    struct caller *c = &callers[v->domain->id][v->id];
    struct call_input ci = {.in = *in, .v = v, .page = mfn_to_virt(c->page)};
    struct multicall_entry_arg *list = (void *)ci.page;
    uint32_t n = 1 + take(&ci.in, 3);

    for (uint32_t i = 0; i < n; i++) {
        unsigned int op = take(&ci.in, ARRAY_SIZE(ops));

        ci.at = 512 + i * 512;
        op = is_wanted(&ops[op]) ? op : 0;
        prepare(&ci, &ops[op], c);
        list[i] = (struct multicall_entry_arg){.op = c->nr};
        memcpy(list[i].args, c->args.arg, sizeof(c->args.arg));
    }
    c->nr = CALL_MULTICALL;
    c->args = (struct hypercall_args){.arg = {ARG_VA, n}};
    (void)call(v, c, is_preempted(how));
}

/* --- A program --- */

enum event {
    EVENT_SHARE,
    EVENT_CONNECT,
    EVENT_GRANTS,
    EVENT_WRITES,
    EVENT_VUART,
    EVENT_TIME,
    EVENT_VIRQ,
    EVENT_POWER,
    EVENT_FIFO,
    EVENT_BUILD,
    EVENT_POOL,
    EVENT_HOARD,
    EVENT_SCRUB,
    EVENT_MULTICALL,
    NR_EVENTS
};

static void event_step(struct vcpu *v, struct input *in, enum event e, uint32_t how)
{
    switch (e) {
    case EVENT_SHARE:
        share(v, in);
        break;
    case EVENT_CONNECT:
        connect(v, in);
        break;
    case EVENT_GRANTS:
        guest_grants(v, in);
        break;
    case EVENT_WRITES:
        guest_writes(v, in);
        break;
    case EVENT_VUART:
        use_vuart(v, in);
        break;
    case EVENT_TIME:
        host_advance(take(in, 2) != 0 ? NS_PER_S * take(in, 4) : 1ULL << take(in, 32));
        break;
    case EVENT_VIRQ:
        if (take(in, 2) != 0) {
            evtchn_send_virq(v, take(in, NR_VIRQS));
        } else {
            evtchn_send_host_virq(take(in, NR_VIRQS));
        }
        break;
    case EVENT_POWER:
        power_vcpu(v, in);
        break;
    case EVENT_FIFO:
        use_fifo(v, in);
        break;
    case EVENT_BUILD:
        build((domid_t)(1 + take(in, DOMAINS - 1)), 1 + take(in, RAM_PAGES),
              take(in, 2) != 0 ? 140 : 5000, take(in, 2) != 0 ? 1 : 1024, take(in, 3));
        break;
    case EVENT_POOL:
        limit_tables((domid_t)take(in, DOMAINS), take(in, 4));
        break;
    case EVENT_HOARD:
        give_back();
        if (take(in, 2) != 0) {
            hoard(take(in, 64));
        }
        break;
    case EVENT_SCRUB:
        (void)page_scrub_some(1 + take(in, 64));
        break;
    default:
        multicall_step(v, in, how);
        break;
    }
    settle();
    forget_the_dead();
    audit();
}

/* How often each kind is chosen: what makes and unmakes things, more often than questions. */
static unsigned int weight(const struct op *op)
{
    switch (op->call) {
    case CALL_GRANT:
        return op->cmd < 2 ? 6 : op->cmd == 5 ? 4 : 2;
    case CALL_EVENT:
        return 2;
    case CALL_MEMORY:
        return op->arg == ID_memory_domain_arg || op->arg == ID_none ? 1 : 4;
    case CALL_DOMCTL:
        return op->cmd == 2 ? 6 : op->cmd == 3 || op->cmd == 4 ? 2 : 1;
    default:
        return 1;
    }
}

static uint16_t choice[512];
static unsigned int nr_choices;

static void list_choices(void)
{
    for (unsigned int i = 0; i < NR_EVENTS; i++) {
        for (unsigned int w = i < EVENT_TIME ? 8 : 3; w > 0; w--) {
            choice[nr_choices++] = (uint16_t)(ARRAY_SIZE(ops) + i);
        }
    }
    for (unsigned int i = 0; i < ARRAY_SIZE(ops); i++) {
        for (unsigned int w = weight(&ops[i]); w > 0; w--) {
            choice[nr_choices++] = (uint16_t)i;
        }
    }
    MUST(nr_choices <= 256);
}

static void step(struct input in)
{
    uint32_t what = choice[take(&in, nr_choices)];
    uint32_t how = take(&in, 256);
    struct vcpu *v = enter(vcpu_at((how & 7U) % DOMAINS, how >> 3 & 1U));
    struct caller *c = &callers[v->domain->id][v->id];

    if (c->pending && (how & LEAVES_UNDONE) == 0) {
        (void)call(v, c, is_preempted(how));
        return;
    }
    c->pending = false;
    if (what < ARRAY_SIZE(ops)) {
        hypercall_step(v, &in, what, how);
    } else {
        event_step(v, &in, (enum event)(what - ARRAY_SIZE(ops)), how);
    }
}

static void make_world(void)
{
    static const struct domain_config config = {.max_vcpus = VCPUS,
                                                .max_evtchn_port = 300,
                                                .max_grant_frames = 2,
                                                .max_maptrack_frames = 1,
                                                .privileged = true,
                                                .hardware = true};
    struct domain *d;
    evtchn_port_t port;

    memset(last_words, 0, sizeof(last_words));
    memset(mapped_at, 0, sizeof(mapped_at));
    memset(grant_offers, 0, sizeof(grant_offers));
    memset(port_offers, 0, sizeof(port_offers));
    nr_grant_offers = nr_port_offers = 0;
    for (unsigned int i = 0; i < DOMAINS * VCPUS; i++) {
        callers[i / VCPUS][i % VCPUS].pending = false;
    }
    MUST(domain_create(0, &config, &d) == 0);
    for (uint32_t i = 0; i < VCPUS; i++) {
        MUST(vcpu_create(d, i) == 0);
    }
    d->vcpu[0]->initialised = true;
    sched_clear_pause(d->vcpu[0], PAUSE_DOWN);
    domain_unpause(d);
    MUST(populate(enter(d->vcpu[0]), 0, RAM_GFN, RAM_PAGES) == RAM_PAGES);
    build(1, RAM_PAGES, 140, 1, 0);
    MUST(console_pv_init(domain_find(1), gfn(RAM_GFN + 1), &port) == 0);
    build(2, RAM_PAGES, 5000, 1, 0);
}

static void end_world(void)
{
    struct domain *d;

    give_back();
    this_cpu()->timer_running = NULL;
    hold_all_but(NULL);
    settle();
    while (domain_list.prev != &domain_list) {
        d = list_entry(domain_list.prev, struct domain, list);
        while (domain_kill(d) == -ERESTART) {
            settle();
        }
        settle();
    }
    audit();
    MUST(heap_in_use() == base_heap);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool booted;
    struct input in = {data, size};

    if (!booted) {
        boot();
        list_choices();
        booted = true;
    }
    step_nr = 0;
    if (setjmp(machine_ended) == 0) {
        uint32_t b = take(&in, 256);

        xsm_init((b & 7U) == 0 ? "silo" : "dummy");
        at_start = true;
        make_world();
        at_start = false;
        audit();
        for (unsigned int id = 0; (b & 8U) != 0 && id < 3; id++) {
            limit_tables((domid_t)id, b >> 4 & 3U);
        }
        for (; in.left > 0; step_nr++) {
            size_t n = MIN(in.left, STEP_BYTES);

            step((struct input){in.at, n});
            in.at += n;
            in.left -= n;
        }
    }
    end_world();
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Debug keys: what Hearth shows when the console's input is its own. Printed at any loglvl. */
#include <hearth/arch/cpu.h>
#include <hearth/arch/vcpu.h>
#include <hearth/atomic.h>
#include <hearth/console.h>
#include <hearth/cpu.h>
#include <hearth/domain.h>
#include <hearth/grant.h>
#include <hearth/heap.h>
#include <hearth/p2m.h>
#include <hearth/page.h>
#include <hearth/vcpu.h>

#define SAID     LOG_ERR
#define say(...) printk(SAID, __VA_ARGS__)

struct debug_key_row {
    char key;
    bool in_all; /* part of '*' */
    void (*fn)(void);
    const char *text;
};

static void show_help(void);

static const char *runstate_name(enum runstate s)
{
    static const char *const names[] = {"running", "runnable", "blocked", "offline"};

    return (unsigned int)s < ARRAY_SIZE(names) ? names[s] : "?";
}

static void show_vcpu(const struct vcpu *v)
{
    const struct sched_unit *u = &v->sched;
    struct runstate_info info;

    sched_runstate(v, &info);
    say("  d%uv%u: %s, CPU %u%s, pause 0x%lx, work 0x%lx, ran %llu ms\n", v->domain->id, v->id,
        runstate_name((enum runstate)info.state), u->cpu, u->on_cpu != CPU_NONE ? " (on it)" : "",
        u->pause, v->work, (unsigned long long)(info.time[RUNSTATE_RUNNING] / NS_PER_MS));
}

static void show_domains(void)
{
    struct domain *d;
    struct vcpu *v;
    uint32_t i;

    domain_print_table(SAID);
    say("vCPUs, %llu ms after start-up:\n", (unsigned long long)(now() / NS_PER_MS));
    for_each_domain (d) {
        for_each_vcpu (d, i, v) {
            show_vcpu(v);
        }
    }
}

static void show_registers(void)
{
    struct vcpu *v = current_vcpu();

    if (v == NULL) {
        say("CPU %u is idle\n", this_cpu_id());
    } else {
        say("CPU %u, d%uv%u:\n", this_cpu_id(), v->domain->id, v->id);
        arch_vcpu_dump(v);
    }
}

static void show_dom0_registers(void)
{
    struct vcpu *v;
    uint32_t i;

    if (hardware_domain == NULL) {
        say("there is no dom0\n");
        return;
    }
    for_each_vcpu (hardware_domain, i, v) {
        say("d%uv%u:\n", hardware_domain->id, v->id);
        arch_vcpu_dump(v);
    }
}

static void show_queued_on(unsigned int cpu)
{
    struct domain *d;
    struct vcpu *v;
    uint32_t i;

    for_each_domain (d) {
        for_each_vcpu (d, i, v) {
            if (v->sched.queued != 0 && v->sched.cpu == cpu) {
                say("    d%uv%u\n", d->id, v->id);
            }
        }
    }
}

static void show_run_queues(void)
{
    unsigned int i;

    for_each_cpu (i) {
        const struct cpu *c = cpus[i];
        const struct vcpu *v = READ_ONCE(c->current);

        if (v != NULL) {
            say("  CPU %u runs d%uv%u, was idle %llu ms; waiting:\n", i, v->domain->id, v->id,
                (unsigned long long)(c->idle_ns / NS_PER_MS));
        } else {
            say("  CPU %u is idle, was idle %llu ms; waiting:\n", i,
                (unsigned long long)(c->idle_ns / NS_PER_MS));
        }
        show_queued_on(i);
    }
}

static void show_memory(void)
{
    struct page_stats s;
    const struct domain *d;

    page_stats(&s);
    say("memory: %llu KiB in all, %llu free (%llu to be scrubbed), %llu of guests\n",
        (unsigned long long)s.total * 4, (unsigned long long)s.free * 4,
        (unsigned long long)s.dirty * 4, (unsigned long long)s.guest * 4);
    say("heap: %zu bytes in use, %zu pages of small objects\n", heap_in_use(), heap_slab_pages());
    for_each_domain (d) {
        say("  d%u: %lu KiB of RAM, %u pages of stage-2 tables\n", d->id, d->tot_pages * 4,
            READ_ONCE(d->p2m[0]->table_pages));
    }
}

static void show_grants(void)
{
    struct domain *d;

    for_each_domain (d) {
        grant_print(d);
    }
}

static void reboot(void)
{
    say("debug key: the machine restarts\n");
    arch_machine_restart();
}

static const struct debug_key_row rows[] = {
    {'0', true, show_dom0_registers, "registers of dom0's vCPUs"},
    {'d', true, show_registers, "registers of this CPU's vCPU"},
    {'g', true, show_grants, "grant tables"},
    {'h', false, show_help, "this list"},
    {'m', true, show_memory, "memory"},
    {'q', true, show_domains, "domains and vCPUs"},
    {'r', true, show_run_queues, "run queues"},
    {'R', false, reboot, "restart the machine"},
};

static void show_help(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        say("  '%c': %s\n", rows[i].key, rows[i].text);
    }
    say("  '*': all that show something\n");
}

void debug_key(char key)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (rows[i].key == key || (key == '*' && rows[i].in_all)) {
            say("'%c' pressed -> %s\n", rows[i].key, rows[i].text);
            rows[i].fn();
        }
    }
}

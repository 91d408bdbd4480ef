/* SPDX-License-Identifier: Apache-2.0 */
/* The table of domains that people see: when all are started, and on debug key 'q'. */
#include <hearth/console.h>
#include <hearth/domain.h>
#include <hearth/printf.h>
#include <hearth/vcpu.h>

static const char *state_name(const struct domain *d)
{
    if (d->life != DOMAIN_ALIVE) {
        return "dying";
    }
    if (d->is_shut_down) {
        switch (d->shutdown_code) {
        case SHUTDOWN_POWEROFF:
            return "off";
        case SHUTDOWN_REBOOT:
            return "rebooted";
        case SHUTDOWN_SUSPEND:
            return "suspended";
        case SHUTDOWN_WATCHDOG:
            return "watchdog";
        default:
            return "crashed";
        }
    }
    return d->pause_count != 0 ? "paused" : "running";
}

void domain_print_table(enum log_level level)
{
    struct domain *d;
    nanosec_t at = now();

    printk(level, "%-4s %-16s %-20s %10s %6s %-10s %9s  %s\n", "dom", "name", "kernel",
           "memory KiB", "vCPUs", "state", "seconds", "why it ended");
    for_each_domain (d) {
        nanosec_t until = d->is_shut_down ? d->ended : at;
        uint64_t ms = d->started != 0 ? (until - d->started) / NS_PER_MS : 0;

        printk(level, "%-4u %-16s %-20s %10lu %6u %-10s %5lu.%03lu  %s\n", d->id, d->name,
               d->kernel_name, d->tot_pages << (PAGE_SHIFT - 10), d->nr_vcpus, state_name(d),
               ms / 1000, ms % 1000,
               !d->is_shut_down          ? ""
               : d->shutdown_why != NULL ? d->shutdown_why
                                         : "its own request");
    }
}

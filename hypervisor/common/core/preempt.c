/* SPDX-License-Identifier: Apache-2.0 */
#include <hearth/cpu.h>
#include <hearth/softirq.h>

#include <hearth/arch/cpu.h>

bool preempt_check(void)
{
    return READ_ONCE(this_cpu()->softirq_pending) != 0 || arch_irq_pending();
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A scheduler that counts how often it was asked. */
#pragma once

#include <hearth/sched.h>

static unsigned int sched_softirqs;

void sched_softirq(void)
{
    sched_softirqs++;
}

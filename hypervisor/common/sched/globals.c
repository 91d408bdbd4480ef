/* SPDX-License-Identifier: Apache-2.0 */
#include "private.h"

struct cpupool cpupool0 = {.lock = SPINLOCK_INIT(RANK_SCHED)};

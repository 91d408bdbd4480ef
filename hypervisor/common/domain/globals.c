/* SPDX-License-Identifier: Apache-2.0 */
#include "private.h"

struct list domain_list = {&domain_list, &domain_list};
struct spinlock domlist_lock = SPINLOCK_INIT(RANK_DOMLIST);
struct domain *hardware_domain;

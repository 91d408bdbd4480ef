/* SPDX-License-Identifier: Apache-2.0 */
/* The body of JOURNAL_DOMAIN. */
#pragma once

#include "quota.h"

struct journal_domain {
    uint64_t mfn;
    uint32_t port, features;
    uint16_t target;
    uint8_t known, introduced, shutdown, features_set, pad[2];
    uint32_t limit[QUOTA_ITEMS];
};

/* SPDX-License-Identifier: Apache-2.0 */
/* The interface versions of domctl that are spoken. */
#include <hearth/domctl_abi.h>

#include "private.h"

const struct domctl_abi *domctl_abi_find(uint32_t version)
{
    static const struct domctl_abi *const known[] = {&domctl_abi_0x15, &domctl_abi_0x17};

    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        if (known[i]->version == version) {
            return known[i];
        }
    }
    return NULL;
}

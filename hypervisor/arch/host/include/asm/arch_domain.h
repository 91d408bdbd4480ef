/* SPDX-License-Identifier: Apache-2.0 */
/* The host's part of a domain. */
#pragma once

#include <hearth/compiler.h>

#define HOST_LINES      64U
#define HOST_VUART_BASE 0x22000000ULL
#define HOST_VUART_LINE 32U

struct arch_domain {
    bool line[HOST_LINES];  /* arch_domain_set_line() */
    uint32_t release_steps; /* set by tests: how often arch_domain_release() says -ERESTART */
};

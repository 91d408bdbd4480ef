/* SPDX-License-Identifier: Apache-2.0 */
/* For what cannot be reached: no domain passes arch_domain_check_config() (domain.c). */
#pragma once

#include <hearth/bug.h>

#define absent() panic("%s: not on this architecture yet", __func__)

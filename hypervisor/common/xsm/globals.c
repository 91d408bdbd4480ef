/* SPDX-License-Identifier: Apache-2.0 */
#include "private.h"

bool xsm_silo __ro_after_init;

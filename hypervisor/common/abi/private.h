/* SPDX-License-Identifier: Apache-2.0 */
/* Adapters, one for each interface version. */
#pragma once

#include <hearth/domctl_abi.h>

extern const struct domctl_abi domctl_abi_0x15;
extern const struct domctl_abi domctl_abi_0x17;

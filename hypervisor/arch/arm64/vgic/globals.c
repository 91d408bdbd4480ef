/* SPDX-License-Identifier: Apache-2.0 */
#include "private.h"

struct vgic_hw vgic_hw __ro_after_init;

/* SPDX-License-Identifier: Apache-2.0 */
/* Exported variables of mm. */
#include <hearth/page.h>

#include "private.h"

struct frame_space frame_space __ro_after_init;
struct mem_range ram[BOOTMEM_BANKS] __ro_after_init;
unsigned int nr_ram __ro_after_init;

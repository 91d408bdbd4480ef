/* SPDX-License-Identifier: Apache-2.0 */
/* Exported variables of mm. */
#include <hearth/page.h>

#include "private.h"

uint64_t frame_base __ro_after_init;
struct mem_range ram[BOOTMEM_BANKS] __ro_after_init;
unsigned int nr_ram __ro_after_init;

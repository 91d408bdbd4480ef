/* SPDX-License-Identifier: Apache-2.0 */
/* Exported variables of mm. */
#include <hearth/page.h>

uint64_t frame_base __ro_after_init;

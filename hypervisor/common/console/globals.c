/* SPDX-License-Identifier: Apache-2.0 */
#include "private.h"

struct console console = {
    .lock = SPINLOCK_INIT(RANK_CONSOLE),
    .line_owner = LINE_NONE,
    .focus = FOCUS_HEARTH,
    .switch_char = 'a' & 0x1f,
};

/* SPDX-License-Identifier: Apache-2.0 */
/* Apart from boot.c: only a program that starts Hearth as a whole links what it leads to. */
#include <hearth/arch/boot.h>
#include <hearth/vcpu.h>

void arch_enter_loop(void)
{
    for (;;) {
        (void)vcpu_resume();
    }
}

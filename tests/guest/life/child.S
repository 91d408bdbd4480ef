/* SPDX-License-Identifier: Apache-2.0
 *
 * All of a domain that life/main.c builds: two pages, position independent, run with the MMU off.
 * x0 is the address of its second page, struct child of main.c. It counts, and after each count
 * sends the event and yields.
 */
#define __ASSEMBLY__ 1
#include <xen/xen.h>

#define COUNT 0
#define SEND  8 /* struct evtchn_send */

        .section .rodata.child, "a"
        .balign 4096
        .globl  child_image
child_image:
        mov     x19, x0
1:      ldr     x1, [x19, #COUNT]
        add     x1, x1, #1
        str     x1, [x19, #COUNT]
        dsb     sy
        mov     x0, #4                  /* EVTCHNOP_send */
        add     x1, x19, #SEND
        mov     x16, #__HYPERVISOR_event_channel_op
        hvc     #0xea1
        mov     x0, #0                  /* SCHEDOP_yield */
        mov     x16, #__HYPERVISOR_sched_op
        hvc     #0xea1
        b       1b
        .globl  child_image_end
child_image_end:

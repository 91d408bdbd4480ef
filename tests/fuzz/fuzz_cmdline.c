/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text as Hearth's command line: numbers stay in range, texts end.
 * Reaches 155 edges.
 */
#include "quiet.h"

#include <hearth/boot.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *line = malloc(size + 1);

    memcpy(line, data, size);
    line[size] = '\0';
    cmdline_parse(line);
    free(line);
    if (memchr(options.dtuart, 0, sizeof(options.dtuart)) == NULL ||
        memchr(options.conswitch, 0, sizeof(options.conswitch)) == NULL ||
        memchr(options.sched, 0, sizeof(options.sched)) == NULL ||
        memchr(options.xsm, 0, sizeof(options.xsm)) == NULL) {
        abort();
    }
    if (options.maxcpus == 0 || options.loglvl > LOG_DEBUG || options.guest_loglvl > LOG_DEBUG ||
        (options.dom0_mem_max != 0 && options.dom0_mem > options.dom0_mem_max)) {
        abort();
    }
    return 0;
}

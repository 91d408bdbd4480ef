/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's device tree: written once at start-up, read-only after it. */
#include <hearth/fdt.h>

struct fdt host_fdt __ro_after_init;

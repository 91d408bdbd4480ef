/* SPDX-License-Identifier: Apache-2.0 */
/* sysctl 0x15: the proof that the internal layout is the wire's. */
#include <hearth/abi_sysctl.h>

#include "layout.h"
#include "wire.h"

#include <hearth/hypercall/fields_sysctl.def>

static_assert(XEN_SYSCTL_INTERFACE_VERSION == 0x15, "version");
static_assert(sizeof(struct sysctl_cputopo) == sizeof(struct xen_sysctl_cputopo), "cputopo");
static_assert(sizeof(struct sysctl_meminfo) == sizeof(struct xen_sysctl_meminfo), "meminfo");
static_assert(PHYSCAP_HVM == XEN_SYSCTL_PHYSCAP_hvm && PHYSCAP_HAP == XEN_SYSCTL_PHYSCAP_hap &&
                  PHYSCAP_GNTTAB_V1 == XEN_SYSCTL_PHYSCAP_gnttab_v1,
              "capabilities");

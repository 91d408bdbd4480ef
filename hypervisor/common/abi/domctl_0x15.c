/* SPDX-License-Identifier: Apache-2.0 */
/* domctl 0x15, Xen 4.17: the internal layout, so that the adapter is nothing but the proof. */
#include "private.h"

#include "layout.h"
#include "wire.h"

#include <hearth/hypercall/fields_domctl.def>

static_assert(CDF_HVM == XEN_DOMCTL_CDF_hvm && CDF_HAP == XEN_DOMCTL_CDF_hap &&
                  CDF_XS_DOMAIN == XEN_DOMCTL_CDF_xs_domain && CDF_IOMMU == XEN_DOMCTL_CDF_iommu &&
                  CDF_VPMU == XEN_DOMCTL_CDF_vpmu,
              "createdomain flags");
static_assert(DOMINF_DYING == XEN_DOMINF_dying && DOMINF_HVM_GUEST == XEN_DOMINF_hvm_guest &&
                  DOMINF_SHUTDOWN == XEN_DOMINF_shutdown && DOMINF_PAUSED == XEN_DOMINF_paused &&
                  DOMINF_BLOCKED == XEN_DOMINF_blocked && DOMINF_RUNNING == XEN_DOMINF_running &&
                  DOMINF_DEBUGGED == XEN_DOMINF_debugged &&
                  DOMINF_XS_DOMAIN == XEN_DOMINF_xs_domain && DOMINF_HAP == XEN_DOMINF_hap &&
                  DOMINF_SHUTDOWN_SHIFT == XEN_DOMINF_shutdownshift,
              "getdomaininfo flags");

const struct domctl_abi domctl_abi_0x15 = {
    .version = XEN_DOMCTL_INTERFACE_VERSION,
    .last = XEN_DOMCTL_set_paging_mempool_size,
};

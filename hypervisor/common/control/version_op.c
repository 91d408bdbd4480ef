/* SPDX-License-Identifier: Apache-2.0 */
/* xen_version (public/version.h). Hearth answers as the Xen release whose ABI it speaks. */
#include <hearth/abi_types.h>
#include <hearth/arch/vcpu.h>
#include <hearth/boot.h>
#include <hearth/domain.h>
#include <hearth/errno.h>
#include <hearth/guest_copy.h>
#include <hearth/hypercall/handlers.h>
#include <hearth/string.h>
#include <hearth/vcpu.h>
#include <hearth/xsm.h>

#define ABI_VERSION      (4 << 16 | 17)
#define ABI_EXTRAVERSION ".0-hearth"
#define DENIED           "<denied>"

enum version_op {
    XENVER_VERSION,
    XENVER_EXTRAVERSION,
    XENVER_COMPILE_INFO,
    XENVER_CAPABILITIES,
    XENVER_CHANGESET,
    XENVER_PLATFORM_PARAMETERS,
    XENVER_GET_FEATURES,
    XENVER_PAGESIZE,
    XENVER_GUEST_HANDLE,
    XENVER_COMMANDLINE,
    XENVER_BUILD_ID,
};

/* Copies text out in a zeroed field of `size` bytes; `size` is also what the caller provides. */
static int give_text(guest_ptr_t arg, const char *text, size_t size)
{
    char buf[1024];

    memset(buf, 0, size);
    (void)strlcpy(buf, text, size);
    return guest_copy_out(arg, buf, size);
}

static int compile_info(guest_ptr_t arg)
{
    struct version_compile_info_arg info;

    memset(&info, 0, sizeof(info));
    (void)strlcpy(info.compiler, "C", sizeof(info.compiler));
    (void)strlcpy(info.compile_by, "hearth", sizeof(info.compile_by));
    return guest_copy_out(arg, &info, sizeof(info));
}

static int features(struct vcpu *v, guest_ptr_t arg)
{
    struct version_features_arg f;
    int rc = guest_copy_in(&f, arg, sizeof(f));

    if (rc != 0) {
        return rc;
    }
    if (f.submap_idx != 0) {
        return -EINVAL;
    }
    f.submap = arch_features(v->domain);
    return guest_copy_out(arg, &f, sizeof(f));
}

static noinline int64_t other_op(struct vcpu *v, uint32_t cmd, guest_ptr_t arg)
{
    struct version_platform_parameters_arg platform = {0};
    bool denied = xsm_check(XSM_VERSION_PRIV, v->domain, NULL) != 0;

    switch (cmd) {
    case XENVER_EXTRAVERSION:
        return give_text(arg, ABI_EXTRAVERSION, sizeof(struct version_extraversion_arg));
    case XENVER_COMPILE_INFO:
        return compile_info(arg);
    case XENVER_CAPABILITIES:
        return give_text(arg, arch_capabilities(), sizeof(struct version_capabilities_arg));
    case XENVER_CHANGESET:
        return give_text(arg, "unavailable", sizeof(struct version_changeset_arg));
    case XENVER_PLATFORM_PARAMETERS:
        return guest_copy_out(arg, &platform, sizeof(platform));
    case XENVER_GET_FEATURES:
        return features(v, arg);
    case XENVER_PAGESIZE:
        return arg.a == 0 ? (int64_t)PAGE_SIZE : -EINVAL;
    case XENVER_GUEST_HANDLE:
        return guest_copy_out(arg, v->domain->handle, sizeof(v->domain->handle));
    case XENVER_COMMANDLINE:
        return give_text(arg, denied ? DENIED : boot_info.cmdline,
                         sizeof(struct version_commandline_arg));
    case XENVER_BUILD_ID:
        return denied ? -EPERM : -ENODATA;
    default:
        return -ENOSYS;
    }
}

int64_t hypercall_xen_version(struct vcpu *v, struct hypercall_args *args)
{
    uint32_t cmd = (uint32_t)args->arg[0];
    int rc = xsm_check(XSM_VERSION, v->domain, NULL);

    if (rc != 0) {
        return rc;
    }
    return likely(cmd == XENVER_VERSION) ? ABI_VERSION : other_op(v, cmd, guest_ptr(args->arg[1]));
}

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
#define XENVER_VERSION   0U

/* Copies text out in a zeroed field of `size` bytes; `size` is also what the caller provides. */
static int give_text(guest_ptr_t arg, const char *text, size_t size)
{
    char buf[1024];

    memset(buf, 0, size);
    (void)strlcpy(buf, text, size);
    return guest_copy_out(arg, buf, size);
}

static int64_t op_version(struct vcpu *v, guest_ptr_t arg)
{
    (void)v;
    (void)arg;
    return ABI_VERSION;
}

static int64_t op_extraversion(struct vcpu *v, guest_ptr_t arg)
{
    (void)v;
    return give_text(arg, ABI_EXTRAVERSION, sizeof(struct version_extraversion_arg));
}

static int64_t op_compile_info(struct vcpu *v, guest_ptr_t arg)
{
    struct version_compile_info_arg info;

    (void)v;
    memset(&info, 0, sizeof(info));
    (void)strlcpy(info.compiler, "C", sizeof(info.compiler));
    (void)strlcpy(info.compile_by, "hearth", sizeof(info.compile_by));
    return guest_copy_out(arg, &info, sizeof(info));
}

static int64_t op_capabilities(struct vcpu *v, guest_ptr_t arg)
{
    (void)v;
    return give_text(arg, arch_capabilities(), sizeof(struct version_capabilities_arg));
}

static int64_t op_changeset(struct vcpu *v, guest_ptr_t arg)
{
    (void)v;
    return give_text(arg, "unavailable", sizeof(struct version_changeset_arg));
}

static int64_t op_platform_parameters(struct vcpu *v, guest_ptr_t arg)
{
    const struct version_platform_parameters_arg platform = {0};

    (void)v;
    return guest_copy_out(arg, &platform, sizeof(platform));
}

static int64_t op_get_features(struct vcpu *v, guest_ptr_t arg)
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

static int64_t op_pagesize(struct vcpu *v, guest_ptr_t arg)
{
    (void)v;
    return arg.a == 0 ? (int64_t)PAGE_SIZE : -EINVAL;
}

static int64_t op_guest_handle(struct vcpu *v, guest_ptr_t arg)
{
    return guest_copy_out(arg, v->domain->handle, sizeof(v->domain->handle));
}

static int64_t op_commandline(struct vcpu *v, guest_ptr_t arg)
{
    bool denied = xsm_check(XSM_VERSION_PRIV, v->domain, NULL) != 0;

    return give_text(arg, denied ? DENIED : boot_info.cmdline,
                     sizeof(struct version_commandline_arg));
}

#define VERSION_OP(number, name, type, hook)                                                       \
    case number:                                                                                   \
        rc = xsm_check(XSM_##hook, v->domain, NULL);                                               \
        return rc != 0 ? rc : op_##name(v, arg);
#define VERSION_REFUSED(number, name, error, why)                                                  \
    case number:                                                                                   \
        rc = xsm_check(XSM_VERSION_PRIV, v->domain, NULL);                                         \
        return rc != 0 ? rc : -(error);

static noinline int64_t version_other_op(struct vcpu *v, uint32_t cmd, guest_ptr_t arg)
{
    int rc;

    switch (cmd) {
#include <hearth/hypercall/version.def>
    default:
        return -ENOSYS;
    }
}

/* The first row is what guests measure a hypercall with: it does not wait for the others. */
int64_t hypercall_xen_version(struct vcpu *v, struct hypercall_args *args)
{
    uint32_t cmd = (uint32_t)args->arg[0];

    return likely(cmd == XENVER_VERSION) && xsm_rule(XSM_VERSION) == XSM_RULE_ANY
               ? ABI_VERSION
               : version_other_op(v, cmd, guest_ptr(args->arg[1]));
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Xen's public headers, for the adapters of common/abi only: of release 4.17, or of the one that
 * mk/hypervisor.mk gives an adapter. They know no riscv64, and the host build wants arm64's
 * layout: both see them as arm64 would.
 */
#pragma once

#include <hearth/compiler.h>

#if !defined(CONFIG_X86) && !defined(__aarch64__)
#undef __x86_64__
#define __aarch64__ 1
#define WIRE_AS_ARM64
#endif

#define __XEN_TOOLS__             1
#define __XEN_INTERFACE_VERSION__ 0x00041100

/* The headers use these as words of the compiler's. */
#pragma push_macro("aligned")
#pragma push_macro("packed")
#undef aligned
#undef packed

#include <xen/domctl.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/hvm/hvm_op.h>
#include <xen/memory.h>
#include <xen/physdev.h>
#include <xen/platform.h>
#include <xen/sched.h>
#include <xen/sysctl.h>
#include <xen/vcpu.h>
#include <xen/version.h>
#include <xen/xen.h>

#pragma pop_macro("packed")
#pragma pop_macro("aligned")

#if defined(WIRE_AS_ARM64)
#undef __aarch64__
#undef WIRE_AS_ARM64
#endif

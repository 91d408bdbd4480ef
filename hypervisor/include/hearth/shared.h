/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages that a guest and Hearth both write: shared_info, vcpu_info, FIFO control blocks, grant
 * entries. Layouts are public/xen.h's, event_channel.h's and grant_table.h's for 64-bit guests,
 * pinned by common/abi. Fields are read once and changed by <hearth/guest_atomic.h>.
 */
#pragma once

#include <hearth/num.h>

#include <asm/arch_shared.h>

/* vcpu_time_info: `version` is odd while Hearth updates it. */
struct guest_vcpu_time {
    uint32_t version;
    uint32_t pad0;
    uint64_t tsc_timestamp;
    uint64_t system_time;
    uint32_t tsc_to_system_mul;
    int8_t tsc_shift;
    uint8_t flags;
    uint8_t pad1[2];
};

struct guest_vcpu_info {
    uint8_t upcall_pending;
    uint8_t upcall_mask; /* x86 PV only; padding elsewhere */
    uint8_t pad[6];
    unsigned long pending_sel; /* 2-level: which words of evtchn_pending to look at */
    struct guest_arch_vcpu_info arch;
    struct guest_vcpu_time time;
};

#define EVTCHN_2L_PORTS 4096U

struct guest_shared_info {
    struct guest_vcpu_info vcpu_info[GUEST_LEGACY_VCPUS];
    unsigned long evtchn_pending[EVTCHN_2L_PORTS / 64];
    unsigned long evtchn_mask[EVTCHN_2L_PORTS / 64];
    uint32_t wc_version;
    uint32_t wc_sec;
    uint32_t wc_nsec;
    uint32_t wc_sec_hi;
    struct guest_arch_shared_info arch;
};

static_assert(sizeof(struct guest_vcpu_info) <= 64, "register_vcpu_info: at most 64 bytes");
static_assert(sizeof(struct guest_shared_info) <= PAGE_SIZE, "shared_info is one page");

/* FIFO event channels. */
#define FIFO_PORTS          (1U << 17)
#define FIFO_PENDING        (1U << 31)
#define FIFO_MASKED         (1U << 30)
#define FIFO_LINKED         (1U << 29)
#define FIFO_BUSY           (1U << 28)
#define FIFO_LINK_MASK      (FIFO_PORTS - 1)
#define FIFO_LINK_BITS      17U
#define FIFO_QUEUES         16U
#define FIFO_PRIORITY       7U /* default */
#define FIFO_WORDS_PER_PAGE 1024U

struct guest_fifo_control {
    uint32_t ready; /* bit per queue that has become non-empty */
    uint32_t reserved;
    uint32_t head[FIFO_QUEUES];
};

/* Grant entry, version 1: flags and domid are read as one word. */
union guest_grant_entry {
    struct {
        uint16_t flags;
        domid_t domid;
        uint32_t frame;
    };
    uint32_t head; /* flags | domid << 16 */
    uint64_t word;
};

#define GTF_INVALID            0U
#define GTF_PERMIT_ACCESS      1U
#define GTF_TYPE_MASK          3U
#define GTF_READONLY           (1U << 2)
#define GTF_READING            (1U << 3)
#define GTF_WRITING            (1U << 4)
#define GTF_SUB_PAGE           (1U << 8)

#define GRANT_ENTRIES_PER_PAGE 512U
#define GRANT_RESERVED_CONSOLE 0U
#define GRANT_RESERVED_STORE   1U

/* vcpu_runstate_info, as VCPUOP_register_runstate_memory_area's area has it. */
struct guest_runstate {
    int32_t state;
    uint32_t pad;
    uint64_t entry_time;
    uint64_t time[4];
};

#define GUEST_RUNSTATE_UPDATE (1ULL << 63)

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arguments of operations, as rows and handlers know them. Each has the layout of the public
 * structure of 64-bit callers (asserted in common/abi from hypercall/fields.def), so that the
 * native adapter is a copy; callers of another width or version are translated to these.
 * `pad` members are what the public structure leaves to the compiler. Guest handles are
 * guest_ptr_t.
 */
#pragma once

#include <hearth/num.h>

/* --- event_channel_op: public/event_channel.h --- */

struct evtchn_alloc_unbound_arg {
    domid_t dom;
    domid_t remote_dom;
    evtchn_port_t port; /* out */
};

struct evtchn_bind_interdomain_arg {
    domid_t remote_dom;
    uint16_t pad;
    evtchn_port_t remote_port;
    evtchn_port_t local_port; /* out */
};

struct evtchn_bind_virq_arg {
    uint32_t virq;
    uint32_t vcpu;
    evtchn_port_t port; /* out */
};

struct evtchn_bind_pirq_arg {
    uint32_t pirq;
    uint32_t flags;
    evtchn_port_t port; /* out */
};

struct evtchn_bind_ipi_arg {
    uint32_t vcpu;
    evtchn_port_t port; /* out */
};

struct evtchn_close_arg {
    evtchn_port_t port;
};

struct evtchn_send_arg {
    evtchn_port_t port;
};

struct evtchn_status_arg {
    domid_t dom;
    uint16_t pad;
    evtchn_port_t port;
    uint32_t status; /* out from here: EVTCHNSTAT_* */
    uint32_t vcpu;
    union {
        struct {
            domid_t dom;
        } unbound;
        struct {
            domid_t dom;
            uint16_t pad;
            evtchn_port_t port;
        } interdomain;
        uint32_t pirq;
        uint32_t virq;
    } u;
};

struct evtchn_bind_vcpu_arg {
    evtchn_port_t port;
    uint32_t vcpu;
};

struct evtchn_unmask_arg {
    evtchn_port_t port;
};

struct evtchn_reset_arg {
    domid_t dom;
};

struct evtchn_init_control_arg {
    uint64_t control_gfn;
    uint32_t offset;
    uint32_t vcpu;
    uint8_t link_bits; /* out */
    uint8_t pad[7];
};

struct evtchn_expand_array_arg {
    uint64_t array_gfn;
};

struct evtchn_set_priority_arg {
    evtchn_port_t port;
    uint32_t priority;
};

/* --- grant_table_op: public/grant_table.h --- */

struct grant_map_arg {
    uint64_t host_addr;
    uint32_t flags; /* GNTMAP_* */
    grant_ref_t ref;
    domid_t dom;
    int16_t status;        /* out: GNTST_* */
    uint32_t handle;       /* out */
    uint64_t dev_bus_addr; /* out */
};

struct grant_unmap_arg {
    uint64_t host_addr;
    uint64_t dev_bus_addr;
    uint32_t handle;
    int16_t status; /* out */
    uint16_t pad;
};

struct grant_setup_table_arg {
    domid_t dom;
    uint16_t pad0;
    uint32_t nr_frames;
    int16_t status; /* out */
    uint16_t pad1[3];
    guest_ptr_t frame_list;
};

struct grant_dump_table_arg {
    domid_t dom;
    int16_t status; /* out */
};

struct grant_transfer_arg {
    uint64_t mfn;
    domid_t domid;
    uint16_t pad0;
    grant_ref_t ref;
    int16_t status; /* out */
    uint16_t pad1[3];
};

struct grant_copy_end {
    union {
        grant_ref_t ref;
        uint64_t gfn;
    } u;
    domid_t domid;
    uint16_t offset;
    uint32_t pad;
};

struct grant_copy_arg {
    struct grant_copy_end source;
    struct grant_copy_end dest;
    uint16_t len;
    uint16_t flags; /* GNTCOPY_* */
    int16_t status; /* out */
    uint16_t pad;
};

struct grant_query_size_arg {
    domid_t dom;
    uint16_t pad0;
    uint32_t nr_frames; /* out from here */
    uint32_t max_nr_frames;
    int16_t status;
    uint16_t pad1;
};

struct grant_unmap_and_replace_arg {
    uint64_t host_addr;
    uint64_t new_addr;
    uint32_t handle;
    int16_t status; /* out */
    uint16_t pad;
};

struct grant_set_version_arg {
    uint32_t version;
};

struct grant_status_frames_arg {
    uint32_t nr_frames;
    domid_t dom;
    int16_t status; /* out */
    guest_ptr_t frame_list;
};

struct grant_get_version_arg {
    domid_t dom;
    uint16_t pad;
    uint32_t version; /* out */
};

struct grant_swap_arg {
    grant_ref_t ref_a;
    grant_ref_t ref_b;
    int16_t status; /* out */
    uint16_t pad;
};

struct grant_cache_flush_arg {
    union {
        uint64_t dev_bus_addr;
        grant_ref_t ref;
    } a;
    uint16_t offset;
    uint16_t length;
    uint32_t op; /* GNTTAB_CACHE_* */
};

/* --- memory_op: public/memory.h --- */

struct memory_reservation_arg {
    guest_ptr_t extent_start;
    uint64_t nr_extents;
    uint32_t extent_order;
    uint32_t mem_flags;
    domid_t domid;
    uint16_t pad[3];
};

struct memory_exchange_arg {
    struct memory_reservation_arg in;
    struct memory_reservation_arg out;
    uint64_t nr_exchanged; /* out */
};

struct memory_domain_arg {
    domid_t domid;
};

struct memory_add_to_physmap_arg {
    domid_t domid;
    uint16_t size; /* gmfn_range */
    uint32_t space;
    uint64_t idx;
    uint64_t gpfn;
};

struct memory_add_to_physmap_batch_arg {
    domid_t domid;
    uint16_t space;
    uint16_t size;
    domid_t foreign_domid;
    guest_ptr_t idxs;
    guest_ptr_t gpfns;
    guest_ptr_t errs; /* out: int each */
};

struct memory_remove_from_physmap_arg {
    domid_t domid;
    uint16_t pad[3];
    uint64_t gpfn;
};

struct memory_map_arg {
    uint32_t nr_entries; /* in, out */
    uint32_t pad;
    guest_ptr_t buffer;
};

struct memory_set_map_arg {
    domid_t domid;
    uint16_t pad[3];
    struct memory_map_arg map;
};

struct memory_pod_target_arg {
    uint64_t target_pages;
    uint64_t tot_pages;       /* out */
    uint64_t pod_cache_pages; /* out */
    uint64_t pod_entries;     /* out */
    domid_t domid;
    uint16_t pad[3];
};

struct memory_acquire_resource_arg {
    domid_t domid;
    uint16_t type;
    uint32_t id;
    uint32_t nr_frames; /* in, out */
    uint32_t pad;       /* must be 0 */
    uint64_t frame;
    guest_ptr_t frame_list;
};

/* --- sched_op: public/sched.h --- */

struct sched_shutdown_arg {
    uint32_t reason;
};

struct sched_poll_arg {
    guest_ptr_t ports;
    uint32_t nr_ports;
    uint32_t pad;
    uint64_t timeout;
};

struct sched_remote_shutdown_arg {
    domid_t domain_id;
    uint16_t pad;
    uint32_t reason;
};

struct sched_watchdog_arg {
    uint32_t id;
    uint32_t timeout;
};

struct sched_pin_override_arg {
    int32_t pcpu;
};

/* --- vcpu_op: public/vcpu.h (the runstate itself is in shared.h) --- */

struct vcpu_register_runstate_arg {
    guest_ptr_t area;
};

struct vcpu_register_vcpu_info_arg {
    uint64_t gfn;
    uint32_t offset;
    uint32_t reserved;
};

struct vcpu_register_time_arg {
    guest_ptr_t area;
};

struct vcpu_set_periodic_timer_arg {
    uint64_t period_ns;
};

struct vcpu_set_singleshot_timer_arg {
    uint64_t timeout_abs_ns;
    uint32_t flags;
    uint32_t pad;
};

struct vcpu_get_physid_arg {
    uint64_t phys_id; /* out */
};

/* --- hvm_op: public/hvm/hvm_op.h --- */

struct hvm_param_arg {
    domid_t domid;
    uint16_t pad;
    uint32_t index;
    uint64_t value; /* in, out */
};

/* --- xen_version: public/version.h --- */

struct version_extraversion_arg {
    char text[16];
};

struct version_compile_info_arg {
    char compiler[64];
    char compile_by[16];
    char compile_domain[32];
    char compile_date[32];
};

struct version_capabilities_arg {
    char text[1024];
};

struct version_changeset_arg {
    char text[64];
};

struct version_platform_parameters_arg {
    uint64_t virt_start;
};

struct version_features_arg {
    uint32_t submap_idx;
    uint32_t submap; /* out */
};

struct version_handle_arg {
    uint8_t handle[16];
};

struct version_commandline_arg {
    char text[1024];
};

struct version_build_id_arg {
    uint32_t len; /* of what follows */
};

/* --- physdev_op: public/physdev.h --- */

struct physdev_pci_device_add_arg {
    uint16_t seg;
    uint8_t bus;
    uint8_t devfn;
    uint32_t flags;
    uint8_t physfn_bus;
    uint8_t physfn_devfn;
    uint16_t pad; /* optarr[] follows */
};

struct physdev_pci_device_arg {
    uint16_t seg;
    uint8_t bus;
    uint8_t devfn;
};

struct physdev_pci_mmcfg_reserved_arg {
    uint64_t address;
    uint16_t segment;
    uint8_t start_bus;
    uint8_t end_bus;
    uint32_t flags;
};

/* --- platform_op: public/platform.h --- */

struct platform_settime32_arg {
    uint32_t secs;
    uint32_t nsecs;
    uint64_t system_time;
};

struct platform_settime64_arg {
    uint64_t secs;
    uint32_t nsecs;
    uint32_t mbz;
    uint64_t system_time;
};

struct platform_op_arg {
    uint32_t cmd;
    uint32_t interface_version;
    union {
        struct platform_settime32_arg settime32;
        struct platform_settime64_arg settime64;
        uint8_t pad[128];
    } u;
};

/* --- multicall: public/xen.h --- */

struct multicall_entry_arg {
    uint64_t op;
    uint64_t result; /* out */
    uint64_t args[6];
};

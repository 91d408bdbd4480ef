// SPDX-License-Identifier: Apache-2.0
/* Grant table version 1: set-up, map and unmap to self, copy, and the error of each argument. */
#include <guest.h>
#include <hypercall.h>

#define REF_WRITE    8
#define REF_READ     9
#define REF_NONE     10
#define REF_PART     11

#define MAP_CAN_FAIL (1u << 5) /* as Linux calls it */

static char page[PAGE_SIZE] PAGE_ALIGNED;
static char other[PAGE_SIZE] PAGE_ALIGNED;
static volatile grant_entry_v1_t *table;
static domid_t self;

static uint64_t frame_of(const void *p)
{
    return ADDRESS(p) >> PAGE_SHIFT;
}

static void grant(grant_ref_t ref, const void *p, uint16_t flags)
{
    table[ref].frame = (uint32_t)frame_of(p);
    table[ref].domid = self;
    dsb();
    table[ref].flags = flags;
    dsb();
}

static int map(domid_t dom, grant_ref_t ref, unsigned int flags, uint64_t gfn,
               grant_handle_t *handle)
{
    struct gnttab_map_grant_ref op = {
        .host_addr = gfn << PAGE_SHIFT, .flags = flags, .ref = ref, .dom = dom};

    if (grant_op(GNTTABOP_map_grant_ref, &op, 1) != 0) {
        return 99;
    }
    *handle = op.handle;
    return op.status;
}

static int unmap(grant_handle_t handle, uint64_t gfn)
{
    struct gnttab_unmap_grant_ref op = {.host_addr = gfn << PAGE_SHIFT, .handle = handle};

    return grant_op(GNTTABOP_unmap_grant_ref, &op, 1) == 0 ? op.status : 99;
}

static void test_setup(void)
{
    struct gnttab_query_size size = {.dom = DOMID_SELF};
    struct gnttab_get_version version = {.dom = DOMID_SELF};
    struct gnttab_set_version set = {.version = 3};
    uint64_t gfn = spare_gfn(1);

    self = platform.is_domu ? 1 : 0;
    test_equal(grant_op(GNTTABOP_query_size, &size, 1), 0, "query_size");
    test_equal(size.status, GNTST_okay, "query_size answers okay");
    test_check(size.max_nr_frames >= 4, "at least 4 frames (%u)", size.max_nr_frames);
    test_equal(grant_op(GNTTABOP_get_version, &version, 1), 0, "get_version");
    test_equal(version.version, 1, "version 1");
    test_equal(grant_op(GNTTABOP_set_version, &set, 1), -XEN_EINVAL, "set_version(3)");
    test_equal(map_frame(XENMAPSPACE_grant_table, 0, gfn), 0, "map the first grant frame");
    table = (volatile grant_entry_v1_t *)(uintptr_t)(gfn << PAGE_SHIFT);
    test_equal(table[REF_WRITE].flags, 0, "an unused entry is clear");
}

static void test_map(void)
{
    volatile char *window;
    uint64_t gfn = spare_gfn(1);
    grant_handle_t handle = 0;

    window = (volatile char *)(uintptr_t)(gfn << PAGE_SHIFT);
    grant(REF_WRITE, page, GTF_permit_access);
    memset(page, 0x11, sizeof(page));
    test_equal(map(self, REF_WRITE, GNTMAP_host_map, gfn, &handle), GNTST_okay, "map");
    test_check((table[REF_WRITE].flags & (GTF_reading | GTF_writing)) ==
                   (GTF_reading | GTF_writing),
               "the entry is in use");
    test_equal(window[5], 0x11, "the page is seen there");
    window[5] = 0x22;
    test_equal(page[5], 0x22, "and written there");
    test_equal(unmap(handle, gfn), GNTST_okay, "unmap");
    test_check((table[REF_WRITE].flags & (GTF_reading | GTF_writing)) == 0, "it is free again");
    test_equal(unmap(handle, gfn), GNTST_bad_handle, "unmap twice");
    trap_expect(true);
    (void)window[5];
    test_check(trap_last.count == 1, "reading the window faults");
    trap_expect(false);
}

static void test_read_only(void)
{
    uint64_t gfn = spare_gfn(1);
    volatile char *window = (volatile char *)(uintptr_t)(gfn << PAGE_SHIFT);
    grant_handle_t handle = 0;

    grant(REF_READ, page, GTF_permit_access | GTF_readonly);
    test_equal(map(self, REF_READ, GNTMAP_host_map, gfn, &handle), GNTST_general_error,
               "map read-only grant for writing");
    test_equal(map(self, REF_READ, GNTMAP_host_map | GNTMAP_readonly, gfn, &handle), GNTST_okay,
               "map it for reading");
    if (boot_option("xen", 0) != 0) {
        test_skip("writing it faults", "Xen 4.17 repeats the write for ever");
    } else {
        trap_expect(true);
        window[6] = 0x33;
        test_check(trap_last.count == 1 && page[6] != 0x33, "writing it faults");
        trap_expect(false);
    }
    test_equal(unmap(handle, gfn), GNTST_okay, "unmap it");
}

static void test_map_errors(void)
{
    uint64_t gfn = spare_gfn(1);
    grant_handle_t handle = 0;

    test_equal(map(BAD_DOMAIN, REF_WRITE, GNTMAP_host_map, gfn, &handle), GNTST_bad_domain,
               "map from no domain");
    test_equal(map(self, 0x7fffffff, GNTMAP_host_map, gfn, &handle), GNTST_bad_gntref,
               "map a reference beyond the table");
    test_equal(map(self, REF_NONE, GNTMAP_host_map, gfn, &handle), GNTST_general_error,
               "map an unused reference");
    test_equal(map(self, REF_WRITE, 0, gfn, &handle), GNTST_bad_gntref, "map with no flags");
    test_equal(map(DOMID_SELF, REF_WRITE, GNTMAP_host_map, gfn, &handle), GNTST_bad_domain,
               "map from DOMID_SELF");
    for (unsigned int bit = 0; bit < 32; bit++) {
        unsigned int flags = GNTMAP_host_map | 1u << bit;

        if ((flags & ~(unsigned int)(GNTMAP_host_map | GNTMAP_readonly)) != 0) {
            test_equal(map(self, REF_WRITE, flags, gfn, &handle), GNTST_general_error,
                       "map with a flag that is not served");
        }
    }
    test_equal(map(BAD_DOMAIN, REF_WRITE, GNTMAP_host_map | MAP_CAN_FAIL, gfn, &handle),
               GNTST_bad_domain, "can_fail, from no domain");
    test_equal(map(self, 0x7fffffff, GNTMAP_host_map | MAP_CAN_FAIL, gfn, &handle),
               GNTST_bad_gntref, "can_fail, a reference beyond the table");
    grant(REF_PART, page, GTF_permit_access | GTF_sub_page);
    test_equal(map(self, REF_PART, GNTMAP_host_map, gfn, &handle), GNTST_general_error,
               "map a page granted in part");
    test_equal(map(self, REF_PART, GNTMAP_host_map | GNTMAP_readonly, gfn, &handle),
               GNTST_general_error, "map it for reading");
    test_equal(table[REF_WRITE].flags | table[REF_PART].flags, GTF_permit_access | GTF_sub_page,
               "nothing is in use");
    test_equal(unmap(0x7ffffff, gfn), GNTST_bad_handle, "unmap no handle");
    test_equal(hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, BAD_ADDRESS, 1, 0, 0),
               -XEN_EFAULT, "map, bad pointer");
    test_equal(grant_op(77, page, 1), -XEN_ENOSYS, "unknown operation");
    test_equal(grant_op(77 | 1 << 12, page, 1), -XEN_EINVAL, "unknown operation, continued");
    test_equal(grant_op(GNTTABOP_map_grant_ref | 1 << 12, page, 0), -XEN_EINVAL, "map, continued");
    test_equal(grant_op(GNTTABOP_cache_flush | 1 << 12, page, 0), 0, "cache_flush, continued");
}

static int copy(bool from_ref, uint64_t source, bool to_ref, uint64_t target, unsigned int from,
                unsigned int to, unsigned int length)
{
    struct gnttab_copy op = {.len = (uint16_t)length};

    op.flags = (uint16_t)((from_ref ? GNTCOPY_source_gref : 0) | (to_ref ? GNTCOPY_dest_gref : 0));
    op.source.domid = self;
    op.source.offset = (uint16_t)from;
    op.dest.domid = self;
    op.dest.offset = (uint16_t)to;
    if (from_ref) {
        op.source.u.ref = (grant_ref_t)source;
    } else {
        op.source.domid = DOMID_SELF;
        op.source.u.gmfn = source;
    }
    if (to_ref) {
        op.dest.u.ref = (grant_ref_t)target;
    } else {
        op.dest.domid = DOMID_SELF;
        op.dest.u.gmfn = target;
    }
    return grant_op(GNTTABOP_copy, &op, 1) == 0 ? op.status : 99;
}

/* Whole pages may be copied through vector registers: the guest's stay as they were. */
static void test_copy_vectors(void)
{
#ifdef __aarch64__
    static uint8_t seen[32][16];
    unsigned int bad = 0;

    __asm__ volatile(".arch_extension simd\n"
                     ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,"
                     "26,27,28,29,30,31\n movi v\\n\\().16b, #\\n + 1\n .endr");
    test_equal(copy(false, frame_of(page), false, frame_of(other), 0, 0, PAGE_SIZE), GNTST_okay,
               "copy a page");
    __asm__ volatile(".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,"
                     "26,27,28,29,30,31\n str q\\n, [%0, #16 * \\n]\n .endr"
                     :
                     : "r"(seen)
                     : "memory");
    for (unsigned int i = 0; i < 32; i++) {
        bad += !all_bytes(seen[i], (uint8_t)(i + 1), sizeof(seen[i]));
    }
    test_equal(bad, 0, "vector registers that a copy changed");
#endif
}

static void test_copy(void)
{
    memset(page, 0x44, sizeof(page));
    memset(other, 0, sizeof(other));
    test_equal(copy(true, REF_READ, false, frame_of(other), 16, 32, 100), GNTST_okay,
               "copy from a grant");
    test_check(other[31] == 0 && other[32] == 0x44 && other[131] == 0x44 && other[132] == 0,
               "exactly those bytes");
    memset(other, 0x55, sizeof(other));
    test_equal(copy(false, frame_of(other), true, REF_WRITE, 0, 0, PAGE_SIZE), GNTST_okay,
               "copy a page to a grant");
    test_check(all_bytes(page, 0x55, sizeof(page)), "the whole page");
    test_equal(copy(false, frame_of(other), true, REF_READ, 0, 0, 8), GNTST_general_error,
               "copy to a read-only grant");
    test_equal(copy(true, REF_READ, false, frame_of(other), 4000, 0, 200), GNTST_bad_copy_arg,
               "copy across the source page's end");
    test_equal(copy(true, REF_READ, false, frame_of(other), 0, 4000, 200), GNTST_bad_copy_arg,
               "copy across the target page's end");
    test_equal(copy(true, REF_PART, false, frame_of(other), 0, 0, 8), GNTST_okay,
               "copy from a page granted in part");
    test_equal(copy(true, 0x7fffffff, false, frame_of(other), 0, 0, 8), GNTST_bad_gntref,
               "copy from no reference");
    test_check(copy(false, frame_of(page), false, BAD_ADDRESS >> PAGE_SHIFT, 0, 0, 8) < 0,
               "copy to no frame");
}

void test_main(void)
{
    test_setup();
    test_map();
    test_read_only();
    test_map_errors();
    test_copy();
    test_copy_vectors();
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arguments out of bytes: values by the kind of each field (hypercall_ops.h), buffers for pointers,
 * and what an argument needs to get beyond its first check.
 */
#pragma once

#include "hypercall_ops.h"
#include "hypercall_world.h"

struct call_input {
    struct input in;
    struct vcpu *v;
    uint8_t *page;    /* the caller's */
    uint32_t buffers; /* that pointers have taken */
    uint32_t at;      /* in the page: where the argument is put */
};

static uint64_t any_gfn(struct input *in)
{
    uint32_t b = take(in, 256);

    if (b < 160) {
        return RAM_GFN + (b & 31U);
    }
    if (b < 208) {
        return FAR_GFN * (1 + (b & 3U)) + (b >> 2 & 3U);
    }
    if (b < 240) {
        return 0x200U * (1 + (b & 7U));
    }
    return b < 246 ? (1ULL << 28) - (b & 1U) : wild(in);
}

static uint64_t any_domid(struct input *in)
{
    uint32_t b = take(in, 256);

    if (b < 160) {
        return b % DOMAINS;
    }
    return b < 232 ? DOMID_SELF : b < 250 ? DOMID_FIRST_RESERVED + b % 8 : wild(in);
}

/* Gfns that follow each other, or small numbers. */
static void fill_buffer(struct input *in, void *to)
{
    uint32_t b = take(in, 256);
    uint64_t first = any_gfn(in);
    uint64_t *words = to;

    for (uint32_t i = 0; i < BUFFER_SIZE / 8; i++) {
        words[i] = b < 192 ? first + i * (1 + b % 3) : (b + i) % 20 | (uint64_t)(b * i) % 20 << 32;
    }
}

static uint64_t any_ptr(struct call_input *c)
{
    uint32_t b = take(&c->in, 256);

    if (b < 228) {
        uint32_t at = ARG_BUFFERS + (c->buffers++ & 7U) * BUFFER_SIZE;

        fill_buffer(&c->in, c->page + at);
        return ARG_VA + at;
    }
    if (b < 236) {
        return (any_gfn(&c->in) << PAGE_SHIFT) + (b & 1U) * 4092;
    }
    return b < 244 ? 0 : b < 250 ? ARG_VA + PAGE_SIZE - (b & 7U) : wild(&c->in);
}

static uint64_t any_count(struct input *in, uint64_t min)
{
    uint32_t b = take(in, 256);

    if (b < 200) {
        return min + b % 9;
    }
    return b < 240 ? (1U << b % 13) + (b & 1U) : wild(in);
}

static uint64_t any_addr(struct input *in)
{
    uint32_t b = take(in, 256);

    if (b >= 240) {
        return wild(in);
    }
    if (b >= 208) { /* as devices see it */
        return HOST_RAM_START + (uint64_t)take(in, 256) * 8 * PAGE_SIZE;
    }
    return (any_gfn(in) << PAGE_SHIFT) + (b >= 192 ? b : 0);
}

static uint64_t any_value(struct call_input *c, const struct field *f)
{
    struct input *in = &c->in;
    uint32_t b;

    switch (f->kind) {
    case KIND_DOMID:
        return any_domid(in);
    case KIND_GFN:
        return any_gfn(in);
    case KIND_ADDR:
        return any_addr(in);
    case KIND_PTR:
        return any_ptr(c);
    case KIND_COUNT:
        return any_count(in, f->min);
    case KIND_TIME:
        return f->size == 8 ? now() + take(in, 256) * NS_PER_MS : take(in, 4);
    case KIND_PORT:
    case KIND_HANDLE:
    case KIND_GREF:
        b = take(in, 256);
        return b < 128 ? b & 7U : b < 232 ? b % 24 : b < 240 ? 512 + b : wild(in);
    case KIND_VCPU:
        b = take(in, 256);
        return b < 248 ? b % VCPUS : wild(in);
    case KIND_FLAGS:
        b = take(in, 256);
        return b < 128 ? f->min : b < 224 ? f->min | (b & 7U) : wild(in);
    default:
        return number(in, f->min, f->max);
    }
}

static void fill(struct call_input *c, unsigned int arg, uint8_t *to)
{
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
        const struct field *f = &fields[i];

        if (f->arg == arg && f->kind != KIND_OUT && f->size <= 8) {
            uint64_t value = any_value(c, f);

            memcpy(to + f->offset, &value, f->size);
        }
    }
}

/* The next item of a list: what comes after the one before it. */
static void fill_next(unsigned int arg, uint8_t *to)
{
    memcpy(to, to - arg_size[arg], arg_size[arg]);
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
        const struct field *f = &fields[i];
        uint64_t value = 0;

        if (f->arg != arg ||
            (f->kind != KIND_GREF && f->kind != KIND_HANDLE && f->kind != KIND_ADDR)) {
            continue;
        }
        memcpy(&value, to + f->offset, f->size);
        value += f->kind == KIND_ADDR ? PAGE_SIZE : 1;
        memcpy(to + f->offset, &value, f->size);
    }
}

static void sensible_domain(struct input *in, struct domctl_createdomain_arg *a)
{
    *a = (struct domctl_createdomain_arg){.flags = CDF_HVM | CDF_HAP, .grant_opts = 1};
    a->max_vcpus = 1 + take(in, VCPUS);
    a->max_evtchn_port = take(in, 2) != 0 ? 140 : 5000;
    a->max_grant_frames = 1 + (int32_t)take(in, 3);
    a->max_maptrack_frames = (int32_t)take(in, 2);
}

/* Blocks where blocks may stand. */
static void sensible_extents(struct call_input *c, struct memory_reservation_arg *a)
{
    uint32_t b = take(&c->in, 256);
    uint64_t *at = (uint64_t *)(void *)(c->page + ARG_BUFFERS);

    a->extent_order = b < 192 ? 0 : b < 224 ? 9 : b & 15U;
    for (uint32_t i = 0; a->extent_order < 16 && i < BUFFER_SIZE / 8; i++) {
        at[i] = ALIGN_DOWN(at[i], 1UL << a->extent_order);
    }
}

/* What somebody offers to the caller, if anybody does. */
static const struct offer *find_offer(struct call_input *c, const struct offer *offers)
{
    uint32_t first = take(&c->in, OFFERS);

    for (uint32_t i = 0; i < OFFERS; i++) {
        const struct offer *o = &offers[(first + i) % OFFERS];

        if (o->nr != 0 && o->to == c->v->domain->id) {
            return o;
        }
    }
    return NULL;
}

static void sensible_copy_end(struct call_input *c, struct grant_copy_end *end, bool gref)
{
    const struct offer *o = gref ? find_offer(c, grant_offers) : NULL;

    end->offset &= 0xfff;
    if (o != NULL) {
        end->u.gfn = o->nr;
        end->domid = (domid_t)o->from;
    } else if (!gref) {
        end->domid = DOMID_SELF;
    }
}

/* Peers meet: the argument names what was offered. */
static void sensible_peer(struct call_input *c, unsigned int arg, void *at)
{
    struct evtchn_bind_interdomain_arg *bind = at;
    struct grant_copy_arg *copy = at;
    struct grant_map_arg *map = at;
    const struct offer *o;

    switch (arg) {
    case ID_grant_copy_arg:
        sensible_copy_end(c, &copy->source, (copy->flags & 1) != 0);
        sensible_copy_end(c, &copy->dest, (copy->flags & 2) != 0);
        copy->len =
            MIN(copy->len, (uint16_t)(PAGE_SIZE - MAX(copy->source.offset, copy->dest.offset)));
        break;
    case ID_grant_map_arg:
        o = find_offer(c, grant_offers);
        map->ref = o != NULL ? o->nr : map->ref;
        map->dom = o != NULL ? (domid_t)o->from : map->dom;
        break;
    case ID_evtchn_bind_interdomain_arg:
        o = find_offer(c, port_offers);
        bind->remote_port = o != NULL ? o->nr : bind->remote_port;
        bind->remote_dom = o != NULL ? (domid_t)o->from : bind->remote_dom;
        break;
    default:
        break;
    }
}

/* Values that a field's kind alone hardly ever gives. */
static void sensible(struct call_input *c, unsigned int arg, void *at)
{
    struct grant_unmap_arg *unmap = at;
    struct domctl_paging_mempool_arg *pool = at;

    if (take(&c->in, 8) == 7) {
        return;
    }
    switch (arg) {
    case ID_domctl_createdomain_arg:
        sensible_domain(&c->in, at);
        break;
    case ID_domctl_paging_mempool_arg:
        pool->size = (take(&c->in, 16) + 4) << PAGE_SHIFT;
        break;
    case ID_domctl_max_mem_arg:
        ((struct domctl_max_mem_arg *)at)->max_memkb *= 12;
        break;
    case ID_domctl_max_vcpus_arg:
        ((struct domctl_max_vcpus_arg *)at)->max = VCPUS;
        break;
    case ID_memory_reservation_arg:
        sensible_extents(c, at);
        break;
    case ID_grant_cache_flush_arg:
        ((struct grant_cache_flush_arg *)at)->a.dev_bus_addr =
            HOST_RAM_START + take(&c->in, 256) * 8 * PAGE_SIZE;
        break;
    case ID_grant_unmap_arg:
        unmap->host_addr = mapped_at[c->v->domain->id][unmap->handle % HANDLES];
        break;
    default:
        sensible_peer(c, arg, at);
        break;
    }
}

/* --- One hypercall --- */

#define PLATFORM_VERSION 0x03000001U

static void prepare_domctl(struct call_input *in, const struct op *op, void *at)
{
    struct domctl_request_arg *r = at;
    bool creates = op->arg == ID_domctl_createdomain_arg;

    *r = (struct domctl_request_arg){.cmd = op->cmd, .version = 0x15};
    r->version += take(&in->in, 8) == 7 ? 2 : 0;
    r->domain = (domid_t)(take(&in->in, 16) == 15 ? any_domid(&in->in) : take(&in->in, DOMAINS));
    fill(in, op->arg, (uint8_t *)&r->u);
    sensible(in, op->arg, &r->u);
    if (creates) {
        r->domain = 1 + r->domain % (DOMAINS - 1); /* not what the hypervisor would choose */
    }
}

static void prepare_grants(struct call_input *in, const struct op *op, uint8_t *at, uint64_t *count)
{
    *count = take(&in->in, 8) == 7 ? any_count(&in->in, 1) : 1 + take(&in->in, 3);
    fill(in, op->arg, at);
    sensible(in, op->arg, at);
    for (uint32_t i = 1; i < *count && i < 4; i++) {
        fill_next(op->arg, at + i * arg_size[op->arg]);
    }
}

/* Puts the argument into the caller's page, sets the registers. */
static void prepare(struct call_input *in, const struct op *op, struct caller *c)
{
    uint8_t *at = in->page + in->at;
    uint64_t va = ARG_VA + in->at;

    memset(at, 0, 160);
    c->nr = op->call;
    c->args = (struct hypercall_args){.arg = {op->cmd, va}};
    switch (op->call) {
    case CALL_DOMCTL:
        prepare_domctl(in, op, at);
        c->args.arg[0] = va;
        break;
    case CALL_SYSCTL:
        *(struct sysctl_request_arg *)(void *)at =
            (struct sysctl_request_arg){.cmd = op->cmd, .version = 0x15};
        fill(in, op->arg, at + offsetof(struct sysctl_request_arg, u));
        c->args.arg[0] = va;
        break;
    case CALL_PLATFORM:
        *(struct platform_op_arg *)(void *)at =
            (struct platform_op_arg){.cmd = op->cmd, .interface_version = PLATFORM_VERSION};
        fill(in, op->arg, at + offsetof(struct platform_op_arg, u));
        c->args.arg[0] = va;
        break;
    case CALL_GRANT:
        prepare_grants(in, op, at, &c->args.arg[2]);
        break;
    case CALL_CONSOLE:
        c->args.arg[1] = any_count(&in->in, 0) & 0xfff;
        c->args.arg[2] = any_ptr(in);
        break;
    case CALL_ASSIST:
        c->args.arg[1] = take(&in->in, 64);
        break;
    case CALL_VCPU:
        c->args.arg[1] = take(&in->in, VCPUS + 1);
        c->args.arg[2] = va;
        fill(in, op->arg, at);
        break;
    default:
        fill(in, op->arg, at);
        sensible(in, op->arg, at);
        break;
    }
}

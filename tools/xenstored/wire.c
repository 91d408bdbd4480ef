/* SPDX-License-Identifier: Apache-2.0 */
#include "wire_handlers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

unsigned int request_strings(const struct request *request)
{
    unsigned int n = 0;

    for (uint32_t i = 0; i < request->header->len; i++) {
        n += request->in[i] == '\0';
    }
    return n;
}

char *request_string(const struct request *request, unsigned int n)
{
    char *p = request->in;

    while (n-- > 0) {
        p += strlen(p) + 1;
    }
    return p;
}

bool request_is(const struct request *request, unsigned int n)
{
    uint32_t len = request->header->len;

    return request_strings(request) == n && (n == 0 ? len == 0 : request->in[len - 1] == '\0');
}

int request_put(struct request *request, const void *data, size_t len)
{
    if (len > XENSTORE_PAYLOAD_MAX - request->out_len) {
        return -E2BIG;
    }
    memcpy(request->out + request->out_len, data, len);
    request->out_len += len;
    return 0;
}

int request_put_string(struct request *request, const char *text)
{
    return request_put(request, text, strlen(text) + 1);
}

int request_path(const struct request *request, const char *text, bool special_too,
                 struct full_path *out)
{
    uint32_t limit = quota_limit(&request->conn->domain->quota, QUOTA_PATH);

    out->len = strlen(text);
    out->home = 0;
    out->text = text;
    if (text[0] == '@' && !special_too) {
        return -EINVAL;
    }
    if (text[0] != '/' && text[0] != '@') {
        if (out->len > PATH_REL_MAX) {
            return -EINVAL;
        }
        out->home = (size_t)sprintf(out->buffer, "/local/domain/%u/", request->conn->domain->domid);
        memcpy(out->buffer + out->home, text, out->len + 1);
        out->len += out->home;
        out->text = out->buffer;
    }
    /* XEN-ABI: this limit is for dom0, too; what is relative counts without its prefix. */
    if (!path_valid(out->text, out->len, out->home) ||
        (limit != 0 && out->len - out->home > limit)) {
        return -EINVAL;
    }
    return 0;
}

int request_one_path(const struct request *request, bool special_too, struct full_path *out)
{
    return request_is(request, 1) ? request_path(request, request->in, special_too, out) : -EINVAL;
}

#define PRIVILEGED 1u

static const struct {
    const char *name;
    int (*handler)(struct request *request);
    unsigned int flags;
} types[WIRE_TYPES] = {
    [XS_CONTROL] = {"CONTROL", control_request, PRIVILEGED},
    [XS_DIRECTORY] = {"DIRECTORY", wire_directory, 0},
    [XS_READ] = {"READ", wire_read, 0},
    [XS_GET_PERMS] = {"GET_PERMS", wire_get_perms, 0},
    [XS_WATCH] = {"WATCH", wire_watch, 0},
    [XS_UNWATCH] = {"UNWATCH", wire_unwatch, 0},
    [XS_TRANSACTION_START] = {"TRANSACTION_START", wire_transaction_start, 0},
    [XS_TRANSACTION_END] = {"TRANSACTION_END", wire_transaction_end, 0},
    [XS_INTRODUCE] = {"INTRODUCE", wire_introduce, PRIVILEGED},
    [XS_RELEASE] = {"RELEASE", wire_release, PRIVILEGED},
    [XS_GET_DOMAIN_PATH] = {"GET_DOMAIN_PATH", wire_get_domain_path, 0},
    [XS_WRITE] = {"WRITE", wire_write, 0},
    [XS_MKDIR] = {"MKDIR", wire_mkdir, 0},
    [XS_RM] = {"RM", wire_rm, 0},
    [XS_SET_PERMS] = {"SET_PERMS", wire_set_perms, 0},
    [XS_WATCH_EVENT] = {"WATCH_EVENT", NULL, 0},
    [XS_ERROR] = {"ERROR", NULL, 0},
    [XS_IS_DOMAIN_INTRODUCED] = {"IS_DOMAIN_INTRODUCED", wire_is_domain_introduced, PRIVILEGED},
    [XS_RESUME] = {"RESUME", wire_resume, PRIVILEGED},
    [XS_SET_TARGET] = {"SET_TARGET", wire_set_target, PRIVILEGED},
    [XS_RESET_WATCHES] = {"RESET_WATCHES", wire_reset_watches, 0},
    [XS_DIRECTORY_PART] = {"DIRECTORY_PART", wire_directory_part, 0},
    [XS_GET_FEATURE] = {"GET_FEATURE", wire_get_feature, 0},
    [XS_SET_FEATURE] = {"SET_FEATURE", wire_set_feature, PRIVILEGED},
    [XS_GET_QUOTA] = {"GET_QUOTA", wire_get_quota, PRIVILEGED},
    [XS_SET_QUOTA] = {"SET_QUOTA", wire_set_quota, PRIVILEGED},
};

const char *wire_name(uint32_t type)
{
    return type < WIRE_TYPES && types[type].name != NULL ? types[type].name : "**UNKNOWN**";
}

const char *wire_error(int err)
{
    for (size_t i = 0; i < array_len(xsd_errors); i++) {
        if (xsd_errors[i].errnum == err) {
            return xsd_errors[i].errstring;
        }
    }
    return "EINVAL";
}

static int handle(struct request *request)
{
    uint32_t type = request->header->type;

    if (type >= WIRE_TYPES || types[type].handler == NULL) {
        return -ENOSYS;
    }
    if ((types[type].flags & PRIVILEGED) != 0 && !request->conn->domain->privileged) {
        return -EACCES;
    }
    if (request->header->tx_id != 0) {
        request->txn = txn_find(request->conn, request->header->tx_id);
        if (request->txn == NULL) {
            return -ENOENT;
        }
    }
    return types[type].handler(request);
}

/* Those without a payload of their own answer OK. */
static bool says_ok(uint32_t type)
{
    return type != XS_READ && type != XS_DIRECTORY && type != XS_DIRECTORY_PART &&
           type != XS_GET_PERMS;
}

void wire_request(struct conn *conn, const struct xsd_sockmsg *header, char *payload)
{
    struct store *store = conn->store;
    struct request request = {.conn = conn,
                              .header = header,
                              .in = payload,
                              .out = (char *)store->spare->data + sizeof(*header)};
    uint32_t type = header->type;
    int err;

    list_init(&request.after);
    store->requests++;
    if (store->edge->log != NULL) {
        store->edge->log(conn, "IN", header, payload);
    }
    err = handle(&request);
    if (err != 0) {
        type = XS_ERROR;
        request.out_len = 0;
        err = request_put_string(&request, wire_error(-err));
    } else if (request.out_len == 0 && says_ok(type)) {
        err = request_put_string(&request, "OK");
    }
    if (!request.postponed) {
        conn_reply(conn, header, type, request.out_len);
    }
    watch_send(store, &request.after);
    watch_send(store, &store->events);
}

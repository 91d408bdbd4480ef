/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that handle requests share. Each handler fills in the reply, or gives -errno. */
#pragma once

#include "wire.h"

#define HOME_MAX 24 /* "/local/domain/65535/" */

/* A path of a request, made absolute. */
struct full_path {
    size_t len, home; /* home: bytes put before a relative path */
    const char *text;
    char buffer[HOME_MAX + PATH_ABS_MAX + 1];
};

int request_path(const struct request *request, const char *text, bool special_too,
                 struct full_path *out) must_check;
/* The payload is one path. */
int request_one_path(const struct request *request, bool special_too,
                     struct full_path *out) must_check;
int request_put_string(struct request *request, const char *text) must_check;

/* wire_nodes.c */
int wire_read(struct request *request) must_check;
int wire_directory(struct request *request) must_check;
int wire_directory_part(struct request *request) must_check;
int wire_get_perms(struct request *request) must_check;
int wire_set_perms(struct request *request) must_check;
int wire_write(struct request *request) must_check;
int wire_mkdir(struct request *request) must_check;
int wire_rm(struct request *request) must_check;
int wire_watch(struct request *request) must_check;
int wire_unwatch(struct request *request) must_check;
int wire_reset_watches(struct request *request) must_check;
int wire_transaction_start(struct request *request) must_check;
int wire_transaction_end(struct request *request) must_check;

/* wire_domains.c */
int wire_introduce(struct request *request) must_check;
int wire_release(struct request *request) must_check;
int wire_resume(struct request *request) must_check;
int wire_set_target(struct request *request) must_check;
int wire_is_domain_introduced(struct request *request) must_check;
int wire_get_domain_path(struct request *request) must_check;
int wire_get_feature(struct request *request) must_check;
int wire_set_feature(struct request *request) must_check;
int wire_get_quota(struct request *request) must_check;
int wire_set_quota(struct request *request) must_check;

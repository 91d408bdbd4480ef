/* SPDX-License-Identifier: Apache-2.0 */
#include "path.h"

#include <string.h>

/* 1 for the characters of names, 2 for the slash. */
static const uint8_t kind[256] = {['-'] = 1,         ['_'] = 1,         ['@'] = 1,        ['/'] = 2,
                                  ['0' ... '9'] = 1, ['A' ... 'Z'] = 1, ['a' ... 'z'] = 1};

bool path_valid(const char *path, size_t len, size_t home_len)
{
    unsigned int before = 0;

    if (len == 0 || len > PATH_ABS_MAX || (home_len != 0 && len - home_len > PATH_REL_MAX) ||
        (path[0] != '/' && path[0] != '@')) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        unsigned int k = kind[(uint8_t)path[i]];

        if (k == 0 || (k == 2 && before == 2)) {
            return false;
        }
        before = k;
    }
    return before != 2 || len == 1;
}

bool path_name_valid(const char *name, size_t len)
{
    size_t at = 0;

    while (at < len && kind[(uint8_t)name[at]] == 1) {
        at++;
    }
    return len != 0 && at == len;
}

size_t path_name(const char *path, size_t len)
{
    size_t at = len;

    while (at != 0 && kind[(uint8_t)path[at - 1]] == 1) {
        at--;
    }
    return at != len && at != 0 && path[at - 1] == '/' ? at : 0;
}

size_t path_parent(const char *path, size_t len)
{
    while (len > 1 && path[len - 1] != '/') {
        len--;
    }
    return len > 1 ? len - 1 : 1;
}

bool path_below(const char *parent, size_t parent_len, const char *child, size_t child_len)
{
    if (parent_len == 1 && parent[0] == '/') {
        return child_len != 0 && child[0] == '/';
    }
    return child_len >= parent_len && memcmp(parent, child, parent_len) == 0 &&
           (child_len == parent_len || child[parent_len] == '/');
}

uint64_t hash_secret = 0x9e3779b97f4a7c15;

void hash_key(uint64_t key)
{
    hash_secret = key | 1;
}

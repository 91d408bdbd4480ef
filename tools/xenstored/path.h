/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths: `/`, or `/name/name...` without a trailing slash. A special path starts with `@`.
 * Wire protocol: xenstore.txt, "Xenstore protocol details".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PATH_ABS_MAX 3072 /* bytes without NUL, as XENSTORE_ABS_PATH_MAX */
#define PATH_REL_MAX 2048

/*
 * Whether the path may name a node: allowed characters, no empty component, within the lengths.
 * `home_len` is the length of the prefix that a relative path was completed with, 0 for an absolute
 * one. Special paths are valid too.
 */
bool path_valid(const char *path, size_t len, size_t home_len);
static inline bool path_special(const char *path)
{
    return path[0] == '@';
}

/* Whether it may be one component of a path. */
bool path_name_valid(const char *name, size_t len);
/* Where the last component of an absolute path starts; 0: it is not a valid one. */
size_t path_name(const char *path, size_t len);
/* Length of the parent of a valid absolute path other than `/`: 1 for the root. */
size_t path_parent(const char *path, size_t len);
/* Whether `child` is `parent` or lies below it. */
bool path_below(const char *parent, size_t parent_len, const char *child, size_t child_len);

/*
 * A name's hash. It is keyed, so that nobody who does not know the key can choose names that
 * collide. hash_key() is called once, before the first hash.
 */
void hash_key(uint64_t key);
extern uint64_t hash_secret;

static inline uint64_t hash_fold(uint64_t a, uint64_t b)
{
    __uint128_t product = (__uint128_t)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t hash_bytes(const char *p, size_t len)
{
    uint64_t h = hash_secret, word = 0;
    uint64_t last = (0xe7037ed1a0b428db ^ h) + len * 0x9e3779b97f4a7c15;
    uint32_t half;

    while (len >= sizeof(word)) {
        memcpy(&word, p, sizeof(word));
        h = hash_fold(h ^ word, 0xa0761d6478bd642f);
        p += sizeof(word);
        len -= sizeof(word);
    }
    /* Each byte that is left, some of them twice: what is not told apart by that is by `last`. */
    if (len >= sizeof(half)) {
        memcpy(&half, p, sizeof(half));
        word = half;
        memcpy(&half, p + len - sizeof(half), sizeof(half));
        word |= (uint64_t)half << 32;
    } else if (len != 0) {
        word = (uint64_t)(uint8_t)p[0] | (uint64_t)(uint8_t)p[len / 2] << 8 |
               (uint64_t)(uint8_t)p[len - 1] << 16;
    } else {
        word = 0;
    }
    return hash_fold(h ^ word, last);
}

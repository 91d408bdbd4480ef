/* SPDX-License-Identifier: Apache-2.0 */
/* Looking for nodes: by path, alias, compatible string, phandle. */
#include <hearth/fdt.h>

#include <hearth/string.h>

#include "private.h"

/* Next node in document order after the one at `node`. */
static uint32_t next_node(const struct fdt *fdt, uint32_t node)
{
    uint32_t at = node;

    if (node == FDT_NONE) {
        return fdt_root(fdt);
    }
    do {
        at = fdt_after(fdt, at);
    } while (fdt_token(fdt, at) != FDT_BEGIN_NODE && fdt_token(fdt, at) != FDT_END);
    return fdt_token(fdt, at) == FDT_BEGIN_NODE ? at : FDT_NONE;
}

static bool name_matches(const char *name, const char *component, size_t len)
{
    if (strncmp(name, component, len) != 0) {
        return false;
    }
    return name[len] == '\0' || (name[len] == '@' && memchr(component, '@', len) == NULL);
}

static size_t component_length(const char *s)
{
    size_t len = 0;

    while (s[len] != '\0' && s[len] != '/' && s[len] != ':') {
        len++;
    }
    return len;
}

/* Follows path below node. */
static uint32_t descend(const struct fdt *fdt, uint32_t node, const char *path)
{
    uint32_t child;
    size_t len;

    while (node != FDT_NONE) {
        while (*path == '/') {
            path++;
        }
        len = component_length(path);
        if (len == 0) {
            return node;
        }
        fdt_for_each_child (fdt, child, node) {
            if (name_matches(fdt_name(fdt, child), path, len)) {
                break;
            }
        }
        node = child;
        path += len;
    }
    return FDT_NONE;
}

uint32_t fdt_find(const struct fdt *fdt, const char *path)
{
    uint32_t aliases;
    struct fdt_prop prop;
    size_t len = component_length(path);

    if (*path == '/') {
        return descend(fdt, fdt_root(fdt), path);
    }
    aliases = descend(fdt, fdt_root(fdt), "aliases");
    fdt_for_each_prop (fdt, &prop, aliases) {
        if (strncmp(prop.name, path, len) == 0 && prop.name[len] == '\0' && prop.len > 1 &&
            prop.data[0] == '/' && prop.data[prop.len - 1] == 0) {
            return descend(fdt, descend(fdt, fdt_root(fdt), (const char *)prop.data), path + len);
        }
    }
    return FDT_NONE;
}

uint32_t fdt_find_compatible(const struct fdt *fdt, uint32_t from, const char *compatible)
{
    uint32_t node = from;

    do {
        node = next_node(fdt, node);
    } while (node != FDT_NONE && !fdt_compatible(fdt, node, compatible));
    return node;
}

uint32_t fdt_find_phandle(const struct fdt *fdt, uint32_t phandle)
{
    uint32_t node = FDT_NONE;

    if (phandle == 0) {
        return FDT_NONE;
    }
    do {
        node = next_node(fdt, node);
    } while (node != FDT_NONE && fdt_phandle(fdt, node) != phandle);
    return node;
}

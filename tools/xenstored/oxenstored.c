/* SPDX-License-Identifier: Apache-2.0 */
#include "oxenstored.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "conn.h"
#include "mem.h"

#define FIELDS_MAX   5
#define SOCKETS_FROM (DOMAINS + 1u) /* numbers of connections: domains', then sockets' */
#define RECORD_BYTES 80u            /* more than any record has around its texts */

struct field {
    const char *at;
    size_t len;
};

struct line {
    struct field field[FIELDS_MAX];
    unsigned int fields;
};

struct reader {
    const char *at, *end;
    struct oxenstored *found;
    struct bytes *out;
};

static int bad(struct reader *reader, const char *why)
{
    reader->found->why = why;
    return -EINVAL;
}

static bool next_line(struct reader *reader, struct line *line)
{
    const char *end;

    if (reader->at == reader->end) {
        return false;
    }
    end = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
    end = end != NULL ? end : reader->end;
    *line = (struct line){.fields = 0};
    while (line->fields < FIELDS_MAX) {
        const char *comma = memchr(reader->at, ',', (size_t)(end - reader->at));
        const char *stop = comma != NULL && line->fields < FIELDS_MAX - 1 ? comma : end;

        line->field[line->fields++] = (struct field){reader->at, (size_t)(stop - reader->at)};
        reader->at = stop;
        if (stop == end) {
            break;
        }
        reader->at++;
    }
    reader->at = end + (end != reader->end);
    reader->found->line++;
    return true;
}

static bool is(const struct line *line, const char *word, unsigned int fields)
{
    size_t len = strlen(word);

    return line->fields == fields && line->field[0].len == len &&
           memcmp(line->field[0].at, word, len) == 0;
}

static bool number(struct field field, uint32_t limit, uint32_t *out)
{
    uint64_t value = 0;

    for (size_t i = 0; i < field.len; i++) {
        if (field.at[i] < '0' || field.at[i] > '9' || value > UINT32_MAX) {
            return false;
        }
        value = value * 10 + (uint64_t)(field.at[i] - '0');
    }
    *out = (uint32_t)value;
    return field.len != 0 && value < limit;
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1);
}

/* Half as many bytes as the field is long. */
static bool unhex(struct field field, uint8_t *out)
{
    for (size_t i = 0; i + 1 < field.len; i += 2) {
        int high = digit(field.at[i]), low = digit(field.at[i + 1]);

        if (high < 0 || low < 0) {
            return false;
        }
        *out++ = (uint8_t)(high << 4 | low);
    }
    return field.len % 2 == 0;
}

/* The room was made for all at the start. */
static uint8_t *put(struct bytes *out, size_t n)
{
    uint8_t *at = out->data + out->len;

    memset(at, 0, n);
    out->len += n;
    return at;
}

/* A record's body of len bytes, zeros until they are written. */
static uint8_t *put_record(struct reader *reader, enum state_type type, size_t len)
{
    struct state_record head = {.type = type, .len = (uint32_t)len};

    memcpy(put(reader->out, sizeof(head)), &head, sizeof(head));
    return put(reader->out, (len + 7) & ~(size_t)7);
}

static int put_global(struct reader *reader, const struct line *listener,
                      const struct line *channels)
{
    struct state_global body;
    uint32_t fd, device;

    if (!is(listener, "global", 2) || !number(listener->field[1], INT32_MAX, &fd)) {
        return bad(reader, "global");
    }
    if (!is(channels, "evtchn-dev", 3) || !number(channels->field[1], INT32_MAX, &device) ||
        !number(channels->field[2], UINT32_MAX, &reader->found->virq)) {
        return bad(reader, "evtchn-dev");
    }
    body = (struct state_global){.listener = (int32_t)fd, .channels = (int32_t)device};
    memcpy(put_record(reader, STATE_GLOBAL, sizeof(body)), &body, sizeof(body));
    return 0;
}

static int put_domain(struct reader *reader, const struct line *line)
{
    struct state_connection body = {.kind = CONN_RING};
    uint32_t domid;

    if (!number(line->field[1], DOMAINS, &domid) ||
        !number(line->field[4], UINT32_MAX, &body.ring.port)) {
        return bad(reader, "dom");
    }
    body.id = domid + 1;
    body.ring.domid = (uint16_t)domid;
    body.ring.target = STATE_NO_TARGET;
    memcpy(put_record(reader, STATE_CONNECTION, sizeof(body)), &body, sizeof(body));
    return 0;
}

static int put_socket(struct reader *reader, const struct line *line)
{
    struct state_connection body = {.kind = CONN_SOCKET};
    uint32_t fd;

    if (!number(line->field[1], INT32_MAX - SOCKETS_FROM, &fd)) {
        return bad(reader, "socket");
    }
    body.id = SOCKETS_FROM + fd;
    body.socket.fd = (int32_t)fd;
    memcpy(put_record(reader, STATE_CONNECTION, sizeof(body)), &body, sizeof(body));
    return 0;
}

static int put_watch(struct reader *reader, const struct line *line)
{
    struct field who = line->field[1], path = line->field[2], token = line->field[3];
    bool is_socket = who.len != 0 && who.at[0] == '-';
    struct state_watch body;
    uint8_t *at;

    if (is_socket) {
        who = (struct field){who.at + 1, who.len - 1};
    }
    if (!number(who, is_socket ? INT32_MAX - SOCKETS_FROM : DOMAINS, &body.connection) ||
        path.len / 2 >= UINT16_MAX || token.len / 2 >= UINT16_MAX) {
        return bad(reader, "watch");
    }
    body.connection += is_socket ? SOCKETS_FROM : 1;
    body.path_len = (uint16_t)(path.len / 2 + 1);
    body.token_len = (uint16_t)(token.len / 2 + 1);
    at = put_record(reader, STATE_WATCH, sizeof(body) + body.path_len + body.token_len);
    memcpy(at, &body, sizeof(body));
    at += sizeof(body);
    return unhex(path, at) && unhex(token, at + body.path_len) ? 0 : bad(reader, "watch");
}

/* Letters and numbers of domains with NULs between; counts them, and writes them if asked to. */
static bool read_perms(const uint8_t *text, size_t len, uint16_t *count, uint8_t *to)
{
    const char *at = (const char *)text, *end = at + len;

    for (*count = 0; at < end; (*count)++) {
        const char *nul = memchr(at, '\0', (size_t)(end - at));
        const char *stop = nul != NULL ? nul : end;
        struct state_perm perm = {.letter = (uint8_t)at[0]};
        uint32_t domid;

        if (stop == at ||
            !number((struct field){at + 1, (size_t)(stop - at) - 1}, DOMAINS, &domid) ||
            *count == UINT16_MAX) {
            return false;
        }
        perm.domid = (uint16_t)domid;
        if (to != NULL) {
            memcpy(to + *count * sizeof(perm), &perm, sizeof(perm));
        }
        at = nul != NULL ? nul + 1 : end;
    }
    return *count != 0;
}

static int put_node(struct reader *reader, const struct line *line)
{
    struct field path = line->field[1], perms = line->field[2], value = line->field[3];
    struct state_node body = {.connection = 0};
    uint8_t text[XENSTORE_PAYLOAD_MAX], *at;

    if (path.len / 2 >= UINT16_MAX || value.len / 2 > UINT16_MAX || perms.len / 2 > sizeof(text) ||
        !unhex(perms, text) || !read_perms(text, perms.len / 2, &body.perms, NULL)) {
        return bad(reader, "store");
    }
    body.path_len = (uint16_t)(path.len / 2 + 1);
    body.value_len = (uint16_t)(value.len / 2);
    at = put_record(reader, STATE_NODE,
                    sizeof(body) + body.perms * sizeof(struct state_perm) + body.path_len +
                        body.value_len);
    memcpy(at, &body, sizeof(body));
    at += sizeof(body);
    (void)read_perms(text, perms.len / 2, &body.perms, at);
    at += body.perms * sizeof(struct state_perm);
    return unhex(path, at) && unhex(value, at + body.path_len) ? 0 : bad(reader, "store");
}

static int put_line(struct reader *reader, const struct line *line)
{
    static const struct {
        const char *word;
        unsigned int fields;
        int (*put)(struct reader *reader, const struct line *line);
    } kinds[] = {{"store", 4, put_node},
                 {"watch", 4, put_watch},
                 {"dom", 5, put_domain},
                 {"socket", 2, put_socket}};

    for (size_t i = 0; i < array_len(kinds); i++) {
        if (is(line, kinds[i].word, kinds[i].fields)) {
            return kinds[i].put(reader, line);
        }
    }
    return bad(reader, "a line of an unknown kind");
}

static int convert(struct reader *reader)
{
    struct state_header header = {.ident = STATE_IDENT, .version = htonl(1)};
    struct line line, channels;
    int err;

    if (!next_line(reader, &line) || !is(&line, "$xenstored-dump-format", 1)) {
        return bad(reader, "this is no dump of oxenstored");
    }
    if (!next_line(reader, &line) || !next_line(reader, &channels)) {
        return bad(reader, "it ends too early");
    }
    memcpy(put(reader->out, sizeof(header)), &header, sizeof(header));
    err = put_global(reader, &line, &channels);
    while (err == 0 && next_line(reader, &line)) {
        err = put_line(reader, &line);
    }
    if (err == 0) {
        (void)put_record(reader, STATE_END, 0);
    }
    return err;
}

int oxenstored_to_state(const char *text, size_t len, struct bytes *out, struct oxenstored *found)
{
    struct reader reader = {.at = text, .end = text + len, .found = found, .out = out};
    size_t lines = 2, room;
    int err;

    for (size_t i = 0; i < len; i++) {
        lines += text[i] == '\n';
    }
    /* Two digits become one byte, but a permission's four or more become a state_perm. */
    room = len + lines * RECORD_BYTES;
    *found = (struct oxenstored){.why = "out of memory"};
    *out = (struct bytes){.data = mem_alloc(room), .room = room};
    if (out->data == NULL) {
        return -ENOMEM;
    }
    err = convert(&reader);
    if (err != 0) {
        bytes_free(out);
    }
    return err;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The trace file, in the format of Debian's daemon, and syslog. */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>
#include <time.h>

#include "server.h"
#include "wire.h"

static FILE *trace;
bool log_tracing;

int log_open(const char *file)
{
    FILE *opened = fopen(file, "ae");

    if (opened == NULL) {
        return -errno;
    }
    if (trace != NULL) {
        (void)fclose(trace);
    }
    trace = opened;
    log_tracing = true;
    (void)fputs("\n***\n", trace);
    (void)fflush(trace);
    return 0;
}

void log_in(const struct conn *conn, const char *what, const struct xsd_sockmsg *header,
            const char *payload)
{
    struct timespec now;
    struct tm tm;

    if (!log_tracing || trace == NULL) {
        return;
    }
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)localtime_r(&now.tv_sec, &tm);
    (void)fprintf(trace, "%s %p %04d%02d%02d %02d:%02d:%02d %s (", what, (const void *)conn,
                  tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                  wire_name(header->type));
    for (uint32_t i = 0; i < header->len; i++) {
        (void)fputc(isprint((unsigned char)payload[i]) ? payload[i] : ' ', trace);
    }
    (void)fputs(")\n", trace);
    (void)fflush(trace);
}

void log_line(const char *format, ...)
{
    va_list args;

    if (log_tracing && trace != NULL) {
        va_start(args, format);
        (void)vfprintf(trace, format, args);
        va_end(args);
        (void)fputc('\n', trace);
        (void)fflush(trace);
    }
}

void log_system(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsyslog(LOG_ERR, format, args);
    va_end(args);
}

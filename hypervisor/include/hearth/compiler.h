/* SPDX-License-Identifier: Apache-2.0 */
/* Compiler attributes. The only file that may name compiler extensions outside arch code. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define must_check        __attribute__((__warn_unused_result__))
#define noreturn          __attribute__((__noreturn__))
#define always_inline     inline __attribute__((__always_inline__))
#define noinline          __attribute__((__noinline__))
#define cold              __attribute__((__cold__))
#define packed            __attribute__((__packed__))
#define aligned(n)        __attribute__((__aligned__(n)))
#define section(s)        __attribute__((__section__(s)))
#define used              __attribute__((__used__))
#define maybe_unused      __attribute__((__unused__))
#define printf_like(f, a) __attribute__((__format__(__printf__, f, a)))
#define fallthrough       __attribute__((__fallthrough__))

/* Before a loop with a small, constant number of rounds. */
#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* Code and data that are given back to the heap after start-up. */
#define __init     section(".init.text") cold
#define __initdata section(".init.data")
/* Written during start-up, read-only after it. */
#define __ro_after_init    section(".data.ro_after_init")

#define likely(x)          __builtin_expect(!!(x), 1)
#define unlikely(x)        __builtin_expect(!!(x), 0)

#define compiler_barrier() __asm__ volatile("" ::: "memory")

/* The compiler forgets what it knew of the variable's value. */
#define hide_value(x)    __asm__("" : "+r"(x))

#define READ_ONCE(x)     (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

#define static_assert _Static_assert

#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#define ARRAY_SIZE(a)                   (sizeof(a) / sizeof((a)[0]))

/* Evaluate their arguments twice: plain values only. */
#define MIN(a, b)          ((a) < (b) ? (a) : (b))
#define MAX(a, b)          ((a) > (b) ? (a) : (b))

#define IS_ALIGNED(x, a)   (((x) & ((a)-1)) == 0)
#define ALIGN_UP(x, a)     (((x) + (a)-1) & ~((__typeof__(x))(a)-1))
#define ALIGN_DOWN(x, a)   ((x) & ~((__typeof__(x))(a)-1))
#define DIV_ROUND_UP(n, d) (((n) + (d)-1) / (d))

#define KiB(n)             ((uint64_t)(n) << 10)
#define MiB(n)             ((uint64_t)(n) << 20)
#define GiB(n)             ((uint64_t)(n) << 30)

/* IS_ENABLED(CONFIG_X): 1 when the option is defined to 1, else 0, usable in an ordinary if. */
#define CONFIG_PROBE_1           0,
#define CONFIG_SECOND(a, b, ...) b
#define CONFIG_PICK(probe)       CONFIG_SECOND(probe 1, 0, 0)
#define CONFIG_PROBE(v)          CONFIG_PICK(CONFIG_PROBE_##v)
#define CONFIG_EXPAND(v)         CONFIG_PROBE(v)
#define IS_ENABLED(option)       CONFIG_EXPAND(option)

/* Lock contracts, checked by clang -Wthread-safety. */
#if defined(__clang__)
#define LOCK_TYPE        __attribute__((capability("mutex")))
#define REQUIRES(l)      __attribute__((requires_capability(l)))
#define ACQUIRES(l)      __attribute__((acquire_capability(l)))
#define RELEASES(l)      __attribute__((release_capability(l)))
#define EXCLUDES(l)      __attribute__((locks_excluded(l)))
#define NO_LOCK_ANALYSIS __attribute__((no_thread_safety_analysis))
#else
#define LOCK_TYPE
#define REQUIRES(l)
#define ACQUIRES(l)
#define RELEASES(l)
#define EXCLUDES(l)
#define NO_LOCK_ANALYSIS
#endif

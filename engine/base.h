/*
 * The ground every room stands on: fixed-width integers, the always-on
 * check() for broken invariants, compile-time checks, and the platform facts
 * the code relies on.
 *
 * check() is for what can only be false through a fault of ours or of the
 * machine: it stops the process before anything wrong is acknowledged; the
 * journal is whole and a restart replays it. What a caller or a stranger can
 * cause is never checked here, it is a value of engine/result.h.
 */
#ifndef CLEARINGD_ENGINE_BASE_H
#define CLEARINGD_ENGINE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

__extension__ typedef __int128 i128;
__extension__ typedef unsigned __int128 u128;

#define STATIC_CHECK(condition) _Static_assert(condition, #condition)

/* The text of a failed check, kept where a debugger or a core file finds it. */
struct check_failure {
    const char *file;
    const char *condition;
    uint32_t line;
};

extern struct check_failure check_failure_last;

/* Records the place in check_failure_last, calls the handler set by
 * check_on_failure (if any), aborts. Never returns. */
_Noreturn void check_failed(const char *file, uint32_t line,
                            const char *condition);

/* Sets a handler that may write the failure somewhere before the abort; it
 * must not return into the engine. NULL takes it away. Not thread safe: set
 * once at start. */
void check_on_failure(void (*handler)(const struct check_failure *failure));

#define check(condition)                                            \
    do {                                                            \
        if (__builtin_expect(!(condition), 0))                      \
            check_failed(__FILE__, (uint32_t)__LINE__, #condition); \
    } while (0)

#define must_use __attribute__((warn_unused_result))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

STATIC_CHECK(sizeof(void *) == 8);
STATIC_CHECK(sizeof(int) == 4);
STATIC_CHECK(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
STATIC_CHECK((-1 >> 1) == -1);
STATIC_CHECK(-7 / 2 == -3);

#endif

/*
 * Matching without margin, for comparison with books that have none.
 *
 * The engine has no switch for it and must not have one. This program is
 * linked so that calls into engine/margin.c from the engine's other files come
 * here first (the linker's --wrap): they go on to the real functions, or,
 * while margin is off, admit everything and keep no sums. The engine's object
 * code is the product's own.
 */
#ifndef CLEARINGD_CMD_CLEARING_BENCH_UNMARGINED_H
#define CLEARINGD_CMD_CLEARING_BENCH_UNMARGINED_H

#include <stdbool.h>
#include <stdint.h>

void unmargined_set(bool is_off);

/* Calls that were answered here while margin was off: 0 after a run would
 * mean that the linker did not put us in between. */
uint64_t unmargined_calls(void);

#endif

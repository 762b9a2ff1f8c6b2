/*
 * Clocks and the order statistics of what they measured.
 */
#ifndef CLEARINGD_CMD_CLEARING_BENCH_STOPWATCH_H
#define CLEARINGD_CMD_CLEARING_BENCH_STOPWATCH_H

#include <stddef.h>
#include <stdint.h>

/* Nanoseconds of the wall, of this thread's processor time. */
uint64_t wall_ns(void);
uint64_t cpu_ns(void);

/* Sleeps until the wall shows this time. */
void wall_sleep_until(uint64_t until_ns);

/*
 * Marks for spans of some ten nanoseconds: a counter read with everything
 * before it done. span_start calibrates (a twentieth of a second): the
 * counter's rate, and what an empty span costs, which span_ns takes off.
 */
void span_calibrate(void);
uint64_t span_mark(void);
uint32_t span_ns(uint64_t from, uint64_t to);

/* Sorts; percentile is 0 to 1. count 0: 0. */
uint32_t percentile_u32(uint32_t *values, size_t count, double percentile);
uint64_t percentile_u64(uint64_t *values, size_t count, double percentile);
double median(double *values, size_t count);

#endif

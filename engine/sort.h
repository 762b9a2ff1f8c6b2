/*
 * PRIVATE: sorting in place, without memory of its own and without a worst
 * case beyond n log n (heapsort), so that nobody's data can slow a tick.
 */
#ifndef CLEARINGD_ENGINE_SORT_H
#define CLEARINGD_ENGINE_SORT_H

#include "engine/base.h"

/* Ascending. */
void sort_int64(int64_t *values, uint32_t count);

/* Sorts values; returns the middle one, of an even count the mean of the
 * middle two rounded down. count >= 1, |values| < 2^62. */
int64_t sort_median(int64_t *values, uint32_t count);

/* Less than 0: a before b. Never 0 for two different items, so that the
 * result does not depend on how they stood. */
typedef int sort_compare(const void *ctx, uint32_t a, uint32_t b);

/* Sorts item numbers by compare. */
void sort_items(uint32_t *items, uint32_t count, sort_compare *compare,
                const void *ctx);

#endif

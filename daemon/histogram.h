/*
 * A histogram of durations with fixed buckets of 1, 2 and 5 times powers of
 * ten, from 10 microseconds to 10 seconds. One thread writes, any may read: a
 * reader sees each counter whole, and all of them about the same moment.
 */
#ifndef CLEARINGD_DAEMON_HISTOGRAM_H
#define CLEARINGD_DAEMON_HISTOGRAM_H

#include "engine/base.h"

#include <stdatomic.h>

#define HISTOGRAM_BUCKETS 19u

struct histogram {
    _Atomic uint64_t counts[HISTOGRAM_BUCKETS + 1]; /* last: above all */
    _Atomic uint64_t sum_ns;
};

/* Upper bounds in nanoseconds (a value equal to one belongs to it), and as
 * text in seconds. */
extern const uint64_t histogram_bounds_ns[HISTOGRAM_BUCKETS];
extern const char *const histogram_bounds_text[HISTOGRAM_BUCKETS];

void histogram_add(struct histogram *histogram, uint64_t value_ns);

#endif

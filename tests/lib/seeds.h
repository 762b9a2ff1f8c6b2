/*
 * Which seeds a property test runs, how long, and the line that says so.
 * CLEARINGD_SEED=n runs that seed alone (to look at a failure again),
 * CLEARINGD_ROUNDS=n that many times the usual number of seeds.
 */
#ifndef CLEARINGD_TESTS_LIB_SEEDS_H
#define CLEARINGD_TESTS_LIB_SEEDS_H

#include <stdint.h>

struct seeds {
    const char *test;
    uint64_t next, end; /* seeds still to run: next to end - 1 */
    uint64_t first;
    uint64_t commands; /* counted by the test */
};

/* `count` seeds from `first` on. */
struct seeds seeds_of(const char *test, uint64_t first, uint64_t count);

/* The next seed, 0 when there is none left (then the count of commands has
 * been printed). */
uint64_t seeds_next(struct seeds *seeds);

#endif

/*
 * Seeded chance for tests: the same seed gives the same numbers on every
 * machine.
 */
#ifndef CLEARINGD_TESTS_LIB_RANDOM_H
#define CLEARINGD_TESTS_LIB_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct random_state {
    uint64_t word;
};

uint64_t random_u64(struct random_state *random);

/* 0 to count - 1; count > 0. */
uint64_t random_below(struct random_state *random, uint64_t count);

/* From low to high, both included. */
int64_t random_between(struct random_state *random, int64_t low, int64_t high);

/* True `percent` times in a hundred. */
bool random_chance(struct random_state *random, uint32_t percent);

/* Any number: small ones, powers of two and their neighbours, the ends of
 * the range, and bits without form, each often. */
int64_t random_wild(struct random_state *random);

void random_bytes(struct random_state *random, void *bytes, size_t size);

#endif

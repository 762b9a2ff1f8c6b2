/*
 * clearing-bench from the inside: figures, clocks, small statistics.
 */
#ifndef CLEARINGD_CMD_CLEARING_BENCH_BENCH_H
#define CLEARINGD_CMD_CLEARING_BENCH_BENCH_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Deterministic random numbers. */
uint64_t bench_random(uint64_t *state);

/* Adds {name, value, unit, against, ratio} to the list; ratio < 0: there is
 * no yardstick. */
void bench_figure(json_t *figures, const char *name, double value,
                  const char *unit, const char *against, double ratio);

/* ---- modes ------------------------------------------------------------ */

struct orders_options {
    const char *socket_path;
    uint32_t connections, in_flight, batch; /* orders a signature; 1: single */
    uint64_t count;                         /* signed requests */
    double rate;  /* requests a second by schedule; 0: as fast as it
                     goes */
    int node_pid; /* whose CPU time is read; 0: none */
};

struct orders_result {
    uint64_t accepted, refused, busy;
    double wall_seconds, node_cpu_seconds;
    uint64_t p50_ns, p99_ns; /* of answers, by schedule where there is one */
};

/* Signs first, then sends to a running development node and waits for every
 * answer. False: said on stderr. */
bool orders_run(struct orders_result *result,
                const struct orders_options *options);

/* tick_1m and bytes_per_account: an engine with so many accounts. */
struct tick_result {
    double tick_us, bytes_per_account;
};
bool tick_run(struct tick_result *result, uint32_t accounts);

/* Everything, into figures; a node is started in `directory`. */
bool all_run(json_t *figures, const char *yardsticks, const char *directory);

#endif

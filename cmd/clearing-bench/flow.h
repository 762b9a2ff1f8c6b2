/*
 * The matching benchmark: a file of orders and cancels through the engine.
 */
#ifndef CLEARINGD_CMD_CLEARING_BENCH_FLOW_H
#define CLEARINGD_CMD_CLEARING_BENCH_FLOW_H

#include <stdbool.h>
#include <stdint.h>

struct flow_options {
    const char *file; /* 16-byte records, see flow.c */
    uint32_t symbols; /* 1 to 128 */
    uint32_t depth;   /* the first symbols * depth records are not timed */
    bool has_margin;
};

struct flow_result {
    double ns_per_op; /* processor time, ticks included */
    uint32_t p50_ns, p99_ns, p999_ns;
    uint64_t operations, ticks; /* of the timed part */
    uint64_t trades, volume, resting;
    double sweep_ns; /* to forget a dead request, each */
};

/* Runs the file twice on fresh engines: timed as a whole, then one by one.
 * False: *what. */
bool flow_run(struct flow_result *result, const struct flow_options *options,
              const char **what);

/* The mode `clearing-bench flow`: options from argv, one JSON line to the
 * standard output. Returns the exit code. */
int flow_main(int argc, char **argv);

#endif

/*
 * What the node counts and measures, and its text for Prometheus. Each
 * counter has one writing thread; the text is made on the loop, from these
 * and from the engine's own state.
 */
#ifndef CLEARINGD_DAEMON_METRICS_H
#define CLEARINGD_DAEMON_METRICS_H

#include "daemon/histogram.h"
#include "engine/event.h"

#define METRICS_COMMANDS 32u
#define METRICS_RESULTS 128u
#define METRICS_STEPS 8u

struct metrics {
    /* Loop thread. */
    uint64_t commands[METRICS_COMMANDS];  /* by enum command_kind */
    uint64_t refusals[METRICS_RESULTS];   /* by position in result_list */
    uint64_t liquidations[METRICS_STEPS]; /* by enum liquidation_step */
    uint64_t trades, deleveragings, repeats;
    uint64_t batches, batch_commands;
    uint64_t busy_full, busy_address, busy_account; /* answered "busy" */
    uint64_t requests;
    struct histogram ack_ns; /* arrival to durable answer, of submits */
    /* Journal thread. */
    struct histogram sync_ns;
    /* Ledger thread. */
    struct histogram checkpoint_ns;
};

/* Counts an event of the live engine, a sequenced command, a closed batch of
 * so many commands. */
void metrics_event(struct metrics *metrics, const struct event *event);
void metrics_command(struct metrics *metrics, enum command_kind kind);
void metrics_batch(struct metrics *metrics, uint32_t commands);

#endif

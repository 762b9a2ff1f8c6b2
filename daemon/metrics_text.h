/*
 * The metrics as Prometheus reads them.
 */
#ifndef CLEARINGD_DAEMON_METRICS_TEXT_H
#define CLEARINGD_DAEMON_METRICS_TEXT_H

#include "daemon/metrics.h"
#include "engine/engine.h"

/* What the loop knows beside the counters. */
struct metrics_gauges {
    uint64_t applied_index, durable_index, checkpoint_index, block_height;
    uint64_t ring_depth, held, history_bytes;
    uint64_t connections_unix, connections_http, connections_websocket;
    uint64_t connections_refused, messages_in, messages_out;
    bool is_ready;
};

/* The text, malloc'd, *size without NUL; NULL if memory is short. Loop thread
 * only. */
must_use char *metrics_text(size_t *size, const struct metrics *metrics,
                            const struct metrics_gauges *gauges,
                            const struct engine *engine);

#endif

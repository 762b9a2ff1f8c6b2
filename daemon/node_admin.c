/*
 * The operator's calls, on the Unix socket only.
 */
#include "daemon/node_state.h"
#include "rpc/admin.h"

#include <string.h>

static void answer_status(struct node *self, struct rpc_call *call)
{
    struct rpc_node_status status;
    struct net_stats stats;
    struct rpc_admin_counts counts;

    self->view.status(self, &status);
    net_stats_read(door_server(self->door), &stats);
    counts = (struct rpc_admin_counts){
        .connections = stats.unix_open + stats.http_open + stats.websocket_open,
        .queued = workers_depth(self->workers),
        .held = pipeline_held(self->pipeline),
        .history_bytes = history_bytes(self->recovery.history),
        .trades = self->metrics.trades,
        .requests = self->metrics.requests,
    };
    rpc_admin_answer_status(call, &status, &counts);
}

static void set_level(struct rpc_call *call)
{
    const char *name = rpc_admin_text(call, "level");
    enum log_level level;

    if (!log_level_of(&level, name)) {
        rpc_admin_refuse(call, "level",
                         "must be error, warning, info or debug");
        return;
    }
    log_set_level(level);
    rpc_admin_answer_text(call, "level", log_level_name(level));
}

static enum pipeline_admin advance(struct node *self, struct rpc_call *call)
{
    struct nanos now = sequencer_time(self->sequencer), target;
    int64_t timestamp = 0;

    (void)rpc_admin_integer(call, "timestamp", &timestamp);
    target = nanos_of(timestamp * NANOS_PER_MS);
    if (!self->options.is_driven) {
        rpc_admin_refuse(call, "timestamp", "the clock is not driven");
        return PIPELINE_ANSWERED;
    }
    if (nanos_cmp(target, now) < 0) {
        rpc_admin_refuse(call, "timestamp", "lies before the node's time");
        return PIPELINE_ANSWERED;
    }
    if (pipeline_is_failed(self->pipeline)) {
        rpc_call_not_ready(call, pipeline_reason(self->pipeline));
        return PIPELINE_ANSWERED;
    }
    if (nanos_equal(target, now)) {
        rpc_admin_answer_time(call, engine_index(self->recovery.engine), now);
        return PIPELINE_ANSWERED;
    }
    pipeline_advance(self->pipeline, target);
    return PIPELINE_ADVANCE;
}

static void want_checkpoint(struct node *self, struct rpc_call *call)
{
    uint64_t index = engine_index(self->recovery.engine);

    sequencer_want_block(self->sequencer);
    ledger_thread_want_checkpoint(self->ledger, index);
    rpc_admin_answer_index(call, "wanted_index", index);
}

enum pipeline_admin node_admin(void *ctx, struct ticket *ticket,
                               struct rpc_call *call)
{
    struct node *self = ctx;
    const char *method = rpc_call_method(call);

    (void)ticket;
    if (strcmp(method, "admin/status") == 0) {
        answer_status(self, call);
    } else if (strcmp(method, "admin/log_level") == 0) {
        set_level(call);
    } else if (strcmp(method, "admin/advance") == 0) {
        return advance(self, call);
    } else if (strcmp(method, "admin/checkpoint") == 0) {
        want_checkpoint(self, call);
    } else {
        check(strcmp(method, "admin/shutdown") == 0);
        rpc_admin_answer_text(call, "stopping", "yes");
        node_stop(self);
    }
    return PIPELINE_ANSWERED;
}

#include "daemon/node.h"

#include "daemon/clock.h"
#include "daemon/node_state.h"
#include "daemon/notify.h"
#include "rpc/genesis_json.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How often the end is looked at, and what it may take longer each time. */
#define DRAIN_MS 20u
#define EXTEND_SECONDS 30u
#define ACCOUNT_PEERS 65536u

/* ---- failures --------------------------------------------------------- */

static void fail(struct node *self, const char *part, const char *reason)
{
    struct log_quoted quoted;
    char text[512];

    if (pipeline_is_failed(self->pipeline))
        return;
    (void)snprintf(text, sizeof text, "%s: %s", part, reason);
    log_error("node_failed", "reason=%s", log_quote(&quoted, text));
    notify_status(text);
    pipeline_fail(self->pipeline, text);
}

/* ---- the turn --------------------------------------------------------- */

/* What the threads have done since the last turn. */
static void settle(struct node *self)
{
    struct storage_fault fault = {0};
    struct ledger_state ledger;
    char text[512];

    if (!sequencer_settle(self->sequencer, &fault)) {
        storage_fault_text(&fault, text, sizeof text);
        fail(self, "journal", text);
    }
    ledger_thread_state(self->ledger, &ledger);
    if (!ledger.is_failed || self->is_fatal)
        return;
    /* Two engines of one history differ, or the history is damaged: nothing
     * may be acknowledged any more, and a restart must look into it. */
    log_error("ledger_failed", "index=%" PRIu64, ledger.fault.index);
    fail(self, "ledger", ledger.fault.what);
    self->is_fatal = true;
    node_stop(self);
}

static void on_idle(uv_idle_t *handle)
{
    (void)handle;
}

static void run_turn(struct node *self)
{
    bool has_more;

    self->turns++;
    workers_publish(self->workers);
    settle(self);
    has_more = pipeline_run(self->pipeline);
    if (has_more)
        (void)uv_idle_start(&self->busy, on_idle);
    else
        (void)uv_idle_stop(&self->busy);
}

static void on_turn(uv_check_t *handle)
{
    run_turn(handle->data);
}

static void on_wake(uv_async_t *handle)
{
    (void)handle; /* the turn that follows does it */
}

static void wake(void *ctx)
{
    struct node *self = ctx;

    (void)uv_async_send(&self->wake);
}

static void on_tick(uv_timer_t *handle)
{
    struct node *self = handle->data;

    pipeline_tick(self->pipeline);
}

static void on_watchdog(uv_timer_t *handle)
{
    struct node *self = handle->data;

    /* The loop turns (we are in it); so must the pipeline. */
    if (self->turns != self->watched_turns)
        notify_watchdog();
    self->watched_turns = self->turns;
    (void)uv_async_send(&self->wake);
}

/* ---- readers ---------------------------------------------------------- */

struct reading {
    uv_work_t work;
    struct node *node;
    struct ticket *ticket;
};

static void read_past(uv_work_t *work)
{
    struct reading *reading = work->data;
    struct ticket *ticket = reading->ticket;

    for (uint32_t i = 0; i < rpc_message_calls(ticket->message); i++) {
        struct rpc_call *call = rpc_message_call(ticket->message, i);

        if (rpc_call_kind(call) == RPC_HISTORY)
            rpc_call_history(call, &reading->node->view, ticket->wait_index);
    }
}

static void past_was_read(uv_work_t *work, int status)
{
    struct reading *reading = work->data;

    (void)status;
    pipeline_history_done(reading->node->pipeline, reading->ticket);
    free(reading);
}

static void read_history(void *ctx, struct ticket *ticket)
{
    struct node *self = ctx;
    struct reading *reading = malloc(sizeof *reading);

    check(reading);
    reading->work.data = reading;
    reading->node = self;
    reading->ticket = ticket;
    check(uv_queue_work(&self->loop, &reading->work, read_past,
                        past_was_read) == 0);
}

static void reply(void *ctx, struct ticket *ticket)
{
    struct node *self = ctx;

    door_reply(self->door, ticket);
}

static bool is_connected(void *ctx, uint64_t conn)
{
    struct node *self = ctx;

    return self->phase == NODE_RUNNING && door_is_connected(self->door, conn);
}

/* ---- the end ---------------------------------------------------------- */

static void close_handle(uv_handle_t *handle, void *ctx)
{
    (void)ctx;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void on_shut(void *ctx)
{
    struct node *self = ctx;

    uv_walk(&self->loop, close_handle, NULL);
}

/* The last block, and a checkpoint at its end: the ledger then holds all that
 * was done, and the next start has nothing to replay. */
static bool end_last_block(struct node *self)
{
    pipeline_rest(self->pipeline);
    sequencer_want_block(self->sequencer);
    if (!sequencer_tick(self->sequencer))
        return false;
    ledger_thread_want_checkpoint(self->ledger,
                                  engine_index(self->recovery.engine));
    sequencer_flush(self->sequencer);
    return true;
}

/* Goes on with the orderly end: everything answered, then the last block
 * durable, then the doors close. */
static void on_drain(uv_timer_t *handle)
{
    struct node *self = handle->data;
    bool is_failed;

    notify_extend(EXTEND_SECONDS);
    run_turn(self);
    is_failed = pipeline_is_failed(self->pipeline);
    if (self->phase == NODE_DRAINING && pipeline_is_empty(self->pipeline) &&
        (is_failed ||
         (sequencer_is_settled(self->sequencer) && end_last_block(self))))
        self->phase = NODE_ENDING;
    if (self->phase != NODE_ENDING ||
        !(is_failed || sequencer_is_settled(self->sequencer)))
        return;
    self->phase = NODE_SHUT;
    (void)uv_timer_stop(&self->drain);
    door_shut(self->door, on_shut, self);
}

void node_stop(struct node *self)
{
    if (self->phase != NODE_RUNNING)
        return;
    self->phase = NODE_DRAINING;
    log_info("stopping", "index=%" PRIu64, engine_index(self->recovery.engine));
    notify_stopping();
    (void)uv_timer_stop(&self->tick);
    door_drain(self->door);
    (void)uv_timer_start(&self->drain, on_drain, 0, DRAIN_MS);
}

static void on_term(uv_signal_t *handle, int number)
{
    (void)number;
    node_stop(handle->data);
}

/* ---- reload ----------------------------------------------------------- */

static void reload(struct node *self)
{
    struct config config = self->options.base;
    struct log_quoted quoted;
    char what[1200];

    if (!config_read(&config, self->options.config_path, what, sizeof what)) {
        log_error("reload_failed", "reason=%s", log_quote(&quoted, what));
        return;
    }
    log_info("reloaded", "needs_restart=%s",
             log_quote(&quoted,
                       config_fixed_changes(&self->options.as_read, &config)));
    config_take_over(self->config, &config);
    log_set_level(config.log_level);
    door_reload(self->door);
    rate_limit(self->account_rates, config.requests_per_second_account);
}

static void on_hangup(uv_signal_t *handle, int number)
{
    struct node *self = handle->data;

    (void)number;
    notify_reloading();
    if (self->options.config_path)
        reload(self);
    else
        log_warning("reload_failed",
                    "reason=\"there is no configuration file\"");
    notify_ready();
}

/* ---- the start -------------------------------------------------------- */

static bool start_ledger(struct node *self)
{
    struct recovery *recovery = &self->recovery;
    const struct ledger_thread_options options = {
        .dir = self->config->data_dir,
        .genesis_id = engine_genesis(recovery->engine)->id,
        .ledger = recovery->ledger,
        .shadow = recovery->shadow,
        .history = recovery->history,
        .checkpoint_ns = &self->metrics.checkpoint_ns,
        .position = recovery->position,
        .durable_index = recovery->tail.last_index,
        .interval_ms = self->config->checkpoint_interval_ms,
        .commands = self->config->checkpoint_commands,
        .wake = wake,
        .ctx = self,
    };

    self->ledger = ledger_thread_start(&options);
    return self->ledger != NULL;
}

static bool start_threads(struct node *self)
{
    struct recovery *recovery = &self->recovery;

    self->journal = journal_thread_start(recovery->journal, &recovery->tail,
                                         &self->metrics.sync_ns, wake, self);
    self->workers = self->journal
                        ? workers_start(self->config->workers,
                                        self->options.service, wake, self)
                        : NULL;
    return self->workers != NULL;
}

static bool start_pipeline(struct node *self)
{
    struct recovery *recovery = &self->recovery;
    const struct sequencer_options sequencer = {
        .engine = recovery->engine,
        .journal = self->journal,
        .ledger = self->ledger,
        .history = recovery->history,
        .metrics = &self->metrics,
        .tail = recovery->tail,
        .block_time = recovery->block_time,
        .block_index = recovery->block_index,
        .is_driven = self->options.is_driven,
    };
    struct pipeline_options pipeline = {
        .engine = recovery->engine,
        .node = &self->view,
        .workers = self->workers,
        .ledger = self->ledger,
        .history = recovery->history,
        .metrics = &self->metrics,
        .ctx = self,
        .reply = reply,
        .read_history = read_history,
        .admin = node_admin,
        .is_connected = is_connected,
    };

    self->account_rates = rate_create(ACCOUNT_PEERS);
    self->sequencer = sequencer_create(&sequencer);
    if (!self->account_rates || !self->sequencer)
        return false;
    rate_limit(self->account_rates, self->config->requests_per_second_account);
    pipeline.sequencer = self->sequencer;
    pipeline.account_rates = self->account_rates;
    self->pipeline = pipeline_create(&pipeline);
    return self->pipeline != NULL;
}

static bool open_door(struct node *self)
{
    const struct door_options options = {
        .loop = &self->loop,
        .config = self->config,
        .socket_path = self->socket_path,
        .workers = self->workers,
        .metrics = &self->metrics,
        .ctx = self,
        .page = node_view_page,
    };
    struct log_quoted quoted, cause;
    enum net_result result;

    self->door = door_open(&options, &result);
    if (self->door)
        return true;
    log_error("door_failed", "reason=%s cause=%s socket=%s",
              log_quote(&quoted, net_result_text(result)),
              log_quote(&cause, strerror(errno)), self->socket_path);
    return false;
}

static void start_signal(struct node *self, uv_signal_t *handle, int number,
                         uv_signal_cb callback)
{
    check(uv_signal_init(&self->loop, handle) == 0);
    handle->data = self;
    check(uv_signal_start(handle, callback, number) == 0);
}

static void start_loop(struct node *self)
{
    const struct genesis *genesis = engine_genesis(self->recovery.engine);
    uint64_t tick_ms =
        (uint64_t)(nanos_raw(genesis->tick_interval) / NANOS_PER_MS);
    uint64_t watchdog_ms = notify_watchdog_ms();

    check(uv_check_init(&self->loop, &self->turn) == 0);
    check(uv_idle_init(&self->loop, &self->busy) == 0);
    check(uv_timer_init(&self->loop, &self->tick) == 0);
    check(uv_timer_init(&self->loop, &self->watchdog) == 0);
    check(uv_timer_init(&self->loop, &self->drain) == 0);
    self->turn.data = self->tick.data = self->watchdog.data = self->drain.data =
        self;
    check(uv_check_start(&self->turn, on_turn) == 0);
    if (!self->options.is_driven)
        check(uv_timer_start(&self->tick, on_tick, tick_ms, tick_ms) == 0);
    if (watchdog_ms > 0)
        check(uv_timer_start(&self->watchdog, on_watchdog, watchdog_ms,
                             watchdog_ms) == 0);
    start_signal(self, &self->term, SIGTERM, on_term);
    start_signal(self, &self->interrupt, SIGINT, on_term);
    start_signal(self, &self->hangup, SIGHUP, on_hangup);
}

/* Writes a file that is whole or not there. */
static bool write_whole(const char *path, const char *text)
{
    char unfinished[CONFIG_PATH_BYTES + 40];
    bool is_written;
    FILE *file;

    (void)snprintf(unfinished, sizeof unfinished, "%s.tmp", path);
    file = fopen(unfinished, "w");
    if (!file)
        return false;
    is_written =
        fputs(text, file) >= 0 && fflush(file) == 0 && fsync(fileno(file)) == 0;
    is_written = fclose(file) == 0 && is_written;
    return is_written && rename(unfinished, path) == 0;
}

/* The genesis beside the journal, in canonical form: all that a later audit
 * of the directory needs. */
static bool leave_genesis(struct node *self)
{
    char path[CONFIG_PATH_BYTES + 32];
    bool is_there;
    char *text;

    (void)snprintf(path, sizeof path, "%s/genesis.json",
                   self->config->data_dir);
    if (access(path, F_OK) == 0)
        return true;
    text = genesis_json_canonical(self->options.service->genesis_document);
    is_there = text && write_whole(path, text);
    free(text);
    return is_there;
}

/* From the data directory to the live engine at the journal's end. */
static bool recover(struct node *self)
{
    struct recovery *recovery = &self->recovery;
    const char *dir = self->config->data_dir;
    struct log_quoted quoted;
    char what[1600] = "memory is short";

    if (!recovery_open(recovery, dir, self->options.service->genesis, what,
                       sizeof what) ||
        !start_ledger(self) ||
        !recovery_replay(recovery, dir, self->ledger, what, sizeof what)) {
        log_error("start_failed", "reason=%s", log_quote(&quoted, what));
        return false;
    }
    log_info("recovered", "index=%" PRIu64 " checkpoint=%" PRIu64,
             recovery->tail.last_index, recovery->position.applied_index);
    if (!leave_genesis(self))
        log_warning("genesis_not_kept", "reason=%s",
                    log_quote(&quoted, strerror(errno)));
    return true;
}

static bool start(struct node *self)
{
    check(uv_loop_init(&self->loop) == 0);
    check(uv_async_init(&self->loop, &self->wake, on_wake) == 0);
    self->wake.data = self;
    self->started = clock_wall();
    if (!recover(self))
        return false;
    node_view_init(self);
    if (!start_threads(self) || !start_pipeline(self)) {
        log_error("start_failed", "reason=\"memory is short\"");
        return false;
    }
    if (!open_door(self))
        return false;
    start_loop(self);
    return true;
}

static void end(struct node *self)
{
    pipeline_destroy(self->pipeline);
    if (self->workers)
        workers_stop(self->workers);
    if (self->journal)
        journal_thread_stop(self->journal);
    ledger_thread_stop(self->ledger);
    sequencer_destroy(self->sequencer);
    rate_destroy(self->account_rates);
    door_free(self->door);
    recovery_close(&self->recovery);
    uv_walk(&self->loop, close_handle, NULL);
    (void)uv_run(&self->loop, UV_RUN_DEFAULT);
    check(uv_loop_close(&self->loop) == 0);
}

int node_run(const struct node_options *options)
{
    struct node *self = calloc(1, sizeof *self);
    bool is_started, is_good;

    if (!self)
        return 1;
    self->options = *options;
    self->config = &self->options.config;
    (void)snprintf(self->socket_path, sizeof self->socket_path, "%s",
                   self->config->unix_socket);
    if (self->socket_path[0] == '\0')
        (void)snprintf(self->socket_path, sizeof self->socket_path,
                       "%s/clearingd.sock", self->config->data_dir);
    is_started = start(self);
    if (is_started) {
        log_info("ready", "index=%" PRIu64 " socket=%s port=%u",
                 engine_index(self->recovery.engine), self->socket_path,
                 net_port(door_server(self->door)));
        notify_ready();
        (void)uv_run(&self->loop, UV_RUN_DEFAULT);
    }
    is_good =
        is_started && !self->is_fatal && !pipeline_is_failed(self->pipeline);
    end(self);
    log_info("stopped", "code=%d", is_good ? 0 : 1);
    free(self);
    return is_good ? 0 : 1;
}

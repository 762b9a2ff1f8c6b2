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

/* An end that takes longer than this is no orderly one. */
#define DRAIN_MS 100u
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

    if (!self->is_stopping)
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

    return door_is_connected(self->door, conn);
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

    self->is_shut = true;
    uv_walk(&self->loop, close_handle, NULL);
}

/* Everything answered and durable: the doors may close. */
static void on_drain(uv_timer_t *handle)
{
    struct node *self = handle->data;

    run_turn(self);
    if (!pipeline_is_empty(self->pipeline))
        return;
    if (!pipeline_is_failed(self->pipeline) &&
        !sequencer_is_settled(self->sequencer))
        return;
    (void)uv_timer_stop(&self->drain);
    door_shut(self->door, on_shut, self);
}

/* The last block: what was done is in the ledger when the node is gone. */
static void end_last_block(struct node *self)
{
    if (pipeline_is_failed(self->pipeline))
        return;
    sequencer_want_block(self->sequencer);
    if (sequencer_tick(self->sequencer))
        sequencer_flush(self->sequencer);
}

void node_stop(struct node *self)
{
    if (self->is_stopping)
        return;
    self->is_stopping = true;
    log_info("stopping", "index=%" PRIu64, engine_index(self->recovery.engine));
    notify_stopping();
    door_drain(self->door);
    end_last_block(self);
    (void)uv_timer_start(&self->drain, on_drain, 0, DRAIN_MS);
}

static void on_term(uv_signal_t *handle, int number)
{
    (void)number;
    node_stop(handle->data);
}

/* ---- reload ----------------------------------------------------------- */

static void on_hangup(uv_signal_t *handle, int number)
{
    struct node *self = handle->data;
    struct config config;
    struct log_quoted quoted;
    char what[1200];
    const char *fixed;

    (void)number;
    if (!self->options.config_path) {
        log_warning("reload", "reason=\"there is no configuration file\"");
        return;
    }
    notify_reloading();
    config_default(&config);
    if (!config_read(&config, self->options.config_path, what, sizeof what)) {
        log_error("reload_failed", "reason=%s", log_quote(&quoted, what));
        notify_ready();
        return;
    }
    fixed = config_fixed_changes(self->config, &config);
    self->config->requests_per_second_address =
        config.requests_per_second_address;
    self->config->requests_per_second_account =
        config.requests_per_second_account;
    self->config->log_level = config.log_level;
    log_set_level(config.log_level);
    door_reload(self->door);
    rate_limit(self->account_rates, self->config->requests_per_second_account);
    log_info("reloaded", "needs_restart=%s", log_quote(&quoted, fixed));
    notify_ready();
}

/* ---- the start -------------------------------------------------------- */

static bool start_threads(struct node *self)
{
    struct recovery *recovery = &self->recovery;
    const struct ledger_thread_options ledger = {
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

    self->journal = journal_thread_start(recovery->journal, &recovery->tail,
                                         &self->metrics.sync_ns, wake, self);
    self->ledger = self->journal ? ledger_thread_start(&ledger) : NULL;
    self->workers = self->ledger
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

/* The genesis beside the journal, in canonical form: all that a later audit
 * of the directory needs. */
static bool leave_genesis(struct node *self)
{
    char path[CONFIG_PATH_BYTES + 32];
    char *text =
        genesis_json_canonical(self->options.service->genesis_document);
    FILE *file;
    bool is_written;

    (void)snprintf(path, sizeof path, "%s/genesis.json",
                   self->config->data_dir);
    file = text ? fopen(path, "wx") : NULL;
    if (!file) {
        free(text);
        return text && errno == EEXIST;
    }
    is_written = fputs(text, file) >= 0;
    is_written = fclose(file) == 0 && is_written;
    free(text);
    return is_written;
}

static bool start(struct node *self)
{
    struct log_quoted quoted;
    char what[1600];

    check(uv_loop_init(&self->loop) == 0);
    check(uv_async_init(&self->loop, &self->wake, on_wake) == 0);
    self->wake.data = self;
    self->started = clock_wall();
    if (!recovery_open(&self->recovery, self->config->data_dir,
                       self->options.service->genesis, what, sizeof what)) {
        log_error("start_failed", "reason=%s", log_quote(&quoted, what));
        return false;
    }
    if (!leave_genesis(self))
        log_warning("genesis_not_kept", "reason=\"%s\"", strerror(errno));
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

#include "daemon/metrics_text.h"

#include "engine/view.h"
#include "engine/wide.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static const char *const command_names[METRICS_COMMANDS] = {
    [COMMAND_TICK] = "tick",
    [COMMAND_BLOCK] = "block",
    [COMMAND_DEPOSIT] = "deposit",
    [COMMAND_REPORT] = "report",
    [COMMAND_ORDER] = "order",
    [COMMAND_CANCEL] = "cancel",
    [COMMAND_CANCEL_ALL] = "cancel_all",
    [COMMAND_REPLACE] = "replace",
    [COMMAND_BATCH] = "batch",
    [COMMAND_TRANSFER] = "transfer",
    [COMMAND_WITHDRAW] = "withdraw",
    [COMMAND_AUTHORIZE_KEY] = "authorize_key",
    [COMMAND_REVOKE_KEY] = "revoke_key",
    [COMMAND_SET_LEVERAGE] = "set_leverage",
};

static const char *const step_names[METRICS_STEPS] = {
    [STEP_BEGIN] = "begin",
    [STEP_CANCEL] = "cancel",
    [STEP_BOOK] = "book",
    [STEP_INSURANCE] = "insurance",
    [STEP_ADL] = "adl",
    [STEP_DEFICIT] = "deficit",
    [STEP_SHORTFALL] = "shortfall",
    [STEP_END] = "end",
};

static void head(FILE *to, const char *name, const char *type, const char *help)
{
    fprintf(to, "# HELP clearingd_%s %s\n# TYPE clearingd_%s %s\n", name, help,
            name, type);
}

static void single(FILE *to, const char *name, const char *type,
                   const char *help, uint64_t value)
{
    head(to, name, type, help);
    fprintf(to, "clearingd_%s %" PRIu64 "\n", name, value);
}

/* An integer of 10^-places units as a decimal: no floating point needed. */
static void decimal(FILE *to, int64_t value, unsigned places)
{
    uint64_t one = 1, size = value < 0 ? -(uint64_t)value : (uint64_t)value;

    for (unsigned i = 0; i < places; i++)
        one *= 10;
    fprintf(to, "%s%" PRIu64 ".%0*" PRIu64 "\n", value < 0 ? "-" : "",
            size / one, (int)places, size % one);
}

static void histogram(FILE *to, const char *name, const char *help,
                      const struct histogram *histogram)
{
    uint64_t count = 0, sum = atomic_load(&histogram->sum_ns);

    head(to, name, "histogram", help);
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        count += atomic_load(&histogram->counts[i]);
        fprintf(to, "clearingd_%s_bucket{le=\"%s\"} %" PRIu64 "\n", name,
                histogram_bounds_text[i], count);
    }
    count += atomic_load(&histogram->counts[HISTOGRAM_BUCKETS]);
    fprintf(to, "clearingd_%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, count);
    fprintf(to, "clearingd_%s_sum ", name);
    decimal(to, (int64_t)sum, 9);
    fprintf(to, "clearingd_%s_count %" PRIu64 "\n", name, count);
}

static void counters(FILE *to, const struct metrics *metrics)
{
    uint32_t count;
    const struct result_info *list = result_list(&count);

    head(to, "commands_total", "counter", "Commands sequenced, by kind.");
    for (uint32_t i = 0; i < METRICS_COMMANDS; i++)
        if (command_names[i])
            fprintf(to, "clearingd_commands_total{kind=\"%s\"} %" PRIu64 "\n",
                    command_names[i], metrics->commands[i]);
    head(to, "refusals_total", "counter", "Refused requests, by result.");
    for (uint32_t i = 0; i < count && i < METRICS_RESULTS; i++)
        if (metrics->refusals[i] > 0)
            fprintf(to, "clearingd_refusals_total{result=\"%s\"} %" PRIu64 "\n",
                    list[i].name, metrics->refusals[i]);
    head(to, "liquidation_steps_total", "counter",
         "Steps of the waterfall, by step.");
    for (uint32_t i = 0; i < METRICS_STEPS; i++)
        fprintf(to,
                "clearingd_liquidation_steps_total{step=\"%s\"} %" PRIu64 "\n",
                step_names[i], metrics->liquidations[i]);
    single(to, "trades_total", "counter", "Trades.", metrics->trades);
    single(to, "repeats_total", "counter", "Requests that came again.",
           metrics->repeats);
    single(to, "batches_total", "counter", "Batches written.",
           metrics->batches);
    head(to, "busy_total", "counter", "Requests answered busy, by reason.");
    fprintf(to,
            "clearingd_busy_total{reason=\"full\"} %" PRIu64
            "\nclearingd_busy_total{reason=\"address\"} %" PRIu64
            "\nclearingd_busy_total{reason=\"account\"} %" PRIu64 "\n",
            metrics->busy_full, metrics->busy_address, metrics->busy_account);
}

static void gauges_of(FILE *to, const struct metrics_gauges *gauges)
{
    single(to, "ready", "gauge", "1 while answers are durable.",
           gauges->is_ready);
    single(to, "applied_index", "gauge", "Newest command applied.",
           gauges->applied_index);
    single(to, "durable_index", "gauge", "Newest command synced.",
           gauges->durable_index);
    single(to, "checkpoint_index", "gauge", "Newest command in the ledger.",
           gauges->checkpoint_index);
    single(to, "block_height", "gauge", "Newest finished block.",
           gauges->block_height);
    single(to, "queue_depth", "gauge", "Messages waiting to be gone through.",
           gauges->ring_depth);
    single(to, "held_messages", "gauge", "Answers waiting to be durable.",
           gauges->held);
    single(to, "history_bytes", "gauge", "Events waiting for a checkpoint.",
           gauges->history_bytes);
    head(to, "connections", "gauge", "Open connections, by kind.");
    fprintf(to,
            "clearingd_connections{kind=\"unix\"} %" PRIu64
            "\nclearingd_connections{kind=\"http\"} %" PRIu64
            "\nclearingd_connections{kind=\"websocket\"} %" PRIu64 "\n",
            gauges->connections_unix, gauges->connections_http,
            gauges->connections_websocket);
    single(to, "connections_refused_total", "counter",
           "Connections over a limit.", gauges->connections_refused);
    single(to, "messages_in_total", "counter", "Messages received.",
           gauges->messages_in);
    single(to, "messages_out_total", "counter", "Messages sent.",
           gauges->messages_out);
}

static void state(FILE *to, const struct engine *engine)
{
    const struct genesis *genesis = engine_genesis(engine);
    struct view_counters counters;

    view_counters(engine, &counters);
    single(to, "accounts", "gauge", "Sub-accounts, house ledgers included.",
           counters.accounts);
    single(to, "positions", "gauge", "Positions.", counters.positions);
    single(to, "orders", "gauge", "Open orders.", counters.orders);
    single(to, "nonces", "gauge", "Nonces remembered.", counters.nonces);
    head(to, "insurance_fund", "gauge",
         "The insurance fund, settlement asset.");
    fputs("clearingd_insurance_fund ", to);
    decimal(to, amount_raw(view_house(engine, HOUSE_INSURANCE, 0, 0)),
            genesis->assets[0].decimals);
    head(to, "open_interest", "gauge", "Sum of the longs, base units.");
    for (uint16_t i = 0; i < genesis->market_count; i++) {
        struct view_market market;

        if (!view_market(engine, i, &market))
            continue;
        fprintf(to, "clearingd_open_interest{instrument=\"%s\"} ",
                genesis->markets[i].name);
        decimal(to, qty_raw(market.open_interest), 8);
    }
}

static void feeds(FILE *to, const struct engine *engine)
{
    const struct genesis *genesis = engine_genesis(engine);
    struct view_feed feed;

    head(to, "feed_grade", "gauge",
         "0 valid, 1 uncertain, 2 volatile, 3 stale, 4 non-positive, 5 none.");
    for (uint16_t i = 0; i < genesis->feed_count; i++)
        if (view_feed(engine, i, &feed))
            fprintf(to, "clearingd_feed_grade{feed=\"%s\"} %u\n",
                    genesis->feeds[i].name, (unsigned)feed.grade);
    head(to, "feed_age_seconds", "gauge", "Since the last aggregate.");
    for (uint16_t i = 0; i < genesis->feed_count; i++) {
        if (!view_feed(engine, i, &feed) || nanos_is_zero(feed.price_time))
            continue;
        fprintf(to, "clearingd_feed_age_seconds{feed=\"%s\"} ",
                genesis->feeds[i].name);
        decimal(to, nanos_raw(nanos_sub(engine_time(engine), feed.price_time)),
                9);
    }
}

static void process(FILE *to)
{
    struct rusage usage;

    if (getrusage(RUSAGE_SELF, &usage) != 0)
        return;
    head(to, "cpu_seconds_total", "counter", "CPU time of the process.");
    fputs("clearingd_cpu_seconds_total ", to);
    decimal(to,
            (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
                usage.ru_utime.tv_usec + usage.ru_stime.tv_usec,
            6);
    single(to, "resident_bytes_max", "gauge", "Largest memory so far.",
           (uint64_t)usage.ru_maxrss * 1024);
}

char *metrics_text(size_t *size, const struct metrics *metrics,
                   const struct metrics_gauges *gauges,
                   const struct engine *engine)
{
    char *text = NULL;
    FILE *to = open_memstream(&text, size);

    if (!to)
        return NULL;
    gauges_of(to, gauges);
    counters(to, metrics);
    histogram(to, "ack_seconds", "Arrival to durable answer of submits.",
              &metrics->ack_ns);
    histogram(to, "journal_sync_seconds", "Write and sync of a batch.",
              &metrics->sync_ns);
    histogram(to, "checkpoint_seconds", "Checkpoint of the ledger.",
              &metrics->checkpoint_ns);
    state(to, engine);
    feeds(to, engine);
    process(to);
    if (fclose(to) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

/*
 * Records of the file, little-endian: u32 id, u32 price, u32 quantity, u8 type
 * (0 add, 1 cancel), u8 side (0 buy, 1 sell), u16 symbol. Adds are numbered
 * 1, 2, 3, ... and so are the engine's orders, so a record's id is the
 * order's.
 *
 * Order i belongs to account i mod 1024. Each record is one signed request as
 * the engine sees it, with a nonce of its own and a minute to live. A million
 * commands make a second; every 100 ms of it the reporters report and the
 * engine ticks, within the timed part. Requests live longer than the run; what
 * it costs to forget them afterwards is measured apart.
 */
#include "cmd/clearing-bench/flow.h"

#include "cmd/clearing-bench/rig.h"
#include "cmd/clearing-bench/stopwatch.h"
#include "cmd/clearing-bench/unmargined.h"
#include "engine/view.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACCOUNTS 1024u
#define COMMAND_NS 1000
#define COMMANDS_PER_TICK 100000u
#define REQUEST_LIFE (60 * NANOS_PER_SECOND)
#define PRICE_START (32048 * PRICE_ONE)
#define DEPOSIT INT64_C(100000000000000) /* 100 million USDC each */
#define RECORDS_MAX (32u << 20)

enum record_type { RECORD_ADD = 0, RECORD_CANCEL = 1 };

struct flow_record {
    uint32_t id, price, quantity;
    uint8_t type, side;
    uint16_t symbol;
};

_Static_assert(sizeof(struct flow_record) == 16, "as in the file");

struct flow {
    struct flow_record *records;
    size_t count, prefill;
    uint32_t adds;
    uint32_t symbols;
    struct rig rig;
    struct address owners[ACCOUNTS];
    uint64_t nonces[ACCOUNTS]; /* each account counts its own */
    struct command command;    /* the one under way */
    uint64_t since_tick, ticks;
};

/* ---- the file --------------------------------------------------------- */

static bool is_valid(struct flow *flow, const struct flow_record *record)
{
    if (record->symbol >= flow->symbols || record->side > 1)
        return false;
    if (record->type == RECORD_CANCEL)
        return record->id >= 1 && record->id <= flow->adds;
    return record->type == RECORD_ADD && record->id == ++flow->adds &&
           record->price > 0 && record->quantity > 0;
}

static bool read_records(struct flow *flow, FILE *file, const char **what)
{
    long size;

    *what = "the file cannot be read";
    if (fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0 ||
        fseek(file, 0, SEEK_SET) != 0)
        return false;
    flow->count = (size_t)size / sizeof(struct flow_record);
    *what = "the file is too long";
    if (flow->count > RECORDS_MAX)
        return false;
    *what = "memory is short";
    flow->records = malloc(flow->count * sizeof(struct flow_record) + 1);
    if (!flow->records)
        return false;
    *what = "the file is not made of 16-byte records of such a flow";
    if ((size_t)size % sizeof(struct flow_record) != 0 ||
        flow->count <= flow->prefill ||
        fread(flow->records, sizeof(struct flow_record), flow->count, file) !=
            flow->count)
        return false;
    for (size_t i = 0; i < flow->count; i++)
        if (!is_valid(flow, &flow->records[i]))
            return false;
    return true;
}

static bool flow_open(struct flow *flow, const struct flow_options *options,
                      const char **what)
{
    FILE *file = fopen(options->file, "rb");
    bool is_read;

    *what = "the file cannot be opened";
    if (!file)
        return false;
    flow->symbols = options->symbols;
    flow->prefill = (size_t)options->symbols * options->depth;
    is_read = read_records(flow, file, what);
    fclose(file);
    for (uint32_t i = 0; i < ACCOUNTS; i++)
        flow->owners[i] = rig_owner(i);
    return is_read;
}

/* ---- one run ---------------------------------------------------------- */

static bool start(struct flow *flow, const char **what)
{
    uint32_t count = (uint32_t)flow->count;
    const struct capacities capacities = {
        .accounts = 2 * ACCOUNTS + 4096,
        .positions = 2 * ACCOUNTS * flow->symbols,
        .orders = flow->adds + 1,
        .levels = 131072,
        .triggers = 256,
        .account_orders = flow->adds + 1,
        .keys = 64,
        /* One in sixteen chunks is kept for cancels. */
        .nonces = count + count / 8 + 65536,
        .deposits = 2 * ACCOUNTS,
        .withdrawals = 64};

    rig_genesis(&flow->rig, (uint16_t)flow->symbols, &capacities);
    if (!rig_start(&flow->rig, true, what))
        return false;
    for (uint32_t i = 0; i < flow->symbols; i++)
        flow->rig.prices[i] = price_of(PRICE_START);
    for (uint32_t i = 0; i < ACCOUNTS; i++)
        rig_deposit(&flow->rig, i, amount_of(DEPOSIT));
    rig_tick(&flow->rig);
    flow->since_tick = flow->ticks = 0;
    memset(&flow->command, 0, sizeof flow->command);
    memset(flow->nonces, 0, sizeof flow->nonces);
    return true;
}

static void fill_request(struct flow *flow, const struct flow_record *record)
{
    struct request *request = &flow->command.request;
    const struct rig *rig = &flow->rig;
    uint32_t account = record->id % ACCOUNTS;

    request->owner = request->signer = flow->owners[account];
    request->nonce = ++flow->nonces[account];
    request->expires = nanos_add(rig->time, nanos_of(REQUEST_LIFE));
    request->digest =
        (request->nonce << 10 | account) * UINT64_C(0x9e3779b97f4a7c15);
}

static void apply(struct flow *flow, const struct flow_record *record)
{
    struct command *command = &flow->command;

    flow->rig.time = nanos_add(flow->rig.time, nanos_of(COMMAND_NS));
    fill_request(flow, record);
    if (record->type == RECORD_CANCEL) {
        command->kind = COMMAND_CANCEL;
        command->cancel.order_id = record->id;
    } else {
        command->kind = COMMAND_ORDER;
        /* The union's other members are shorter: the rest stays zero. */
        command->order.market = record->symbol;
        command->order.side = record->side;
        command->order.type = ORDER_LIMIT;
        command->order.time_in_force = TIF_GOOD_TIL_CANCELLED;
        command->order.size = qty_of((int64_t)record->quantity * RIG_LOT);
        command->order.price = price_of((int64_t)record->price * PRICE_ONE);
    }
    rig_apply(&flow->rig, command);
}

static void tick_when_due(struct flow *flow)
{
    if (++flow->since_tick < COMMANDS_PER_TICK)
        return;
    flow->since_tick = 0;
    flow->ticks++;
    rig_tick(&flow->rig);
}

static void apply_range(struct flow *flow, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        apply(flow, &flow->records[i]);
        tick_when_due(flow);
    }
}

static void read_outcome(const struct flow *flow, struct flow_result *result)
{
    struct view_counters counters;

    view_counters(flow->rig.engine, &counters);
    result->operations = flow->count - flow->prefill;
    result->ticks = flow->ticks;
    result->trades = flow->rig.trades;
    result->volume = (uint64_t)(flow->rig.volume / RIG_LOT);
    result->resting = counters.orders;
}

/* The requests' minute passes. */
static void time_sweep(struct flow *flow, struct flow_result *result)
{
    struct command command = {.kind = COMMAND_TICK};
    uint64_t from;

    flow->rig.time = nanos_add(flow->rig.time,
                               nanos_of(REQUEST_LIFE + 2 * NANOS_PER_SECOND));
    from = cpu_ns();
    rig_apply(&flow->rig, &command);
    result->sweep_ns = (double)(cpu_ns() - from) / (double)flow->count;
}

static void time_whole(struct flow *flow, struct flow_result *result)
{
    uint64_t from;

    apply_range(flow, 0, flow->prefill);
    flow->ticks = 0;
    from = cpu_ns();
    apply_range(flow, flow->prefill, flow->count);
    result->ns_per_op =
        (double)(cpu_ns() - from) / (double)(flow->count - flow->prefill);
    read_outcome(flow, result);
    time_sweep(flow, result);
}

static bool time_each(struct flow *flow, struct flow_result *result)
{
    size_t count = flow->count - flow->prefill;
    uint32_t *spans = malloc(count * sizeof *spans);

    if (!spans)
        return false;
    span_calibrate();
    apply_range(flow, 0, flow->prefill);
    for (size_t i = 0; i < count; i++) {
        uint64_t from = span_mark();

        apply(flow, &flow->records[flow->prefill + i]);
        spans[i] = span_ns(from, span_mark());
        tick_when_due(flow);
    }
    result->p50_ns = percentile_u32(spans, count, 0.5);
    result->p99_ns = percentile_u32(spans, count, 0.99);
    result->p999_ns = percentile_u32(spans, count, 0.999);
    free(spans);
    return true;
}

static bool run_both(struct flow *flow, struct flow_result *result,
                     bool has_margin, const char **what)
{
    static char refused[96];
    bool is_timed;

    if (!start(flow, what))
        return false;
    unmargined_set(!has_margin);
    time_whole(flow, result);
    rig_stop(&flow->rig);
    *what = "this program is not linked with the stand-ins for margin";
    if (!has_margin && unmargined_calls() == 0)
        return false;
    if (flow->rig.refused > 0) {
        snprintf(refused, sizeof refused,
                 "%" PRIu64 " operations refused, the last one with %u",
                 flow->rig.refused, flow->rig.last_refusal.refused.result);
        *what = refused;
        return false;
    }
    if (!start(flow, what))
        return false;
    *what = "memory is short";
    is_timed = time_each(flow, result);
    rig_stop(&flow->rig);
    return is_timed;
}

bool flow_run(struct flow_result *result, const struct flow_options *options,
              const char **what)
{
    struct flow *flow = calloc(1, sizeof *flow);
    bool is_run;

    *what = "memory is short";
    if (!flow)
        return false;
    is_run = flow_open(flow, options, what) &&
             run_both(flow, result, options->has_margin, what);
    unmargined_set(false);
    free(flow->records);
    free(flow);
    return is_run;
}

/* ---- the mode --------------------------------------------------------- */

static const struct option names[] = {{"file", required_argument, NULL, 'f'},
                                      {"symbols", required_argument, NULL, 's'},
                                      {"depth", required_argument, NULL, 'd'},
                                      {"margin", required_argument, NULL, 'm'},
                                      {NULL, 0, NULL, 0}};

static bool read_number(uint32_t *number, const char *text, uint32_t most)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    *number = (uint32_t)value;
    return *text >= '0' && *text <= '9' && *end == '\0' && value >= 1 &&
           value <= most;
}

static bool take_option(struct flow_options *options, int code)
{
    switch (code) {
    case 'f':
        options->file = optarg;
        return true;
    case 's':
        return read_number(&options->symbols, optarg, MARKETS_MAX);
    case 'd':
        return read_number(&options->depth, optarg, 1u << 20);
    case 'm':
        options->has_margin = strcmp(optarg, "on") == 0;
        return options->has_margin || strcmp(optarg, "off") == 0;
    default:
        return false;
    }
}

static bool read_options(struct flow_options *options, int argc, char **argv)
{
    int code;

    *options = (struct flow_options){.has_margin = true};
    while ((code = getopt_long(argc, argv, "", names, NULL)) != -1)
        if (!take_option(options, code))
            return false;
    return optind == argc && options->file && options->symbols > 0 &&
           options->depth > 0;
}

int flow_main(int argc, char **argv)
{
    struct flow_options options;
    struct flow_result result = {0};
    const char *what;

    if (!read_options(&options, argc, argv)) {
        fputs("usage: clearing-bench flow --file FILE --symbols N --depth D\n"
              "                           [--margin on|off]\n",
              stderr);
        return 2;
    }
    if (!flow_run(&result, &options, &what)) {
        fprintf(stderr, "clearing-bench: %s: %s\n", options.file, what);
        return 1;
    }
    printf("{\"ns_per_op\":%.1f,\"p50_ns\":%" PRIu32 ",\"p99_ns\":%" PRIu32
           ",\"p999_ns\":%" PRIu32 ",\"trades\":%" PRIu64 ",\"volume\":%" PRIu64
           ",\"resting\":%" PRIu64 ",\"margin\":\"%s\",\"operations\":%" PRIu64
           ",\"ticks\":%" PRIu64 ",\"sweep_ns\":%.1f}\n",
           result.ns_per_op, result.p50_ns, result.p99_ns, result.p999_ns,
           result.trades, result.volume, result.resting,
           options.has_margin ? "on" : "off", result.operations, result.ticks,
           result.sweep_ns);
    return 0;
}

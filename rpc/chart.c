#include "rpc/chart.h"

#include "engine/wide.h"
#include "rpc/decimal.h"
#include "rpc/party.h"
#include "rpc/past.h"
#include "rpc/query.h"
#include "rpc/write.h"

#include <stdlib.h>
#include <string.h>

/* A call gets the newest of more bars. */
#define BARS_MAX 5000
#define MINUTE_MS 60000

struct bar {
    struct price open, high, low, close;
    i128 volume, cost; /* qty units; price * qty units */
    bool is_traded;
};

struct chart {
    struct bar *bars;
    size_t count;
    int64_t start_ms, step_ms; /* of the first bar */
    uint16_t market;
};

static bool step_of(struct rpc_call *call, int64_t *step_ms)
{
    static const struct {
        const char *name;
        int64_t minutes;
    } steps[] = {
        {"1", 1},     {"3", 3},     {"5", 5},     {"10", 10},
        {"15", 15},   {"30", 30},   {"60", 60},   {"120", 120},
        {"180", 180}, {"360", 360}, {"720", 720}, {"1D", 1440},
    };
    const char *name =
        json_string_value(json_object_get(call->params, "resolution"));

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (strcmp(name, steps[i].name) == 0) {
            *step_ms = steps[i].minutes * MINUTE_MS;
            return true;
        }
    rpc_call_bad_param(call, "resolution", "is none of the resolutions");
    return false;
}

/* Trades come newest first: the last one seen opens its bar. */
static void count_trade(struct bar *bar, const struct event *event)
{
    struct price price = event->trade.price;

    if (!bar->is_traded)
        *bar = (struct bar){price, price, price, price, 0, 0, true};
    bar->open = price;
    bar->high = price_max(bar->high, price);
    bar->low = price_min(bar->low, price);
    bar->volume += qty_raw(event->trade.size);
    bar->cost += wide_mul(price_raw(price), qty_raw(event->trade.size));
}

static bool look(struct past *past, const struct past_command *command)
{
    struct chart *chart = past->ctx;
    int64_t ms = nanos_raw(command->time) / NANOS_PER_MS;
    int64_t at = (ms - chart->start_ms) / chart->step_ms;

    if (at < 0 || (size_t)at >= chart->count)
        return true;
    for (size_t i = command->count; i > 0; i--)
        if (command->events[i - 1].trade.market == chart->market)
            count_trade(&chart->bars[at], &command->events[i - 1]);
    return true;
}

/* Bars from the first one with a trade on; those without repeat the close
 * before. */
static json_t *write_chart(const struct rpc_service *service,
                           struct chart *chart)
{
    static const char *const names[] = {"ticks", "open",   "high", "low",
                                        "close", "volume", "cost"};
    i128 divisor = genesis_notional_divisor(service->genesis);
    struct rows columns[7];
    json_t *object = json_object();
    size_t first = 0;

    while (first < chart->count && !chart->bars[first].is_traded)
        first++;
    for (size_t i = 0; i < 7; i++)
        columns[i] = rows_begin();
    for (size_t i = first; i < chart->count; i++) {
        struct bar *bar = &chart->bars[i];

        if (!bar->is_traded) {
            struct price close = chart->bars[i - 1].close;

            *bar = (struct bar){close, close, close, close, 0, 0, true};
        }
        rows_add(&columns[0],
                 json_integer(chart->start_ms + (int64_t)i * chart->step_ms));
        rows_add(&columns[1], write_price(bar->open));
        rows_add(&columns[2], write_price(bar->high));
        rows_add(&columns[3], write_price(bar->low));
        rows_add(&columns[4], write_price(bar->close));
        rows_add(&columns[5], write_wide(bar->volume, QTY_PLACES));
        rows_add(&columns[6], write_wide(bar->cost / divisor,
                                         rpc_settlement_places(service)));
    }
    for (size_t i = 0; i < 7; i++)
        if (!write_set(object, names[i], rows_end(&columns[i]))) {
            json_decref(object);
            object = NULL;
        }
    if (object)
        write_set(object, "status",
                  json_string(first < chart->count ? "ok" : "no_data"));
    return object;
}

/* The bars of the asked range, the newest BARS_MAX of them. */
static bool range_of(struct rpc_call *call, struct chart *chart)
{
    int64_t start = query_integer(call, "start_timestamp", 0);
    int64_t end = query_integer(call, "end_timestamp", 0);
    int64_t last;

    if (!step_of(call, &chart->step_ms))
        return false;
    if (end < start) {
        rpc_call_bad_param(call, "end_timestamp", "lies before the start");
        return false;
    }
    start -= start % chart->step_ms;
    last = end - end % chart->step_ms;
    if ((last - start) / chart->step_ms >= BARS_MAX)
        start = last - (BARS_MAX - 1) * chart->step_ms;
    chart->start_ms = start;
    chart->count = (size_t)((last - start) / chart->step_ms) + 1;
    return true;
}

/* No bar lies in the future: the last is that of the newest command. */
static void cut_future(struct chart *chart, const struct rpc_node *node)
{
    struct rpc_block newest;
    int64_t last;

    if (!node->block_by_height(node->ctx, &newest, UINT64_MAX))
        return;
    last =
        (nanos_raw(newest.time) / NANOS_PER_MS + MINUTE_MS - chart->start_ms) /
        chart->step_ms;
    if (last < 0)
        chart->count = 0;
    else if ((size_t)last + 1 < chart->count)
        chart->count = (size_t)last + 1;
}

void chart_history(struct rpc_call *call, const struct rpc_node *node,
                   uint64_t index)
{
    struct past past = past_of(call, index);
    struct chart chart = {0};

    if (!range_of(call, &chart))
        return;
    cut_future(&chart, node);
    rpc_param_market(call, "instrument_name", &chart.market);
    chart.bars = calloc(chart.count + 1, sizeof *chart.bars);
    past.query.by_account = true;
    past.query.account = party_house(HOUSE_CLEARING, chart.market);
    past.kinds = PAST_KIND(EVENT_TRADE);
    past.look = look;
    past.ctx = &chart;
    past.from = nanos_of(chart.start_ms * NANOS_PER_MS);
    /* The last bar is whole, even where the asked end lies within it. */
    past.to = nanos_of((chart.start_ms + (int64_t)chart.count * chart.step_ms) *
                           NANOS_PER_MS -
                       1);
    past_narrow(&past, node);
    if (!chart.bars)
        rpc_call_result(call, NULL);
    else if (past_look(&past, node))
        rpc_call_result(call, write_chart(call->message->service, &chart));
    else
        rpc_call_not_ready(call, "the history could not be read");
    free(chart.bars);
}

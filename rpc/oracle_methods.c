/*
 * Index prices: the aggregates of the reporters' votes, with what each of
 * them said.
 */
#include "engine/view.h"
#include "rpc/query.h"
#include "rpc/rows.h"
#include "rpc/write.h"

static uint16_t feed_of(const struct rpc_call *call)
{
    const char *name;
    uint16_t feed = FEEDS_MAX;
    size_t size;

    if (rpc_param_text(call, "index_name", &name, &size))
        rpc_feed_of(call->message->service, &feed, name, size);
    return feed;
}

static json_t *price_or_null(struct price price)
{
    return price_is_zero(price) ? json_null() : write_price(price);
}

/* The members of an index price; `feed` is there. */
static json_t *write_index(const struct rpc_service *service,
                           const struct engine *engine, uint16_t feed)
{
    const struct feed_params *params = &service->genesis->feeds[feed];
    struct view_feed view;
    bool is_there = view_feed(engine, feed, &view);

    check(is_there);
    return json_pack(
        "{ss ss so so so ss sI sI so}", "index_name", params->index_name,
        "feed", params->name, "index_price", price_or_null(view.price),
        "estimated_delivery_price", price_or_null(view.price), "confidence",
        write_price(view.confidence), "grade", write_grade((uint8_t)view.grade),
        "reporters", (json_int_t)view.used, "quorum",
        (json_int_t)params->quorum, "timestamp", write_ms(view.price_time));
}

static void read_index(struct rpc_call *call, const struct engine *engine,
                       const struct rpc_node *node)
{
    (void)node;
    rpc_call_result(call,
                    write_index(call->message->service, engine, feed_of(call)));
}

static void answer_names(struct rpc_call *call)
{
    const struct genesis *genesis = call->message->service->genesis;
    struct rows rows = rows_begin();

    for (uint16_t i = 0; i < genesis->feed_count; i++)
        rows_add(&rows, json_string(genesis->feeds[i].index_name));
    rpc_call_result(call, rows_end(&rows));
}

/* Every reporter that ever reported the feed. */
static json_t *write_reports(const struct rpc_service *service,
                             const struct engine *engine, uint16_t feed)
{
    struct rows rows = rows_begin();

    for (uint16_t i = 0; i < service->genesis->reporter_count; i++) {
        struct view_report report;

        if (!view_report(engine, feed, i, &report) ||
            nanos_is_zero(report.timestamp))
            continue;
        rows_add(&rows,
                 json_pack("{so so so so}", "reporter",
                           write_address(&service->genesis->reporters[i]),
                           "price", write_price(report.price), "confidence",
                           write_price(report.confidence), "timestamp",
                           write_ms(report.timestamp)));
    }
    return rows_end(&rows);
}

static json_t *write_feed(const struct rpc_service *service,
                          const struct engine *engine, uint16_t feed)
{
    json_t *object = write_index(service, engine, feed);
    struct view_feed view;

    if (object && view_feed(engine, feed, &view) &&
        write_set(object, "slow_price", price_or_null(view.slow)) &&
        write_set(object, "reports", write_reports(service, engine, feed)))
        return object;
    json_decref(object);
    return NULL;
}

static void read_reports(struct rpc_call *call, const struct engine *engine,
                         const struct rpc_node *node)
{
    const struct rpc_service *service = call->message->service;
    struct rows rows = rows_begin();
    uint16_t only = feed_of(call);

    (void)node;
    for (uint16_t i = 0; i < service->genesis->feed_count; i++)
        if (only == i || only == FEEDS_MAX)
            rows_add(&rows, write_feed(service, engine, i));
    rpc_call_result(call, rows_end(&rows));
}

static const struct rpc_param index_params[] = {
    {"index_name", RPC_PARAM_INDEX, true, 0, 0, "btc_usd, or the feed BTC"},
};
static const struct rpc_param reports_params[] = {
    {"index_name", RPC_PARAM_INDEX, false, 0, 0,
     "btc_usd, or the feed BTC; left out: all"},
};

#define INDEX_RESULT                                                         \
    "{index_name, feed, index_price, confidence, grade, reporters, quorum, " \
    "timestamp}"

static const struct rpc_method methods[] = {
    {"public/get_index_price",
     RPC_READ,
     false,
     TYPED_NONE,
     index_params,
     1,
     "An index price as of the last tick, with its confidence and grade.",
     INDEX_RESULT,
     {.read = read_index},
     NULL,
     false},
    {"public/get_index_price_names",
     RPC_DONE,
     false,
     TYPED_NONE,
     NULL,
     0,
     "The names of the indexes.",
     "[name]",
     {.answer = answer_names},
     NULL,
     false},
    {"public/get_oracle_reports",
     RPC_READ,
     false,
     TYPED_NONE,
     reports_params,
     1,
     "What each reporter said last, beside the aggregate.",
     "[the index price and {slow_price, reports: [{reporter, price, "
     "confidence, timestamp}]}]",
     {.read = read_reports},
     NULL,
     false},
};

const struct rpc_method_table rpc_oracle_methods = {
    methods, sizeof methods / sizeof *methods};

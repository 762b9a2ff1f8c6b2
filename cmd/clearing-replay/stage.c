#include "cmd/clearing-replay/stage.h"

#include "rpc/address.h"
#include "rpc/decimal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REQUEST_LIFE_MS 3600000
#define LADDER_MAX 8
#define LEGS_MAX 96
#define TEXT_BYTES 32
#define HOUR_MS 3600000

/* ---- answers --------------------------------------------------------- */

static void count_refusal(struct counts *counts, int code)
{
    size_t count = sizeof counts->refusals / sizeof *counts->refusals;

    counts->refused++;
    for (size_t i = 0; i < count; i++) {
        if (counts->refusals[i] && counts->refusal_codes[i] != code)
            continue;
        counts->refusal_codes[i] = code;
        counts->refusals[i]++;
        return;
    }
}

static void note(void *ctx, uint64_t tag, const json_t *result,
                 const json_t *error)
{
    struct stage *stage = ctx;

    (void)tag;
    (void)result;
    if (error)
        count_refusal(&stage->counts,
                      (int)json_integer_value(json_object_get(error, "code")));
}

static void note_deposit(void *ctx, uint64_t tag, const json_t *result,
                         const json_t *error)
{
    struct stage *stage = ctx;

    note(ctx, tag, result, error);
    if (json_is_true(json_object_get(result, "credited"))) {
        stage->counts.deposits++;
        stage->counts.deposited += (int64_t)tag;
    }
}

static void note_mass(void *ctx, uint64_t tag, const json_t *result,
                      const json_t *error)
{
    const json_t *legs = json_object_get(result, "orders");

    note(ctx, tag, result, error);
    for (size_t i = 0; i < json_array_size(legs); i++)
        note(ctx, 0, NULL, json_object_get(json_array_get(legs, i), "error"));
}

static void note_order(void *ctx, uint64_t tag, const json_t *result,
                       const json_t *error)
{
    struct stage *stage = ctx;
    struct trader *trader = &stage->crowd->traders[tag];
    const json_t *order = json_object_get(result, "order");
    const char *filled =
        json_string_value(json_object_get(order, "filled_amount"));
    const char *side = json_string_value(json_object_get(order, "direction"));
    int64_t size = 0;

    note(ctx, tag, result, error);
    if (!filled || !side ||
        decimal_parse(&size, filled, strlen(filled), QTY_PLACES) != DECIMAL_OK)
        return;
    trader->believed += strcmp(side, "buy") == 0 ? size : -size;
}

static void note_position(void *ctx, uint64_t tag, const json_t *result,
                          const json_t *error)
{
    struct stage *stage = ctx;
    struct trader *trader = &stage->crowd->traders[tag];
    const char *size =
        json_string_value(json_object_get(json_array_get(result, 0), "size"));

    (void)error;
    trader->believed = 0;
    if (size && decimal_parse(&trader->believed, size, strlen(size),
                              QTY_PLACES) != DECIMAL_OK)
        trader->believed = 0;
}

/* ---- sending --------------------------------------------------------- */

static struct typed_text text_of(char text[TEXT_BYTES + DECIMAL_TEXT_SIZE],
                                 int64_t value, unsigned places)
{
    size_t size = decimal_format(text, value, places);

    return (struct typed_text){text, size};
}

static struct typed_text words(const char *text)
{
    return (struct typed_text){text, strlen(text)};
}

static bool submit(struct stage *stage, const char *method,
                   const struct typed_message *message,
                   const struct secp_private *keys, size_t count,
                   talk_answer *answer, uint64_t tag)
{
    json_t *params = request_params(&stage->network, message, keys, count);

    stage->counts.requests++;
    return params && talk_send(stage->talk, method, params, answer, stage, tag);
}

static bool advance(struct stage *stage, int64_t to_ms)
{
    stage->now_ms = to_ms;
    return talk_send(stage->talk, "admin/advance",
                     json_pack("{sI}", "timestamp", (json_int_t)to_ms), note,
                     stage, 0) &&
           talk_wait(stage->talk);
}

static uint64_t expires(const struct stage *stage)
{
    return (uint64_t)(stage->now_ms + REQUEST_LIFE_MS);
}

/* ---- deposits -------------------------------------------------------- */

static bool deposit(struct stage *stage, const struct trader *trader,
                    uint64_t number)
{
    char amount[TEXT_BYTES + DECIMAL_TEXT_SIZE];
    struct typed_message message;
    struct secp_private keys[2];

    typed_message_init(&message, TYPED_DEPOSIT);
    development_key(&keys[0], "validator/0");
    development_key(&keys[1], "validator/1");
    message.deposit.owner = trader->owner;
    message.deposit.currency = words("USD");
    message.deposit.amount = text_of(amount, trader->deposit, 6);
    memcpy(message.deposit.reference.bytes, &number, sizeof number);
    return submit(stage, "public/submit_deposit", &message, keys, 2,
                  note_deposit, (uint64_t)trader->deposit);
}

bool stage_open(struct stage *stage, int64_t start_ms)
{
    uint64_t number = 0;

    if (!advance(stage, start_ms))
        return false;
    for (uint32_t i = 0; i < stage->crowd->maker_count; i++)
        if (!deposit(stage, &stage->crowd->makers[i], ++number))
            return false;
    for (uint32_t i = 0; i < stage->crowd->trader_count; i++)
        if (!deposit(stage, &stage->crowd->traders[i], ++number))
            return false;
    return talk_wait(stage->talk);
}

/* ---- prices ---------------------------------------------------------- */

static bool report(struct stage *stage)
{
    char *payload = world_report(stage->world, stage->now_ms);
    json_t *params;

    if (!payload)
        return true;
    params = json_pack("{ss}", "payload", payload);
    free(payload);
    stage->counts.requests++;
    return talk_send(stage->talk, "public/submit_oracle_report", params, note,
                     stage, 0);
}

/* Move over the last hour, parts per million. */
static int64_t change_ppm(const struct stage *stage, uint32_t feed)
{
    int64_t moments = HOUR_MS / stage->world->step_ms;
    uint32_t back = moments < 1 ? 1 : moments > 63 ? 63 : (uint32_t)moments;
    int64_t then = stage->past[feed][(stage->past_at + 64 - back) % 64];
    int64_t now = stage->past[feed][stage->past_at];

    return then > 0 && now > 0 ? (int64_t)((i128)(now - then) * 1000000 / then)
                               : 0;
}

/* Move since the moment before, parts per million, without sign. */
static int64_t shock_ppm(const struct stage *stage, uint32_t feed)
{
    int64_t then = stage->past[feed][(stage->past_at + 63) % 64];
    int64_t now = stage->past[feed][stage->past_at];
    int64_t move = now > then ? now - then : then - now;

    return then > 0 ? (int64_t)((i128)move * 1000000 / then) : 0;
}

/* ---- makers ---------------------------------------------------------- */

/* Texts of one batch: they must live until it is signed. */
struct quotes {
    struct typed_order orders[LEGS_MAX];
    char prices[LEGS_MAX][TEXT_BYTES + DECIMAL_TEXT_SIZE];
    char amounts[LEGS_MAX][TEXT_BYTES + DECIMAL_TEXT_SIZE];
    size_t count;
};

/* One rung: half the spread and `rung` steps away from the index; makers
 * stand back and thin out when the price jumps. */
static void quote(struct quotes *quotes, const struct world_feed *feed,
                  int64_t index, bool is_buy, int rung, int64_t shock,
                  int64_t depth)
{
    int64_t away_ppm = 200 + shock / 3 + rung * (400 + shock / 4);
    int64_t price =
        (int64_t)((i128)index * (1000000 + (is_buy ? -away_ppm : away_ppm)) /
                  1000000);
    i128 size = (i128)depth * (rung + 1) * 10000000000LL / index;
    size_t at = quotes->count++;
    struct typed_order *order = &quotes->orders[at];

    price -= price % feed->tick;
    size -= size % feed->lot;
    order->instrument_name = words(feed->instrument);
    order->direction = words(is_buy ? "buy" : "sell");
    order->price = text_of(quotes->prices[at], price, PRICE_PLACES);
    order->amount = text_of(quotes->amounts[at], (int64_t)size, QTY_PLACES);
    order->post_only = true;
}

static void make_quotes(struct stage *stage, struct quotes *quotes)
{
    uint32_t markets = stage->world->market_count;
    int rungs = (int)(LEGS_MAX / 2 / markets);

    quotes->count = 0;
    if (rungs > LADDER_MAX)
        rungs = LADDER_MAX;
    for (uint32_t m = 0; m < markets; m++) {
        int64_t index = world_price(stage->world, m);
        int64_t shock = shock_ppm(stage, m);
        int64_t depth = 40000000000LL * 10000 / (10000 + shock);

        for (int rung = 0; index > 0 && rung < rungs; rung++) {
            typed_body_init(&quotes->orders[quotes->count], TYPED_ORDER);
            quote(quotes, &stage->world->feeds[m], index, true, rung, shock,
                  depth);
            typed_body_init(&quotes->orders[quotes->count], TYPED_ORDER);
            quote(quotes, &stage->world->feeds[m], index, false, rung, shock,
                  depth);
        }
    }
}

static bool cancel_quotes(struct stage *stage, struct trader *maker)
{
    struct typed_message message;

    typed_message_init(&message, TYPED_CANCEL_ALL);
    message.cancel_all.owner = maker->owner;
    message.cancel_all.nonce = ++maker->nonce;
    message.cancel_all.expires = expires(stage);
    return submit(stage, "private/cancel_all", &message, &maker->key, 1, note,
                  0);
}

static bool place_quotes(struct stage *stage, struct trader *maker,
                         struct quotes *quotes)
{
    struct typed_message message;

    typed_message_init(&message, TYPED_BATCH);
    message.batch.owner = maker->owner;
    message.batch.nonce = ++maker->nonce;
    message.batch.expires = expires(stage);
    message.batch.orders = (struct typed_orders){quotes->orders, quotes->count};
    for (size_t i = 0; i < quotes->count; i++) {
        quotes->orders[i].owner = maker->owner;
        quotes->orders[i].nonce = message.batch.nonce;
        quotes->orders[i].expires = message.batch.expires;
    }
    stage->counts.orders += quotes->count;
    return submit(stage, "private/mass", &message, &maker->key, 1, note_mass,
                  0);
}

static bool makers_act(struct stage *stage)
{
    static struct quotes quotes;

    for (uint32_t i = 0; i < stage->crowd->maker_count; i++)
        if (!cancel_quotes(stage, &stage->crowd->makers[i]))
            return false;
    make_quotes(stage, &quotes);
    for (uint32_t i = 0; quotes.count && i < stage->crowd->maker_count; i++)
        if (!place_quotes(stage, &stage->crowd->makers[i], &quotes))
            return false;
    return talk_wait(stage->talk);
}

/* ---- traders --------------------------------------------------------- */

static bool ask_position(struct stage *stage, uint32_t number)
{
    struct trader *trader = &stage->crowd->traders[number];
    char owner[ADDRESS_TEXT_SIZE];

    address_format(owner, &trader->owner);
    return talk_send(stage->talk, "private/get_positions",
                     json_pack("{ss}", "owner", owner), note_position, stage,
                     number);
}

static bool send_order(struct stage *stage, uint32_t number, int64_t change)
{
    struct trader *trader = &stage->crowd->traders[number];
    char amount[TEXT_BYTES + DECIMAL_TEXT_SIZE];
    struct typed_message message;

    typed_message_init(&message, TYPED_ORDER);
    message.order.owner = trader->owner;
    message.order.nonce = ++trader->nonce;
    message.order.expires = expires(stage);
    message.order.instrument_name =
        words(stage->world->feeds[trader->market].instrument);
    message.order.direction = words(change > 0 ? "buy" : "sell");
    message.order.amount =
        text_of(amount, change > 0 ? change : -change, QTY_PLACES);
    message.order.type = words("market");
    message.order.time_in_force = words("immediate_or_cancel");
    stage->counts.orders++;
    return submit(stage, "private/order", &message, &trader->key, 1, note_order,
                  number);
}

static bool traders_act(struct stage *stage, int64_t progress_ppm)
{
    uint32_t count = stage->crowd->trader_count, actors = 0;
    uint32_t *who = malloc(count * sizeof *who);
    int64_t *goals = malloc(count * sizeof *goals);
    bool is_here = who && goals;

    for (uint32_t i = 0; is_here && i < count; i++) {
        const struct trader *trader = &stage->crowd->traders[i];
        uint32_t market = trader->market;
        int64_t price = world_price(stage->world, market), goal;

        if (price == 0 ||
            !crowd_decide(stage->crowd, trader, &stage->world->feeds[market],
                          price, change_ppm(stage, market), progress_ppm,
                          &goal))
            continue;
        who[actors] = i;
        goals[actors++] = goal;
        is_here = ask_position(stage, i);
    }
    is_here = is_here && talk_wait(stage->talk);
    for (uint32_t i = 0; is_here && i < actors; i++) {
        int64_t change = goals[i] - stage->crowd->traders[who[i]].believed;

        if (change != 0)
            is_here = send_order(stage, who[i], change);
    }
    free(who);
    free(goals);
    return is_here && talk_wait(stage->talk);
}

/* ---- moments --------------------------------------------------------- */

static void keep_pace(const struct stage *stage)
{
    int64_t ms =
        stage->speed ? stage->world->step_ms / (int64_t)stage->speed : 0;
    struct timespec pause = {ms / 1000, ms % 1000 * 1000000};

    if (ms > 0)
        nanosleep(&pause, NULL);
}

bool stage_moment(struct stage *stage, size_t from, size_t to, uint32_t step,
                  int64_t progress_ppm)
{
    int64_t time = stage->world->history->bars[from].time_ms +
                   (int64_t)step * stage->world->step_ms;

    world_move(stage->world, from, to, step);
    stage->past_at = (stage->past_at + 1) % 64;
    for (uint32_t f = 0; f < stage->world->feed_count; f++)
        stage->past[f][stage->past_at] = world_price(stage->world, f);
    keep_pace(stage);
    return advance(stage, time) && report(stage) &&
           advance(stage, time + stage->tick_ms) && makers_act(stage) &&
           traders_act(stage, progress_ppm);
}

bool stage_close(struct stage *stage)
{
    return report(stage) && talk_wait(stage->talk) &&
           advance(stage, stage->now_ms + 20 * stage->tick_ms);
}

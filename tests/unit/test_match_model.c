/*
 * Matching against a model that looks at everything each time: thousands of
 * random orders through engine_apply.
 */
#include "tests/unit/match_world.h"

TestSuite(match_model, .init = start, .fini = stop);

/* ---- against a model --------------------------------------------------- */

#define MODEL_ORDERS 4096
#define MODEL_OWNERS 4

struct model_order {
    uint64_t priority;
    uint32_t owner;
    enum side side;
    int64_t price, left; /* ticks of 0.1, lots of 0.0001 */
    bool is_open, is_reduce_only;
};

struct model_trade {
    uint64_t maker, taker;
    int64_t price, size;
};

/* By order id; trades are those of the last command. */
struct model {
    struct model_order orders[MODEL_ORDERS];
    uint64_t next_id, next_priority;
    int64_t positions[MODEL_OWNERS + 1];
    struct model_trade trades[256];
    uint32_t trade_count;
};

static struct model model, trial;

static int64_t model_reducible(const struct model *m, uint32_t owner,
                               enum side side)
{
    int64_t held = m->positions[owner];

    if (side == SIDE_BUY)
        held = -held;
    return held > 0 ? held : 0;
}

static bool model_crosses(const struct model_order *a,
                          const struct model_order *b)
{
    if (a->side == b->side)
        return false;
    return a->side == SIDE_BUY ? a->price >= b->price : a->price <= b->price;
}

/* 0: nobody. */
static uint64_t model_best(const struct model *m,
                           const struct model_order *taker)
{
    uint64_t best = 0;

    for (uint64_t id = 1; id < m->next_id; id++) {
        const struct model_order *order = &m->orders[id];
        const struct model_order *found = &m->orders[best];
        int64_t better = found->price - order->price;

        if (!order->is_open || !model_crosses(taker, order))
            continue;
        if (order->side == SIDE_BUY)
            better = -better;
        if (best == 0 || better > 0 ||
            (better == 0 && order->priority < found->priority))
            best = id;
    }
    return best;
}

static int64_t min_of(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* What is left of a taker that is not on the book; makers that may not trade
 * are closed. True: it may rest. */
static bool model_match(struct model *m, uint64_t id)
{
    struct model_order *taker = &m->orders[id];
    uint64_t best;

    while (taker->left > 0 && (best = model_best(m, taker)) != 0) {
        struct model_order *maker = &m->orders[best];
        int64_t size = min_of(taker->left, maker->left);
        int64_t sign = taker->side == SIDE_BUY ? 1 : -1;

        if (maker->owner == taker->owner) {
            maker->is_open = false;
            continue;
        }
        if (taker->is_reduce_only)
            size = min_of(size, model_reducible(m, taker->owner, taker->side));
        if (size == 0)
            return false;
        if (maker->is_reduce_only)
            size = min_of(size, model_reducible(m, maker->owner, maker->side));
        if (size == 0) {
            maker->is_open = false;
            continue;
        }
        m->trades[m->trade_count++] =
            (struct model_trade){best, id, maker->price, size};
        taker->left -= size;
        maker->left -= size;
        maker->is_open = maker->left > 0;
        m->positions[taker->owner] += sign * size;
        m->positions[maker->owner] -= sign * size;
    }
    return true;
}

static void model_arrive(struct model *m, uint64_t id, enum time_in_force tif)
{
    struct model_order *order = &m->orders[id];

    order->is_open = false;
    order->priority = m->next_priority++;
    m->trade_count = 0;
    if (model_match(m, id) && order->left > 0 && tif == TIF_GOOD_TIL_CANCELLED)
        order->is_open = true;
}

static bool model_would_trade(const struct model *m,
                              const struct model_order *order)
{
    return model_best(m, order) != 0;
}

static bool model_place(const struct model_order *wish, enum time_in_force tif,
                        bool is_post_only)
{
    model.trade_count = 0;
    if (wish->is_reduce_only &&
        model_reducible(&model, wish->owner, wish->side) == 0)
        return false;
    if (is_post_only && model_would_trade(&model, wish))
        return false;
    if (tif == TIF_FILL_OR_KILL) {
        trial = model;
        trial.orders[trial.next_id++] = *wish;
        model_arrive(&trial, trial.next_id - 1, tif);
        if (trial.orders[trial.next_id - 1].left > 0)
            return false;
    }
    model.orders[model.next_id++] = *wish;
    model_arrive(&model, model.next_id - 1, tif);
    return true;
}

static uint64_t seed_now;

static uint64_t random_below(uint64_t bound)
{
    seed_now = seed_now * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (seed_now >> 33) % bound;
}

static void compare_trades(void)
{
    cr_assert_eq(fixture_count(&fixture, EVENT_TRADE), model.trade_count);
    for (uint32_t i = 0; i < model.trade_count; i++) {
        const struct event *event = fixture_event(&fixture, EVENT_TRADE, i);
        const struct model_trade *trade = &model.trades[i];

        cr_assert_eq(event->trade.maker_order, trade->maker);
        cr_assert_eq(event->trade.taker_order, trade->taker);
        cr_assert_eq(price_raw(event->trade.price), trade->price * 10000000);
        cr_assert_eq(qty_raw(event->trade.size), trade->size * 10000);
    }
}

static void compare_all(void)
{
    uint32_t open = 0;

    for (uint64_t id = 1; id < model.next_id; id++) {
        uint32_t slot = order_find(fixture.engine, id);

        cr_assert_eq(slot != NONE, model.orders[id].is_open);
        if (slot == NONE)
            continue;
        open++;
        cr_assert_eq(qty_raw(book_open_size(&fixture.engine->orders[slot])),
                     model.orders[id].left * 10000);
    }
    cr_assert_eq(fixture.engine->order_pool.count, open);
    for (uint32_t owner = 1; owner <= MODEL_OWNERS; owner++)
        cr_assert_eq(position_size(owner), model.positions[owner] * 10000);
}

static void random_place(void)
{
    static const enum time_in_force tifs[] = {
        TIF_GOOD_TIL_CANCELLED, TIF_GOOD_TIL_CANCELLED, TIF_IMMEDIATE_OR_CANCEL,
        TIF_FILL_OR_KILL};
    struct order_terms terms = fixture_limit(BTC_PERP, SIDE_BUY, "0", "0");
    enum time_in_force tif = tifs[random_below(4)];
    struct model_order wish = {.owner =
                                   (uint32_t)(1 + random_below(MODEL_OWNERS)),
                               .side = (enum side)random_below(2),
                               .price = 600000 + (int64_t)random_below(24) - 12,
                               .left = 1 + (int64_t)random_below(60),
                               .is_reduce_only = random_below(4) == 0};

    terms.is_post_only = tif == TIF_GOOD_TIL_CANCELLED && random_below(4) == 0;
    terms.side = (uint8_t)wish.side;
    terms.time_in_force = (uint8_t)tif;
    terms.is_reduce_only = wish.is_reduce_only;
    terms.price = price_of(wish.price * 10000000);
    terms.size = qty_of(wish.left * 10000);

    bool is_expected = model_place(&wish, tif, terms.is_post_only);

    (void)fixture_order(&fixture, wish.owner, &terms);
    cr_assert_eq(fixture_result(&fixture) == result_ok, is_expected,
                 "result %d", fixture_result(&fixture));
    compare_trades();
}

static void random_cancel(void)
{
    uint64_t id = 1 + random_below(model.next_id);
    struct model_order *order = &model.orders[id];
    bool is_open = id < model.next_id && order->is_open;

    model.trade_count = 0;
    cr_assert_eq(fixture_cancel(&fixture, order->owner == 0 ? 1 : order->owner,
                                id) == result_ok,
                 is_open);
    order->is_open = false;
}

static void random_replace(void)
{
    struct command command = {.kind = COMMAND_REPLACE};
    uint64_t id = 1 + random_below(model.next_id);
    struct model_order *order = &model.orders[id];
    int64_t price = 600000 + (int64_t)random_below(24) - 12;
    int64_t left = 1 + (int64_t)random_below(60);
    uint32_t slot = order_find(fixture.engine, id);
    struct qty filled;

    if (id >= model.next_id || !order->is_open)
        return;
    filled = fixture.engine->orders[slot].filled;
    if (fixture.engine->orders[slot].is_post_only ||
        (order->is_reduce_only &&
         model_reducible(&model, order->owner, order->side) == 0))
        return;
    if (price == order->price && left == order->left)
        return;
    command.request = fixture_request(&fixture, order->owner, 0);
    command.replace.order_id = id;
    command.replace.size = qty_add(filled, qty_of(left * 10000));
    command.replace.price = price_of(price * 10000000);
    fixture_apply(&fixture, &command);
    cr_assert_eq(fixture_result(&fixture), result_ok);

    bool keeps = price == order->price && left < order->left;

    model.trade_count = 0;
    order->left = left;
    order->price = price;
    if (!keeps)
        model_arrive(&model, id, TIF_GOOD_TIL_CANCELLED);
    compare_trades();
}

static void run_model(uint64_t seed, uint32_t steps)
{
    seed_now = seed;
    memset(&model, 0, sizeof model);
    model.next_id = 1;
    model.next_priority = 1;
    for (uint32_t step = 0; step < steps; step++) {
        uint64_t kind = random_below(10);

        if (kind < 6)
            random_place();
        else if (kind < 8)
            random_replace();
        else
            random_cancel();
        if (step % 16 == 0)
            compare_all();
    }
    compare_all();
    cr_assert_gt(fixture.engine->trade_count, steps / 10);
}

Test(match_model, agrees_with_a_model_that_looks_at_everything)
{
    run_model(1, 3000);
}

Test(match_model, agrees_with_the_model_again)
{
    run_model(2026, 3000);
}

/*
 * Matching by price, then priority. The taker meets the best maker again and
 * again; each meeting ends in a fill, in the maker's end, or in the taker's
 * stop, so the work is bounded by what leaves the book plus one.
 *
 * Order of judgement at a meeting: own order - reduce-only - position limit
 * and open interest - max_fee - margin; of the taker first, for a maker
 * should not lose its place to somebody who can't pay.
 */
#include "engine/match.h"

#include "engine/book.h"
#include "engine/fees.h"
#include "engine/margin.h"
#include "engine/oracle.h"
#include "engine/order.h"
#include "engine/position.h"
#include "engine/wide.h"

struct taker {
    uint32_t order; /* slot, NONE: a liquidation */
    uint32_t account, position;
    uint16_t market;
    enum side side;
    struct price limit;
    struct qty left;
    bool is_reduce_only;
    bool is_judged; /* as a whole, before: its own side is not judged again */
    enum self_trade self_trade;
};

struct fill {
    uint32_t maker; /* order slot */
    struct qty size;
    struct amount quote, maker_fee, taker_fee;
};

enum verdict {
    VERDICT_FILL,
    VERDICT_DROP_MAKER,
    VERDICT_STOP_TAKER,
};

static enum side other_side(enum side side)
{
    return side == SIDE_BUY ? SIDE_SELL : SIDE_BUY;
}

static struct qty signed_size(enum side side, struct qty size)
{
    return side == SIDE_BUY ? size : qty_neg(size);
}

static bool crosses(enum side side, struct price limit, struct price maker)
{
    return side == SIDE_BUY ? price_cmp(maker, limit) <= 0
                            : price_cmp(maker, limit) >= 0;
}

static bool is_same_owner(const struct engine *engine, uint32_t a, uint32_t b)
{
    return engine->accounts[a].owner == engine->accounts[b].owner;
}

bool match_meets_own(const struct engine *engine, uint32_t account,
                     uint16_t market, enum side side, struct price limit)
{
    uint32_t maker = book_best(engine, market, other_side(side));

    return maker != NONE && crosses(side, limit, engine->orders[maker].price) &&
           is_same_owner(engine, account, engine->orders[maker].account);
}

struct qty match_reducible(const struct engine *engine, uint32_t position,
                           enum side side)
{
    if (position == NONE)
        return qty_of(0);

    const struct position *held = &engine->positions[position];
    int64_t size = qty_raw(held->size);
    int64_t lot = qty_raw(engine->markets[held->market].params->lot);

    if (side == SIDE_BUY)
        size = -size;
    return qty_of(size <= 0 ? 0 : size - size % lot);
}

bool match_exceeds_open_interest(const struct engine *engine, uint16_t market,
                                 struct qty growth)
{
    const struct market *m = &engine->markets[market];
    struct amount cap = m->params->open_interest_max;

    if (amount_is_zero(cap) || !qty_is_positive(growth))
        return false;
    return wide_mul(qty_raw(m->open_interest) + qty_raw(growth),
                    price_raw(oracle_index(engine, market))) >
           wide_mul(amount_raw(cap), engine->notional_divisor);
}

bool match_admits_fill(struct engine *engine, uint32_t position,
                       struct qty change, struct amount quote,
                       struct amount *fee, struct qty resting,
                       struct price resting_price)
{
    struct margin margin;

    if (margin_admits_fill(engine, position, change, quote, *fee, resting,
                           resting_price))
        return true;
    if (!amount_is_positive(*fee))
        return false;
    margin_read(engine, engine->positions[position].account, &margin);
    if (!amount_is_negative(margin.equity))
        return false;
    *fee = amount_of(0);
    return margin_admits_fill(engine, position, change, quote, *fee, resting,
                              resting_price);
}

static bool is_within_limit(const struct engine *engine, uint32_t position,
                            struct qty change)
{
    const struct position *held = &engine->positions[position];

    return position_is_reducing(held->size, change) ||
           position_within_limit(engine, held, held->market, change);
}

static struct qty long_part(struct qty size)
{
    return qty_max(size, qty_of(0));
}

/* By how much this fill opens new contracts. */
static struct qty interest_growth(const struct engine *engine, uint32_t buyer,
                                  uint32_t seller, struct qty size)
{
    struct qty bought = engine->positions[buyer].size;
    struct qty sold = engine->positions[seller].size;

    if (buyer == seller)
        return qty_of(0);
    return qty_add(qty_sub(long_part(qty_add(bought, size)), long_part(bought)),
                   qty_sub(long_part(qty_sub(sold, size)), long_part(sold)));
}

/* Would this fee bring the order above what it may be charged in all? */
static bool exceeds_max_fee(const struct engine *engine, uint32_t order,
                            struct amount fee)
{
    const struct order_cold *cold = &engine->orders_cold[order];

    return engine->orders[order].has_max_fee &&
           amount_cmp(amount_add(cold->fee_paid, fee), cold->max_fee) > 0;
}

/* The makers of one's own owner: skipped over, or the end of the taker. */
static enum verdict judge_own(const struct engine *engine,
                              const struct taker *taker, uint32_t maker)
{
    if (taker->self_trade == SELF_TRADE_ALLOW ||
        !is_same_owner(engine, taker->account, engine->orders[maker].account))
        return VERDICT_FILL;
    return taker->self_trade == SELF_TRADE_CANCEL_MAKER ? VERDICT_DROP_MAKER
                                                        : VERDICT_STOP_TAKER;
}

/* The size of the fill, cut to what reduce-only orders reduce. */
static enum verdict judge_size(const struct engine *engine,
                               const struct taker *taker, struct fill *fill)
{
    const struct order *maker = &engine->orders[fill->maker];

    fill->size = qty_min(taker->left, book_open_size(maker));
    if (taker->is_reduce_only)
        fill->size = qty_min(
            fill->size, match_reducible(engine, taker->position, taker->side));
    if (qty_is_zero(fill->size))
        return VERDICT_STOP_TAKER;
    if (maker->is_reduce_only)
        fill->size =
            qty_min(fill->size, match_reducible(engine, maker->position,
                                                (enum side)maker->side));
    return qty_is_zero(fill->size) ? VERDICT_DROP_MAKER : VERDICT_FILL;
}

static enum verdict judge_limits(const struct engine *engine,
                                 const struct taker *taker,
                                 const struct fill *fill)
{
    uint32_t maker = engine->orders[fill->maker].position;
    bool buys = taker->side == SIDE_BUY;
    struct qty change = signed_size(taker->side, fill->size);

    if (!taker->is_judged) {
        struct qty growth =
            interest_growth(engine, buys ? taker->position : maker,
                            buys ? maker : taker->position, fill->size);

        if (!is_within_limit(engine, taker->position, change) ||
            match_exceeds_open_interest(engine, taker->market, growth))
            return VERDICT_STOP_TAKER;
    }
    return is_within_limit(engine, maker, qty_neg(change)) ? VERDICT_FILL
                                                           : VERDICT_DROP_MAKER;
}

static void price_fill(const struct engine *engine, const struct taker *taker,
                       struct fill *fill)
{
    const struct order *maker = &engine->orders[fill->maker];

    fill->quote =
        notional_exact(fill->size, maker->price, engine->notional_divisor);
    fees_of_fill(engine, maker->account, taker->account, fill->quote,
                 &fill->maker_fee, &fill->taker_fee);
    if (taker->order == NONE)
        fill->taker_fee = amount_of(0);
}

static enum verdict judge_fees(const struct engine *engine,
                               const struct taker *taker,
                               const struct fill *fill)
{
    if (!taker->is_judged &&
        exceeds_max_fee(engine, taker->order, fill->taker_fee))
        return VERDICT_STOP_TAKER;
    return exceeds_max_fee(engine, fill->maker, fill->maker_fee)
               ? VERDICT_DROP_MAKER
               : VERDICT_FILL;
}

static enum verdict judge_margin(struct engine *engine,
                                 const struct taker *taker, struct fill *fill)
{
    const struct order *maker = &engine->orders[fill->maker];
    struct qty change = signed_size(taker->side, fill->size);
    struct qty resting = maker->is_reduce_only ? qty_of(0) : fill->size;

    if (!taker->is_judged &&
        !match_admits_fill(engine, taker->position, change, fill->quote,
                           &fill->taker_fee, qty_of(0), price_of(0)))
        return VERDICT_STOP_TAKER;
    /* A rebate is paid out of the taker's fee (rule 20). */
    if (!amount_is_positive(fill->taker_fee))
        fill->maker_fee = amount_max(fill->maker_fee, amount_of(0));
    return match_admits_fill(engine, maker->position, qty_neg(change),
                             fill->quote, &fill->maker_fee, resting,
                             maker->price)
               ? VERDICT_FILL
               : VERDICT_DROP_MAKER;
}

static enum verdict judge(struct engine *engine, const struct taker *taker,
                          struct fill *fill, enum order_reason *reason)
{
    enum verdict verdict = judge_own(engine, taker, fill->maker);

    *reason = REASON_SELF_TRADE;
    if (verdict != VERDICT_FILL)
        return verdict;
    *reason = REASON_REDUCE_ONLY;
    verdict = judge_size(engine, taker, fill);
    if (verdict != VERDICT_FILL)
        return verdict;
    *reason = REASON_POSITION_LIMIT;
    verdict = judge_limits(engine, taker, fill);
    if (verdict != VERDICT_FILL)
        return verdict;
    price_fill(engine, taker, fill);
    *reason = REASON_MAX_FEE;
    verdict = judge_fees(engine, taker, fill);
    if (verdict != VERDICT_FILL)
        return verdict;
    *reason = REASON_MARGIN;
    return judge_margin(engine, taker, fill);
}

static void emit_trade(struct engine *engine, const struct taker *taker,
                       const struct fill *fill, uint64_t trade_id)
{
    const struct market *market = &engine->markets[taker->market];
    const struct order *maker = &engine->orders[fill->maker];

    if (!engine->sink)
        return;

    struct event event = {.kind = EVENT_TRADE};

    event.trade.id = trade_id;
    event.trade.sequence = market->trade_sequence;
    event.trade.market = taker->market;
    event.trade.taker_side = (uint8_t)taker->side;
    event.trade.is_liquidation = taker->order == NONE;
    event.trade.price = maker->price;
    event.trade.mark = market->mark;
    event.trade.index = oracle_index(engine, taker->market);
    event.trade.size = fill->size;
    event.trade.maker = engine->accounts[maker->account].id;
    event.trade.taker = engine->accounts[taker->account].id;
    event.trade.maker_order = maker->id;
    event.trade.taker_order =
        taker->order == NONE ? 0 : engine->orders[taker->order].id;
    event.trade.maker_fee = fill->maker_fee;
    event.trade.taker_fee = fill->taker_fee;
    engine_emit(engine, &event);
}

/* Totals since the start, modulo 2^64: readers take differences. */
static void count_trade(struct engine *engine, uint16_t market,
                        struct price price, const struct fill *fill)
{
    struct market *m = &engine->markets[market];

    m->last = price;
    m->trade_sequence++;
    m->volume = qty_of((int64_t)((uint64_t)qty_raw(m->volume) +
                                 (uint64_t)qty_raw(fill->size)));
    m->volume_quote =
        amount_of((int64_t)((uint64_t)amount_raw(m->volume_quote) +
                            (uint64_t)amount_raw(fill->quote)));
    engine->trade_count++;
}

static void book_fill(struct engine *engine, uint32_t slot,
                      const struct fill *fill, struct amount fee)
{
    struct order *order = &engine->orders[slot];
    struct order_cold *cold = &engine->orders_cold[slot];

    order->filled = qty_add(order->filled, fill->size);
    cold->filled_quote = amount_add(cold->filled_quote, fill->quote);
    cold->fee_paid = amount_add(cold->fee_paid, fee);
}

/* The maker's order is accounted for before the positions change, so that
 * they are summed up once, with the orders that are left. */
static void execute(struct engine *engine, const struct taker *taker,
                    const struct fill *fill)
{
    struct order *maker = &engine->orders[fill->maker];
    uint64_t trade_id = engine->next_trade++;
    bool buys = taker->side == SIDE_BUY;

    book_reduce(engine, fill->maker, fill->size);
    book_fill(engine, fill->maker, fill, fill->maker_fee);
    order_count(engine, fill->maker, qty_neg(fill->size));
    if (taker->order != NONE)
        book_fill(engine, taker->order, fill, fill->taker_fee);

    position_fill(engine, buys ? taker->position : maker->position, fill->size,
                  fill->quote, trade_id);
    position_fill(engine, buys ? maker->position : taker->position,
                  qty_neg(fill->size), fill->quote, trade_id);
    fees_charge(engine, maker->account, fill->maker_fee, taker->market,
                trade_id);
    fees_charge(engine, taker->account, fill->taker_fee, taker->market,
                trade_id);
    count_trade(engine, taker->market, maker->price, fill);
    emit_trade(engine, taker, fill, trade_id);

    if (qty_is_zero(book_open_size(maker)))
        order_end(engine, fill->maker, ORDER_FILLED, REASON_NONE);
    else
        order_touch(engine, fill->maker, REASON_NONE);
}

/* Until the taker is filled, nothing crosses, or it may not go on: then the
 * reason, else REASON_NONE. */
static enum order_reason take(struct engine *engine, struct taker *taker,
                              struct match_result *result)
{
    enum side makers = other_side(taker->side);

    while (qty_is_positive(taker->left)) {
        struct fill fill = {.maker = book_best(engine, taker->market, makers)};
        enum order_reason reason;

        if (fill.maker == NONE || !crosses(taker->side, taker->limit,
                                           engine->orders[fill.maker].price))
            break;
        switch (judge(engine, taker, &fill, &reason)) {
        case VERDICT_FILL:
            taker->left = qty_sub(taker->left, fill.size);
            result->filled = qty_add(result->filled, fill.size);
            result->quote = amount_add(result->quote, fill.quote);
            execute(engine, taker, &fill);
            break;
        case VERDICT_DROP_MAKER:
            order_end(engine, fill.maker, ORDER_CANCELLED, reason);
            break;
        case VERDICT_STOP_TAKER:
            return reason;
        }
    }
    return REASON_NONE;
}

void match_order(struct engine *engine, uint32_t slot,
                 enum order_reason *reason)
{
    const struct order *order = &engine->orders[slot];
    struct match_result result = {{0}, {0}, {0}};
    struct taker taker = {
        .order = slot,
        .account = order->account,
        .position = order->position,
        .market = order->market,
        .side = (enum side)order->side,
        .limit = order->price,
        .left = book_open_size(order),
        .is_reduce_only = order->is_reduce_only,
        .is_judged = order->time_in_force == TIF_FILL_OR_KILL,
        .self_trade = engine->genesis.self_trade,
    };

    check(order->level == NONE && order->trigger == TRIGGER_NONE);
    *reason = take(engine, &taker, &result);
}

void match_liquidation(struct engine *engine, uint32_t position, enum side side,
                       struct qty size, struct price limit,
                       struct match_result *result)
{
    const struct position *held = &engine->positions[position];
    struct taker taker = {
        .order = NONE,
        .account = held->account,
        .position = position,
        .market = held->market,
        .side = side,
        .limit = limit,
        .left = qty_min(size, match_reducible(engine, position, side)),
        .is_judged = true,
        .self_trade = SELF_TRADE_CANCEL_MAKER,
    };

    *result = (struct match_result){{0}, {0}, {0}};
    (void)take(engine, &taker, result);
}

/* What of one maker's own orders stands before one of them in the book. */
struct queue {
    struct qty size;    /* of all */
    struct qty resting; /* of those that count as open orders */
    i128 worth;         /* of the latter, price * qty */
    struct amount quote, fee;
};

static bool stands_before(const struct order *a, const struct order *b)
{
    int order = price_cmp(a->price, b->price);

    if (a->side == SIDE_BUY)
        order = -order;
    return order < 0 || (order == 0 && a->priority < b->priority);
}

static void queue_add(const struct engine *engine,
                      const struct match_wish *wish, const struct order *maker,
                      struct qty size, struct queue *queue)
{
    struct amount quote =
        notional_exact(size, maker->price, engine->notional_divisor);
    struct amount maker_fee, taker_fee;

    fees_of_fill(engine, maker->account, wish->account, quote, &maker_fee,
                 &taker_fee);
    queue->size = qty_add(queue->size, size);
    queue->quote = amount_add(queue->quote, quote);
    queue->fee = amount_add(queue->fee, maker_fee);
    if (!maker->is_reduce_only) {
        queue->resting = qty_add(queue->resting, size);
        queue->worth += wide_mul(qty_raw(size), price_raw(maker->price));
    }
}

/* False: so much stands before it that it could not fill, too. */
static bool queue_before(const struct engine *engine,
                         const struct match_wish *wish, uint32_t slot,
                         struct queue *queue)
{
    const struct order *maker = &engine->orders[slot];
    uint32_t own = engine->positions[maker->position].orders;
    int64_t most =
        4 * qty_raw(engine->markets[maker->market].params->position_max);

    *queue = (struct queue){0};
    for (; own != NONE; own = engine->links[own].own_next) {
        const struct order *order = &engine->orders[own];

        if (order->level == NONE || order->side != maker->side ||
            !stands_before(order, maker))
            continue;
        if (qty_raw(book_open_size(order)) > most - qty_raw(queue->size))
            return false;
        queue_add(engine, wish, order, book_open_size(order), queue);
    }
    return true;
}

/* Mean price of the resting orders of a queue, rounded so that no more loss
 * is released than is counted for them. */
static struct price queue_price(const struct queue *queue, enum side side)
{
    i128 size = qty_raw(queue->resting);

    if (size == 0)
        return price_of(0);
    return price_of((int64_t)(side == SIDE_BUY
                                  ? wide_div_floor(queue->worth, size)
                                  : wide_div_ceil(queue->worth, size)));
}

/* How much of the maker could fill, up to `most`; 0: it would be dropped. */
static struct qty available_of(struct engine *engine,
                               const struct match_wish *wish, uint32_t slot,
                               struct qty most)
{
    const struct order *maker = &engine->orders[slot];
    enum side side = (enum side)maker->side;
    struct qty size = qty_min(most, book_open_size(maker));
    struct amount maker_fee, taker_fee;
    struct queue queue;

    if (!queue_before(engine, wish, slot, &queue))
        return qty_of(0);
    if (maker->is_reduce_only) {
        struct qty left =
            qty_sub(match_reducible(engine, maker->position, side), queue.size);

        size = qty_min(size, left);
        if (!qty_is_positive(size))
            return qty_of(0);
    }
    fees_of_fill(engine, maker->account, wish->account,
                 notional_exact(size, maker->price, engine->notional_divisor),
                 &maker_fee, &taker_fee);
    queue_add(engine, wish, maker, size, &queue);

    struct qty change = signed_size(side, queue.size);

    if (!is_within_limit(engine, maker->position, change) ||
        exceeds_max_fee(engine, slot, maker_fee) ||
        !match_admits_fill(engine, maker->position, change, queue.quote,
                           &queue.fee, queue.resting,
                           queue_price(&queue, side)))
        return qty_of(0);
    return size;
}

static void count_available(const struct engine *engine,
                            const struct match_wish *wish,
                            const struct order *maker, struct qty size,
                            struct match_result *result)
{
    struct amount quote =
        notional_exact(size, maker->price, engine->notional_divisor);
    struct amount maker_fee, taker_fee;

    fees_of_fill(engine, maker->account, wish->account, quote, &maker_fee,
                 &taker_fee);
    result->filled = qty_add(result->filled, size);
    result->quote = amount_add(result->quote, quote);
    result->fee = amount_add(result->fee, taker_fee);
}

void match_available(struct engine *engine, const struct match_wish *wish,
                     struct match_result *result)
{
    struct taker taker = {.account = wish->account,
                          .self_trade = engine->genesis.self_trade};
    uint32_t slot = book_best(engine, wish->market, other_side(wish->side));

    *result = (struct match_result){{0}, {0}, {0}};
    for (; slot != NONE; slot = book_next(engine, slot)) {
        const struct order *maker = &engine->orders[slot];
        struct qty left = qty_sub(wish->size, result->filled);

        if (qty_is_zero(left) ||
            !crosses(wish->side, wish->limit, maker->price))
            return;

        enum verdict own = judge_own(engine, &taker, slot);

        if (own == VERDICT_STOP_TAKER)
            return;
        if (own == VERDICT_FILL) {
            struct qty size = available_of(engine, wish, slot, left);

            if (!qty_is_zero(size))
                count_available(engine, wish, maker, size, result);
        }
    }
}

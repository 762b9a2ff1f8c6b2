/*
 * Events as bytes, little-endian; several follow each other without gaps. One
 * value has one encoding. An account is owner 20, subaccount u32.
 *
 *   kind u8, leg u8, then
 *   REFUSED          result u16, param u8, required i64, available i64
 *   ORDER            id u64, account 24, state u8, reason u8, result u16,
 *                    filled i64, filled_quote i64, fee_paid i64, created i64,
 *                    updated i64, terms (engine/terms_codec.h)
 *   TRADE            id u64, sequence u64, market u16, taker_side u8,
 *                    is_liquidation u8, price i64, mark i64, index i64,
 *                    size i64, maker 24, taker 24, maker_order u64,
 *                    taker_order u64, maker_fee i64, taker_fee i64
 *   LEDGER           from 24, to 24, asset u16, code u8, market u16,
 *                    amount i64, from_balance i64, to_balance i64,
 *                    reference u64
 *   POSITION         account 24, market u16, size i64, cost i64,
 *                    realised i64, funding i64
 *   DEPOSIT          account 24, asset u16, amount i64, reference 32,
 *                    signatures u32, threshold u32, is_credited u8,
 *                    is_first_credit u8
 *   WITHDRAWAL       id u64, account 24, asset u16, amount i64, recipient 20
 *   KEY              owner 20, key 20, scopes u32, expires i64
 *   LEVERAGE         account 24, market u16, initial_rate i64
 *   REPORT           reporter u16, timestamp i64, result u16, accepted u32
 *   INDEX            feed u16, price i64, confidence i64, grade u8, used u32,
 *                    slow i64
 *   MARK             market u16, mark i64, index i64, ema i64
 *   FUNDING          market u16, premium i64, rate_8h i64, index_change i128,
 *                    index i128, price i64
 *   LIQUIDATION      account 24, market u16, step u8, equity i64,
 *                    maintenance i64, size i64, limit i64, bankruptcy i64,
 *                    quote i64, fee i64, insurance i64
 *   ADL              account 24, against 24, market u16, size i64, mark i64,
 *                    bankruptcy i64, quote i64, taken i64
 *   MARKET_STATE     market u16, state u8, reason u8
 *   BLOCK            height u64
 *   REPEAT           index u64
 *   CANCELLED_COUNT  count u32
 */
#include "engine/event.h"
#include "engine/terms_codec.h"

STATIC_CHECK(EVENT_BYTES_MAX >= 2 + 76 + TERMS_BYTES_MAX);
STATIC_CHECK(EVENT_BYTES_MAX >= 2 + 132);

/* u16, a number of result.def. */
static enum result result_get(struct bytes_reader *reader)
{
    uint16_t number = bytes_get_u16(reader);

    if (!result_find(number))
        reader->is_bad = true;
    return (enum result)number;
}

static void refused_put(struct bytes_writer *writer, const struct event *event)
{
    bytes_put_u16(writer, (uint16_t)event->refused.result);
    bytes_put_u8(writer, (uint8_t)event->refused.param);
    bytes_put_amount(writer, event->refused.required);
    bytes_put_amount(writer, event->refused.available);
}

static void refused_get(struct bytes_reader *reader, struct event *event)
{
    event->refused.result = result_get(reader);
    event->refused.param =
        (enum param)bytes_get_u8_max(reader, param_count - 1);
    event->refused.required = bytes_get_amount(reader);
    event->refused.available = bytes_get_amount(reader);
}

static void order_put(struct bytes_writer *writer, const struct event *event)
{
    const struct order_view *order = &event->order;

    bytes_put_u64(writer, order->id);
    bytes_put_account_id(writer, &order->account);
    bytes_put_u8(writer, order->state);
    bytes_put_u8(writer, order->reason);
    bytes_put_u16(writer, order->result);
    bytes_put_qty(writer, order->filled);
    bytes_put_amount(writer, order->filled_quote);
    bytes_put_amount(writer, order->fee_paid);
    bytes_put_nanos(writer, order->created);
    bytes_put_nanos(writer, order->updated);
    terms_put(writer, &order->terms);
}

static void order_get(struct bytes_reader *reader, struct event *event)
{
    struct order_view *order = &event->order;

    order->id = bytes_get_u64(reader);
    order->account = bytes_get_account_id(reader);
    order->state = bytes_get_u8_max(reader, ORDER_EXPIRED);
    order->reason = bytes_get_u8_max(reader, REASON_REFUSED);
    order->result = (uint16_t)result_get(reader);
    order->filled = bytes_get_qty(reader);
    order->filled_quote = bytes_get_amount(reader);
    order->fee_paid = bytes_get_amount(reader);
    order->created = bytes_get_nanos(reader);
    order->updated = bytes_get_nanos(reader);
    terms_get(reader, &order->terms);
}

static void trade_put(struct bytes_writer *writer, const struct event *event)
{
    bytes_put_u64(writer, event->trade.id);
    bytes_put_u64(writer, event->trade.sequence);
    bytes_put_u16(writer, event->trade.market);
    bytes_put_u8(writer, event->trade.taker_side);
    bytes_put_u8(writer, event->trade.is_liquidation);
    bytes_put_price(writer, event->trade.price);
    bytes_put_price(writer, event->trade.mark);
    bytes_put_price(writer, event->trade.index);
    bytes_put_qty(writer, event->trade.size);
    bytes_put_account_id(writer, &event->trade.maker);
    bytes_put_account_id(writer, &event->trade.taker);
    bytes_put_u64(writer, event->trade.maker_order);
    bytes_put_u64(writer, event->trade.taker_order);
    bytes_put_amount(writer, event->trade.maker_fee);
    bytes_put_amount(writer, event->trade.taker_fee);
}

static void trade_get(struct bytes_reader *reader, struct event *event)
{
    event->trade.id = bytes_get_u64(reader);
    event->trade.sequence = bytes_get_u64(reader);
    event->trade.market = bytes_get_u16(reader);
    event->trade.taker_side = bytes_get_u8_max(reader, SIDE_SELL);
    event->trade.is_liquidation = bytes_get_flag(reader);
    event->trade.price = bytes_get_price(reader);
    event->trade.mark = bytes_get_price(reader);
    event->trade.index = bytes_get_price(reader);
    event->trade.size = bytes_get_qty(reader);
    event->trade.maker = bytes_get_account_id(reader);
    event->trade.taker = bytes_get_account_id(reader);
    event->trade.maker_order = bytes_get_u64(reader);
    event->trade.taker_order = bytes_get_u64(reader);
    event->trade.maker_fee = bytes_get_amount(reader);
    event->trade.taker_fee = bytes_get_amount(reader);
}

static void ledger_put(struct bytes_writer *writer, const struct event *event)
{
    bytes_put_account_id(writer, &event->ledger.from);
    bytes_put_account_id(writer, &event->ledger.to);
    bytes_put_u16(writer, event->ledger.asset);
    bytes_put_u8(writer, event->ledger.code);
    bytes_put_u16(writer, event->ledger.market);
    bytes_put_amount(writer, event->ledger.amount);
    bytes_put_amount(writer, event->ledger.from_balance);
    bytes_put_amount(writer, event->ledger.to_balance);
    bytes_put_u64(writer, event->ledger.reference);
}

static void ledger_get(struct bytes_reader *reader, struct event *event)
{
    event->ledger.from = bytes_get_account_id(reader);
    event->ledger.to = bytes_get_account_id(reader);
    event->ledger.asset = bytes_get_u16_max(reader, ASSETS_MAX - 1);
    event->ledger.code = bytes_get_u8_max(reader, LEDGER_GENESIS);
    if (event->ledger.code < LEDGER_DEPOSIT)
        reader->is_bad = true;
    event->ledger.market = bytes_get_u16(reader);
    event->ledger.amount = bytes_get_amount(reader);
    event->ledger.from_balance = bytes_get_amount(reader);
    event->ledger.to_balance = bytes_get_amount(reader);
    event->ledger.reference = bytes_get_u64(reader);
}

static void position_put(struct bytes_writer *writer, const struct event *event)
{
    bytes_put_account_id(writer, &event->position.account);
    bytes_put_u16(writer, event->position.market);
    bytes_put_qty(writer, event->position.size);
    bytes_put_amount(writer, event->position.cost);
    bytes_put_amount(writer, event->position.realised);
    bytes_put_amount(writer, event->position.funding);
}

static void position_get(struct bytes_reader *reader, struct event *event)
{
    event->position.account = bytes_get_account_id(reader);
    event->position.market = bytes_get_u16(reader);
    event->position.size = bytes_get_qty(reader);
    event->position.cost = bytes_get_amount(reader);
    event->position.realised = bytes_get_amount(reader);
    event->position.funding = bytes_get_amount(reader);
}

static void deposit_put(struct bytes_writer *writer, const struct event *event)
{
    bytes_put_account_id(writer, &event->deposit.account);
    bytes_put_u16(writer, event->deposit.asset);
    bytes_put_amount(writer, event->deposit.amount);
    bytes_put_hash(writer, &event->deposit.reference);
    bytes_put_u32(writer, event->deposit.signatures);
    bytes_put_u32(writer, event->deposit.threshold);
    bytes_put_u8(writer, event->deposit.is_credited);
    bytes_put_u8(writer, event->deposit.is_first_credit);
}

static void deposit_get(struct bytes_reader *reader, struct event *event)
{
    event->deposit.account = bytes_get_account_id(reader);
    event->deposit.asset = bytes_get_u16(reader);
    event->deposit.amount = bytes_get_amount(reader);
    event->deposit.reference = bytes_get_hash(reader);
    event->deposit.signatures = bytes_get_u32(reader);
    event->deposit.threshold = bytes_get_u32(reader);
    event->deposit.is_credited = bytes_get_flag(reader);
    event->deposit.is_first_credit = bytes_get_flag(reader);
}

static void withdrawal_put(struct bytes_writer *writer,
                           const struct event *event)
{
    bytes_put_u64(writer, event->withdrawal.id);
    bytes_put_account_id(writer, &event->withdrawal.account);
    bytes_put_u16(writer, event->withdrawal.asset);
    bytes_put_amount(writer, event->withdrawal.amount);
    bytes_put_address(writer, &event->withdrawal.recipient);
}

static void withdrawal_get(struct bytes_reader *reader, struct event *event)
{
    event->withdrawal.id = bytes_get_u64(reader);
    event->withdrawal.account = bytes_get_account_id(reader);
    event->withdrawal.asset = bytes_get_u16(reader);
    event->withdrawal.amount = bytes_get_amount(reader);
    event->withdrawal.recipient = bytes_get_address(reader);
}

static void key_put(struct bytes_writer *writer, const struct event *event)
{
    bytes_put_address(writer, &event->key.owner);
    bytes_put_address(writer, &event->key.key);
    bytes_put_u32(writer, event->key.scopes);
    bytes_put_nanos(writer, event->key.expires);
}

static void key_get(struct bytes_reader *reader, struct event *event)
{
    event->key.owner = bytes_get_address(reader);
    event->key.key = bytes_get_address(reader);
    event->key.scopes = bytes_get_u32(reader);
    event->key.expires = bytes_get_nanos(reader);
}

static void leverage_put(struct bytes_writer *writer, const struct event *event)
{
    bytes_put_account_id(writer, &event->leverage.account);
    bytes_put_u16(writer, event->leverage.market);
    bytes_put_rate(writer, event->leverage.initial_rate);
}

static void leverage_get(struct bytes_reader *reader, struct event *event)
{
    event->leverage.account = bytes_get_account_id(reader);
    event->leverage.market = bytes_get_u16(reader);
    event->leverage.initial_rate = bytes_get_rate(reader);
}

static void report_put(struct bytes_writer *writer, const struct event *event)
{
    bytes_put_u16(writer, event->report.reporter);
    bytes_put_nanos(writer, event->report.timestamp);
    bytes_put_u16(writer, (uint16_t)event->report.result);
    bytes_put_u32(writer, event->report.accepted);
}

static void report_get(struct bytes_reader *reader, struct event *event)
{
    event->report.reporter = bytes_get_u16(reader);
    event->report.timestamp = bytes_get_nanos(reader);
    event->report.result = result_get(reader);
    event->report.accepted = bytes_get_u32(reader);
}

static void index_put(struct bytes_writer *writer, const struct event *event)
{
    bytes_put_u16(writer, event->index.feed);
    bytes_put_price(writer, event->index.price);
    bytes_put_price(writer, event->index.confidence);
    bytes_put_u8(writer, event->index.grade);
    bytes_put_u32(writer, event->index.used);
    bytes_put_price(writer, event->index.slow);
}

static void index_get(struct bytes_reader *reader, struct event *event)
{
    event->index.feed = bytes_get_u16(reader);
    event->index.price = bytes_get_price(reader);
    event->index.confidence = bytes_get_price(reader);
    event->index.grade = bytes_get_u8_max(reader, GRADE_NONE);
    event->index.used = bytes_get_u32(reader);
    event->index.slow = bytes_get_price(reader);
}

static void mark_put(struct bytes_writer *writer, const struct event *event)
{
    bytes_put_u16(writer, event->mark.market);
    bytes_put_price(writer, event->mark.mark);
    bytes_put_price(writer, event->mark.index);
    bytes_put_price(writer, event->mark.ema);
}

static void mark_get(struct bytes_reader *reader, struct event *event)
{
    event->mark.market = bytes_get_u16(reader);
    event->mark.mark = bytes_get_price(reader);
    event->mark.index = bytes_get_price(reader);
    event->mark.ema = bytes_get_price(reader);
}

static void funding_put(struct bytes_writer *writer, const struct event *event)
{
    bytes_put_u16(writer, event->funding.market);
    bytes_put_rate(writer, event->funding.premium);
    bytes_put_rate(writer, event->funding.rate_8h);
    bytes_put_i128(writer, event->funding.index_change);
    bytes_put_i128(writer, event->funding.index);
    bytes_put_price(writer, event->funding.price);
}

static void funding_get(struct bytes_reader *reader, struct event *event)
{
    event->funding.market = bytes_get_u16(reader);
    event->funding.premium = bytes_get_rate(reader);
    event->funding.rate_8h = bytes_get_rate(reader);
    event->funding.index_change = bytes_get_i128(reader);
    event->funding.index = bytes_get_i128(reader);
    event->funding.price = bytes_get_price(reader);
}

static void liquidation_put(struct bytes_writer *writer,
                            const struct event *event)
{
    bytes_put_account_id(writer, &event->liquidation.account);
    bytes_put_u16(writer, event->liquidation.market);
    bytes_put_u8(writer, event->liquidation.step);
    bytes_put_amount(writer, event->liquidation.equity);
    bytes_put_amount(writer, event->liquidation.maintenance);
    bytes_put_qty(writer, event->liquidation.size);
    bytes_put_price(writer, event->liquidation.limit);
    bytes_put_price(writer, event->liquidation.bankruptcy);
    bytes_put_amount(writer, event->liquidation.quote);
    bytes_put_amount(writer, event->liquidation.fee);
    bytes_put_amount(writer, event->liquidation.insurance);
}

static void liquidation_get(struct bytes_reader *reader, struct event *event)
{
    event->liquidation.account = bytes_get_account_id(reader);
    event->liquidation.market = bytes_get_u16(reader);
    event->liquidation.step = bytes_get_u8_max(reader, STEP_END);
    event->liquidation.equity = bytes_get_amount(reader);
    event->liquidation.maintenance = bytes_get_amount(reader);
    event->liquidation.size = bytes_get_qty(reader);
    event->liquidation.limit = bytes_get_price(reader);
    event->liquidation.bankruptcy = bytes_get_price(reader);
    event->liquidation.quote = bytes_get_amount(reader);
    event->liquidation.fee = bytes_get_amount(reader);
    event->liquidation.insurance = bytes_get_amount(reader);
}

static void adl_put(struct bytes_writer *writer, const struct event *event)
{
    bytes_put_account_id(writer, &event->adl.account);
    bytes_put_account_id(writer, &event->adl.against);
    bytes_put_u16(writer, event->adl.market);
    bytes_put_qty(writer, event->adl.size);
    bytes_put_price(writer, event->adl.mark);
    bytes_put_price(writer, event->adl.bankruptcy);
    bytes_put_amount(writer, event->adl.quote);
    bytes_put_amount(writer, event->adl.taken);
}

static void adl_get(struct bytes_reader *reader, struct event *event)
{
    event->adl.account = bytes_get_account_id(reader);
    event->adl.against = bytes_get_account_id(reader);
    event->adl.market = bytes_get_u16(reader);
    event->adl.size = bytes_get_qty(reader);
    event->adl.mark = bytes_get_price(reader);
    event->adl.bankruptcy = bytes_get_price(reader);
    event->adl.quote = bytes_get_amount(reader);
    event->adl.taken = bytes_get_amount(reader);
}

static void market_state_put(struct bytes_writer *writer,
                             const struct event *event)
{
    bytes_put_u16(writer, event->market_state.market);
    bytes_put_u8(writer, event->market_state.state);
    bytes_put_u8(writer, event->market_state.reason);
}

static void market_state_get(struct bytes_reader *reader, struct event *event)
{
    event->market_state.market = bytes_get_u16(reader);
    event->market_state.state = bytes_get_u8_max(reader, MARKET_QUARANTINED);
    event->market_state.reason = bytes_get_u8(reader);
}

static void block_put(struct bytes_writer *writer, const struct event *event)
{
    bytes_put_u64(writer, event->block.height);
}

static void block_get(struct bytes_reader *reader, struct event *event)
{
    event->block.height = bytes_get_u64(reader);
}

static void repeat_put(struct bytes_writer *writer, const struct event *event)
{
    bytes_put_u64(writer, event->repeat.index);
}

static void repeat_get(struct bytes_reader *reader, struct event *event)
{
    event->repeat.index = bytes_get_u64(reader);
}

static void cancelled_put(struct bytes_writer *writer,
                          const struct event *event)
{
    bytes_put_u32(writer, event->cancelled.count);
}

static void cancelled_get(struct bytes_reader *reader, struct event *event)
{
    event->cancelled.count = bytes_get_u32(reader);
}

/* By kind; a kind without an entry is no event. */
static const struct {
    void (*put)(struct bytes_writer *writer, const struct event *event);
    void (*get)(struct bytes_reader *reader, struct event *event);
} bodies[] = {
    [EVENT_REFUSED] = {refused_put, refused_get},
    [EVENT_ORDER] = {order_put, order_get},
    [EVENT_TRADE] = {trade_put, trade_get},
    [EVENT_LEDGER] = {ledger_put, ledger_get},
    [EVENT_POSITION] = {position_put, position_get},
    [EVENT_DEPOSIT] = {deposit_put, deposit_get},
    [EVENT_WITHDRAWAL] = {withdrawal_put, withdrawal_get},
    [EVENT_KEY] = {key_put, key_get},
    [EVENT_LEVERAGE] = {leverage_put, leverage_get},
    [EVENT_REPORT] = {report_put, report_get},
    [EVENT_INDEX] = {index_put, index_get},
    [EVENT_MARK] = {mark_put, mark_get},
    [EVENT_FUNDING] = {funding_put, funding_get},
    [EVENT_LIQUIDATION] = {liquidation_put, liquidation_get},
    [EVENT_ADL] = {adl_put, adl_get},
    [EVENT_MARKET_STATE] = {market_state_put, market_state_get},
    [EVENT_BLOCK] = {block_put, block_get},
    [EVENT_REPEAT] = {repeat_put, repeat_get},
    [EVENT_CANCELLED_COUNT] = {cancelled_put, cancelled_get},
};

#define BODY_COUNT (sizeof bodies / sizeof bodies[0])

size_t event_encode(uint8_t *bytes, size_t capacity, const struct event *event)
{
    struct bytes_writer writer = bytes_writer_of(bytes, capacity);
    size_t kind = (size_t)event->kind;

    if (kind >= BODY_COUNT || !bodies[kind].put)
        return 0;
    bytes_put_u8(&writer, (uint8_t)kind);
    bytes_put_u8(&writer, event->leg);
    bodies[kind].put(&writer, event);
    return bytes_written(&writer, bytes);
}

bool event_decode(struct event *event, size_t *used, const uint8_t *bytes,
                  size_t size)
{
    struct bytes_reader reader = bytes_reader_of(bytes, size);
    size_t kind = bytes_get_u8(&reader);

    if (kind >= BODY_COUNT || !bodies[kind].get)
        return false;
    event->kind = (enum event_kind)kind;
    event->leg = bytes_get_u8(&reader);
    bodies[kind].get(&reader, event);
    *used = (size_t)(reader.at - bytes);
    return !reader.is_bad;
}

#include "rpc/write.h"

#include "engine/wide.h"
#include "rpc/address.h"
#include "rpc/decimal.h"
#include "rpc/hex.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool write_set(json_t *object, const char *name, json_t *value)
{
    return json_object_set_new_nocheck(object, name, value) == 0;
}

/* ---- values ---------------------------------------------------------- */

json_t *write_wide(i128 value, unsigned places)
{
    char text[DECIMAL_TEXT_SIZE];

    decimal_format_wide(text, value, places);
    return json_string_nocheck(text);
}

json_t *write_amount(const struct rpc_service *service, uint16_t asset,
                     struct amount amount)
{
    return write_wide(amount_raw(amount),
                      service->genesis->assets[asset].decimals);
}

json_t *write_value(const struct rpc_service *service, struct amount amount)
{
    return write_amount(service, ASSET_SETTLEMENT, amount);
}

json_t *write_price(struct price price)
{
    return write_wide(price_raw(price), PRICE_PLACES);
}

json_t *write_qty(struct qty qty)
{
    return write_wide(qty_raw(qty), QTY_PLACES);
}

json_t *write_rate(struct rate rate)
{
    return write_wide(rate_raw(rate), RATE_PLACES);
}

json_t *write_ms(struct nanos time)
{
    return json_integer(nanos_raw(time) / NANOS_PER_MS);
}

json_t *write_u64(uint64_t number)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64, number);
    return json_string_nocheck(text);
}

json_t *write_address(const struct address *address)
{
    char text[ADDRESS_TEXT_SIZE];

    address_format(text, address);
    return json_string_nocheck(text);
}

json_t *write_hash(const struct hash32 *hash)
{
    return write_hex(hash->bytes, sizeof hash->bytes);
}

json_t *write_hex(const uint8_t *bytes, size_t size)
{
    char *text = malloc(HEX_TEXT_SIZE(size));
    json_t *value = NULL;

    if (text) {
        hex_encode(text, bytes, size);
        value = json_string_nocheck(text);
    }
    free(text);
    return value;
}

json_t *write_average(const struct rpc_service *service, struct amount quote,
                      struct qty size)
{
    i128 divisor = genesis_notional_divisor(service->genesis);
    i128 price = 0;

    if (!qty_is_zero(size))
        price = wide_muldiv_floor(wide_abs(amount_wide(quote)), divisor,
                                  wide_abs(qty_raw(size)));
    return write_wide(price, PRICE_PLACES);
}

/* ---- words ----------------------------------------------------------- */

#define WORD(list, number)                                              \
    ((size_t)(number) < sizeof(list) / sizeof *(list) && (list)[number] \
         ? (list)[number]                                               \
         : "unknown")

const char *write_instrument(const struct rpc_service *service, uint16_t market)
{
    return market < service->genesis->market_count
               ? service->genesis->markets[market].name
               : "";
}

const char *write_currency(const struct rpc_service *service, uint16_t asset)
{
    return asset < service->genesis->asset_count
               ? service->genesis->assets[asset].name
               : "";
}

const char *write_side(uint8_t side)
{
    return side == SIDE_BUY ? "buy" : "sell";
}

const char *write_order_type(uint8_t type)
{
    static const char *const words[] = {
        [ORDER_LIMIT] = "limit",           [ORDER_MARKET] = "market",
        [ORDER_STOP_LIMIT] = "stop_limit", [ORDER_STOP_MARKET] = "stop_market",
        [ORDER_TAKE_LIMIT] = "take_limit", [ORDER_TAKE_MARKET] = "take_market",
    };

    return WORD(words, type);
}

const char *write_time_in_force(uint8_t time_in_force)
{
    static const char *const words[] = {
        [TIF_GOOD_TIL_CANCELLED] = "good_til_cancelled",
        [TIF_GOOD_TIL_TIME] = "good_til_time",
        [TIF_IMMEDIATE_OR_CANCEL] = "immediate_or_cancel",
        [TIF_FILL_OR_KILL] = "fill_or_kill",
    };

    return WORD(words, time_in_force);
}

const char *write_trigger(uint8_t trigger)
{
    static const char *const words[] = {
        [TRIGGER_NONE] = "",
        [TRIGGER_MARK] = "mark_price",
        [TRIGGER_INDEX] = "index_price",
        [TRIGGER_LAST] = "last_price",
    };

    return WORD(words, trigger);
}

const char *write_order_state(uint8_t state)
{
    static const char *const words[] = {
        [ORDER_OPEN] = "open",
        [ORDER_FILLED] = "filled",
        [ORDER_CANCELLED] = "cancelled",
        [ORDER_REJECTED] = "rejected",
        [ORDER_UNTRIGGERED] = "untriggered",
        [ORDER_EXPIRED] = "expired",
    };

    return WORD(words, state);
}

const char *write_order_reason(uint8_t reason)
{
    static const char *const words[] = {
        [REASON_NONE] = "",
        [REASON_USER] = "user_request",
        [REASON_IMMEDIATE] = "immediate_or_cancel",
        [REASON_MARGIN] = "not_enough_margin",
        [REASON_REDUCE_ONLY] = "nothing_to_reduce",
        [REASON_SELF_TRADE] = "self_trade",
        [REASON_LIQUIDATION] = "liquidation",
        [REASON_MAX_FEE] = "max_fee",
        [REASON_TIME] = "good_til_passed",
        [REASON_TRIGGERED] = "triggered",
        [REASON_BAND] = "price_band",
        [REASON_CAPACITY] = "capacity",
        [REASON_POSITION_LIMIT] = "position_limit",
        [REASON_REFUSED] = "refused_when_triggered",
    };

    return WORD(words, reason);
}

const char *write_grade(uint8_t grade)
{
    static const char *const words[] = {
        [GRADE_VALID] = "valid",
        [GRADE_UNCERTAIN] = "uncertain",
        [GRADE_VOLATILE] = "volatile",
        [GRADE_STALE] = "stale",
        [GRADE_NON_POSITIVE] = "non_positive",
        [GRADE_NONE] = "none",
    };

    return WORD(words, grade);
}

const char *write_ledger_code(uint8_t code)
{
    static const char *const words[] = {
        [LEDGER_DEPOSIT] = "deposit",
        [LEDGER_WITHDRAWAL] = "withdrawal",
        [LEDGER_TRANSFER] = "transfer",
        [LEDGER_REALISED] = "realised_pnl",
        [LEDGER_FEE] = "fee",
        [LEDGER_REBATE] = "rebate",
        [LEDGER_FUNDING] = "funding",
        [LEDGER_FEE_SPLIT] = "fee_split",
        [LEDGER_LIQUIDATION_FEE] = "liquidation_fee",
        [LEDGER_INSURANCE] = "insurance",
        [LEDGER_ADL] = "adl",
        [LEDGER_DUST] = "dust",
        [LEDGER_INTEREST] = "interest",
        [LEDGER_SETTLEMENT] = "settlement",
        [LEDGER_MINT] = "mint",
        [LEDGER_BURN] = "burn",
        [LEDGER_GENESIS] = "genesis",
    };

    return WORD(words, code);
}

const char *write_liquidation_step(uint8_t step)
{
    static const char *const words[] = {
        [STEP_BEGIN] = "begin",
        [STEP_CANCEL] = "cancel_orders",
        [STEP_BOOK] = "book",
        [STEP_INSURANCE] = "insurance",
        [STEP_ADL] = "adl",
        [STEP_DEFICIT] = "deficit",
        [STEP_SHORTFALL] = "shortfall",
        [STEP_END] = "end",
    };

    return WORD(words, step);
}

/* ---- orders and trades ----------------------------------------------- */

json_t *write_order_id(const struct rpc_service *service, uint16_t market,
                       uint64_t id)
{
    char text[NAME_BYTES_MAX + 24];

    snprintf(text, sizeof text, "%s-%" PRIu64,
             service->genesis->markets[market].base, id);
    return json_string_nocheck(text);
}

static bool is_market_type(uint8_t type)
{
    return type == ORDER_MARKET || type == ORDER_STOP_MARKET ||
           type == ORDER_TAKE_MARKET;
}

static bool set_terms(json_t *object, const struct rpc_service *service,
                      const struct order_terms *terms)
{
    json_t *price = is_market_type(terms->type)
                        ? json_string_nocheck("market_price")
                        : write_price(terms->price);
    bool is_set =
        write_set(object, "order_type",
                  json_string_nocheck(write_order_type(terms->type))) &&
        write_set(
            object, "instrument_name",
            json_string_nocheck(write_instrument(service, terms->market))) &&
        write_set(object, "direction",
                  json_string_nocheck(write_side(terms->side))) &&
        write_set(object, "amount", write_qty(terms->size)) &&
        write_set(object, "price", price) &&
        write_set(
            object, "time_in_force",
            json_string_nocheck(write_time_in_force(terms->time_in_force))) &&
        write_set(object, "post_only", json_boolean(terms->is_post_only)) &&
        write_set(object, "reduce_only", json_boolean(terms->is_reduce_only)) &&
        write_set(object, "label",
                  json_stringn(terms->label.bytes, terms->label.length));

    if (is_set && terms->has_max_fee)
        is_set =
            write_set(object, "max_fee", write_value(service, terms->max_fee));
    if (is_set && terms->time_in_force == TIF_GOOD_TIL_TIME)
        is_set = write_set(object, "good_til", write_ms(terms->good_til));
    if (is_set && terms->trigger != TRIGGER_NONE)
        is_set =
            write_set(object, "trigger",
                      json_string_nocheck(write_trigger(terms->trigger))) &&
            write_set(object, "trigger_price",
                      write_price(terms->trigger_price)) &&
            write_set(object, "stop_price", write_price(terms->trigger_price));
    return is_set;
}

json_t *write_order(const struct rpc_service *service,
                    const struct order_view *order)
{
    json_t *object = json_object();
    bool is_set =
        object &&
        write_set(object, "order_id",
                  write_order_id(service, order->terms.market, order->id)) &&
        write_set(object, "order_state",
                  json_string_nocheck(write_order_state(order->state))) &&
        set_terms(object, service, &order->terms) &&
        write_set(object, "filled_amount", write_qty(order->filled)) &&
        write_set(object, "average_price",
                  write_average(service, order->filled_quote, order->filled)) &&
        write_set(object, "commission",
                  write_value(service, order->fee_paid)) &&
        write_set(object, "creation_timestamp", write_ms(order->created)) &&
        write_set(object, "last_update_timestamp", write_ms(order->updated));

    if (is_set && order->reason != REASON_NONE)
        is_set =
            write_set(object, "cancel_reason",
                      json_string_nocheck(write_order_reason(order->reason)));
    if (!is_set) {
        json_decref(object);
        return NULL;
    }
    return object;
}

json_t *write_trade(const struct rpc_service *service,
                    const struct event *trade, struct nanos time)
{
    json_t *object = json_object();

    if (object && write_set(object, "trade_id", write_u64(trade->trade.id)) &&
        write_set(object, "trade_seq",
                  json_integer((json_int_t)trade->trade.sequence)) &&
        write_set(object, "instrument_name",
                  json_string_nocheck(
                      write_instrument(service, trade->trade.market))) &&
        write_set(object, "timestamp", write_ms(time)) &&
        write_set(object, "direction",
                  json_string_nocheck(write_side(trade->trade.taker_side))) &&
        write_set(object, "price", write_price(trade->trade.price)) &&
        write_set(object, "amount", write_qty(trade->trade.size)) &&
        write_set(object, "mark_price", write_price(trade->trade.mark)) &&
        write_set(object, "index_price", write_price(trade->trade.index)) &&
        (!trade->trade.is_liquidation ||
         write_set(object, "liquidation", json_string_nocheck("T"))))
        return object;
    json_decref(object);
    return NULL;
}

json_t *write_own_trade(const struct rpc_service *service,
                        const struct event *trade, struct nanos time,
                        bool as_maker, const struct order_view *order)
{
    json_t *object = write_trade(service, trade, time);
    uint8_t side =
        as_maker ? !trade->trade.taker_side : trade->trade.taker_side;
    uint64_t order_number =
        as_maker ? trade->trade.maker_order : trade->trade.taker_order;
    struct amount fee =
        as_maker ? trade->trade.maker_fee : trade->trade.taker_fee;
    const char *type = order_number == 0 ? "liquidation"
                       : order           ? write_order_type(order->terms.type)
                                         : "limit";

    if (object &&
        write_set(object, "direction", json_string_nocheck(write_side(side))) &&
        write_set(object, "order_id",
                  write_order_id(service, trade->trade.market, order_number)) &&
        write_set(object, "order_type", json_string(type)) &&
        write_set(object, "liquidity", json_string(as_maker ? "M" : "T")) &&
        write_set(object, "fee", write_value(service, fee)) &&
        write_set(
            object, "fee_currency",
            json_string_nocheck(write_currency(service, ASSET_SETTLEMENT))))
        return object;
    json_decref(object);
    return NULL;
}

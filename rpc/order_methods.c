/*
 * Orders: private/order, buy, sell, edit, cancel, cancel_all*, mass, and
 * order_debug. Answers are made from the command's events.
 */
#include "rpc/hex.h"
#include "rpc/param.h"
#include "rpc/signed.h"
#include "rpc/typed_json.h"
#include "rpc/typed_params.h"
#include "rpc/write.h"

#include <string.h>

/* ---- answers --------------------------------------------------------- */

/* The order a leg is about: the one it names, else the newest of the owner,
 * which is the one it made. The last event about it counts. */
static const struct event *order_event(const struct rpc_call *call,
                                       const struct rpc_outcome *outcome,
                                       uint8_t leg, uint64_t id)
{
    const struct event *found = NULL;

    for (size_t i = 0; i < outcome->count; i++) {
        const struct event *event = &outcome->events[i];

        if (event->kind != EVENT_ORDER || event->leg != leg ||
            !address_equal(&event->order.account.owner, &call->owner))
            continue;
        if (id ? event->order.id == id
               : !found || event->order.id >= found->order.id)
            found = event;
    }
    return found;
}

static json_t *trades_of(const struct rpc_service *service,
                         const struct rpc_outcome *outcome, uint8_t leg,
                         const struct order_view *order)
{
    json_t *list = json_array();

    for (size_t i = 0; list && i < outcome->count; i++) {
        const struct event *event = &outcome->events[i];
        json_t *trade;

        if (event->kind != EVENT_TRADE || event->leg != leg ||
            event->trade.taker_order != order->id)
            continue;
        trade = write_own_trade(service, event, outcome->time, false, order);
        if (!trade || json_array_append_new(list, trade) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* {order, trades} of a leg, or NULL. */
static json_t *placed(const struct rpc_call *call,
                      const struct rpc_outcome *outcome, uint8_t leg,
                      uint64_t id)
{
    const struct rpc_service *service = call->message->service;
    const struct event *event = order_event(call, outcome, leg, id);
    json_t *result = json_object();

    if (event && result &&
        write_set(result, "order", write_order(service, &event->order)) &&
        write_set(result, "trades",
                  trades_of(service, outcome, leg, &event->order)))
        return result;
    json_decref(result);
    return NULL;
}

static void outcome_order(struct rpc_call *call,
                          const struct rpc_outcome *outcome)
{
    if (!signed_refused(call, outcome))
        signed_answer(call, placed(call, outcome, 0, call->order_id), outcome);
}

static void outcome_cancel(struct rpc_call *call,
                           const struct rpc_outcome *outcome)
{
    const struct event *event;

    if (signed_refused(call, outcome))
        return;
    event = order_event(call, outcome, 0, call->order_id);
    signed_answer(
        call, event ? write_order(call->message->service, &event->order) : NULL,
        outcome);
}

static void outcome_count(struct rpc_call *call,
                          const struct rpc_outcome *outcome)
{
    const struct event *event = signed_event(outcome, EVENT_CANCELLED_COUNT, 0);

    if (!signed_refused(call, outcome))
        rpc_call_result(call,
                        event ? json_integer(event->cancelled.count) : NULL);
}

/* A refused leg as {"error": {...}}: the same error a single call gives. */
static json_t *leg_error(struct rpc_call *call, const struct event *refusal)
{
    json_t *wrapped;

    rpc_call_refused(call, refusal->refused.result, refusal->refused.param,
                     refusal->refused.required, refusal->refused.available);
    wrapped = json_pack("{sO}", "error", call->error);
    json_decref(call->error);
    call->error = NULL;
    return wrapped;
}

static bool append_leg(struct rpc_call *call, const struct rpc_outcome *outcome,
                       json_t *list, uint8_t leg, bool is_cancel)
{
    const struct rpc_service *service = call->message->service;
    const struct event *refusal = signed_refusal(outcome, leg);
    const struct event *event;
    json_t *result;

    if (refusal) {
        result = leg_error(call, refusal);
    } else if (is_cancel) {
        event = order_event(call, outcome, leg, 0);
        result = event ? write_order(service, &event->order) : NULL;
    } else {
        result = placed(call, outcome, leg, 0);
    }
    return result && json_array_append_new(list, result) == 0;
}

static void outcome_mass(struct rpc_call *call,
                         const struct rpc_outcome *outcome)
{
    size_t order_count =
        json_array_size(json_object_get(call->params, "orders"));
    size_t cancel_count =
        json_array_size(json_object_get(call->params, "cancels"));
    const struct event *whole = signed_refusal(outcome, LEG_WHOLE);
    json_t *orders = json_array(), *cancels = json_array(), *result = NULL;
    bool is_made = orders && cancels && !whole;

    for (size_t i = 0; is_made && i < order_count + cancel_count; i++)
        is_made = append_leg(call, outcome, i < order_count ? orders : cancels,
                             (uint8_t)i, i >= order_count);
    if (is_made)
        result = json_pack("{sO sO}", "orders", orders, "cancels", cancels);
    json_decref(orders);
    json_decref(cancels);
    if (whole)
        rpc_call_refused(call, whole->refused.result, whole->refused.param,
                         whole->refused.required, whole->refused.available);
    else
        signed_answer(call, result, outcome);
}

/* ---- requests -------------------------------------------------------- */

static void prepare(struct rpc_call *call)
{
    signed_prepare(call, NULL);
}

static void prepare_buy(struct rpc_call *call)
{
    signed_prepare(call, "buy");
}

static void prepare_sell(struct rpc_call *call)
{
    signed_prepare(call, "sell");
}

/* ---- order_debug ----------------------------------------------------- */

static const char *const debug_types[] = {
    [TYPED_ORDER] = "Order",
    [TYPED_CANCEL] = "Cancel",
    [TYPED_CANCEL_ALL] = "CancelAll",
    [TYPED_REPLACE] = "Replace",
    [TYPED_BATCH] = "Batch",
    [TYPED_TRANSFER] = "Transfer",
    [TYPED_WITHDRAW] = "Withdraw",
    [TYPED_AUTHORIZE_KEY] = "AuthorizeKey",
    [TYPED_REVOKE_KEY] = "RevokeKey",
    [TYPED_SET_LEVERAGE] = "SetLeverage",
    [TYPED_VAULT_DEPOSIT] = "VaultDeposit",
    [TYPED_VAULT_WITHDRAW] = "VaultWithdraw",
    [TYPED_DEPOSIT] = "Deposit",
};

#define DEBUG_COUNT (sizeof debug_types / sizeof *debug_types)

/* Which message it is: by primary_type or by the method that would take it;
 * an Order where neither is named. */
static enum typed_kind debug_kind(struct rpc_call *call)
{
    const char *type =
        json_string_value(json_object_get(call->params, "primary_type"));
    const char *name =
        json_string_value(json_object_get(call->params, "method"));
    const struct rpc_method *method;

    for (size_t i = 1; type && i < DEBUG_COUNT; i++)
        if (strcmp(type, debug_types[i]) == 0)
            return (enum typed_kind)i;
    if (type)
        return TYPED_NONE;
    if (!name)
        return TYPED_ORDER;
    method = rpc_method_find(name, strlen(name));
    return method ? method->typed : TYPED_NONE;
}

static bool set_signer(struct rpc_call *call, json_t *result,
                       const struct hash32 *digest)
{
    const char *text;
    struct secp_signature signature;
    struct address signer;
    size_t size;

    if (!rpc_param_text(call, "signature", &text, &size))
        return true;
    if (!hex_decode(signature.bytes, sizeof signature.bytes, text, size) ||
        secp_recover_address(&signer, digest, &signature) != SECP_OK) {
        json_decref(result);
        rpc_call_bad_param(call, "signature", "is malformed or has a high s");
        return false;
    }
    return write_set(result, "signer", write_address(&signer));
}

/* Beside the message's own fields; a signature is looked at when it is
 * there, of deposits too. */
static const struct rpc_param debug_params[] = {
    {"signature", RPC_PARAM_HEX, false, 0, 0, "to tell whose it is"},
    {"signer", RPC_PARAM_ADDRESS, false, 0, 0, "no part of the message"},
};

static void answer_debug(struct rpc_call *call)
{
    static _Thread_local struct typed_scratch scratch;
    const struct rpc_service *service = call->message->service;
    const struct rpc_method *own = call->method;
    struct rpc_method method = *own;
    struct typed_message message;
    struct hash32 digest;
    json_t *result;
    bool is_read;

    method.typed = debug_kind(call);
    if (method.typed == TYPED_NONE) {
        rpc_call_bad_param(call, "primary_type", "is no signed message");
        return;
    }
    method.params = debug_params;
    method.param_count = sizeof debug_params / sizeof *debug_params;
    method.checks_own_params = false;
    json_object_del(call->params, "primary_type");
    json_object_del(call->params, "method");
    call->method = &method;
    is_read =
        param_check(call) && typed_params_read(call, &message, &scratch, NULL);
    call->method = own;
    if (!is_read)
        return;
    result = typed_json_hashes(service->hasher, &service->separator, &message);
    typed_digest(service->hasher, &digest, &service->separator, &message);
    if (result && set_signer(call, result, &digest) &&
        write_set(result, "typed_data",
                  typed_json_data(&service->domain, &message)))
        rpc_call_result(call, result);
    else if (call->kind != RPC_DONE || !call->error)
        rpc_call_result(call, NULL);
}

/* ---- the table ------------------------------------------------------- */

#define SIGNED(name, typed, begin, end, summary, result)          \
    {                                                             \
        name, RPC_SUBMIT, false, typed, NULL, 0, summary, result, \
            {.prepare = begin}, end, false                        \
    }
#define ORDER_RESULT "{order, trades, index, timestamp}"

static const struct rpc_method methods[] = {
    SIGNED("private/order", TYPED_ORDER, prepare, outcome_order,
           "Places an order.", ORDER_RESULT),
    SIGNED("private/buy", TYPED_ORDER, prepare_buy, outcome_order,
           "Places an order to buy.", ORDER_RESULT),
    SIGNED("private/sell", TYPED_ORDER, prepare_sell, outcome_order,
           "Places an order to sell.", ORDER_RESULT),
    SIGNED("private/edit", TYPED_REPLACE, prepare, outcome_order,
           "Changes amount, price or trigger price of an open order; priority "
           "is kept when only the amount falls.",
           ORDER_RESULT),
    SIGNED("private/cancel", TYPED_CANCEL, prepare, outcome_cancel,
           "Cancels an open order.", "the order"),
    SIGNED("private/cancel_all", TYPED_CANCEL_ALL, prepare, outcome_count,
           "Cancels every open order of a sub-account, or of one instrument.",
           "how many were cancelled"),
    SIGNED("private/cancel_all_by_instrument", TYPED_CANCEL_ALL, prepare,
           outcome_count, "Cancels every open order of one instrument.",
           "how many were cancelled"),
    SIGNED("private/mass", TYPED_BATCH, prepare, outcome_mass,
           "Up to 100 orders and cancels under one signature, applied in "
           "order, each with its own outcome.",
           "{orders[], cancels[], index, timestamp}"),
    {"private/order_debug",
     RPC_DONE,
     false,
     TYPED_NONE,
     NULL,
     0,
     "Encodes and hashes a signed request without submitting it. primary_type "
     "or method names the message, Order where neither is given.",
     "{encoded_data, struct_hash, domain_separator, digest, signer?, "
     "typed_data}",
     {.answer = answer_debug},
     NULL,
     true},
};

const struct rpc_method_table rpc_order_methods = {
    methods, sizeof methods / sizeof *methods};

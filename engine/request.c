/*
 * The checks of signed requests stand in one place and one order, so that
 * every replica gives the same reason. A batch's legs stand alone: each has
 * its own outcome, its own events, and leaves nothing behind when refused.
 */
#include "engine/request.h"
#include "engine/account.h"
#include "engine/key.h"
#include "engine/money.h"
#include "engine/nonce.h"
#include "engine/position.h"

static struct refusal refuse(enum result result, enum param param)
{
    return (struct refusal){.result = result, .param = param};
}

void request_refuse(struct engine *engine, const struct refusal *refusal)
{
    struct event event = {.kind = EVENT_REFUSED};

    event.refused.result = refusal->result;
    event.refused.param = refusal->param;
    event.refused.required = refusal->required;
    event.refused.available = refusal->available;
    engine_emit(engine, &event);
}

/* May it use the part of the nonce window that is set apart? */
static bool is_reserved(const struct command *command)
{
    switch (command->kind) {
    case COMMAND_CANCEL:
    case COMMAND_CANCEL_ALL:
    case COMMAND_REVOKE_KEY:
        return true;
    case COMMAND_ORDER:
        return command->order.is_reduce_only;
    case COMMAND_BATCH:
        return command->batch.order_count == 0;
    case COMMAND_REPLACE:
    case COMMAND_TRANSFER:
    case COMMAND_WITHDRAW:
    case COMMAND_AUTHORIZE_KEY:
    case COMMAND_SET_LEVERAGE:
    case COMMAND_TICK:
    case COMMAND_BLOCK:
    case COMMAND_DEPOSIT:
    case COMMAND_REPORT:
        break;
    }
    return false;
}

/* The scope a session key needs; 0: only the owner may. */
static uint32_t scope_of(const struct command *command)
{
    switch (command->kind) {
    case COMMAND_ORDER:
    case COMMAND_REPLACE:
    case COMMAND_SET_LEVERAGE:
        return SCOPE_TRADE;
    case COMMAND_BATCH:
        return command->batch.order_count > 0 ? SCOPE_TRADE : SCOPE_CANCEL;
    case COMMAND_CANCEL:
    case COMMAND_CANCEL_ALL:
        return SCOPE_CANCEL;
    case COMMAND_TRANSFER:
        return SCOPE_TRANSFER;
    case COMMAND_WITHDRAW:
    case COMMAND_AUTHORIZE_KEY:
    case COMMAND_REVOKE_KEY:
    case COMMAND_TICK:
    case COMMAND_BLOCK:
    case COMMAND_DEPOSIT:
    case COMMAND_REPORT:
        break;
    }
    return 0;
}

/* Before the nonce: these refusals leave nothing behind. */
static struct refusal check_alive(const struct engine *engine,
                                  const struct request *request,
                                  uint32_t account)
{
    struct nanos latest = nanos_add(engine->time, nanos_of(REQUEST_LIFE_MAX));

    if (nanos_cmp(request->expires, engine->time) <= 0)
        return refuse(result_signature_expired, param_expires);
    if (nanos_cmp(request->expires, latest) > 0)
        return refuse(result_expires_too_far, param_expires);
    /* Nobody acts for the house, though its ledgers are accounts. */
    if (account == NONE ? !account_owner_known(engine, &request->owner)
                        : engine->accounts[account].is_house)
        return refuse(result_unknown_account, param_owner);
    return refuse(result_ok, param_none);
}

/* A refusal of the whole request: of a batch, before any of its legs. */
static void refuse_whole(struct engine *engine, const struct command *command,
                         const struct refusal *refusal)
{
    if (command->kind == COMMAND_BATCH)
        engine->leg = LEG_WHOLE;
    request_refuse(engine, refusal);
    engine->leg = 0;
}

/* True: the request is new. Else the answer has been given. */
static bool use_nonce(struct engine *engine, const struct command *command)
{
    struct event repeat = {.kind = EVENT_REPEAT};
    struct refusal refusal = refuse(result_nonce_used, param_nonce);

    switch (nonce_use(engine, &command->request, is_reserved(command),
                      &repeat.repeat.index)) {
    case NONCE_FRESH:
        return true;
    case NONCE_REPEAT:
        engine_emit(engine, &repeat);
        return false;
    case NONCE_USED:
        break;
    case NONCE_FULL:
        refusal.result = result_nonce_window_full;
        break;
    }
    refuse_whole(engine, command, &refusal);
    return false;
}

static struct refusal cancel_all(struct engine *engine, uint32_t account,
                                 const struct command *command,
                                 const struct key *key)
{
    struct event event = {.kind = EVENT_CANCELLED_COUNT};
    struct refusal refusal =
        order_cancel_all(engine, account, command->cancel_all.market, key,
                         &event.cancelled.count);

    if (refusal.result == result_ok)
        engine_emit(engine, &event);
    return refusal;
}

/* A leg's events are all told before the next leg begins. */
static void end_leg(struct engine *engine, const struct refusal *refusal)
{
    if (refusal->result != result_ok)
        request_refuse(engine, refusal);
    order_flush_touched(engine);
    engine->leg++;
}

static struct refusal batch(struct engine *engine, uint32_t account,
                            const struct command *command,
                            const struct key *key)
{
    uint32_t orders = command->batch.order_count;
    uint32_t cancels = command->batch.cancel_count;
    struct refusal refusal;

    if (orders > BATCH_LEGS_MAX || cancels > BATCH_LEGS_MAX - orders ||
        orders + cancels == 0)
        return refuse(result_batch_invalid, param_orders);
    for (uint32_t i = 0; i < orders; i++) {
        refusal = order_place(engine, account, &command->batch.orders[i], key);
        end_leg(engine, &refusal);
    }
    for (uint32_t i = 0; i < cancels; i++) {
        refusal =
            order_cancel_by_id(engine, account, command->batch.cancels[i], key);
        end_leg(engine, &refusal);
    }
    engine->leg = 0;
    return refuse(result_ok, param_none);
}

/* What concerns one sub-account. */
static struct refusal act(struct engine *engine, uint32_t account,
                          const struct command *command, const struct key *key)
{
    switch (command->kind) {
    case COMMAND_ORDER:
        return order_place(engine, account, &command->order, key);
    case COMMAND_CANCEL:
        return order_cancel_by_id(engine, account, command->cancel.order_id,
                                  key);
    case COMMAND_CANCEL_ALL:
        return cancel_all(engine, account, command, key);
    case COMMAND_REPLACE:
        return order_replace(engine, account, command->replace.order_id,
                             command->replace.size, command->replace.price,
                             command->replace.trigger_price, key);
    case COMMAND_BATCH:
        return batch(engine, account, command, key);
    case COMMAND_TRANSFER:
        return transfer_apply(engine, account, command, key);
    case COMMAND_WITHDRAW:
        return withdraw_apply(engine, account, command);
    case COMMAND_SET_LEVERAGE:
        return leverage_apply(engine, account, command, key);
    case COMMAND_AUTHORIZE_KEY:
    case COMMAND_REVOKE_KEY:
    case COMMAND_TICK:
    case COMMAND_BLOCK:
    case COMMAND_DEPOSIT:
    case COMMAND_REPORT:
        break;
    }
    check(false);
    return refuse(result_ok, param_none);
}

static struct refusal authorised(struct engine *engine, uint32_t account,
                                 const struct command *command)
{
    const struct request *request = &command->request;
    const struct key *key;
    enum result result =
        key_authorise(engine, request, scope_of(command), &key);

    if (result != result_ok)
        return refuse(result, result == result_key_subaccount ? param_subaccount
                                                              : param_owner);
    if (command->kind == COMMAND_AUTHORIZE_KEY)
        return key_authorize_apply(engine, command);
    if (command->kind == COMMAND_REVOKE_KEY)
        return key_revoke_apply(engine, command);
    if (account == NONE)
        return refuse(result_unknown_account, param_subaccount);
    return act(engine, account, command, key);
}

void request_prefetch(const struct engine *engine,
                      const struct command *command)
{
    struct account_id id = {command->request.owner,
                            command->request.subaccount};
    uint32_t account = account_find(engine, &id);

    nonce_prefetch(engine, &command->request);
    if (account == NONE)
        return;
    __builtin_prefetch(&engine->accounts[account]);
    __builtin_prefetch(engine_balance(engine, account, ASSET_SETTLEMENT));
    if (command->kind == COMMAND_ORDER)
        position_prefetch(engine, account, command->order.market);
    else if (command->kind == COMMAND_CANCEL)
        order_prefetch(engine, command->cancel.order_id);
    else if (command->kind == COMMAND_REPLACE)
        order_prefetch(engine, command->replace.order_id);
}

void request_apply(struct engine *engine, const struct command *command)
{
    struct account_id id = {command->request.owner,
                            command->request.subaccount};
    uint32_t account = account_find(engine, &id);
    struct refusal refusal = check_alive(engine, &command->request, account);

    if (refusal.result == result_ok) {
        if (!use_nonce(engine, command))
            return;
        refusal = authorised(engine, account, command);
    }
    if (refusal.result != result_ok)
        refuse_whole(engine, command, &refusal);
}

/*
 * Every check comes before the first change, so a refusal leaves the state as
 * it was.
 */
#include "engine/money.h"
#include "engine/account.h"
#include "engine/changes.h"
#include "engine/key.h"
#include "engine/ledger.h"
#include "engine/margin.h"
#include "engine/oracle.h"
#include "engine/pool.h"
#include "engine/position.h"

/* The most that users may hold of an asset in all: gains, which are money
 * that others lose, then stay within the range of amounts. */
#define DEPOSITED_MAX (AMOUNT_MAX / 4)

static struct refusal refuse(enum result result, enum param param)
{
    return (struct refusal){.result = result, .param = param};
}

static struct refusal fine(void)
{
    return refuse(result_ok, param_none);
}

static struct refusal check_amount(const struct engine *engine, uint16_t asset,
                                   struct amount amount)
{
    if (asset >= engine->genesis.asset_count)
        return refuse(result_unknown_currency, param_currency);
    if (!amount_is_positive(amount) ||
        amount_cmp(amount, amount_of(AMOUNT_MAX)) > 0)
        return refuse(result_invalid_amount, param_amount);
    return fine();
}

/* ---- deposits ------------------------------------------------------------ */

static uint32_t deposit_find(const struct engine *engine,
                             const struct hash32 *reference)
{
    uint32_t hash = idmap_hash_bytes(reference, sizeof *reference), slot;
    uint32_t cursor = idmap_first(&engine->deposit_map, hash);

    while ((slot = idmap_next(&engine->deposit_map, hash, &cursor)) != NONE)
        if (__builtin_memcmp(&engine->deposits[slot].reference, reference,
                             sizeof *reference) == 0)
            break;
    return slot;
}

static struct refusal check_deposit(const struct engine *engine,
                                    const struct command *command)
{
    static const struct address house;
    uint32_t count = engine->genesis.validator_count;
    uint64_t known = count == 64 ? UINT64_MAX : (UINT64_C(1) << count) - 1;
    uint64_t validators = command->deposit.validators;

    if (address_equal(&command->deposit.account.owner, &house))
        return refuse(result_unknown_account, param_owner);
    if (validators == 0 || (validators & ~known) != 0)
        return refuse(result_deposit_signer_unknown, param_signature);
    return check_amount(engine, command->deposit.asset,
                        command->deposit.amount);
}

static uint32_t signature_count(uint64_t validators)
{
    uint32_t count = 0;

    for (; validators != 0; validators &= validators - 1)
        count++;
    return count;
}

/* Is there room for what the deposit would credit? */
static struct refusal check_credit(const struct engine *engine,
                                   const struct command *command)
{
    uint16_t asset = command->deposit.asset;
    struct amount cap = engine->genesis.assets[asset].supply_cap;
    i128 total = amount_wide(engine->assets[asset].deposited) +
                 amount_wide(command->deposit.amount);

    if (total > DEPOSITED_MAX ||
        (!amount_is_zero(cap) && total > amount_wide(cap)))
        return refuse(result_supply_cap, param_amount);
    if (account_find(engine, &command->deposit.account) == NONE &&
        pool_is_full(&engine->account_pool))
        return refuse(result_account_capacity, param_subaccount);
    return fine();
}

/* Takes a new deposit in; there is room. Deposits stay for ever, so that a
 * reference is credited once for ever. */
static uint32_t deposit_add(struct engine *engine,
                            const struct deposit *deposit)
{
    uint32_t slot = engine->deposit_pool.used++;

    engine->deposit_pool.count++;
    engine->deposits[slot] = *deposit;
    idmap_insert(
        &engine->deposit_map,
        idmap_hash_bytes(&deposit->reference, sizeof deposit->reference), slot);
    return slot;
}

static uint32_t deposit_open(struct engine *engine,
                             const struct command *command)
{
    struct deposit deposit = {.reference = command->deposit.reference,
                              .digest = command->deposit.digest,
                              .account = command->deposit.account,
                              .asset = command->deposit.asset,
                              .amount = command->deposit.amount};

    return deposit_add(engine, &deposit);
}

bool deposit_load(struct engine *engine, const struct deposit *deposit)
{
    if (deposit_find(engine, &deposit->reference) != NONE ||
        pool_is_full(&engine->deposit_pool))
        return false;
    (void)deposit_add(engine, deposit);
    return true;
}

static void credit(struct engine *engine, const struct deposit *deposit)
{
    uint32_t account = account_open(engine, &deposit->account);

    check(account != NONE);
    ledger_move(engine, house_slot(engine, HOUSE_EXTERNAL, 0), account,
                deposit->asset, deposit->amount, LEDGER_DEPOSIT, MARKET_ALL, 0);
}

static void tell_deposit(struct engine *engine, const struct deposit *deposit,
                         bool is_first)
{
    struct event event = {.kind = EVENT_DEPOSIT};

    event.deposit.account = deposit->account;
    event.deposit.asset = deposit->asset;
    event.deposit.amount = deposit->amount;
    event.deposit.reference = deposit->reference;
    event.deposit.signatures = signature_count(deposit->validators);
    event.deposit.threshold = engine->genesis.validator_threshold;
    event.deposit.is_credited = deposit->is_credited;
    event.deposit.is_first_credit = is_first;
    engine_emit(engine, &event);
}

static bool is_same_message(const struct deposit *deposit,
                            const struct command *command)
{
    return __builtin_memcmp(&deposit->digest, &command->deposit.digest,
                            sizeof deposit->digest) == 0 &&
           account_id_equal(&deposit->account, &command->deposit.account) &&
           deposit->asset == command->deposit.asset &&
           amount_equal(deposit->amount, command->deposit.amount);
}

struct refusal deposit_apply(struct engine *engine,
                             const struct command *command)
{
    struct refusal refusal = check_deposit(engine, command);
    uint32_t slot = deposit_find(engine, &command->deposit.reference);
    uint64_t validators = command->deposit.validators;
    struct deposit *deposit = NULL;
    bool is_first;

    if (refusal.result != result_ok)
        return refusal;
    if (slot != NONE) {
        deposit = &engine->deposits[slot];
        if (!is_same_message(deposit, command))
            return refuse(result_reference_conflict, param_reference);
        validators |= deposit->validators;
    } else if (pool_is_full(&engine->deposit_pool)) {
        return refuse(result_deposit_capacity, param_none);
    }
    is_first =
        !(deposit && deposit->is_credited) &&
        signature_count(validators) >= engine->genesis.validator_threshold;
    if (is_first)
        refusal = check_credit(engine, command);
    if (refusal.result != result_ok)
        return refusal;
    if (!deposit) {
        slot = deposit_open(engine, command);
        deposit = &engine->deposits[slot];
    }
    deposit->validators = validators;
    deposit->is_credited = deposit->is_credited || is_first;
    changes_deposit(engine, slot);
    if (is_first)
        credit(engine, deposit);
    tell_deposit(engine, deposit, is_first);
    return fine();
}

/* ---- out of a sub-account ------------------------------------------------ */

static bool is_valid(const struct engine *engine, uint16_t feed)
{
    return engine->feeds[feed].grade == GRADE_VALID;
}

/* Is every price good on which the account's solvency depends? None does
 * while it has no position, no order and no debt. */
static bool prices_valid(const struct engine *engine, uint32_t account)
{
    bool is_bound =
        amount_is_negative(*engine_balance(engine, account, ASSET_SETTLEMENT));

    for (uint32_t i = engine->accounts[account].positions; i != NONE;
         i = engine->positions[i].next) {
        const struct position *position = &engine->positions[i];

        if (qty_is_zero(position->size) && position->orders == NONE)
            continue;
        is_bound = true;
        if (!is_valid(engine, engine->markets[position->market].params->feed))
            return false;
    }
    for (uint16_t i = 1; is_bound && i < engine->genesis.asset_count; i++)
        if (!amount_is_zero(*engine_balance(engine, account, i)) &&
            !is_valid(engine, engine->genesis.assets[i].feed))
            return false;
    return true;
}

static struct refusal check_leaving(struct engine *engine, uint32_t account,
                                    uint16_t asset, struct amount amount)
{
    struct refusal refusal = check_amount(engine, asset, amount);
    struct margin_gap gap;
    struct amount held;

    if (refusal.result != result_ok)
        return refusal;
    if (engine->accounts[account].is_in_liquidation)
        return refuse(result_in_liquidation, param_none);
    held = *engine_balance(engine, account, asset);
    if (amount_cmp(amount, held) > 0)
        return (struct refusal){.result = result_insufficient_balance,
                                .param = param_amount,
                                .required = amount,
                                .available = held};
    if (!prices_valid(engine, account))
        return refuse(result_oracle_stale, param_none);
    if (!margin_admits_withdrawal(engine, account, asset, amount, &gap))
        return (struct refusal){.result = result_withdrawal_not_covered,
                                .param = param_amount,
                                .required = gap.required,
                                .available = gap.available};
    return fine();
}

struct refusal transfer_apply(struct engine *engine, uint32_t account,
                              const struct command *command,
                              const struct key *key)
{
    struct account_id id = {command->request.owner,
                            command->transfer.to_subaccount};
    uint16_t asset = command->transfer.asset;
    struct refusal refusal;

    if (key && !key_allows_subaccount(key, id.subaccount))
        return refuse(result_key_subaccount, param_to_subaccount);
    if (id.subaccount == command->request.subaccount)
        return refuse(result_transfer_invalid, param_to_subaccount);
    refusal = check_leaving(engine, account, asset, command->transfer.amount);
    if (refusal.result != result_ok)
        return refusal;
    if (account_find(engine, &id) == NONE &&
        pool_is_full(&engine->account_pool))
        return refuse(result_account_capacity, param_to_subaccount);
    ledger_move(engine, account, account_open(engine, &id), asset,
                command->transfer.amount, LEDGER_TRANSFER, MARKET_ALL, 0);
    return fine();
}

struct refusal withdraw_apply(struct engine *engine, uint32_t account,
                              const struct command *command)
{
    struct amount amount = command->withdraw.amount;
    uint16_t asset = command->withdraw.asset;
    struct refusal refusal = check_leaving(engine, account, asset, amount);
    struct event event = {.kind = EVENT_WITHDRAWAL};
    struct withdrawal *withdrawal;
    uint32_t slot;

    if (refusal.result != result_ok)
        return refusal;
    if (pool_is_full(&engine->withdrawal_pool))
        return refuse(result_withdrawal_capacity, param_none);
    slot = engine->withdrawal_pool.used++;
    engine->withdrawal_pool.count++;
    withdrawal = &engine->withdrawals[slot];
    *withdrawal = (struct withdrawal){.id = engine->next_withdrawal++,
                                      .account = engine->accounts[account].id,
                                      .asset = asset,
                                      .amount = amount,
                                      .recipient = command->withdraw.recipient,
                                      .time = engine->time,
                                      .index = engine->index};
    changes_withdrawal(engine, slot);
    ledger_move(engine, account, house_slot(engine, HOUSE_WITHDRAWALS, 0),
                asset, amount, LEDGER_WITHDRAWAL, MARKET_ALL, withdrawal->id);
    event.withdrawal.id = withdrawal->id;
    event.withdrawal.account = withdrawal->account;
    event.withdrawal.asset = asset;
    event.withdrawal.amount = amount;
    event.withdrawal.recipient = withdrawal->recipient;
    engine_emit(engine, &event);
    return fine();
}

bool withdrawal_load(struct engine *engine, const struct withdrawal *withdrawal)
{
    struct pool *pool = &engine->withdrawal_pool;
    uint64_t place = withdrawal->id - 1;

    /* Slots are given out in the order of ids. */
    if (place >= pool->capacity || engine->withdrawals[place].id != 0)
        return false;
    engine->withdrawals[place] = *withdrawal;
    pool->count++;
    if (pool->used <= place)
        pool->used = (uint32_t)place + 1;
    return true;
}

/* ---- leverage ------------------------------------------------------------ */

static struct refusal check_rate(const struct engine *engine,
                                 const struct command *command,
                                 const struct key *key)
{
    uint16_t market = command->leverage.market;
    struct rate rate = command->leverage.initial_rate;

    if (market >= engine->genesis.market_count)
        return refuse(result_invalid_instrument, param_instrument_name);
    if (key && !key_allows_market(key, market))
        return refuse(result_key_instrument, param_instrument_name);
    if (!rate_is_zero(rate) &&
        (rate_cmp(rate, engine->genesis.markets[market].tiers[0].initial_rate) <
             0 ||
         rate_cmp(rate, rate_of(RATE_ONE)) > 0))
        return refuse(result_rate_out_of_range, param_initial_rate);
    return fine();
}

static void set_rate(struct engine *engine, uint32_t position, struct rate rate)
{
    engine->positions[position].own_rate = rate;
    margin_position_changed(engine, position);
}

struct refusal leverage_apply(struct engine *engine, uint32_t account,
                              const struct command *command,
                              const struct key *key)
{
    struct refusal refusal = check_rate(engine, command, key);
    struct rate rate = command->leverage.initial_rate, old;
    struct event event = {.kind = EVENT_LEVERAGE};
    struct margin before, after;
    uint32_t position;

    if (refusal.result != result_ok)
        return refusal;
    position = position_open(engine, account, command->leverage.market);
    if (position == NONE)
        return refuse(result_position_capacity, param_none);
    margin_read(engine, account, &before);
    old = engine->positions[position].own_rate;
    set_rate(engine, position, rate);
    margin_read(engine, account, &after);
    if (amount_cmp(after.initial_open, before.initial_open) > 0 &&
        !margin_allows(&before, &after, false)) {
        set_rate(engine, position, old);
        position_release(engine, position);
        return (struct refusal){.result = result_not_enough_margin,
                                .param = param_initial_rate,
                                .required = after.initial_open,
                                .available = after.equity_initial};
    }
    position_release(engine, position);
    account_touch(engine, account);
    event.leverage.account = engine->accounts[account].id;
    event.leverage.market = command->leverage.market;
    event.leverage.initial_rate = rate;
    engine_emit(engine, &event);
    return fine();
}

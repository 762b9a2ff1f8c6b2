/*
 * RECORD_DEPOSIT: a deposit that validators signed; it stays for ever.
 *
 *   key    kind u8 = 8, reference 32
 *   value  digest 32                   of the message that was signed
 *          owner 20, subaccount u32
 *          asset u16, amount i64
 *          is_credited u8
 *          validators u64              mask of who signed
 *
 * RECORD_WITHDRAWAL: what was debited and waits to be paid outside.
 *
 *   key    kind u8 = 9, id u64 big-endian
 *   value  owner 20, subaccount u32
 *          asset u16, amount i64
 *          recipient 20
 *          time i64, index u64         of the command
 */
#include "engine/record_money.h"
#include "engine/money.h"

void record_deposit_put(const struct engine *engine, uint32_t slot,
                        struct record_build *build)
{
    const struct deposit *deposit = &engine->deposits[slot];
    struct bytes_writer *value = &build->value;

    record_begin(build, RECORD_DEPOSIT);
    bytes_put_hash(&build->key, &deposit->reference);
    bytes_put_hash(value, &deposit->digest);
    bytes_put_account_id(value, &deposit->account);
    bytes_put_u16(value, deposit->asset);
    bytes_put_amount(value, deposit->amount);
    bytes_put_u8(value, deposit->is_credited);
    bytes_put_u64(value, deposit->validators);
}

/* u16, an asset of the genesis. */
static uint16_t asset_get(const struct engine *engine,
                          struct bytes_reader *value)
{
    return bytes_get_u16_max(value, engine->genesis.asset_count - 1u);
}

void record_deposit_get(struct engine *engine, struct bytes_reader *key,
                        struct bytes_reader *value)
{
    struct deposit deposit = {0};

    deposit.reference = bytes_get_hash(key);
    deposit.digest = bytes_get_hash(value);
    deposit.account = bytes_get_account_id(value);
    deposit.asset = asset_get(engine, value);
    deposit.amount = record_get_amount(value);
    deposit.is_credited = bytes_get_flag(value);
    deposit.validators = bytes_get_u64(value);
    if (key->is_bad || value->is_bad || !deposit_load(engine, &deposit))
        value->is_bad = true;
}

void record_withdrawal_put(const struct engine *engine, uint32_t slot,
                           struct record_build *build)
{
    const struct withdrawal *withdrawal = &engine->withdrawals[slot];
    struct bytes_writer *value = &build->value;

    record_begin(build, RECORD_WITHDRAWAL);
    bytes_put_u64_be(&build->key, withdrawal->id);
    bytes_put_account_id(value, &withdrawal->account);
    bytes_put_u16(value, withdrawal->asset);
    bytes_put_amount(value, withdrawal->amount);
    bytes_put_address(value, &withdrawal->recipient);
    bytes_put_nanos(value, withdrawal->time);
    bytes_put_u64(value, withdrawal->index);
}

void record_withdrawal_get(struct engine *engine, struct bytes_reader *key,
                           struct bytes_reader *value)
{
    struct withdrawal withdrawal = {0};

    withdrawal.id = bytes_get_u64_be(key);
    withdrawal.account = bytes_get_account_id(value);
    withdrawal.asset = asset_get(engine, value);
    withdrawal.amount = record_get_amount(value);
    withdrawal.recipient = bytes_get_address(value);
    withdrawal.time = record_get_nanos(value);
    withdrawal.index = bytes_get_u64(value);
    if (key->is_bad || value->is_bad || !withdrawal_load(engine, &withdrawal))
        value->is_bad = true;
}

/*
 * The table of typed messages. Order and names of the fields are what
 * wallets sign: they never change; a new message is a new kind.
 */
#include "rpc/typed_types.h"

#include <string.h>

#define OFFSET(type, name) ((uint16_t)offsetof(struct typed_##type, name))

/* A field a request must name, one it may leave out, one with a default text,
 * and one that all legs of a Batch have in common. */
#define REQUIRED(type, name, kind)                                       \
    {                                                                    \
#name, TYPED_FIELD_##kind, OFFSET(type, name), true, false, NULL \
    }
#define OPTIONAL(type, name, kind)                                        \
    {                                                                     \
#name, TYPED_FIELD_##kind, OFFSET(type, name), false, false, NULL \
    }
#define DEFAULT(type, name, text)                                         \
    {                                                                     \
#name, TYPED_FIELD_STRING, OFFSET(type, name), false, false, text \
    }
#define SHARED(type, name, kind, required)                                  \
    {                                                                       \
#name, TYPED_FIELD_##kind, OFFSET(type, name), required, true, NULL \
    }

#define OWNER(type) SHARED(type, owner, ADDRESS, true)
#define SUBACCOUNT(type) SHARED(type, subaccount, UINT32, false)
#define NONCE_AND_EXPIRES(type) \
    SHARED(type, nonce, UINT64, true), SHARED(type, expires, UINT64, true)

static const struct typed_field order_fields[] = {
    OWNER(order),
    SUBACCOUNT(order),
    REQUIRED(order, instrument_name, STRING),
    REQUIRED(order, direction, STRING),
    REQUIRED(order, amount, STRING),
    OPTIONAL(order, price, STRING),
    DEFAULT(order, type, "limit"),
    DEFAULT(order, time_in_force, "good_til_cancelled"),
    OPTIONAL(order, good_til, UINT64),
    OPTIONAL(order, post_only, BOOL),
    OPTIONAL(order, reduce_only, BOOL),
    OPTIONAL(order, trigger_price, STRING),
    OPTIONAL(order, trigger, STRING),
    OPTIONAL(order, max_fee, STRING),
    OPTIONAL(order, label, STRING),
    NONCE_AND_EXPIRES(order),
};

static const struct typed_field cancel_fields[] = {
    OWNER(cancel),
    SUBACCOUNT(cancel),
    REQUIRED(cancel, order_id, STRING),
    NONCE_AND_EXPIRES(cancel),
};

static const struct typed_field cancel_all_fields[] = {
    OWNER(cancel_all),
    SUBACCOUNT(cancel_all),
    OPTIONAL(cancel_all, instrument_name, STRING),
    NONCE_AND_EXPIRES(cancel_all),
};

static const struct typed_field replace_fields[] = {
    OWNER(replace),
    SUBACCOUNT(replace),
    REQUIRED(replace, order_id, STRING),
    OPTIONAL(replace, amount, STRING),
    OPTIONAL(replace, price, STRING),
    OPTIONAL(replace, trigger_price, STRING),
    NONCE_AND_EXPIRES(replace),
};

static const struct typed_field batch_fields[] = {
    OWNER(batch),
    SUBACCOUNT(batch),
    OPTIONAL(batch, orders, ORDERS),
    OPTIONAL(batch, cancels, CANCELS),
    NONCE_AND_EXPIRES(batch),
};

static const struct typed_field transfer_fields[] = {
    OWNER(transfer),
    SUBACCOUNT(transfer),
    REQUIRED(transfer, to_subaccount, UINT32),
    REQUIRED(transfer, currency, STRING),
    REQUIRED(transfer, amount, STRING),
    NONCE_AND_EXPIRES(transfer),
};

static const struct typed_field withdraw_fields[] = {
    OWNER(withdraw),
    SUBACCOUNT(withdraw),
    REQUIRED(withdraw, currency, STRING),
    REQUIRED(withdraw, amount, STRING),
    REQUIRED(withdraw, recipient, ADDRESS),
    NONCE_AND_EXPIRES(withdraw),
};

static const struct typed_field authorize_key_fields[] = {
    OWNER(authorize_key),
    REQUIRED(authorize_key, key, ADDRESS),
    REQUIRED(authorize_key, scopes, STRING),
    OPTIONAL(authorize_key, subaccounts, UINT32S),
    OPTIONAL(authorize_key, instruments, STRINGS),
    OPTIONAL(authorize_key, max_exposure, STRING),
    REQUIRED(authorize_key, key_expires, UINT64),
    NONCE_AND_EXPIRES(authorize_key),
};

static const struct typed_field revoke_key_fields[] = {
    OWNER(revoke_key),
    REQUIRED(revoke_key, key, ADDRESS),
    NONCE_AND_EXPIRES(revoke_key),
};

static const struct typed_field set_leverage_fields[] = {
    OWNER(set_leverage),
    SUBACCOUNT(set_leverage),
    REQUIRED(set_leverage, instrument_name, STRING),
    REQUIRED(set_leverage, initial_rate, STRING),
    NONCE_AND_EXPIRES(set_leverage),
};

static const struct typed_field vault_deposit_fields[] = {
    OWNER(vault_deposit),
    SUBACCOUNT(vault_deposit),
    REQUIRED(vault_deposit, currency, STRING),
    REQUIRED(vault_deposit, amount, STRING),
    NONCE_AND_EXPIRES(vault_deposit),
};

static const struct typed_field vault_withdraw_fields[] = {
    OWNER(vault_withdraw),
    SUBACCOUNT(vault_withdraw),
    REQUIRED(vault_withdraw, shares, STRING),
    NONCE_AND_EXPIRES(vault_withdraw),
};

static const struct typed_field deposit_fields[] = {
    OWNER(deposit),
    SUBACCOUNT(deposit),
    REQUIRED(deposit, currency, STRING),
    REQUIRED(deposit, amount, STRING),
    REQUIRED(deposit, reference, BYTES32),
};

#define ROW(kind, name, fields) \
    [TYPED_##kind] = {name, fields, sizeof fields / sizeof fields[0]}

static const struct typed_type types[TYPED_KINDS] = {
    ROW(ORDER, "Order", order_fields),
    ROW(CANCEL, "Cancel", cancel_fields),
    ROW(CANCEL_ALL, "CancelAll", cancel_all_fields),
    ROW(REPLACE, "Replace", replace_fields),
    ROW(BATCH, "Batch", batch_fields),
    ROW(TRANSFER, "Transfer", transfer_fields),
    ROW(WITHDRAW, "Withdraw", withdraw_fields),
    ROW(AUTHORIZE_KEY, "AuthorizeKey", authorize_key_fields),
    ROW(REVOKE_KEY, "RevokeKey", revoke_key_fields),
    ROW(SET_LEVERAGE, "SetLeverage", set_leverage_fields),
    ROW(VAULT_DEPOSIT, "VaultDeposit", vault_deposit_fields),
    ROW(VAULT_WITHDRAW, "VaultWithdraw", vault_withdraw_fields),
    ROW(DEPOSIT, "Deposit", deposit_fields),
};

STATIC_CHECK(sizeof order_fields / sizeof order_fields[0] == TYPED_FIELDS_MAX);
/* typed_message_owner reads any kind's owner at the same place. */
STATIC_CHECK(offsetof(struct typed_order, owner) == 0);

const struct typed_type *typed_type_of(enum typed_kind kind)
{
    if (kind <= TYPED_NONE || kind >= TYPED_KINDS)
        return NULL;
    return &types[kind];
}

const char *typed_field_solidity(enum typed_field_kind kind)
{
    static const char *const names[] = {
        [TYPED_FIELD_ADDRESS] = "address",  [TYPED_FIELD_UINT32] = "uint32",
        [TYPED_FIELD_UINT64] = "uint64",    [TYPED_FIELD_STRING] = "string",
        [TYPED_FIELD_BOOL] = "bool",        [TYPED_FIELD_BYTES32] = "bytes32",
        [TYPED_FIELD_UINT32S] = "uint32[]", [TYPED_FIELD_STRINGS] = "string[]",
        [TYPED_FIELD_ORDERS] = "Order[]",   [TYPED_FIELD_CANCELS] = "Cancel[]",
    };

    return names[kind];
}

enum typed_kind typed_field_items(enum typed_field_kind kind)
{
    if (kind == TYPED_FIELD_ORDERS)
        return TYPED_ORDER;
    if (kind == TYPED_FIELD_CANCELS)
        return TYPED_CANCEL;
    return TYPED_NONE;
}

static size_t value_size(enum typed_field_kind kind)
{
    static const uint8_t sizes[] = {
        [TYPED_FIELD_ADDRESS] = sizeof(struct address),
        [TYPED_FIELD_UINT32] = sizeof(uint32_t),
        [TYPED_FIELD_UINT64] = sizeof(uint64_t),
        [TYPED_FIELD_STRING] = sizeof(struct typed_text),
        [TYPED_FIELD_BOOL] = sizeof(bool),
        [TYPED_FIELD_BYTES32] = sizeof(struct hash32),
        [TYPED_FIELD_UINT32S] = sizeof(struct typed_numbers),
        [TYPED_FIELD_STRINGS] = sizeof(struct typed_texts),
        [TYPED_FIELD_ORDERS] = sizeof(struct typed_orders),
        [TYPED_FIELD_CANCELS] = sizeof(struct typed_cancels),
    };

    return sizes[kind];
}

void typed_body_init(void *body, enum typed_kind kind)
{
    const struct typed_type *type = typed_type_of(kind);

    check(type != NULL);
    for (size_t i = 0; i < type->fields_count; i++) {
        const struct typed_field *field = &type->fields[i];
        uint8_t *value = (uint8_t *)body + field->offset;

        memset(value, 0, value_size(field->kind));
        if (field->text != NULL) {
            struct typed_text text = {field->text, strlen(field->text)};

            memcpy(value, &text, sizeof text);
        }
    }
}

void typed_message_init(struct typed_message *message, enum typed_kind kind)
{
    memset(message, 0, sizeof *message);
    message->kind = kind;
    typed_body_init(typed_message_body(message), kind);
}

void *typed_message_body(struct typed_message *message)
{
    return &message->order;
}

const void *typed_message_body_const(const struct typed_message *message)
{
    return &message->order;
}

const struct address *typed_message_owner(const struct typed_message *message)
{
    return &message->order.owner;
}

/* The last two fields of every kind but Deposit. */
static uint64_t last_field(const struct typed_message *message,
                           size_t from_the_end)
{
    const struct typed_type *type = typed_type_of(message->kind);
    const struct typed_field *field;
    uint64_t value;

    check(type != NULL);
    if (message->kind == TYPED_DEPOSIT)
        return 0;
    field = &type->fields[type->fields_count - from_the_end];
    memcpy(&value,
           (const uint8_t *)typed_message_body_const(message) + field->offset,
           sizeof value);
    return value;
}

uint64_t typed_message_nonce(const struct typed_message *message)
{
    return last_field(message, 2);
}

uint64_t typed_message_expires(const struct typed_message *message)
{
    return last_field(message, 1);
}

/*
 * Money and keys: deposits attested by validators, transfers, withdrawals,
 * session keys, own leverage.
 */
#include "rpc/decode.h"
#include "rpc/hex.h"
#include "rpc/signed.h"
#include "rpc/typed_params.h"
#include "rpc/write.h"

/* ---- deposits -------------------------------------------------------- */

struct deposit_room {
    struct typed_scratch scratch;
    struct typed_message message;
    struct secp_signature signatures[VALIDATORS_MAX];
    size_t count;
};
static _Thread_local struct deposit_room room;

static bool read_one(struct rpc_call *call, const json_t *value)
{
    struct secp_signature *signature = &room.signatures[room.count];

    if (!json_is_string(value) ||
        !hex_decode(signature->bytes, sizeof signature->bytes,
                    json_string_value(value), json_string_length(value)) ||
        secp_check_form(signature) != SECP_OK) {
        rpc_call_bad_param(call, "signature",
                           "must be 0x and 130 hex digits: r, low s, v");
        return false;
    }
    room.count++;
    return true;
}

static bool read_signatures(struct rpc_call *call)
{
    const json_t *one = json_object_get(call->params, "signature");
    const json_t *many = json_object_get(call->params, "signatures");

    room.count = 0;
    if ((one != NULL) == (many != NULL)) {
        rpc_call_bad_param(call, "signatures",
                           "either signature or signatures must be given");
        return false;
    }
    if (one)
        return read_one(call, one);
    if (json_array_size(many) == 0 || json_array_size(many) > VALIDATORS_MAX) {
        rpc_call_bad_param(call, "signatures", "must be 1 to 64 signatures");
        return false;
    }
    for (size_t i = 0; i < json_array_size(many); i++)
        if (!read_one(call, json_array_get(many, i)))
            return false;
    return true;
}

static void prepare_deposit(struct rpc_call *call)
{
    const struct rpc_service *service = call->message->service;
    struct evidence evidence = {.kind = TYPED_DEPOSIT};
    struct decode_fault fault;
    struct command command;
    struct hash32 digest;
    enum secp_status status;
    uint64_t validators;
    size_t position;

    if (!typed_params_read(call, &room.message, &room.scratch, NULL) ||
        !read_signatures(call))
        return;
    typed_digest(service->hasher, &digest, &service->separator, &room.message);
    if (!decode_validators(service, &validators, &position, &status, &digest,
                           room.signatures, room.count)) {
        rpc_call_refused(call, result_deposit_signer_unknown, param_signature,
                         amount_of(0), amount_of(0));
        return;
    }
    if (!decode_deposit(service, &command, &fault, &room.message.deposit,
                        &digest, validators)) {
        signed_answer_fault(call, &fault);
        return;
    }
    evidence.message = room.message;
    evidence.signatures = room.signatures;
    evidence.signatures_count = room.count;
    rpc_call_set_command(call, &command, &evidence);
}

static void outcome_deposit(struct rpc_call *call,
                            const struct rpc_outcome *outcome)
{
    const struct event *event = signed_event(outcome, EVENT_DEPOSIT, 0);

    if (signed_refused(call, outcome))
        return;
    signed_answer(call,
                  event ? json_pack("{so si si sb}", "reference",
                                    write_hash(&event->deposit.reference),
                                    "signatures", event->deposit.signatures,
                                    "threshold", event->deposit.threshold,
                                    "credited", event->deposit.is_credited)
                        : NULL,
                  outcome);
}

/* ---- transfers and withdrawals ---------------------------------------- */

static void prepare(struct rpc_call *call)
{
    signed_prepare(call, NULL);
}

static const struct event *ledger_line(const struct rpc_outcome *outcome,
                                       enum ledger_code code)
{
    for (size_t i = 0; i < outcome->count; i++)
        if (outcome->events[i].kind == EVENT_LEDGER &&
            outcome->events[i].ledger.code == code)
            return &outcome->events[i];
    return NULL;
}

static void outcome_transfer(struct rpc_call *call,
                             const struct rpc_outcome *outcome)
{
    const struct rpc_service *service = call->message->service;
    const struct event *event = ledger_line(outcome, LEDGER_TRANSFER);

    if (signed_refused(call, outcome))
        return;
    signed_answer(
        call,
        event
            ? json_pack("{ss so si si so so}", "currency",
                        write_currency(service, event->ledger.asset), "amount",
                        write_amount(service, event->ledger.asset,
                                     event->ledger.amount),
                        "from_subaccount", event->ledger.from.subaccount,
                        "to_subaccount", event->ledger.to.subaccount, "balance",
                        write_amount(service, event->ledger.asset,
                                     event->ledger.from_balance),
                        "to_balance",
                        write_amount(service, event->ledger.asset,
                                     event->ledger.to_balance))
            : NULL,
        outcome);
}

static void outcome_withdraw(struct rpc_call *call,
                             const struct rpc_outcome *outcome)
{
    const struct rpc_service *service = call->message->service;
    const struct event *event = signed_event(outcome, EVENT_WITHDRAWAL, 0);

    if (signed_refused(call, outcome))
        return;
    signed_answer(
        call,
        event ? json_pack(
                    "{so ss so so ss}", "withdrawal_id",
                    write_u64(event->withdrawal.id), "currency",
                    write_currency(service, event->withdrawal.asset), "amount",
                    write_amount(service, event->withdrawal.asset,
                                 event->withdrawal.amount),
                    "recipient", write_address(&event->withdrawal.recipient),
                    "state", "unconfirmed")
              : NULL,
        outcome);
}

/* ---- keys and leverage ------------------------------------------------ */

static void outcome_key(struct rpc_call *call,
                        const struct rpc_outcome *outcome)
{
    const struct event *event = signed_event(outcome, EVENT_KEY, 0);

    if (signed_refused(call, outcome))
        return;
    signed_answer(call,
                  event ? json_pack("{so so sb so}", "owner",
                                    write_address(&event->key.owner), "key",
                                    write_address(&event->key.key), "enabled",
                                    event->key.scopes != 0, "key_expires",
                                    write_ms(event->key.expires))
                        : NULL,
                  outcome);
}

static void outcome_leverage(struct rpc_call *call,
                             const struct rpc_outcome *outcome)
{
    const struct rpc_service *service = call->message->service;
    const struct event *event = signed_event(outcome, EVENT_LEVERAGE, 0);

    if (signed_refused(call, outcome))
        return;
    signed_answer(
        call,
        event ? json_pack("{ss so}", "instrument_name",
                          write_instrument(service, event->leverage.market),
                          "initial_rate",
                          write_rate(event->leverage.initial_rate))
              : NULL,
        outcome);
}

/* ---- the table ------------------------------------------------------- */

static const struct rpc_param deposit_params[] = {
    {"signature", RPC_PARAM_HEX, false, 0, 0, "one validator's signature"},
    {"signatures", RPC_PARAM_LIST, false, 0, 0, "several validators'"},
};

#define SIGNED(name, typed, outcome, summary, result)             \
    {                                                             \
        name, RPC_SUBMIT, false, typed, NULL, 0, summary, result, \
            {.prepare = prepare}, outcome, false                  \
    }

static const struct rpc_method methods[] = {
    {"public/submit_deposit",
     RPC_SUBMIT,
     false,
     TYPED_DEPOSIT,
     deposit_params,
     2,
     "A bridge validator's attestation of a deposit; credited once, when the "
     "threshold of validators has signed the same message.",
     "{reference, signatures, threshold, credited, index, timestamp}",
     {.prepare = prepare_deposit},
     outcome_deposit,
     false},
    SIGNED("private/transfer", TYPED_TRANSFER, outcome_transfer,
           "Moves money between the owner's own sub-accounts.",
           "{currency, amount, from_subaccount, to_subaccount, balance, "
           "to_balance, index, timestamp}"),
    SIGNED("private/withdraw", TYPED_WITHDRAW, outcome_withdraw,
           "Takes money out: debited at once, paid with the next settlement.",
           "{withdrawal_id, currency, amount, recipient, state, index, "
           "timestamp}"),
    SIGNED("private/authorize_key", TYPED_AUTHORIZE_KEY, outcome_key,
           "Lets another key act for the owner within limits.",
           "{owner, key, enabled, key_expires, index, timestamp}"),
    SIGNED("private/revoke_key", TYPED_REVOKE_KEY, outcome_key,
           "Ends a session key.",
           "{owner, key, enabled, key_expires, index, timestamp}"),
    SIGNED("private/set_leverage", TYPED_SET_LEVERAGE, outcome_leverage,
           "Sets the sub-account's own initial rate in an instrument.",
           "{instrument_name, initial_rate, index, timestamp}"),
};

const struct rpc_method_table rpc_funds_methods = {
    methods, sizeof methods / sizeof *methods};

#include "rpc/decode.h"

#include "rpc/decimal.h"

#include <stdlib.h>
#include <string.h>

static bool is_word(const struct typed_text *text, const char *word)
{
    return text->size == strlen(word) &&
           (text->size == 0 || memcmp(text->bytes, word, text->size) == 0);
}

/* The number of a word in a list of words; false: not there. */
static bool word_of(uint8_t *number, const struct typed_text *text,
                    const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is_word(text, words[i])) {
            *number = (uint8_t)i;
            return true;
        }
    return false;
}

static bool bad_grammar(struct decode_fault *fault, const char *name,
                        const char *reason)
{
    *fault = (struct decode_fault){
        .result = result_ok, .name = name, .reason = reason};
    return false;
}

static bool refuse(struct decode_fault *fault, enum result result,
                   enum param param)
{
    *fault = (struct decode_fault){
        .result = result, .param = param, .name = param_name(param)};
    return false;
}

/* A decimal that must not be negative; `too_much` is the refusal when it has
 * more places or digits than the unit. "" is allowed when `is_optional` and
 * gives 0. */
static bool decimal_of(int64_t *value, struct decode_fault *fault,
                       const struct typed_text *text, unsigned places,
                       enum param param, enum result too_much, bool is_optional)
{
    enum decimal_status status;

    *value = 0;
    if (text->size == 0 && is_optional)
        return true;
    status = decimal_parse(value, text->bytes, text->size, places);
    if (status == DECIMAL_MALFORMED)
        return bad_grammar(fault, param_name(param),
                           decimal_status_text(status));
    if (status != DECIMAL_OK || *value < 0)
        return refuse(fault, too_much, param);
    return true;
}

static bool milliseconds_of(struct nanos *time, struct decode_fault *fault,
                            uint64_t ms, enum param param)
{
    if (ms > (uint64_t)(NANOS_MAX / NANOS_PER_MS))
        return bad_grammar(fault, param_name(param), "is out of range");
    *time = nanos_of((int64_t)ms * NANOS_PER_MS);
    return true;
}

static bool market_of(const struct rpc_service *service, uint16_t *market,
                      struct decode_fault *fault, const struct typed_text *name)
{
    return rpc_market_of(service, market, name->bytes, name->size) ||
           refuse(fault, result_invalid_instrument, param_instrument_name);
}

static bool asset_of(const struct rpc_service *service, uint16_t *asset,
                     struct decode_fault *fault, const struct typed_text *name)
{
    return rpc_asset_of(service, asset, name->bytes, name->size) ||
           refuse(fault, result_unknown_currency, param_currency);
}

/* "<base>-<number>": the base only tells people which market it was. */
static bool order_id_of(uint64_t *id, struct decode_fault *fault,
                        const struct typed_text *text)
{
    const char *dash =
        text->size ? memrchr(text->bytes, '-', text->size) : NULL;
    const char *end = text->bytes + text->size;
    uint64_t sum = 0;

    if (!dash || dash == text->bytes || dash + 1 == end || dash[1] == '0')
        return bad_grammar(fault, "order_id", "must be like BTC-12");
    for (const char *at = dash + 1; at < end; at++)
        if (*at < '0' || *at > '9' || __builtin_mul_overflow(sum, 10u, &sum) ||
            __builtin_add_overflow(sum, (uint64_t)(*at - '0'), &sum))
            return bad_grammar(fault, "order_id", "must be like BTC-12");
    *id = sum;
    return true;
}

/* ---- orders ---------------------------------------------------------- */

static const char *const directions[] = {"buy", "sell"};
static const char *const types[] = {
    [ORDER_LIMIT] = "limit",           [ORDER_MARKET] = "market",
    [ORDER_STOP_LIMIT] = "stop_limit", [ORDER_STOP_MARKET] = "stop_market",
    [ORDER_TAKE_LIMIT] = "take_limit", [ORDER_TAKE_MARKET] = "take_market",
};
static const char *const times[] = {
    [TIF_GOOD_TIL_CANCELLED] = "good_til_cancelled",
    [TIF_GOOD_TIL_TIME] = "good_til_time",
    [TIF_IMMEDIATE_OR_CANCEL] = "immediate_or_cancel",
    [TIF_FILL_OR_KILL] = "fill_or_kill",
};
static const char *const triggers[] = {
    [TRIGGER_NONE] = "",
    [TRIGGER_MARK] = "mark_price",
    [TRIGGER_INDEX] = "index_price",
    [TRIGGER_LAST] = "last_price",
};
#define COUNT(array) (sizeof(array) / sizeof *(array))

static bool order_words(struct order_terms *terms, struct decode_fault *fault,
                        const struct typed_order *order)
{
    if (!word_of(&terms->side, &order->direction, directions,
                 COUNT(directions)))
        return bad_grammar(fault, "direction", "must be buy or sell");
    if (!word_of(&terms->type, &order->type, types, COUNT(types)))
        return bad_grammar(fault, "type", "is no order type");
    if (!word_of(&terms->time_in_force, &order->time_in_force, times,
                 COUNT(times)))
        return bad_grammar(fault, "time_in_force", "is no time in force");
    if (!word_of(&terms->trigger, &order->trigger, triggers, COUNT(triggers)))
        return bad_grammar(fault, "trigger",
                           "must be last_price, mark_price or index_price");
    if (terms->type >= ORDER_STOP_LIMIT && terms->trigger == TRIGGER_NONE)
        terms->trigger = TRIGGER_MARK;
    return true;
}

static bool decode_order(const struct rpc_service *service,
                         struct order_terms *terms, struct decode_fault *fault,
                         const struct typed_order *order)
{
    int64_t size, price, trigger, fee;

    memset(terms, 0, sizeof *terms);
    if (!order_words(terms, fault, order) ||
        !milliseconds_of(&terms->good_til, fault, order->good_til,
                         param_good_til) ||
        !decimal_of(&size, fault, &order->amount, QTY_PLACES, param_amount,
                    result_invalid_amount, false) ||
        !decimal_of(&price, fault, &order->price, PRICE_PLACES, param_price,
                    result_price_off_tick, true) ||
        !decimal_of(&trigger, fault, &order->trigger_price, PRICE_PLACES,
                    param_trigger_price, result_trigger_invalid, true) ||
        !decimal_of(&fee, fault, &order->max_fee,
                    rpc_settlement_places(service), param_max_fee,
                    result_max_fee_too_low, true))
        return false;
    if (order->label.size > LABEL_BYTES_MAX)
        return bad_grammar(fault, "label", "is longer than 64 bytes");
    terms->is_post_only = order->post_only;
    terms->is_reduce_only = order->reduce_only;
    terms->has_max_fee = order->max_fee.size > 0;
    terms->size = qty_of(size);
    terms->price = price_of(price);
    terms->trigger_price = price_of(trigger);
    terms->max_fee = amount_of(fee);
    terms->label.length = (uint8_t)order->label.size;
    if (order->label.size)
        memcpy(terms->label.bytes, order->label.bytes, order->label.size);
    return market_of(service, &terms->market, fault, &order->instrument_name);
}

static bool decode_replace(struct command *command, struct decode_fault *fault,
                           const struct typed_replace *replace)
{
    int64_t size, price, trigger;

    if (!order_id_of(&command->replace.order_id, fault, &replace->order_id) ||
        !decimal_of(&size, fault, &replace->amount, QTY_PLACES, param_amount,
                    result_invalid_amount, true) ||
        !decimal_of(&price, fault, &replace->price, PRICE_PLACES, param_price,
                    result_price_off_tick, true) ||
        !decimal_of(&trigger, fault, &replace->trigger_price, PRICE_PLACES,
                    param_trigger_price, result_trigger_invalid, true))
        return false;
    command->replace.size = qty_of(size);
    command->replace.price = price_of(price);
    command->replace.trigger_price = price_of(trigger);
    return true;
}

static bool decode_batch(const struct rpc_service *service,
                         struct command *command, struct command_buffer *buffer,
                         struct decode_fault *fault,
                         const struct typed_batch *batch)
{
    size_t legs = batch->orders.count + batch->cancels.count;

    if (legs == 0 || legs > BATCH_LEGS_MAX)
        return refuse(fault, result_batch_invalid, param_orders);
    for (size_t i = 0; i < batch->orders.count; i++)
        if (!decode_order(service, &buffer->orders[i], fault,
                          &batch->orders.items[i]))
            return false;
    for (size_t i = 0; i < batch->cancels.count; i++)
        if (!order_id_of(&buffer->cancels[i], fault,
                         &batch->cancels.items[i].order_id))
            return false;
    command->batch.order_count = (uint32_t)batch->orders.count;
    command->batch.cancel_count = (uint32_t)batch->cancels.count;
    command->batch.orders = buffer->orders;
    command->batch.cancels = buffer->cancels;
    return true;
}

/* ---- keys ------------------------------------------------------------ */

/* "trade,cancel": words with commas, no blanks, each once. */
static bool scopes_of(uint32_t *scopes, struct decode_fault *fault,
                      const struct typed_text *text)
{
    static const char *const words[] = {"trade", "cancel", "transfer"};
    static const uint32_t bits[] = {SCOPE_TRADE, SCOPE_CANCEL, SCOPE_TRANSFER};
    size_t at = 0;

    *scopes = 0;
    while (at < text->size) {
        const char *comma = memchr(text->bytes + at, ',', text->size - at);
        size_t end = comma ? (size_t)(comma - text->bytes) : text->size;
        struct typed_text word = {text->bytes + at, end - at};
        uint8_t number;

        if (!word_of(&number, &word, words, COUNT(words)) ||
            (*scopes & bits[number]) || end + 1 == text->size)
            break;
        *scopes |= bits[number];
        at = end + 1;
    }
    if (*scopes == 0 || at < text->size)
        return bad_grammar(
            fault, "scopes",
            "must be a list like trade,cancel of trade, cancel, transfer");
    return true;
}

static bool decode_authorize(const struct rpc_service *service,
                             struct command *command,
                             struct command_buffer *buffer,
                             struct decode_fault *fault,
                             const struct typed_authorize_key *key)
{
    int64_t exposure;

    if (key->subaccounts.count > KEY_LIST_MAX)
        return bad_grammar(fault, "subaccounts", "has too many entries");
    if (key->instruments.count > KEY_LIST_MAX)
        return bad_grammar(fault, "instruments", "has too many entries");
    command->authorize.key = key->key;
    if (!scopes_of(&command->authorize.scopes, fault, &key->scopes) ||
        !milliseconds_of(&command->authorize.expires, fault, key->key_expires,
                         param_key_expires))
        return false;
    for (size_t i = 0; i < key->subaccounts.count; i++)
        buffer->subaccounts[i] = key->subaccounts.items[i];
    for (size_t i = 0; i < key->instruments.count; i++)
        if (!market_of(service, &buffer->markets[i], fault,
                       &key->instruments.items[i]))
            return false;
    if (!decimal_of(&exposure, fault, &key->max_exposure,
                    rpc_settlement_places(service), param_amount,
                    result_key_invalid, true))
        return false;
    command->authorize.subaccount_count = (uint32_t)key->subaccounts.count;
    command->authorize.market_count = (uint32_t)key->instruments.count;
    command->authorize.subaccounts = buffer->subaccounts;
    command->authorize.markets = buffer->markets;
    command->authorize.max_exposure = amount_of(exposure);
    return true;
}

/* ---- money ----------------------------------------------------------- */

static bool amount_of_asset(const struct rpc_service *service,
                            struct amount *amount, uint16_t *asset,
                            struct decode_fault *fault,
                            const struct typed_text *currency,
                            const struct typed_text *text)
{
    int64_t value;

    if (!asset_of(service, asset, fault, currency) ||
        !decimal_of(&value, fault, text,
                    service->genesis->assets[*asset].decimals, param_amount,
                    result_invalid_amount, false))
        return false;
    *amount = amount_of(value);
    return value > 0 || refuse(fault, result_invalid_amount, param_amount);
}

static bool decode_leverage(const struct rpc_service *service,
                            struct command *command, struct decode_fault *fault,
                            const struct typed_set_leverage *leverage)
{
    int64_t rate;

    if (!market_of(service, &command->leverage.market, fault,
                   &leverage->instrument_name) ||
        !decimal_of(&rate, fault, &leverage->initial_rate, RATE_PLACES,
                    param_initial_rate, result_rate_out_of_range, true))
        return false;
    command->leverage.initial_rate = rate_of(rate);
    return true;
}

static bool decode_cancel_all(const struct rpc_service *service,
                              struct command *command,
                              struct decode_fault *fault,
                              const struct typed_text *name)
{
    command->cancel_all.market = MARKET_ALL;
    return name->size == 0 ||
           market_of(service, &command->cancel_all.market, fault, name);
}

/* ---- the whole ------------------------------------------------------- */

static bool decode_body(const struct rpc_service *service,
                        struct command *command, struct command_buffer *buffer,
                        struct decode_fault *fault,
                        const struct typed_message *message)
{
    switch (message->kind) {
    case TYPED_ORDER:
        command->kind = COMMAND_ORDER;
        return decode_order(service, &command->order, fault, &message->order);
    case TYPED_CANCEL:
        command->kind = COMMAND_CANCEL;
        return order_id_of(&command->cancel.order_id, fault,
                           &message->cancel.order_id);
    case TYPED_CANCEL_ALL:
        command->kind = COMMAND_CANCEL_ALL;
        return decode_cancel_all(service, command, fault,
                                 &message->cancel_all.instrument_name);
    case TYPED_REPLACE:
        command->kind = COMMAND_REPLACE;
        return decode_replace(command, fault, &message->replace);
    case TYPED_BATCH:
        command->kind = COMMAND_BATCH;
        return decode_batch(service, command, buffer, fault, &message->batch);
    case TYPED_TRANSFER:
        command->kind = COMMAND_TRANSFER;
        command->transfer.to_subaccount = message->transfer.to_subaccount;
        return amount_of_asset(
            service, &command->transfer.amount, &command->transfer.asset, fault,
            &message->transfer.currency, &message->transfer.amount);
    case TYPED_WITHDRAW:
        command->kind = COMMAND_WITHDRAW;
        command->withdraw.recipient = message->withdraw.recipient;
        return amount_of_asset(
            service, &command->withdraw.amount, &command->withdraw.asset, fault,
            &message->withdraw.currency, &message->withdraw.amount);
    case TYPED_AUTHORIZE_KEY:
        command->kind = COMMAND_AUTHORIZE_KEY;
        return decode_authorize(service, command, buffer, fault,
                                &message->authorize_key);
    case TYPED_REVOKE_KEY:
        command->kind = COMMAND_REVOKE_KEY;
        command->revoke.key = message->revoke_key.key;
        return true;
    case TYPED_SET_LEVERAGE:
        command->kind = COMMAND_SET_LEVERAGE;
        return decode_leverage(service, command, fault, &message->set_leverage);
    case TYPED_NONE:
    case TYPED_VAULT_DEPOSIT:
    case TYPED_VAULT_WITHDRAW:
    case TYPED_DEPOSIT:
    case TYPED_KINDS:
        break;
    }
    return refuse(fault, result_not_implemented, param_none);
}

static uint32_t subaccount_of(const struct typed_message *message)
{
    const struct typed_type *type = typed_type_of(message->kind);
    const char *body = typed_message_body_const(message);
    uint32_t subaccount = 0;

    for (size_t i = 0; i < type->fields_count; i++)
        if (strcmp(type->fields[i].name, "subaccount") == 0)
            memcpy(&subaccount, body + type->fields[i].offset,
                   sizeof subaccount);
    return subaccount;
}

bool decode_request(const struct rpc_service *service, struct command *command,
                    struct command_buffer *buffer, struct decode_fault *fault,
                    const struct typed_message *message,
                    const struct address *signer, const struct hash32 *digest)
{
    memset(command, 0, sizeof *command);
    command->request.owner = *typed_message_owner(message);
    command->request.subaccount = subaccount_of(message);
    command->request.signer = *signer;
    command->request.nonce = typed_message_nonce(message);
    memcpy(&command->request.digest, digest->bytes,
           sizeof command->request.digest);
    return milliseconds_of(&command->request.expires, fault,
                           typed_message_expires(message), param_expires) &&
           decode_body(service, command, buffer, fault, message);
}

bool decode_deposit(const struct rpc_service *service, struct command *command,
                    struct decode_fault *fault,
                    const struct typed_deposit *deposit,
                    const struct hash32 *digest, uint64_t validators)
{
    static const struct address house;

    memset(command, 0, sizeof *command);
    command->kind = COMMAND_DEPOSIT;
    command->deposit.account.owner = deposit->owner;
    command->deposit.account.subaccount = deposit->subaccount;
    command->deposit.reference = deposit->reference;
    command->deposit.digest = *digest;
    command->deposit.validators = validators;
    if (address_equal(&deposit->owner, &house))
        return bad_grammar(fault, "owner", "must not be the zero address");
    return amount_of_asset(service, &command->deposit.amount,
                           &command->deposit.asset, fault, &deposit->currency,
                           &deposit->amount);
}

bool decode_validators(const struct rpc_service *service, uint64_t *validators,
                       size_t *position, enum secp_status *status,
                       const struct hash32 *digest,
                       const struct secp_signature *signatures, size_t count)
{
    *validators = 0;
    for (*position = 0; *position < count; (*position)++) {
        struct address signer;
        uint8_t validator;

        *status = secp_recover_address(&signer, digest, &signatures[*position]);
        if (*status != SECP_OK)
            return false;
        if (!rpc_validator_of(service, &validator, &signer))
            return false;
        *validators |= UINT64_C(1) << validator;
    }
    return true;
}

/* ---- reports --------------------------------------------------------- */

#define CONFIDENCE_SUFFIX "__CONF"

/* Strips the suffix of a confidence point from its name's size. */
static bool is_confidence(const uint8_t *name, size_t *size)
{
    size_t suffix = strlen(CONFIDENCE_SUFFIX);

    if (*size <= suffix ||
        memcmp(name + *size - suffix, CONFIDENCE_SUFFIX, suffix) != 0)
        return false;
    *size -= suffix;
    return true;
}

static struct report_point *point_of(struct report_point *points,
                                     uint32_t count, uint16_t feed)
{
    for (uint32_t i = 0; i < count; i++)
        if (points[i].feed == feed)
            return &points[i];
    return NULL;
}

/* A package's points by feed; a name of no feed is passed over, as packages
 * may serve several networks. Prices first, then their confidences. */
static uint32_t decode_points(const struct rpc_service *service,
                              struct report_point *points,
                              const struct redstone_package *package)
{
    uint32_t count = 0;

    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < package->points_count; i++) {
            const struct redstone_point *from = &package->points[i];
            size_t size = redstone_feed_name_size(from->feed);
            bool is_second = is_confidence(from->feed, &size);
            struct report_point *point;
            uint16_t feed;

            if (is_second != (pass == 1) ||
                !rpc_feed_of(service, &feed, (const char *)from->feed, size))
                continue;
            point = point_of(points, count, feed);
            if (pass == 1 && point)
                point->confidence = price_of(from->value);
            if (pass == 0 && !point && count < REPORT_POINTS_MAX)
                points[count++] = (struct report_point){
                    feed, price_of(from->value), price_of(0)};
        }
    return count;
}

uint32_t decode_report(const struct rpc_service *service,
                       struct command *command, struct command_buffer *buffer,
                       struct package_outcome *outcomes,
                       const struct redstone_payload *payload)
{
    uint32_t taken = 0;

    memset(command, 0, sizeof *command);
    command->kind = COMMAND_REPORT;
    command->report.packages = buffer->packages;
    for (size_t i = 0; i < payload->packages_count; i++) {
        const struct redstone_package *package = &payload->packages[i];
        struct report_package *into = &buffer->packages[taken];
        struct report_point *points =
            &buffer->points[taken * REPORT_POINTS_MAX];
        struct package_outcome *outcome = &outcomes[i];

        *outcome =
            (struct package_outcome){.timestamp_ms = package->timestamp_ms};
        if (redstone_signer(&outcome->signer, package) != SECP_OK)
            outcome->fault = PACKAGE_SIGNATURE;
        else if (!rpc_reporter_of(service, &into->reporter, &outcome->signer))
            outcome->fault = PACKAGE_STRANGER;
        else if ((into->point_count =
                      decode_points(service, points, package)) == 0)
            outcome->fault = PACKAGE_FEEDS;
        if (outcome->fault != PACKAGE_TAKEN)
            continue;
        into->timestamp =
            nanos_of((int64_t)package->timestamp_ms * NANOS_PER_MS);
        into->points = points;
        taken++;
    }
    command->report.package_count = taken;
    return taken;
}

/* ---- audit ----------------------------------------------------------- */

/* Room for what one audited record becomes. */
struct audit_room {
    struct typed_scratch scratch;
    struct command_buffer buffer;
    struct redstone_payload payload;
    struct package_outcome outcomes[REDSTONE_PACKAGES_MAX];
    uint8_t bytes[COMMAND_BYTES_MAX];
};

static bool audit_typed(const struct rpc_service *service, const char **why,
                        struct audit_room *room, struct command *command,
                        const struct evidence *evidence, bool with_signatures)
{
    struct decode_fault fault;
    struct hash32 digest;

    if (!evidence_digest(service->hasher, &digest, &service->separator,
                         evidence)) {
        *why = "the evidence has no digest";
        return false;
    }
    if (with_signatures && keycache_check_signature(
                               service->keys, &digest, &evidence->signatures[0],
                               &evidence->signer) != SECP_OK) {
        *why = "the signature is not the signer's";
        return false;
    }
    *why = "the signed message is no command";
    return decode_request(service, command, &room->buffer, &fault,
                          &evidence->message, &evidence->signer, &digest);
}

static bool audit_deposit(const struct rpc_service *service, const char **why,
                          struct command *command,
                          const struct evidence *evidence)
{
    struct decode_fault fault;
    enum secp_status status;
    struct hash32 digest;
    uint64_t validators;
    size_t position;

    *why = "the deposit's signatures are not the validators'";
    return evidence_digest(service->hasher, &digest, &service->separator,
                           evidence) &&
           decode_validators(service, &validators, &position, &status, &digest,
                             evidence->signatures,
                             evidence->signatures_count) &&
           decode_deposit(service, command, &fault, &evidence->message.deposit,
                          &digest, validators);
}

static bool audit_evidence(const struct rpc_service *service, const char **why,
                           struct audit_room *room, struct command *command,
                           const struct evidence *evidence,
                           bool with_signatures)
{
    if (evidence->kind == TYPED_DEPOSIT)
        return audit_deposit(service, why, command, evidence);
    if (evidence->kind != EVIDENCE_REPORT)
        return audit_typed(service, why, room, command, evidence,
                           with_signatures);
    *why = "the report's packages are not the reporters'";
    return redstone_parse(&room->payload, evidence->payload,
                          evidence->payload_size) == REDSTONE_OK &&
           decode_report(service, command, &room->buffer, room->outcomes,
                         &room->payload) > 0;
}

bool decode_audit(const struct rpc_service *service, const char **why,
                  const uint8_t *command, size_t command_size,
                  const uint8_t *evidence, size_t evidence_size,
                  bool with_signatures)
{
    struct audit_room *room = malloc(sizeof *room);
    struct evidence proof;
    struct command again;
    bool is_right = false;
    size_t size;

    *why = "memory is short";
    if (!room)
        return false;
    *why = "the evidence is malformed";
    if (evidence_decode(&proof, &room->scratch, evidence, evidence_size) &&
        audit_evidence(service, why, room, &again, &proof, with_signatures)) {
        size = command_encode(room->bytes, sizeof room->bytes, &again);
        is_right =
            size == command_size && memcmp(room->bytes, command, size) == 0;
        *why = "the command is not what was signed";
    }
    free(room);
    return is_right;
}

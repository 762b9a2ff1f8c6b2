/*
 * A writer that stops at its capacity and a reader that stops at its end walk
 * the same table of fields. Both remember the first failure and carry on
 * harmlessly, so that it is asked for once, at the end.
 */
#include "rpc/evidence.h"

#include <string.h>

#define SIGNATURES_MAX 255

/* A Batch of the longest texts: ten and 10 bytes in an Order, one in a
 * Cancel; and what is around them. */
#define TEXT_SIZE_MAX (2 + TYPED_TEXT_MAX)
#define BATCH_SIZE_MAX (TYPED_ITEMS_MAX * (11 * TEXT_SIZE_MAX + 10) + 256)

STATIC_CHECK(BATCH_SIZE_MAX <= EVIDENCE_SIZE_MAX);
STATIC_CHECK(REDSTONE_PAYLOAD_SIZE_MAX + 5 <= EVIDENCE_SIZE_MAX);
STATIC_CHECK(TYPED_TEXT_MAX <= UINT16_MAX && TYPED_ITEMS_MAX <= UINT16_MAX);
STATIC_CHECK(TYPED_KINDS <= EVIDENCE_REPORT);
STATIC_CHECK(_Alignof(struct secp_signature) == 1);

struct writer {
    uint8_t *bytes;
    size_t capacity;
    size_t size;
    bool failed;
};

struct reader {
    const uint8_t *bytes;
    size_t size;
    size_t at;
    bool failed;
    struct typed_scratch *scratch;
};

static bool is_typed(uint8_t kind)
{
    return kind > TYPED_NONE && kind < TYPED_KINDS;
}

/* ---- write ---- */

static void put(struct writer *writer, const void *bytes, size_t size)
{
    if (writer->failed || size > writer->capacity - writer->size) {
        writer->failed = true;
        return;
    }
    if (size > 0)
        memcpy(writer->bytes + writer->size, bytes, size);
    writer->size += size;
}

static void put_u8(struct writer *writer, uint8_t value)
{
    put(writer, &value, sizeof value);
}

static void put_count(struct writer *writer, size_t count, size_t count_max)
{
    uint16_t value = (uint16_t)count;

    if (count > count_max)
        writer->failed = true;
    put(writer, &value, sizeof value);
}

static void put_text(struct writer *writer, const struct typed_text *text)
{
    put_count(writer, text->size, TYPED_TEXT_MAX);
    put(writer, text->bytes, text->size);
}

static void put_texts(struct writer *writer, const struct typed_texts *texts)
{
    put_count(writer, texts->count, TYPED_ITEMS_MAX);
    for (size_t i = 0; i < texts->count && !writer->failed; i++)
        put_text(writer, &texts->items[i]);
}

static void put_numbers(struct writer *writer,
                        const struct typed_numbers *numbers)
{
    put_count(writer, numbers->count, TYPED_ITEMS_MAX);
    if (!writer->failed)
        put(writer, numbers->items, numbers->count * sizeof(uint32_t));
}

static void put_leaf(struct writer *writer, const void *value,
                     enum typed_field_kind kind)
{
    switch (kind) {
    case TYPED_FIELD_ADDRESS:
        put(writer, value, sizeof(struct address));
        return;
    case TYPED_FIELD_UINT32:
        put(writer, value, sizeof(uint32_t));
        return;
    case TYPED_FIELD_UINT64:
        put(writer, value, sizeof(uint64_t));
        return;
    case TYPED_FIELD_STRING:
        put_text(writer, value);
        return;
    case TYPED_FIELD_BOOL:
        put_u8(writer, *(const bool *)value);
        return;
    case TYPED_FIELD_BYTES32:
        put(writer, value, sizeof(struct hash32));
        return;
    case TYPED_FIELD_UINT32S:
        put_numbers(writer, value);
        return;
    case TYPED_FIELD_STRINGS:
        put_texts(writer, value);
        return;
    case TYPED_FIELD_ORDERS:
    case TYPED_FIELD_CANCELS:
        break;
    }
    check(false);
}

/* The leg's own fields; the shared ones must be the batch's. */
static void put_leg(struct writer *writer, const struct typed_batch *batch,
                    const void *leg, enum typed_kind kind)
{
    const struct typed_type *type = typed_type_of(kind);
    struct address owner;
    uint32_t subaccount;
    uint64_t last[2];

    for (size_t i = 0; i < type->fields_count; i++) {
        if (!type->fields[i].shared)
            put_leaf(writer, (const uint8_t *)leg + type->fields[i].offset,
                     type->fields[i].kind);
    }
    if (kind == TYPED_ORDER) {
        const struct typed_order *order = leg;

        owner = order->owner;
        subaccount = order->subaccount;
        last[0] = order->nonce;
        last[1] = order->expires;
    } else {
        const struct typed_cancel *cancel = leg;

        owner = cancel->owner;
        subaccount = cancel->subaccount;
        last[0] = cancel->nonce;
        last[1] = cancel->expires;
    }
    if (!address_equal(&owner, &batch->owner) ||
        subaccount != batch->subaccount || last[0] != batch->nonce ||
        last[1] != batch->expires)
        writer->failed = true;
}

static void put_orders(struct writer *writer, const struct typed_batch *batch)
{
    put_count(writer, batch->orders.count, TYPED_ITEMS_MAX);
    for (size_t i = 0; i < batch->orders.count && !writer->failed; i++)
        put_leg(writer, batch, &batch->orders.items[i], TYPED_ORDER);
}

static void put_cancels(struct writer *writer, const struct typed_batch *batch)
{
    put_count(writer, batch->cancels.count, TYPED_ITEMS_MAX);
    for (size_t i = 0; i < batch->cancels.count && !writer->failed; i++)
        put_leg(writer, batch, &batch->cancels.items[i], TYPED_CANCEL);
}

static void put_message(struct writer *writer,
                        const struct typed_message *message)
{
    const struct typed_type *type = typed_type_of(message->kind);
    const uint8_t *body = typed_message_body_const(message);

    for (size_t i = 0; i < type->fields_count; i++) {
        const struct typed_field *field = &type->fields[i];

        if (field->kind == TYPED_FIELD_ORDERS)
            put_orders(writer, &message->batch);
        else if (field->kind == TYPED_FIELD_CANCELS)
            put_cancels(writer, &message->batch);
        else
            put_leaf(writer, body + field->offset, field->kind);
    }
}

static void put_signatures(struct writer *writer,
                           const struct evidence *evidence)
{
    bool is_deposit = evidence->kind == TYPED_DEPOSIT;
    size_t count_max = is_deposit ? SIGNATURES_MAX : 1;

    if (evidence->signatures_count < 1 ||
        evidence->signatures_count > count_max) {
        writer->failed = true;
        return;
    }
    if (is_deposit)
        put_u8(writer, (uint8_t)evidence->signatures_count);
    else
        put(writer, evidence->signer.bytes, sizeof evidence->signer.bytes);
    put(writer, evidence->signatures,
        evidence->signatures_count * sizeof evidence->signatures[0]);
}

static void put_payload(struct writer *writer, const struct evidence *evidence)
{
    uint32_t size = (uint32_t)evidence->payload_size;

    if (evidence->payload_size > REDSTONE_PAYLOAD_SIZE_MAX) {
        writer->failed = true;
        return;
    }
    put(writer, &size, sizeof size);
    put(writer, evidence->payload, size);
}

size_t evidence_encode(uint8_t *bytes, size_t capacity,
                       const struct evidence *evidence)
{
    struct writer writer = {.bytes = bytes, .capacity = capacity};

    put_u8(&writer, evidence->kind);
    if (is_typed(evidence->kind)) {
        check(evidence->message.kind == (enum typed_kind)evidence->kind);
        put_message(&writer, &evidence->message);
        put_signatures(&writer, evidence);
    } else {
        check(evidence->kind == EVIDENCE_REPORT);
        put_payload(&writer, evidence);
    }
    return writer.failed ? 0 : writer.size;
}

/* ---- read ---- */

/* The next `size` bytes, NULL after a failure. */
static const uint8_t *take(struct reader *reader, size_t size)
{
    const uint8_t *at = reader->bytes + reader->at;

    if (reader->failed || size > reader->size - reader->at) {
        reader->failed = true;
        return NULL;
    }
    reader->at += size;
    return at;
}

static void get(struct reader *reader, void *value, size_t size)
{
    const uint8_t *bytes = take(reader, size);

    if (bytes != NULL)
        memcpy(value, bytes, size);
}

static size_t get_count(struct reader *reader, size_t count_max)
{
    uint16_t value = 0;

    get(reader, &value, sizeof value);
    if (value > count_max)
        reader->failed = true;
    return reader->failed ? 0 : value;
}

static void get_bool(struct reader *reader, bool *value)
{
    uint8_t byte = 0;

    get(reader, &byte, sizeof byte);
    if (byte > 1)
        reader->failed = true;
    *value = byte == 1;
}

static void get_text(struct reader *reader, struct typed_text *text)
{
    size_t size = get_count(reader, TYPED_TEXT_MAX);
    const uint8_t *bytes = take(reader, size);

    text->bytes = (const char *)bytes;
    text->size = bytes != NULL ? size : 0;
}

static void get_texts(struct reader *reader, struct typed_texts *texts)
{
    struct typed_text *items = reader->scratch->texts;

    texts->count = get_count(reader, TYPED_ITEMS_MAX);
    texts->items = items;
    for (size_t i = 0; i < texts->count; i++)
        get_text(reader, &items[i]);
}

static void get_numbers(struct reader *reader, struct typed_numbers *numbers)
{
    uint32_t *items = reader->scratch->numbers;

    numbers->count = get_count(reader, TYPED_ITEMS_MAX);
    numbers->items = items;
    get(reader, items, numbers->count * sizeof items[0]);
}

static void get_leaf(struct reader *reader, void *value,
                     enum typed_field_kind kind)
{
    switch (kind) {
    case TYPED_FIELD_ADDRESS:
        get(reader, value, sizeof(struct address));
        return;
    case TYPED_FIELD_UINT32:
        get(reader, value, sizeof(uint32_t));
        return;
    case TYPED_FIELD_UINT64:
        get(reader, value, sizeof(uint64_t));
        return;
    case TYPED_FIELD_STRING:
        get_text(reader, value);
        return;
    case TYPED_FIELD_BOOL:
        get_bool(reader, value);
        return;
    case TYPED_FIELD_BYTES32:
        get(reader, value, sizeof(struct hash32));
        return;
    case TYPED_FIELD_UINT32S:
        get_numbers(reader, value);
        return;
    case TYPED_FIELD_STRINGS:
        get_texts(reader, value);
        return;
    case TYPED_FIELD_ORDERS:
    case TYPED_FIELD_CANCELS:
        break;
    }
    check(false);
}

static void get_leg(struct reader *reader, void *leg, enum typed_kind kind)
{
    const struct typed_type *type = typed_type_of(kind);

    typed_body_init(leg, kind);
    for (size_t i = 0; i < type->fields_count; i++) {
        if (!type->fields[i].shared)
            get_leaf(reader, (uint8_t *)leg + type->fields[i].offset,
                     type->fields[i].kind);
    }
}

static void get_legs(struct reader *reader, struct typed_batch *batch,
                     enum typed_kind kind)
{
    size_t count = get_count(reader, TYPED_ITEMS_MAX);

    for (size_t i = 0; i < count; i++) {
        if (kind == TYPED_ORDER)
            get_leg(reader, &reader->scratch->orders[i], kind);
        else
            get_leg(reader, &reader->scratch->cancels[i], kind);
    }
    if (kind == TYPED_ORDER)
        batch->orders = (struct typed_orders){reader->scratch->orders, count};
    else
        batch->cancels =
            (struct typed_cancels){reader->scratch->cancels, count};
}

/* Gives the legs what they share with their batch, known once all is read. */
static void share(struct typed_scratch *scratch,
                  const struct typed_batch *batch)
{
    for (size_t i = 0; i < batch->orders.count; i++) {
        scratch->orders[i].owner = batch->owner;
        scratch->orders[i].subaccount = batch->subaccount;
        scratch->orders[i].nonce = batch->nonce;
        scratch->orders[i].expires = batch->expires;
    }
    for (size_t i = 0; i < batch->cancels.count; i++) {
        scratch->cancels[i].owner = batch->owner;
        scratch->cancels[i].subaccount = batch->subaccount;
        scratch->cancels[i].nonce = batch->nonce;
        scratch->cancels[i].expires = batch->expires;
    }
}

static void get_message(struct reader *reader, struct typed_message *message,
                        enum typed_kind kind)
{
    const struct typed_type *type = typed_type_of(kind);
    uint8_t *body = typed_message_body(message);

    typed_message_init(message, kind);
    for (size_t i = 0; i < type->fields_count; i++) {
        const struct typed_field *field = &type->fields[i];
        enum typed_kind items = typed_field_items(field->kind);

        if (items != TYPED_NONE)
            get_legs(reader, &message->batch, items);
        else
            get_leaf(reader, body + field->offset, field->kind);
    }
    if (kind == TYPED_BATCH)
        share(reader->scratch, &message->batch);
}

static void get_signatures(struct reader *reader, struct evidence *evidence)
{
    uint8_t count = 1;

    if (evidence->kind == TYPED_DEPOSIT)
        get(reader, &count, sizeof count);
    else
        get(reader, evidence->signer.bytes, sizeof evidence->signer.bytes);
    if (count < 1)
        reader->failed = true;
    evidence->signatures_count = count;
    evidence->signatures = (const struct secp_signature *)(const void *)take(
        reader, count * sizeof evidence->signatures[0]);
}

static void get_payload(struct reader *reader, struct evidence *evidence)
{
    uint32_t size = 0;

    get(reader, &size, sizeof size);
    if (size > REDSTONE_PAYLOAD_SIZE_MAX)
        reader->failed = true;
    evidence->payload = take(reader, size);
    evidence->payload_size = size;
}

bool evidence_decode(struct evidence *evidence, struct typed_scratch *scratch,
                     const uint8_t *bytes, size_t size)
{
    struct reader reader = {.bytes = bytes, .size = size, .scratch = scratch};

    memset(evidence, 0, sizeof *evidence);
    get(&reader, &evidence->kind, sizeof evidence->kind);
    if (is_typed(evidence->kind)) {
        get_message(&reader, &evidence->message,
                    (enum typed_kind)evidence->kind);
        get_signatures(&reader, evidence);
    } else if (evidence->kind == EVIDENCE_REPORT) {
        get_payload(&reader, evidence);
    } else {
        return false;
    }
    return !reader.failed && reader.at == reader.size;
}

bool evidence_digest(const struct typed_hasher *hasher, struct hash32 *digest,
                     const struct hash32 *separator,
                     const struct evidence *evidence)
{
    if (!is_typed(evidence->kind))
        return false;
    typed_digest(hasher, digest, separator, &evidence->message);
    return true;
}

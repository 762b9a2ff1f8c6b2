/*
 * Walks the table of typed messages once for the types and once for the
 * values. Setters of jansson take NULL for a failure, so that one flag at the
 * end tells of all.
 */
#include "rpc/typed_json.h"

#include "rpc/address.h"
#include "rpc/hex.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static json_t *hex_json(const uint8_t *bytes, size_t size)
{
    char text[HEX_TEXT_SIZE(TYPED_ENCODED_SIZE_MAX)];

    check(size <= TYPED_ENCODED_SIZE_MAX);
    hex_encode(text, bytes, size);
    return json_string(text);
}

static json_t *address_json(const struct address *address)
{
    char text[ADDRESS_TEXT_SIZE];

    address_format(text, address);
    return json_string(text);
}

static json_t *text_json(const struct typed_text *text)
{
    return json_stringn(text->size > 0 ? text->bytes : "", text->size);
}

/* Wallets read 64-bit numbers from strings; JSON's own lose digits there. */
static json_t *number_json(uint64_t number)
{
    char text[24];
    int size = snprintf(text, sizeof text, "%" PRIu64, number);

    check(size > 0 && (size_t)size < sizeof text);
    return json_string(text);
}

/* The object if all went well, else NULL and nothing is left. */
static json_t *whole(json_t *json, bool failed)
{
    if (!failed)
        return json;
    json_decref(json);
    return NULL;
}

static json_t *numbers_json(const struct typed_numbers *numbers)
{
    json_t *array = json_array();
    bool failed = array == NULL;

    for (size_t i = 0; i < numbers->count; i++)
        failed |=
            json_array_append_new(array, json_integer(numbers->items[i])) != 0;
    return whole(array, failed);
}

static json_t *texts_json(const struct typed_texts *texts)
{
    json_t *array = json_array();
    bool failed = array == NULL;

    for (size_t i = 0; i < texts->count; i++)
        failed |=
            json_array_append_new(array, text_json(&texts->items[i])) != 0;
    return whole(array, failed);
}

static json_t *leaf_json(const void *value, enum typed_field_kind kind)
{
    switch (kind) {
    case TYPED_FIELD_ADDRESS:
        return address_json(value);
    case TYPED_FIELD_UINT32:
        return json_integer(*(const uint32_t *)value);
    case TYPED_FIELD_UINT64:
        return number_json(*(const uint64_t *)value);
    case TYPED_FIELD_STRING:
        return text_json(value);
    case TYPED_FIELD_BOOL:
        return json_boolean(*(const bool *)value);
    case TYPED_FIELD_BYTES32:
        return hex_json(value, sizeof(struct hash32));
    case TYPED_FIELD_UINT32S:
        return numbers_json(value);
    case TYPED_FIELD_STRINGS:
        return texts_json(value);
    case TYPED_FIELD_ORDERS:
    case TYPED_FIELD_CANCELS:
        break;
    }
    check(false);
    return NULL;
}

static json_t *leg_json(const void *leg, enum typed_kind kind)
{
    const struct typed_type *type = typed_type_of(kind);
    json_t *object = json_object();
    bool failed = object == NULL;

    for (size_t i = 0; i < type->fields_count; i++) {
        const struct typed_field *field = &type->fields[i];
        const void *value = (const uint8_t *)leg + field->offset;

        failed |= json_object_set_new(object, field->name,
                                      leaf_json(value, field->kind)) != 0;
    }
    return whole(object, failed);
}

static json_t *legs_json(const struct typed_batch *batch, enum typed_kind kind)
{
    json_t *array = json_array();
    bool failed = array == NULL;
    bool is_orders = kind == TYPED_ORDER;
    size_t count = is_orders ? batch->orders.count : batch->cancels.count;

    for (size_t i = 0; i < count; i++) {
        const void *leg = is_orders ? (const void *)&batch->orders.items[i]
                                    : (const void *)&batch->cancels.items[i];

        failed |= json_array_append_new(array, leg_json(leg, kind)) != 0;
    }
    return whole(array, failed);
}

static json_t *message_json(const struct typed_message *message)
{
    const struct typed_type *type = typed_type_of(message->kind);
    const uint8_t *body = typed_message_body_const(message);
    json_t *object = json_object();
    bool failed = object == NULL;

    for (size_t i = 0; i < type->fields_count; i++) {
        const struct typed_field *field = &type->fields[i];
        enum typed_kind items = typed_field_items(field->kind);
        json_t *value = items != TYPED_NONE
                            ? legs_json(&message->batch, items)
                            : leaf_json(body + field->offset, field->kind);

        failed |= json_object_set_new(object, field->name, value) != 0;
    }
    return whole(object, failed);
}

/* ---- types ---- */

static json_t *fields_json(enum typed_kind kind)
{
    const struct typed_type *type = typed_type_of(kind);
    json_t *array = json_array();
    bool failed = array == NULL;

    for (size_t i = 0; i < type->fields_count; i++) {
        const struct typed_field *field = &type->fields[i];

        failed |=
            json_array_append_new(
                array, json_pack("{s:s, s:s}", "name", field->name, "type",
                                 typed_field_solidity(field->kind))) != 0;
    }
    return whole(array, failed);
}

static json_t *types_json(enum typed_kind kind)
{
    const struct typed_type *type = typed_type_of(kind);
    json_t *object = json_object();
    bool failed =
        json_object_set_new(
            object, "EIP712Domain",
            json_pack("[{s:s, s:s}, {s:s, s:s}, {s:s, s:s}, {s:s, s:s}]",
                      "name", "name", "type", "string", "name", "version",
                      "type", "string", "name", "chainId", "type", "uint256",
                      "name", "verifyingContract", "type", "address")) != 0;

    failed |= json_object_set_new(object, type->name, fields_json(kind)) != 0;
    for (size_t i = 0; i < type->fields_count; i++) {
        enum typed_kind items = typed_field_items(type->fields[i].kind);

        if (items != TYPED_NONE)
            failed |= json_object_set_new(object, typed_type_of(items)->name,
                                          fields_json(items)) != 0;
    }
    return whole(object, failed);
}

json_t *typed_json_data(const struct typed_domain *domain,
                        const struct typed_message *message)
{
    return json_pack("{s:{s:s, s:s, s:I, s:o}, s:o, s:s, s:o}", "domain",
                     "name", domain->name, "version", domain->version,
                     "chainId", (json_int_t)domain->chain_id,
                     "verifyingContract", address_json(&domain->contract),
                     "types", types_json(message->kind), "primaryType",
                     typed_type_of(message->kind)->name, "message",
                     message_json(message));
}

json_t *typed_json_hashes(const struct typed_hasher *hasher,
                          const struct hash32 *separator,
                          const struct typed_message *message)
{
    uint8_t encoded[TYPED_ENCODED_SIZE_MAX];
    size_t size = typed_encode(hasher, encoded, message);
    struct hash32 struct_hash;
    struct hash32 digest;

    typed_struct_hash(hasher, &struct_hash, message);
    typed_digest_of(&digest, separator, &struct_hash);
    return json_pack(
        "{s:o, s:o, s:o, s:o}", "encoded_data", hex_json(encoded, size),
        "struct_hash", hex_json(struct_hash.bytes, sizeof struct_hash.bytes),
        "domain_separator", hex_json(separator->bytes, sizeof separator->bytes),
        "digest", hex_json(digest.bytes, sizeof digest.bytes));
}

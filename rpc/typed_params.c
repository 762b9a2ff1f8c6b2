#include "rpc/typed_params.h"

#include "rpc/address.h"
#include "rpc/hex.h"
#include "rpc/param.h"

#include <string.h>

/* What goes on while a message is read: where its arrays go, and the fault. */
struct reading {
    struct typed_scratch *scratch;
    const char *name; /* of the field at fault, static or of the table */
    const char *reason;
};

static bool fault(struct reading *reading, const char *name, const char *reason)
{
    reading->name = name;
    reading->reason = reason;
    return false;
}

static bool text_of(struct typed_text *text, const json_t *value)
{
    text->bytes = json_string_value(value);
    text->size = json_string_length(value);
    return json_is_string(value) && text->size <= TYPED_TEXT_MAX;
}

static bool number_of(uint32_t *number, const json_t *value)
{
    uint64_t wide;

    if (!param_number64_of(value, &wide) || wide > UINT32_MAX)
        return false;
    *number = (uint32_t)wide;
    return true;
}

static bool texts_of(struct reading *reading, struct typed_texts *texts,
                     const json_t *list)
{
    texts->items = reading->scratch->texts;
    texts->count = json_array_size(list);
    if (!json_is_array(list) || texts->count > TYPED_ITEMS_MAX)
        return false;
    for (size_t i = 0; i < texts->count; i++)
        if (!text_of(&reading->scratch->texts[i], json_array_get(list, i)))
            return false;
    return true;
}

static bool numbers_of(struct reading *reading, struct typed_numbers *numbers,
                       const json_t *list)
{
    numbers->items = reading->scratch->numbers;
    numbers->count = json_array_size(list);
    if (!json_is_array(list) || numbers->count > TYPED_ITEMS_MAX)
        return false;
    for (size_t i = 0; i < numbers->count; i++)
        if (!number_of(&reading->scratch->numbers[i], json_array_get(list, i)))
            return false;
    return true;
}

static bool address_of(struct address *address, const json_t *value)
{
    return json_is_string(value) &&
           address_parse(address, json_string_value(value),
                         json_string_length(value)) == ADDRESS_OK;
}

/* A field that is no list of messages. NULL: read; else what it must be. */
static const char *read_plain(struct reading *reading, void *at,
                              enum typed_field_kind kind, const json_t *value)
{
    struct hash32 *hash = at;

    switch (kind) {
    case TYPED_FIELD_ADDRESS:
        return address_of(at, value) ? NULL
                                     : "must be an address with a right "
                                       "checksum";
    case TYPED_FIELD_UINT32:
        return number_of(at, value) ? NULL : "must be a 32-bit number";
    case TYPED_FIELD_UINT64:
        return param_number64_of(value, at)
                   ? NULL
                   : "must be a decimal string or an integer up to 2^53-1";
    case TYPED_FIELD_STRING:
        return text_of(at, value) ? NULL
                                  : "must be a string of at most 255 bytes";
    case TYPED_FIELD_BOOL:
        *(bool *)at = json_is_true(value);
        return json_is_boolean(value) ? NULL : "must be true or false";
    case TYPED_FIELD_BYTES32:
        return json_is_string(value) &&
                       hex_decode(hash->bytes, sizeof hash->bytes,
                                  json_string_value(value),
                                  json_string_length(value))
                   ? NULL
                   : "must be 0x and 64 hex digits";
    case TYPED_FIELD_UINT32S:
        return numbers_of(reading, at, value) ? NULL
                                              : "must be a list of numbers";
    case TYPED_FIELD_STRINGS:
        return texts_of(reading, at, value) ? NULL
                                            : "must be a list of strings";
    case TYPED_FIELD_ORDERS:
    case TYPED_FIELD_CANCELS:
        break;
    }
    return "is not of its type";
}

static size_t shared_size(enum typed_field_kind kind)
{
    return kind == TYPED_FIELD_ADDRESS  ? sizeof(struct address)
           : kind == TYPED_FIELD_UINT32 ? sizeof(uint32_t)
                                        : sizeof(uint64_t);
}

static const struct typed_field *field_named(const struct typed_type *type,
                                             const char *name)
{
    for (size_t i = 0; i < type->fields_count; i++)
        if (strcmp(type->fields[i].name, name) == 0)
            return &type->fields[i];
    return NULL;
}

/* A leg's shared field: the batch's own value, which the leg may repeat. */
static bool read_shared(struct reading *reading, char *leg,
                        const struct typed_field *field, const char *batch,
                        const json_t *value)
{
    const struct typed_field *own =
        field_named(typed_type_of(TYPED_BATCH), field->name);
    size_t size = shared_size(field->kind);

    if (value &&
        (read_plain(reading, leg + field->offset, field->kind, value) ||
         memcmp(leg + field->offset, batch + own->offset, size) != 0))
        return fault(reading, field->name, "of a leg must be the batch's own");
    memcpy(leg + field->offset, batch + own->offset, size);
    return true;
}

static bool read_leg(struct reading *reading, void *leg, enum typed_kind kind,
                     const struct typed_batch *batch, const json_t *object)
{
    const struct typed_type *type = typed_type_of(kind);
    const char *name, *reason;
    json_t *value;

    if (!json_is_object(object))
        return fault(reading, kind == TYPED_ORDER ? "orders" : "cancels",
                     "must be a list of objects");
    typed_body_init(leg, kind);
    json_object_foreach((json_t *)(uintptr_t)object, name, value) if (
        !field_named(type,
                     name)) return fault(reading,
                                         kind == TYPED_ORDER ? "orders"
                                                             : "cancels",
                                         "a leg has an unknown parameter");
    for (size_t i = 0; i < type->fields_count; i++) {
        const struct typed_field *field = &type->fields[i];

        value = json_object_get(object, field->name);
        if (field->shared) {
            if (!read_shared(reading, leg, field, (const char *)batch, value))
                return false;
            continue;
        }
        if (!value && field->required)
            return fault(reading, field->name, "is missing in a leg");
        reason = value ? read_plain(reading, (char *)leg + field->offset,
                                    field->kind, value)
                       : NULL;
        if (reason)
            return fault(reading, field->name, reason);
    }
    return true;
}

static bool read_legs(struct reading *reading, struct typed_batch *batch,
                      const struct typed_field *field, const json_t *list)
{
    struct typed_scratch *scratch = reading->scratch;
    size_t count = json_array_size(list);
    bool are_orders = field->kind == TYPED_FIELD_ORDERS;

    if (!json_is_array(list))
        return fault(reading, field->name, "must be a list of objects");
    if (count > TYPED_ITEMS_MAX)
        return fault(reading, field->name, "has more than 100 legs");
    for (size_t i = 0; i < count; i++) {
        void *leg = are_orders ? (void *)&scratch->orders[i]
                               : (void *)&scratch->cancels[i];

        if (!read_leg(reading, leg, typed_field_items(field->kind), batch,
                      json_array_get(list, i)))
            return false;
    }
    if (are_orders)
        batch->orders = (struct typed_orders){scratch->orders, count};
    else
        batch->cancels = (struct typed_cancels){scratch->cancels, count};
    return true;
}

static bool is_list_of_legs(const struct typed_field *field)
{
    return typed_field_items(field->kind) != TYPED_NONE;
}

/* Plain fields first: the legs of a batch repeat some of them. */
static bool read_fields(struct reading *reading, struct typed_message *message,
                        const json_t *params)
{
    const struct typed_type *type = typed_type_of(message->kind);
    char *body = typed_message_body(message);
    const char *reason;

    for (size_t i = 0; i < type->fields_count; i++) {
        const struct typed_field *field = &type->fields[i];
        const json_t *value = json_object_get(params, field->name);

        if (is_list_of_legs(field))
            continue;
        if (!value && field->required)
            return fault(reading, field->name, "is missing");
        reason = value ? read_plain(reading, body + field->offset, field->kind,
                                    value)
                       : NULL;
        if (reason)
            return fault(reading, field->name, reason);
    }
    for (size_t i = 0; i < type->fields_count; i++) {
        const struct typed_field *field = &type->fields[i];
        const json_t *value = json_object_get(params, field->name);

        if (is_list_of_legs(field) && value &&
            !read_legs(reading, &message->batch, field, value))
            return false;
    }
    return true;
}

/* private/buy and private/sell imply the direction. */
static bool imply_direction(struct rpc_call *call, const char *direction)
{
    const json_t *given = json_object_get(call->params, "direction");

    if (!given)
        return json_object_set_new(call->params, "direction",
                                   json_string(direction)) == 0;
    if (json_is_string(given) &&
        strcmp(json_string_value(given), direction) == 0)
        return true;
    rpc_call_bad_param(call, "direction", "contradicts the method");
    return false;
}

bool typed_params_read(struct rpc_call *call, struct typed_message *message,
                       struct typed_scratch *scratch, const char *direction)
{
    struct reading reading = {.scratch = scratch};

    if (direction && !imply_direction(call, direction))
        return false;
    typed_message_init(message, call->method->typed);
    if (read_fields(&reading, message, call->params))
        return true;
    rpc_call_bad_param(call, reading.name, reading.reason);
    return false;
}

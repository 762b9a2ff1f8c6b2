/*
 * Reads recorded facts. The reader of typed messages goes by the names and
 * Solidity types that the JSON and the table agree upon.
 */
#include "tests/lib/vectors.h"

#include "rpc/address.h"
#include "rpc/hex.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define SHARED_SIZE_MAX (8u << 20)

json_t *vectors_load(const char *name)
{
    char path[256];
    json_error_t error;
    json_t *json;

    snprintf(path, sizeof path, "tests/vectors/%s", name);
    json = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    cr_assert_not_null(json, "%s:%d: %s", path, error.line, error.text);
    return json;
}

json_t *vectors_load_shared(const char *name)
{
    char path[256];
    char *text;
    int size;
    gzFile file;
    json_t *json;

    snprintf(path, sizeof path, "../shared/data/vectors/%s", name);
    file = gzopen(path, "rb");
    if (file == NULL) {
        printf("skipped: %s is not there\n", name);
        return NULL;
    }
    text = malloc(SHARED_SIZE_MAX);
    cr_assert_not_null(text);
    size = gzread(file, text, SHARED_SIZE_MAX);
    cr_assert(size > 0 && (unsigned)size < SHARED_SIZE_MAX, "%s", path);
    cr_assert_eq(gzclose(file), Z_OK);
    json = json_loadb(text, (size_t)size, JSON_REJECT_DUPLICATES, NULL);
    cr_assert_not_null(json, "%s", path);
    free(text);
    return json;
}

const char *vectors_text(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));

    cr_assert_not_null(text, "no text member %s", member);
    return text;
}

size_t vectors_bytes(uint8_t *bytes, size_t capacity, const char *text)
{
    size_t size;

    if (strncmp(text, "0x", 2) == 0)
        text += 2;
    size = strlen(text) / 2;
    cr_assert(size <= capacity, "%zu bytes of hex", size);
    cr_assert(hex_decode_bare(bytes, size, text, strlen(text)), "%s", text);
    return size;
}

void vectors_hex(uint8_t *bytes, size_t size, const char *text)
{
    cr_assert_eq(vectors_bytes(bytes, size, text), size, "%s", text);
}

static struct typed_text text_of(const json_t *json)
{
    cr_assert(json_is_string(json));
    return (struct typed_text){json_string_value(json),
                               json_string_length(json)};
}

static uint64_t number_of(const json_t *json)
{
    if (json_is_integer(json))
        return (uint64_t)json_integer_value(json);
    cr_assert(json_is_string(json));
    return strtoull(json_string_value(json), NULL, 10);
}

static void fill(void *body, enum typed_kind kind,
                 struct typed_scratch *scratch, const json_t *json);

static void fill_array(void *value, enum typed_field_kind kind,
                       struct typed_scratch *scratch, const json_t *json)
{
    size_t count = json_array_size(json);

    cr_assert(count <= TYPED_ITEMS_MAX);
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(json, i);

        if (kind == TYPED_FIELD_UINT32S)
            scratch->numbers[i] = (uint32_t)number_of(item);
        else if (kind == TYPED_FIELD_STRINGS)
            scratch->texts[i] = text_of(item);
        else if (kind == TYPED_FIELD_ORDERS)
            fill(&scratch->orders[i], TYPED_ORDER, scratch, item);
        else
            fill(&scratch->cancels[i], TYPED_CANCEL, scratch, item);
    }
    if (kind == TYPED_FIELD_UINT32S)
        *(struct typed_numbers *)value =
            (struct typed_numbers){scratch->numbers, count};
    else if (kind == TYPED_FIELD_STRINGS)
        *(struct typed_texts *)value =
            (struct typed_texts){scratch->texts, count};
    else if (kind == TYPED_FIELD_ORDERS)
        *(struct typed_orders *)value =
            (struct typed_orders){scratch->orders, count};
    else
        *(struct typed_cancels *)value =
            (struct typed_cancels){scratch->cancels, count};
}

static void fill_field(void *value, enum typed_field_kind kind,
                       struct typed_scratch *scratch, const json_t *json)
{
    switch (kind) {
    case TYPED_FIELD_ADDRESS:
        cr_assert_eq(address_parse(value, json_string_value(json),
                                   json_string_length(json)),
                     ADDRESS_OK);
        return;
    case TYPED_FIELD_UINT32:
        *(uint32_t *)value = (uint32_t)number_of(json);
        return;
    case TYPED_FIELD_UINT64:
        *(uint64_t *)value = number_of(json);
        return;
    case TYPED_FIELD_STRING:
        *(struct typed_text *)value = text_of(json);
        return;
    case TYPED_FIELD_BOOL:
        *(bool *)value = json_is_true(json);
        return;
    case TYPED_FIELD_BYTES32:
        vectors_hex(value, sizeof(struct hash32), json_string_value(json));
        return;
    case TYPED_FIELD_UINT32S:
    case TYPED_FIELD_STRINGS:
    case TYPED_FIELD_ORDERS:
    case TYPED_FIELD_CANCELS:
        fill_array(value, kind, scratch, json);
        return;
    }
}

static void fill(void *body, enum typed_kind kind,
                 struct typed_scratch *scratch, const json_t *json)
{
    const struct typed_type *type = typed_type_of(kind);

    typed_body_init(body, kind);
    for (size_t i = 0; i < type->fields_count; i++) {
        const struct typed_field *field = &type->fields[i];
        const json_t *value = json_object_get(json, field->name);

        if (value != NULL)
            fill_field((uint8_t *)body + field->offset, field->kind, scratch,
                       value);
    }
}

void vectors_message(struct typed_message *message,
                     struct typed_scratch *scratch, const char *primary_type,
                     const json_t *json)
{
    for (int kind = TYPED_NONE + 1; kind < TYPED_KINDS; kind++) {
        if (strcmp(typed_type_of((enum typed_kind)kind)->name, primary_type) ==
            0) {
            typed_message_init(message, (enum typed_kind)kind);
            fill(typed_message_body(message), (enum typed_kind)kind, scratch,
                 json);
            return;
        }
    }
    cr_assert_fail("no type %s", primary_type);
}

#include "rpc/fields.h"

#include "rpc/address.h"
#include "rpc/decimal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool fields_fault(struct genesis_fault *fault, const char *where,
                  const char *what, ...)
{
    va_list args;

    snprintf(fault->where, sizeof fault->where, "%s", where);
    va_start(args, what);
    vsnprintf(fault->what, sizeof fault->what, what, args);
    va_end(args);
    return false;
}

static unsigned places_of(enum field_kind kind, unsigned decimals)
{
    if (kind == FIELD_AMOUNT)
        return decimals;
    return kind == FIELD_RATE ? RATE_PLACES : PRICE_PLACES;
}

/* A decimal string into the one int64 that every unit is. */
static bool read_decimal(void *at, const json_t *value, unsigned places,
                         const char **what)
{
    int64_t number;
    enum decimal_status status;

    if (!json_is_string(value)) {
        *what = "must be a decimal string";
        return false;
    }
    status = decimal_parse(&number, json_string_value(value),
                           json_string_length(value), places);
    *what = decimal_status_text(status);
    if (status == DECIMAL_OK)
        memcpy(at, &number, sizeof number);
    return status == DECIMAL_OK;
}

static bool read_integer(void *at, const json_t *value, enum field_kind kind,
                         const char **what)
{
    json_int_t most = kind == FIELD_U8    ? UINT8_MAX
                      : kind == FIELD_U32 ? UINT32_MAX
                      : kind == FIELD_MS  ? NANOS_MAX / NANOS_PER_MS
                                          : INT64_MAX;
    json_int_t number = json_integer_value(value);

    *what = "must be a whole number within its range";
    if (!json_is_integer(value) || number < 0 || number > most)
        return false;
    if (kind == FIELD_U8)
        *(uint8_t *)at = (uint8_t)number;
    else if (kind == FIELD_U32)
        *(uint32_t *)at = (uint32_t)number;
    else if (kind == FIELD_MS)
        *(struct nanos *)at = nanos_of(number * NANOS_PER_MS);
    else
        *(uint64_t *)at = (uint64_t)number;
    return true;
}

static bool read_name(char *at, const json_t *value, const char **what)
{
    const char *text = json_string_value(value);
    size_t size = json_string_length(value);

    *what = "must be a text of 1 to 39 printable characters";
    if (!text || size == 0 || size >= NAME_BYTES_MAX)
        return false;
    for (size_t i = 0; i < size; i++)
        if (text[i] <= ' ' || text[i] > '~')
            return false;
    memset(at, 0, NAME_BYTES_MAX);
    memcpy(at, text, size);
    return true;
}

static bool read_field(void *at, const json_t *value, enum field_kind kind,
                       unsigned decimals, const char **what)
{
    switch (kind) {
    case FIELD_NAME:
        return read_name(at, value, what);
    case FIELD_AMOUNT:
    case FIELD_PRICE:
    case FIELD_QTY:
    case FIELD_RATE:
        return read_decimal(at, value, places_of(kind, decimals), what);
    case FIELD_MS:
    case FIELD_U8:
    case FIELD_U32:
    case FIELD_U64:
        return read_integer(at, value, kind, what);
    case FIELD_ADDRESS:
        *what = "must be an address, 0x and 40 hex digits";
        return json_is_string(value) &&
               address_parse(at, json_string_value(value),
                             json_string_length(value)) == ADDRESS_OK;
    case FIELD_BOOL:
        *what = "must be true or false";
        *(bool *)at = json_is_true(value);
        return json_is_boolean(value);
    }
    return false;
}

static bool is_known(const char *key, const struct field *fields, size_t count,
                     const char *const *others)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(key, fields[i].name) == 0)
            return true;
    for (; others && *others; others++)
        if (strcmp(key, *others) == 0)
            return true;
    return false;
}

bool fields_read(void *base, struct genesis_fault *fault, const json_t *object,
                 const char *where, const struct field *fields, size_t count,
                 const char *const *others, unsigned decimals)
{
    const char *key, *what = "";
    const json_t *value;

    if (!json_is_object(object))
        return fields_fault(fault, where, "must be an object");
    json_object_foreach(
        (json_t *)(uintptr_t)object, key,
        value) if (!is_known(key, fields, count,
                             others)) return fields_fault(fault, where,
                                                          "unknown key \"%s\"",
                                                          key);
    for (size_t i = 0; i < count; i++) {
        value = json_object_get(object, fields[i].name);
        if (!value && !fields[i].is_required)
            continue;
        if (!value)
            return fields_fault(fault, where, "\"%s\" is missing",
                                fields[i].name);
        if (!read_field((char *)base + fields[i].offset, value, fields[i].kind,
                        decimals, &what))
            return fields_fault(fault, where, "\"%s\" %s", fields[i].name,
                                what);
    }
    return true;
}

static json_t *write_field(const void *at, enum field_kind kind,
                           unsigned decimals)
{
    char text[DECIMAL_TEXT_SIZE];
    int64_t number;

    switch (kind) {
    case FIELD_NAME:
        return json_string(at);
    case FIELD_AMOUNT:
    case FIELD_PRICE:
    case FIELD_QTY:
    case FIELD_RATE:
        memcpy(&number, at, sizeof number);
        decimal_format(text, number, places_of(kind, decimals));
        return json_string(text);
    case FIELD_MS:
        memcpy(&number, at, sizeof number);
        return json_integer(number / NANOS_PER_MS);
    case FIELD_U8:
        return json_integer(*(const uint8_t *)at);
    case FIELD_U32:
        return json_integer(*(const uint32_t *)at);
    case FIELD_U64:
        return json_integer((json_int_t) * (const uint64_t *)at);
    case FIELD_ADDRESS:
        address_format(text, at);
        return json_string(text);
    case FIELD_BOOL:
        return json_boolean(*(const bool *)at);
    }
    return NULL;
}

bool fields_write(json_t *object, const void *base, const struct field *fields,
                  size_t count, unsigned decimals)
{
    for (size_t i = 0; i < count; i++) {
        json_t *value = write_field((const char *)base + fields[i].offset,
                                    fields[i].kind, decimals);

        if (!value || json_object_set_new(object, fields[i].name, value) != 0)
            return false;
    }
    return true;
}

#include "rpc/deribit.h"

#include "rpc/decimal.h"

#include <stdlib.h>
#include <string.h>

#define CODE_BUSY (-32005)
#define CODE_NOT_READY (-32001)
#define DERIBIT_TOO_MANY_REQUESTS 10028
#define DERIBIT_NOT_READY 10040
#define DIGITS_MAX 15

/* Texts that look like decimals and are none. */
static bool is_text(const char *name)
{
    static const char *const names[] = {
        "label",     "order_id", "trade_id",      "nonce",        "id",
        "reference", "owner",    "withdrawal_id", "last_trade_id"};

    for (size_t i = 0; name && i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* The number a decimal stands for, cut to what a double keeps; NULL: the
 * value is no decimal. */
static json_t *number_of(const json_t *value)
{
    const char *text = json_string_value(value);
    size_t size = json_string_length(value), digits = 0;
    int64_t checked;

    if (!text || decimal_parse(&checked, text, size, DECIMAL_PLACES_MAX) ==
                     DECIMAL_MALFORMED)
        return NULL;
    for (size_t i = 0; i < size; i++)
        digits += text[i] != '.' && text[i] != '-';
    if (!strchr(text, '.') && digits <= DIGITS_MAX)
        return json_integer(strtoll(text, NULL, 10));
    return json_real(strtod(text, NULL));
}

static json_t *translated(json_t *value, const char *name);

static void translate_object(json_t *object)
{
    const char *name;
    json_t *value;
    void *next;

    json_object_foreach_safe(object, next, name, value)
    {
        json_t *other = translated(value, name);

        if (other)
            (void)json_object_set_new(object, name, other);
    }
}

static void translate_array(json_t *array)
{
    for (size_t i = 0; i < json_array_size(array); i++) {
        json_t *other = translated(json_array_get(array, i), NULL);

        if (other)
            (void)json_array_set_new(array, i, other);
    }
}

/* What stands instead of the value (new), NULL: the value itself, whose
 * inside was translated. */
static json_t *translated(json_t *value, const char *name)
{
    if (json_is_object(value))
        translate_object(value);
    else if (json_is_array(value))
        translate_array(value);
    else if (!is_text(name))
        return number_of(value);
    return NULL;
}

static void translate_code(json_t *error)
{
    json_int_t code = json_integer_value(json_object_get(error, "code"));

    if (code == CODE_BUSY)
        code = DERIBIT_TOO_MANY_REQUESTS;
    else if (code == CODE_NOT_READY)
        code = DERIBIT_NOT_READY;
    else
        return;
    (void)json_object_set_new(error, "code", json_integer(code));
}

void deribit_translate(json_t **result, json_t **error)
{
    if (*result) {
        /* Part of it may be shared with the service: a copy of our own. */
        json_t *copy = json_deep_copy(*result);
        json_t *other = copy ? translated(copy, NULL) : NULL;

        if (other)
            json_decref(copy);
        if (copy) {
            json_decref(*result);
            *result = other ? other : copy;
        }
    }
    if (*error)
        translate_code(*error);
}

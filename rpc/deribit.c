#include "rpc/deribit.h"

#include "rpc/decimal.h"

#include <string.h>

#define CODE_BUSY (-32005)
#define CODE_NOT_READY (-32001)
#define DERIBIT_TOO_MANY_REQUESTS 10028
#define DERIBIT_NOT_READY 10040
#define DIGITS_MAX 15u

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

/* Digits of the value without their point, at most DIGITS_MAX of them that
 * count; *places how many stand behind the point. */
static int64_t digits_of(const char *text, unsigned *places)
{
    int64_t digits = 0;
    bool is_fraction = false;
    unsigned count = 0;

    *places = 0;
    for (; *text; text++) {
        if (*text == '.')
            is_fraction = true;
        if (*text < '0' || *text > '9')
            continue;
        if (count == DIGITS_MAX && is_fraction)
            break;
        digits = digits * 10 + (*text - '0');
        count += digits > 0;
        *places += is_fraction;
    }
    return digits;
}

/* The number a decimal stands for; NULL: the value is no decimal. A quotient
 * of two whole numbers below 2^53 is the double nearest to the decimal. */
static json_t *number_of(const json_t *value)
{
    const char *text = json_string_value(value);
    int64_t digits, checked;
    double power = 1;
    unsigned places;

    if (!text || decimal_parse(&checked, text, json_string_length(value),
                               RATE_PLACES) != DECIMAL_OK)
        return NULL;
    digits = digits_of(text, &places);
    if (*text == '-')
        digits = -digits;
    if (places == 0)
        return json_integer(digits);
    while (places-- > 0)
        power *= 10;
    return json_real((double)digits / power);
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

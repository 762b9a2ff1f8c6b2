#include "rpc/decimal.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* value * 10 + digit, false beyond 63 bits. */
static bool push_digit(int64_t *value, unsigned digit)
{
    return !__builtin_mul_overflow(*value, 10, value) &&
           !__builtin_add_overflow(*value, (int64_t)digit, value);
}

/* The digits behind the point, of which `places` count. */
static enum decimal_status parse_fraction(int64_t *value, const char *text,
                                          size_t size, unsigned places)
{
    bool fits = true, is_fine = false;

    for (size_t i = 0; i < size; i++) {
        if (!is_digit(text[i]))
            return DECIMAL_MALFORMED;
        if (i < places)
            fits = fits && push_digit(value, (unsigned)(text[i] - '0'));
        else
            is_fine = is_fine || text[i] != '0';
    }
    for (size_t i = size; i < places; i++)
        fits = fits && push_digit(value, 0);
    return is_fine ? DECIMAL_TOO_FINE : fits ? DECIMAL_OK : DECIMAL_TOO_LARGE;
}

enum decimal_status decimal_parse(int64_t *value, const char *text, size_t size,
                                  unsigned places)
{
    int64_t digits = 0;
    size_t at = size > 0 && text[0] == '-' ? 1 : 0;
    bool is_negative = at == 1, fits = true;
    size_t start = at;
    enum decimal_status status;

    while (at < size && is_digit(text[at])) {
        fits = fits && push_digit(&digits, (unsigned)(text[at] - '0'));
        at++;
    }
    if (at == start || (text[start] == '0' && at > start + 1))
        return DECIMAL_MALFORMED;
    if (at < size && (text[at] != '.' || at + 1 == size))
        return DECIMAL_MALFORMED;
    if (at < size)
        at++;
    status = parse_fraction(&digits, text + at, size - at, places);
    if (status == DECIMAL_OK && !fits)
        status = DECIMAL_TOO_LARGE;
    if (status == DECIMAL_OK)
        *value = is_negative ? -digits : digits;
    return status;
}

const char *decimal_status_text(enum decimal_status status)
{
    switch (status) {
    case DECIMAL_OK:
        return "ok";
    case DECIMAL_MALFORMED:
        return "is not a decimal number";
    case DECIMAL_TOO_FINE:
        return "has more decimal places than the unit";
    case DECIMAL_TOO_LARGE:
        return "is too large";
    }
    return "";
}

size_t decimal_format_wide(char text[DECIMAL_TEXT_SIZE], i128 value,
                           unsigned places)
{
    char digits[DECIMAL_TEXT_SIZE];
    u128 rest = value < 0 ? -(u128)value : (u128)value;
    size_t count = 0, size = 0, skip = 0;

    do {
        digits[count++] = (char)('0' + (int)(rest % 10));
        rest /= 10;
    } while (rest > 0 || count <= places);
    while (skip < places && digits[skip] == '0')
        skip++;
    if (value < 0)
        text[size++] = '-';
    for (size_t i = count; i > skip; i--) {
        if (i == places)
            text[size++] = '.';
        text[size++] = digits[i - 1];
    }
    text[size] = '\0';
    return size;
}

size_t decimal_format(char text[DECIMAL_TEXT_SIZE], int64_t value,
                      unsigned places)
{
    return decimal_format_wide(text, value, places);
}

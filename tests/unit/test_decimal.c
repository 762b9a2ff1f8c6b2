/* Decimal texts: the grammar, exactness, and both directions. */
#include "rpc/decimal.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(decimal);

static enum decimal_status parse(int64_t *value, const char *text,
                                 unsigned places)
{
    *value = 42;
    return decimal_parse(value, text, strlen(text), places);
}

Test(decimal, accepts_the_grammar)
{
    static const struct {
        const char *text;
        unsigned places;
        int64_t value;
    } cases[] = {
        {"0", 8, 0},
        {"-0", 8, 0},
        {"1", 8, 100000000},
        {"-1.5", 6, -1500000},
        {"64250.5", 8, 6425050000000},
        {"0.10", 1, 1},
        {"0.1000000000000000000000000000000", 1, 1},
        {"9223372036854775807", 0, INT64_MAX},
        {"-9223372036854775807", 0, -INT64_MAX},
        {"92233720368.54775807", 8, INT64_MAX},
        {"7.000", 0, 7},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t value;

        cr_expect_eq(parse(&value, cases[i].text, cases[i].places), DECIMAL_OK,
                     "%s", cases[i].text);
        cr_expect_eq(value, cases[i].value, "%s", cases[i].text);
    }
}

Test(decimal, refuses_what_is_no_decimal)
{
    static const char *const texts[] = {
        "",      "-",   "+1",   "01",  "00",   ".5",  "1.",
        "1.-5",  "1e5", " 1",   "1 ",  "0x10", "1,5", "--1",
        "1.2.3", "NaN", "1.5x", "-.5", "-01",  "1\t", "infinity",
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int64_t value;

        cr_expect_eq(parse(&value, texts[i], 8), DECIMAL_MALFORMED, "'%s'",
                     texts[i]);
        cr_expect_eq(value, 42, "'%s' changed the value", texts[i]);
    }
}

Test(decimal, never_rounds_or_wraps)
{
    int64_t value;

    cr_expect_eq(parse(&value, "0.000000001", 8), DECIMAL_TOO_FINE);
    cr_expect_eq(parse(&value, "1.15", 1), DECIMAL_TOO_FINE);
    cr_expect_eq(parse(&value, "1.5", 0), DECIMAL_TOO_FINE);
    cr_expect_eq(parse(&value, "9223372036854775808", 0), DECIMAL_TOO_LARGE);
    cr_expect_eq(parse(&value, "92233720368.54775808", 8), DECIMAL_TOO_LARGE);
    cr_expect_eq(parse(&value, "18446744073709551617", 0), DECIMAL_TOO_LARGE);
    cr_expect_eq(value, 42);
}

Test(decimal, writes_without_trailing_zeros)
{
    char text[DECIMAL_TEXT_SIZE];

    decimal_format(text, 6425050000000, 8);
    cr_expect_str_eq(text, "64250.5");
    decimal_format(text, -1, 8);
    cr_expect_str_eq(text, "-0.00000001");
    decimal_format(text, 0, 6);
    cr_expect_str_eq(text, "0");
    decimal_format(text, 100, 0);
    cr_expect_str_eq(text, "100");
    decimal_format(text, 100000000, 8);
    cr_expect_str_eq(text, "1");
    decimal_format(text, INT64_MIN, 9);
    cr_expect_str_eq(text, "-9223372036.854775808");
    decimal_format_wide(text, (i128)INT64_MAX * 1000000000, 17);
    cr_expect_str_eq(text, "92233720368.54775807");
}

Test(decimal, round_trips)
{
    uint64_t state = 1;

    for (int i = 0; i < 20000; i++) {
        char text[DECIMAL_TEXT_SIZE];
        int64_t value, back;
        unsigned places = (unsigned)i % (DECIMAL_PLACES_MAX + 1);

        state = state * 6364136223846793005u + 1442695040888963407u;
        value = (int64_t)state >> (i % 60);
        if (value == INT64_MIN)
            continue;
        decimal_format(text, value, places);
        cr_assert_eq(parse(&back, text, places), DECIMAL_OK, "%s", text);
        cr_assert_eq(back, value, "%s", text);
    }
}

/* Hexadecimal text: the forms, both directions, every wrong character. */
#include "rpc/hex.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(hex);

static bool decode(uint8_t *bytes, size_t size, const char *text)
{
    return hex_decode(bytes, size, text, strlen(text));
}

Test(hex, reads_both_cases_and_writes_lower)
{
    uint8_t bytes[4];
    char text[HEX_TEXT_SIZE(4)];

    cr_assert(decode(bytes, 4, "0x00aBCdEf"));
    cr_assert_arr_eq(bytes, ((uint8_t[]){0x00, 0xab, 0xcd, 0xef}), 4);
    hex_encode(text, bytes, 4);
    cr_assert_str_eq(text, "0x00abcdef");
    hex_encode_bare(text, bytes, 4);
    cr_assert_str_eq(text, "00abcdef");
    cr_assert(decode(bytes, 0, "0x"));
    hex_encode(text, bytes, 0);
    cr_assert_str_eq(text, "0x");
}

Test(hex, refuses_other_lengths_and_prefixes)
{
    static const char *const texts[] = {
        "",     "0",      "0x",      "0x1",    "0x123", "0x12345",
        "1234", "0X1234", "0x12 34", "0x123g", " 0x12", "x01234",
    };
    uint8_t bytes[2];

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        cr_expect_not(decode(bytes, 2, texts[i]), "'%s'", texts[i]);
    cr_expect(decode(bytes, 2, "0x1234"));
    cr_expect_not(hex_decode_bare(bytes, 2, "0x12", 3));
    cr_expect(hex_decode_bare(bytes, 2, "1234", 4));
    /* The size given counts, whatever follows. */
    cr_expect(hex_decode(bytes, 2, "0x12345", 6));
}

Test(hex, reads_exactly_the_22_digits)
{
    uint8_t byte;

    for (int c = 0; c < 256; c++) {
        char text[] = {'0', 'x', '0', (char)c};
        bool is_digit = c != 0 && strchr("0123456789abcdefABCDEF", c) != NULL;

        cr_expect_eq(hex_decode(&byte, 1, text, 4), is_digit, "%d", c);
        text[2] = (char)c;
        text[3] = '0';
        cr_expect_eq(hex_decode(&byte, 1, text, 4), is_digit, "%d", c);
    }
}

Test(hex, bounds_the_length)
{
    uint8_t bytes[3];
    size_t size = 9;

    cr_expect(hex_decode_bounded(bytes, &size, 3, "0x", 2) && size == 0);
    cr_expect(hex_decode_bounded(bytes, &size, 3, "0x01", 4) && size == 1);
    cr_expect(hex_decode_bounded(bytes, &size, 3, "0x010203", 8) && size == 3);
    cr_expect_not(hex_decode_bounded(bytes, &size, 3, "0x01020304", 10));
    cr_expect_not(hex_decode_bounded(bytes, &size, 3, "0x010", 5));
    cr_expect_not(hex_decode_bounded(bytes, &size, 3, "0x01zz", 6));
    cr_expect_not(hex_decode_bounded(bytes, &size, 3, "010203", 6));
    cr_expect_not(hex_decode_bounded(bytes, &size, 3, "0", 1));
    cr_expect_not(hex_decode_bounded(bytes, &size, 3, "", 0));
}

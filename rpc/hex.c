/*
 * Hexadecimal text, strictly: see the header for the forms.
 */
#include "rpc/hex.h"

#include <string.h>

/* 0 to 15, or -1. */
static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool hex_decode_bare(uint8_t *bytes, size_t size, const char *text,
                     size_t text_size)
{
    if (text_size != 2 * size)
        return false;
    for (size_t i = 0; i < size; i++) {
        int high = digit_of(text[2 * i]);
        int low = digit_of(text[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool hex_decode(uint8_t *bytes, size_t size, const char *text, size_t text_size)
{
    if (text_size < 2 || text[0] != '0' || text[1] != 'x')
        return false;
    return hex_decode_bare(bytes, size, text + 2, text_size - 2);
}

bool hex_decode_bounded(uint8_t *bytes, size_t *size, size_t size_max,
                        const char *text, size_t text_size)
{
    if (text_size < 2 || text_size % 2 != 0 || (text_size - 2) / 2 > size_max)
        return false;
    *size = (text_size - 2) / 2;
    return hex_decode(bytes, *size, text, text_size);
}

void hex_encode_bare(char *text, const uint8_t *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < size; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    text[2 * size] = '\0';
}

void hex_encode(char *text, const uint8_t *bytes, size_t size)
{
    memcpy(text, "0x", 2);
    hex_encode_bare(text + 2, bytes, size);
}

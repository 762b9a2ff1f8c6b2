/*
 * EIP-55: a letter is upper case where the nibble at its place in the Keccak
 * hash of the 40 lower-case digits is 8 or more.
 */
#include "rpc/address.h"

#include "rpc/hex.h"
#include "rpc/keccak.h"

#include <string.h>

#define DIGITS (ADDRESS_TEXT_SIZE - 3)

void address_format(char text[ADDRESS_TEXT_SIZE], const struct address *address)
{
    struct hash32 hash;

    hex_encode(text, address->bytes, sizeof address->bytes);
    keccak256(&hash, text + 2, DIGITS);
    for (size_t i = 0; i < DIGITS; i++) {
        uint8_t nibble =
            i % 2 == 0 ? hash.bytes[i / 2] >> 4 : hash.bytes[i / 2] & 15;

        if (text[2 + i] >= 'a' && nibble >= 8)
            text[2 + i] = (char)(text[2 + i] - 'a' + 'A');
    }
}

static bool is_mixed_case(const char *text, size_t size)
{
    bool has_lower = false;
    bool has_upper = false;

    for (size_t i = 0; i < size; i++) {
        has_lower |= text[i] >= 'a';
        has_upper |= text[i] >= 'A' && text[i] <= 'F';
    }
    return has_lower && has_upper;
}

enum address_status address_parse(struct address *address, const char *text,
                                  size_t text_size)
{
    struct address parsed;
    char proper[ADDRESS_TEXT_SIZE];

    if (!hex_decode(parsed.bytes, sizeof parsed.bytes, text, text_size))
        return ADDRESS_MALFORMED;
    if (is_mixed_case(text + 2, DIGITS)) {
        address_format(proper, &parsed);
        if (memcmp(proper, text, ADDRESS_TEXT_SIZE - 1) != 0)
            return ADDRESS_CHECKSUM;
    }
    *address = parsed;
    return ADDRESS_OK;
}

/*
 * Addresses as text: "0x" and 40 hex digits. Where both cases of letters
 * occur the case carries the EIP-55 checksum and must be right; all lower or
 * all upper case carries none. What we write is always in checksum form.
 */
#ifndef CLEARINGD_RPC_ADDRESS_H
#define CLEARINGD_RPC_ADDRESS_H

#include "engine/units.h"

#define ADDRESS_TEXT_SIZE 43 /* with the final NUL */

enum address_status {
    ADDRESS_OK,
    ADDRESS_MALFORMED, /* length, prefix or a character */
    ADDRESS_CHECKSUM,  /* mixed case that is not the EIP-55 form */
};

/* Reads text of exactly 42 bytes; *address is unchanged unless ADDRESS_OK. */
must_use enum address_status address_parse(struct address *address,
                                           const char *text, size_t text_size);

/* Writes the checksum form and NUL. */
void address_format(char text[ADDRESS_TEXT_SIZE],
                    const struct address *address);

#endif

/*
 * Hexadecimal text of the wire: "0x" and an even number of digits of either
 * case, nothing else. Keystore files carry the digits bare, without "0x".
 */
#ifndef CLEARINGD_RPC_HEX_H
#define CLEARINGD_RPC_HEX_H

#include "engine/base.h"

/* Bytes of text that `size` bytes take, "0x" and the final NUL included. */
#define HEX_TEXT_SIZE(size) (2 * (size) + 3)

/* Reads exactly `size` bytes from "0x" and 2 * size digits. False, and bytes
 * then hold nothing of use, on any other length or character. */
must_use bool hex_decode(uint8_t *bytes, size_t size, const char *text,
                         size_t text_size);

/* Reads 0 to size_max bytes from "0x" and digits; *size is the number read.
 * False on an odd number of digits, more than size_max bytes, or any other
 * character. */
must_use bool hex_decode_bounded(uint8_t *bytes, size_t *size, size_t size_max,
                                 const char *text, size_t text_size);

/* As hex_decode, from exactly 2 * size digits without "0x". */
must_use bool hex_decode_bare(uint8_t *bytes, size_t size, const char *text,
                              size_t text_size);

/* Writes "0x", 2 * size lower-case digits and NUL: HEX_TEXT_SIZE(size). */
void hex_encode(char *text, const uint8_t *bytes, size_t size);

/* Writes 2 * size lower-case digits and NUL: 2 * size + 1 bytes. */
void hex_encode_bare(char *text, const uint8_t *bytes, size_t size);

#endif

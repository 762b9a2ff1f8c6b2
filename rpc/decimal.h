/*
 * Decimal texts: how money travels. Grammar of the protocol:
 *   -?(0|[1-9][0-9]*)(\.[0-9]+)?
 * Exact both ways: a text with more digits than the unit has (other than
 * zeros) is refused, never rounded; output has no trailing zeros.
 */
#ifndef CLEARINGD_RPC_DECIMAL_H
#define CLEARINGD_RPC_DECIMAL_H

#include "engine/units.h"

#define DECIMAL_PLACES_MAX 18
#define DECIMAL_TEXT_SIZE 48 /* longest output with its NUL */
#define PRICE_PLACES 8
#define QTY_PLACES 8
#define RATE_PLACES 9

enum decimal_status {
    DECIMAL_OK,
    DECIMAL_MALFORMED, /* not the grammar */
    DECIMAL_TOO_FINE,  /* a digit other than 0 beyond the unit's places */
    DECIMAL_TOO_LARGE, /* beyond 63 bits of the smallest unit */
};

/* Reads exactly text[0..size) as a number of 10^-places units, 0 <= places <=
 * DECIMAL_PLACES_MAX. *value is unchanged unless DECIMAL_OK. */
must_use enum decimal_status decimal_parse(int64_t *value, const char *text,
                                           size_t size, unsigned places);

/* A sentence for a status, static. */
const char *decimal_status_text(enum decimal_status status);

/* Writes value * 10^-places and NUL; returns the length. */
size_t decimal_format(char text[DECIMAL_TEXT_SIZE], int64_t value,
                      unsigned places);

/* The same for 128 bits (totals, funding indexes); |value| < 10^38. */
size_t decimal_format_wide(char text[DECIMAL_TEXT_SIZE], i128 value,
                           unsigned places);

#endif

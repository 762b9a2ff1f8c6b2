/*
 * PRIVATE to the engine: an order's terms as bytes, the same in commands,
 * events and records.
 *
 *   0  market           u16
 *   2  side             u8   enum side
 *   3  type             u8   enum order_type
 *   4  time_in_force    u8   enum time_in_force
 *   5  trigger          u8   enum trigger_by
 *   6  flags            u8   1 post-only, 2 reduce-only, 4 has a max_fee
 *   7  label length     u8   0 to 64
 *   8  size             i64  qty
 *  16  price            i64
 *  24  trigger_price    i64
 *  32  good_til         i64  nanoseconds
 *  40  max_fee          i64  0 without its flag
 *  48  label            as many bytes as its length says
 */
#ifndef CLEARINGD_ENGINE_TERMS_CODEC_H
#define CLEARINGD_ENGINE_TERMS_CODEC_H

#include "engine/bytes.h"
#include "engine/command.h"

#define TERMS_BYTES_MAX (48 + LABEL_BYTES_MAX)

/* A label longer than LABEL_BYTES_MAX makes the writer bad. */
void terms_put(struct bytes_writer *writer, const struct order_terms *terms);

/* Bytes of the label behind its length become zero. An enum or a flag out of
 * range, a label too long, or a max_fee without its flag makes the reader
 * bad; the numbers are free. */
void terms_get(struct bytes_reader *reader, struct order_terms *terms);

#endif

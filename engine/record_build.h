/*
 * PRIVATE to the engine: the memory in which one record is put together, and
 * the checked reading of one.
 */
#ifndef CLEARINGD_ENGINE_RECORD_BUILD_H
#define CLEARINGD_ENGINE_RECORD_BUILD_H

#include "engine/bytes.h"
#include "engine/state.h"

/* The longest value that is really made: a full chunk of nonces. */
#define RECORD_BUILD_BYTES 20480
STATIC_CHECK(RECORD_BUILD_BYTES <= RECORD_VALUE_BYTES_MAX);

struct record_build {
    struct record record;
    struct bytes_writer key, value; /* where the parts are put */
    struct record_sum sums[ASSETS_MAX];
    uint8_t bytes[RECORD_BUILD_BYTES];
};

/* Starts a record: its key has the kind, its value is empty. */
static inline void record_begin(struct record_build *build,
                                enum record_kind kind)
{
    build->record.kind = kind;
    build->record.sum_count = 0;
    build->record.sums = NULL;
    build->key = bytes_writer_of(build->record.key, RECORD_KEY_BYTES_MAX);
    build->value = bytes_writer_of(build->bytes, sizeof build->bytes);
    bytes_put_u8(&build->key, (uint8_t)kind);
}

/* Hands it out with the value that was put. */
static inline void record_visit(struct record_build *build,
                                record_visitor *visit, void *ctx)
{
    check(!build->key.is_bad && !build->value.is_bad);
    build->record.key_size = bytes_written(&build->key, build->record.key);
    build->record.value = build->bytes;
    build->record.value_size = bytes_written(&build->value, build->bytes);
    visit(ctx, &build->record);
}

/* Hands it out as gone. */
static inline void record_visit_gone(struct record_build *build,
                                     record_visitor *visit, void *ctx)
{
    check(!build->key.is_bad);
    build->record.key_size = bytes_written(&build->key, build->record.key);
    build->record.value = NULL;
    build->record.value_size = 0;
    visit(ctx, &build->record);
}

/* Numbers of a record that must be in their unit's range; anything else makes
 * the reader bad (and gives zero). */
static inline int64_t record_get_within(struct bytes_reader *reader,
                                        int64_t least, int64_t most)
{
    int64_t value = bytes_get_i64(reader);

    if (value >= least && value <= most)
        return value;
    reader->is_bad = true;
    return 0;
}

static inline struct amount record_get_amount(struct bytes_reader *reader)
{
    return amount_of(record_get_within(reader, -AMOUNT_MAX, AMOUNT_MAX));
}

static inline struct price record_get_price(struct bytes_reader *reader)
{
    return price_of(record_get_within(reader, 0, PRICE_MAX));
}

static inline struct qty record_get_qty(struct bytes_reader *reader)
{
    return qty_of(record_get_within(reader, -QTY_MAX, QTY_MAX));
}

/* A time of the engine: from the epoch on. */
static inline struct nanos record_get_nanos(struct bytes_reader *reader)
{
    return nanos_of(record_get_within(reader, 0, NANOS_MAX));
}

#endif

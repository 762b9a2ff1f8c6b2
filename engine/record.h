/*
 * Records: how the state is written down, object by object. A key is
 * kind (1 byte) then identity, big-endian so that keys sort by identity; a
 * value is little-endian, drawn in docs/DATA.md. Everything that influences
 * a result is in a record; hash tables, heaps, books and sums are rebuilt.
 */
#ifndef CLEARINGD_ENGINE_RECORD_H
#define CLEARINGD_ENGINE_RECORD_H

#include "engine/limits.h"

/* On disk and in the tree: append only. */
enum record_kind {
    RECORD_GLOBAL = 1,     /* - : index, time, counters, last block */
    RECORD_FEED = 2,       /* feed u16 : aggregate, slow price, reports */
    RECORD_MARKET = 3,     /* market u16 : mark, funding, premium samples */
    RECORD_ACCOUNT = 4,    /* owner 20, subaccount u32 : balances, positions */
    RECORD_ORDER = 5,      /* order id u64 */
    RECORD_KEY = 6,        /* owner 20, key 20 */
    RECORD_NONCES = 7,     /* chunk number u64 : up to 256 requests */
    RECORD_DEPOSIT = 8,    /* reference 32 */
    RECORD_WITHDRAWAL = 9, /* id u64 */
    RECORD_ASSET = 10,     /* asset u16 : totals, slow value */
};

#define RECORD_KEY_BYTES_MAX 41
#define RECORD_VALUE_BYTES_MAX 65536

struct record_sum {
    u128 credit, debit; /* one of them is zero for a single account */
};

struct record {
    enum record_kind kind;
    uint8_t key[RECORD_KEY_BYTES_MAX]; /* kind byte first */
    size_t key_size;
    const uint8_t *value; /* NULL: the record is gone */
    size_t value_size;
    /* RECORD_ACCOUNT only: the balance of each asset, for the sum tree. */
    uint32_t sum_count;
    const struct record_sum *sums;
};

/* The record and its bytes are the engine's again when it returns. */
typedef void record_visitor(void *ctx, const struct record *record);

#endif

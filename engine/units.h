/*
 * Money as types. Each unit is a struct of one integer, so that a price can't
 * be added to a quantity; the integer is reached through the functions here
 * and of engine/wide.h, and a line elsewhere that touches `.raw` has to say
 * why (checked by `make check`).
 *
 *   amount  smallest unit of its asset (USDC: 1e-6)
 *   price   1e-8 quote per base
 *   qty     1e-8 base, signed where it is a position's size
 *   rate    1e-9 (0.05 = 50,000,000)
 *   nanos   nanoseconds since the Unix epoch
 *
 * Ranges (limits.h asserts how they fit): |amount| <= AMOUNT_MAX,
 * 0 <= price <= PRICE_MAX, |qty| <= QTY_MAX. Values from outside are checked
 * against them where they enter; inside, sums are made in 128 bits and
 * brought back by amount_from_wide, which stops the process when a bound that
 * was proved to hold does not.
 */
#ifndef CLEARINGD_ENGINE_UNITS_H
#define CLEARINGD_ENGINE_UNITS_H

#include "engine/base.h"

struct amount {
    int64_t raw;
};
struct price {
    int64_t raw;
};
struct qty {
    int64_t raw;
};
struct rate {
    int64_t raw;
};
struct nanos {
    int64_t raw;
};

/* An Ethereum address: the last 20 bytes of the key's Keccak hash. */
struct address {
    uint8_t bytes[20];
};
struct hash32 {
    uint8_t bytes[32];
};

/* A sub-account, the unit of margin: owner 0 is the house (house.h). */
struct account_id {
    struct address owner;
    uint32_t subaccount;
};

#define PRICE_ONE INT64_C(100000000)
#define QTY_ONE INT64_C(100000000)
#define RATE_ONE INT64_C(1000000000)
#define PPM_ONE INT64_C(1000000)
#define NANOS_PER_MS INT64_C(1000000)
#define NANOS_PER_SECOND INT64_C(1000000000)
#define NANOS_PER_HOUR (3600 * NANOS_PER_SECOND)

#define AMOUNT_MAX (INT64_C(1) << 61)
#define PRICE_MAX (INT64_C(1) << 57)
#define QTY_MAX (INT64_C(1) << 59)
#define NANOS_MAX (INT64_C(1) << 62)

#define UNITS_OF(unit)                                                 \
    static inline struct unit unit##_of(int64_t raw)                   \
    {                                                                  \
        return (struct unit){raw};                                     \
    }                                                                  \
    static inline int64_t unit##_raw(struct unit a)                    \
    {                                                                  \
        return a.raw;                                                  \
    }                                                                  \
    static inline struct unit unit##_add(struct unit a, struct unit b) \
    {                                                                  \
        return (struct unit){a.raw + b.raw};                           \
    }                                                                  \
    static inline struct unit unit##_sub(struct unit a, struct unit b) \
    {                                                                  \
        return (struct unit){a.raw - b.raw};                           \
    }                                                                  \
    static inline struct unit unit##_neg(struct unit a)                \
    {                                                                  \
        return (struct unit){-a.raw};                                  \
    }                                                                  \
    static inline struct unit unit##_abs(struct unit a)                \
    {                                                                  \
        return (struct unit){a.raw < 0 ? -a.raw : a.raw};              \
    }                                                                  \
    static inline struct unit unit##_min(struct unit a, struct unit b) \
    {                                                                  \
        return a.raw < b.raw ? a : b;                                  \
    }                                                                  \
    static inline struct unit unit##_max(struct unit a, struct unit b) \
    {                                                                  \
        return a.raw > b.raw ? a : b;                                  \
    }                                                                  \
    static inline int unit##_cmp(struct unit a, struct unit b)         \
    {                                                                  \
        return (a.raw > b.raw) - (a.raw < b.raw);                      \
    }                                                                  \
    static inline bool unit##_equal(struct unit a, struct unit b)      \
    {                                                                  \
        return a.raw == b.raw;                                         \
    }                                                                  \
    static inline bool unit##_is_zero(struct unit a)                   \
    {                                                                  \
        return a.raw == 0;                                             \
    }                                                                  \
    static inline bool unit##_is_positive(struct unit a)               \
    {                                                                  \
        return a.raw > 0;                                              \
    }                                                                  \
    static inline bool unit##_is_negative(struct unit a)               \
    {                                                                  \
        return a.raw < 0;                                              \
    }

/* unit_of, _raw, _add, _sub, _neg, _abs, _min, _max, _cmp, _equal, _is_zero,
 * _is_positive, _is_negative. Sums of two in-range values can't overflow the
 * 64 bits; a chain of sums belongs into 128 bits (wide.h). */
UNITS_OF(amount)
UNITS_OF(price)
UNITS_OF(qty)
UNITS_OF(rate)
UNITS_OF(nanos)

/* Sum into *sum; false (and *sum unchanged) when |a + b| > AMOUNT_MAX. */
must_use static inline bool amount_add_checked(struct amount *sum,
                                               struct amount a, struct amount b)
{
    int64_t total = a.raw + b.raw;

    if (total > AMOUNT_MAX || total < -AMOUNT_MAX)
        return false;
    sum->raw = total;
    return true;
}

static inline i128 amount_wide(struct amount a)
{
    return a.raw;
}

/* The value back from 128 bits; it must lie in the range of amounts. */
static inline struct amount amount_from_wide(i128 value)
{
    check(value <= AMOUNT_MAX && value >= -AMOUNT_MAX);
    return (struct amount){(int64_t)value};
}

static inline bool address_equal(const struct address *a,
                                 const struct address *b)
{
    return __builtin_memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static inline int address_cmp(const struct address *a, const struct address *b)
{
    return __builtin_memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

static inline bool account_id_equal(const struct account_id *a,
                                    const struct account_id *b)
{
    return a->subaccount == b->subaccount &&
           address_equal(&a->owner, &b->owner);
}

/* Identity order: owner's bytes, then sub-account number. */
static inline int account_id_cmp(const struct account_id *a,
                                 const struct account_id *b)
{
    int order = address_cmp(&a->owner, &b->owner);

    if (order != 0)
        return order;
    return (a->subaccount > b->subaccount) - (a->subaccount < b->subaccount);
}

#endif

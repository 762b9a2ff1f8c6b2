/*
 * Wide arithmetic against a reference that knows nothing but single bits:
 * numbers are arrays of bits, products are shifted sums, quotients come from
 * subtracting shifted divisors.
 */
#include "engine/wide.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

#define BITS 640

struct bits {
    uint8_t bit[BITS]; /* lowest first */
};

static struct bits bits_of(i128 value)
{
    struct bits bits = {{0}};
    u128 rest = value < 0 ? -(u128)value : (u128)value;

    for (int i = 0; i < 128; i++)
        bits.bit[i] = (uint8_t)(rest >> i & 1);
    return bits;
}

static u128 bits_low(const struct bits *bits)
{
    u128 value = 0;

    for (int i = 127; i >= 0; i--)
        value = value << 1 | bits->bit[i];
    for (int i = 128; i < BITS; i++)
        cr_assert_eq(bits->bit[i], 0, "the reference result is too wide");
    return value;
}

static struct bits bits_add(const struct bits *a, const struct bits *b,
                            int shift)
{
    struct bits sum = *a;
    int carry = 0;

    for (int i = shift; i < BITS; i++) {
        int digit = sum.bit[i] + b->bit[i - shift] + carry;

        sum.bit[i] = (uint8_t)(digit & 1);
        carry = digit >> 1;
    }
    return sum;
}

static int bits_cmp(const struct bits *a, const struct bits *b)
{
    for (int i = BITS - 1; i >= 0; i--)
        if (a->bit[i] != b->bit[i])
            return a->bit[i] > b->bit[i] ? 1 : -1;
    return 0;
}

static struct bits bits_sub(const struct bits *a, const struct bits *b)
{
    struct bits difference = {{0}};
    int borrow = 0;

    for (int i = 0; i < BITS; i++) {
        int digit = a->bit[i] - b->bit[i] - borrow;

        borrow = digit < 0;
        difference.bit[i] = (uint8_t)(digit & 1);
    }
    return difference;
}

static struct bits bits_mul(const struct bits *a, const struct bits *b)
{
    struct bits product = {{0}};

    for (int i = 0; i < BITS / 2; i++)
        if (b->bit[i])
            product = bits_add(&product, a, i);
    return product;
}

/* Quotient; *rest what is left. */
static struct bits bits_div(const struct bits *n, const struct bits *d,
                            struct bits *rest)
{
    struct bits quotient = {{0}};

    memset(rest, 0, sizeof *rest);
    for (int i = BITS - 1; i >= 0; i--) {
        memmove(&rest->bit[1], &rest->bit[0], BITS - 1);
        rest->bit[0] = n->bit[i];
        if (bits_cmp(rest, d) >= 0) {
            *rest = bits_sub(rest, d);
            quotient.bit[i] = 1;
        }
    }
    return quotient;
}

/* a * b / d toward minus infinity, or plus infinity. */
static i128 reference_muldiv(i128 a, i128 b, i128 d, bool up)
{
    struct bits x = bits_of(a), y = bits_of(b), z = bits_of(d), rest;
    struct bits product = bits_mul(&x, &y);
    struct bits quotient = bits_div(&product, &z, &rest);
    bool is_negative = (a < 0) != (b < 0);
    struct bits zero = {{0}};
    bool is_exact = bits_cmp(&rest, &zero) == 0;
    i128 value = (i128)bits_low(&quotient);

    if (is_negative)
        return -value - (!is_exact && !up);
    return value + (!is_exact && up);
}

/* ---- random values of all lengths ---------------------------------------- */

static uint64_t seed = 42;

static uint64_t next(void)
{
    uint64_t z = (seed += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Up to `most` bits, often near a power of two. */
static i128 random_bits(uint32_t most)
{
    uint32_t length = (uint32_t)(next() % (most + 1));
    u128 value = (u128)next() << 64 | next();

    if (length == 0)
        return 0;
    value >>= 128 - length;
    if (next() % 4 == 0)
        value = ((u128)1 << (length - 1)) - 1 + next() % 3;
    return (i128)value;
}

static uint32_t length_of(i128 value)
{
    uint32_t length = 0;

    for (value = wide_abs(value); value > 0; value >>= 1)
        length++;
    return length;
}

Test(wide, muldiv_is_the_reference)
{
    for (int i = 0; i < 3000; i++) {
        i128 a = random_bits(127), b = random_bits(127), d, floor, ceil;
        uint32_t product = length_of(a) + length_of(b);
        uint32_t least = product > 126 ? product - 126 : 1;

        d = random_bits(127);
        if (length_of(d) < least)
            d = ((i128)1 << (least - 1)) + random_bits(least - 1);
        d = wide_max(d, 1);
        if (next() % 2)
            a = -a;
        if (next() % 2)
            b = -b;
        floor = wide_muldiv_floor(a, b, d);
        ceil = wide_muldiv_ceil(a, b, d);
        cr_assert(floor == reference_muldiv(a, b, d, false));
        cr_assert(ceil == reference_muldiv(a, b, d, true));
        cr_assert(ceil - floor == 0 || ceil - floor == 1);
    }
}

/* -7 * 3 / 4 = -5.25. */
Test(wide, muldiv_rounds_as_named)
{
    cr_assert(wide_muldiv_floor(-7, 3, 4) == -6);
    cr_assert(wide_muldiv_ceil(-7, 3, 4) == -5);
    cr_assert(wide_muldiv_floor(7, 3, 4) == 5);
    cr_assert(wide_muldiv_ceil(7, 3, 4) == 6);
    cr_assert(wide_muldiv_floor(-8, 3, 4) == -6);
    cr_assert(wide_muldiv_ceil(-8, 3, 4) == -6);
}

/* The greatest quotient that fits, and one too many. */
Test(wide, muldiv_at_the_edge)
{
    i128 most = (i128)(((u128)1 << 127) - 1);

    cr_assert(wide_muldiv_floor(most, most, most) == most);
    cr_assert(wide_muldiv_ceil(-most, most, most) == -most);
    cr_assert(wide_muldiv_floor(most, 4, 4) == most);
}

Test(wide, muldiv_stops_when_the_quotient_does_not_fit, .signal = SIGABRT)
{
    i128 most = (i128)(((u128)1 << 127) - 1);

    wide_muldiv_floor(most, most, most - 1);
}

Test(wide, ratio_is_the_reference)
{
    for (int i = 0; i < 1000; i++) {
        i128 a = random_bits(110), b = random_bits(80), c = random_bits(60);
        i128 d = wide_max(random_bits(120), 1);
        i128 e = ((i128)1 << 110) + random_bits(100);
        struct bits x = bits_of(a), y = bits_of(b), z = bits_of(c), rest;
        struct bits u = bits_of(d), v = bits_of(e), product, divisor, quotient;

        if (length_of(d) < 40)
            d = ((i128)1 << 40) + d;
        u = bits_of(d);
        product = bits_mul(&x, &y);
        product = bits_mul(&product, &z);
        divisor = bits_mul(&u, &v);
        quotient = bits_div(&product, &divisor, &rest);
        cr_assert(wide_ratio_floor(a, b, c, d, e) == (i128)bits_low(&quotient));
    }
}

Test(wide, ratio_loses_nothing_in_between)
{
    /* 10 * 1 * 3 / (3 * 10) = 1, though 10 / 3 is not whole. */
    cr_assert(wide_ratio_floor(10, 1, 3, 3, 10) == 1);
    cr_assert(wide_ratio_floor(29, 1, 1, 3, 10) == 0);
    cr_assert(wide_ratio_floor(0, 5, 5, 7, 7) == 0);
}

Test(wide, products_compare_as_the_reference)
{
    for (int i = 0; i < 3000; i++) {
        i128 a = random_bits(127), b = random_bits(127);
        i128 c = next() % 3 ? random_bits(127) : a;
        i128 d = next() % 3 ? random_bits(127) : b;
        struct bits x = bits_of(a), y = bits_of(b), z = bits_of(c),
                    w = bits_of(d);
        struct bits left = bits_mul(&x, &y), right = bits_mul(&z, &w);
        int order = bits_cmp(&left, &right);

        cr_assert_eq(wide_cmp_products(a, b, c, d), order);
        cr_assert_eq(wide_cmp_products(-a, b, -c, d), -order);
        cr_assert_eq(wide_cmp_products(-a, -b, c, d), order);
    }
}

Test(wide, products_compare_by_sign_first)
{
    i128 least = (i128)((u128)1 << 127);

    cr_assert_eq(wide_cmp_products(-1, 1, 0, 5), -1);
    cr_assert_eq(wide_cmp_products(0, -5, 7, 0), 0);
    cr_assert_eq(wide_cmp_products(1, 1, -9, 9), 1);
    cr_assert_eq(wide_cmp_products(least, least, least, least), 0);
    cr_assert_eq(wide_cmp_products(least, least, least, least + 1), 1);
    cr_assert_eq(wide_cmp_products(least, 1, least + 1, 1), -1);
}

Test(wide, square_root_is_the_greatest_that_fits)
{
    i128 most = (i128)(((u128)1 << 127) - 1);

    cr_assert(wide_sqrt_floor(0) == 0);
    cr_assert(wide_sqrt_floor(3) == 1);
    cr_assert(wide_sqrt_floor(4) == 2);
    cr_assert(wide_sqrt_floor(most) == (i128)UINT64_C(13043817825332782212));
    for (int i = 0; i < 2000; i++) {
        i128 n = random_bits(126), root = wide_sqrt_floor(n);

        cr_assert(root * root <= n);
        cr_assert((root + 1) * (root + 1) > n);
    }
}

Test(wide, division_rounds_as_named)
{
    cr_assert(wide_div_floor(-1, 10) == -1 && wide_div_ceil(-1, 10) == 0);
    cr_assert(wide_div_floor(1, 10) == 0 && wide_div_ceil(1, 10) == 1);
    cr_assert(wide_div_floor(-10, 10) == -1 && wide_div_ceil(-10, 10) == -1);
    cr_assert(wide_div_trunc(-19, 10) == -1 && wide_div_trunc(19, 10) == 1);
}

/* 0.0001 base at 60000.1: 6.00001 USDC = 6,000,010 units exactly. At the mark
 * 60000.12345678 it is 6.000012345678: between ...012 and ...013 units. */
Test(wide, notional_rounds_as_named)
{
    int64_t divisor = INT64_C(10000000000);
    struct qty size = qty_of(10000);
    struct price tick = price_of(INT64_C(6000010000000));
    struct price mark = price_of(INT64_C(6000012345678));

    cr_assert_eq(amount_raw(notional_exact(size, tick, divisor)), 6000010);
    cr_assert_eq(amount_raw(notional_floor(size, mark, divisor)), 6000012);
    cr_assert_eq(amount_raw(notional_ceil(size, mark, divisor)), 6000013);
    size = qty_neg(size);
    cr_assert_eq(amount_raw(notional_exact(size, tick, divisor)), -6000010);
    cr_assert_eq(amount_raw(notional_floor(size, mark, divisor)), -6000013);
    cr_assert_eq(amount_raw(notional_ceil(size, mark, divisor)), -6000012);
}

/* 100 BTC at a price of 1,000,000: the product passes 64 bits. */
Test(wide, notional_beyond_64_bits)
{
    struct qty size = qty_of(100 * QTY_ONE);
    struct price price = price_of(1000000 * PRICE_ONE + 1);

    cr_assert_eq(amount_raw(notional_floor(size, price, 10000000000)),
                 INT64_C(100000000000001));
    cr_assert_eq(amount_raw(notional_floor(qty_of(99), price, 10000000000)),
                 INT64_C(990000));
    cr_assert_eq(amount_raw(notional_ceil(qty_of(99), price, 10000000000)),
                 INT64_C(990001));
}

Test(wide, an_inexact_fill_stops, .signal = SIGABRT)
{
    notional_exact(qty_of(1), price_of(1), INT64_C(10000000000));
}

/* 1.000001 USDC at 0.05 %: 500.0005 units. */
Test(wide, shares_of_amounts)
{
    struct rate rate = rate_of(500000);
    struct amount amount = amount_of(1000001);

    cr_assert_eq(amount_raw(amount_rate_floor(amount, rate)), 500);
    cr_assert_eq(amount_raw(amount_rate_floor(amount_neg(amount), rate)), -501);
    cr_assert_eq(
        amount_raw(amount_rate_floor(amount_of(AMOUNT_MAX), rate_of(RATE_ONE))),
        AMOUNT_MAX);
}

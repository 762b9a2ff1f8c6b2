/*
 * Products of two 128-bit values are held as two halves. Division of 256 by
 * 128 bits is the schoolbook method in digits of 64 bits: with a divisor of
 * two digits whose top bit is set, the guess of a quotient digit from the
 * leading digits, put right by the divisor's second digit, is exact.
 */
#include "engine/wide.h"

struct u256 {
    u128 high, low;
};

static u128 magnitude(i128 value)
{
    return value < 0 ? -(u128)value : (u128)value;
}

static struct u256 multiply(u128 a, u128 b)
{
    u128 a1 = a >> 64, a0 = (uint64_t)a, b1 = b >> 64, b0 = (uint64_t)b;
    u128 low = a0 * b0;
    u128 middle = a1 * b0 + (low >> 64);
    u128 middle2 = a0 * b1 + (uint64_t)middle;

    return (struct u256){a1 * b1 + (middle >> 64) + (middle2 >> 64),
                         (middle2 << 64) | (uint64_t)low};
}

/* One digit: (*rest * 2^64 + digit) / d, *rest < d, d's top bit set. */
static uint64_t divide_digit(u128 *rest, uint64_t digit, u128 d)
{
    uint64_t d1 = (uint64_t)(d >> 64), d0 = (uint64_t)d;
    u128 guess = *rest / d1, left = *rest % d1;

    while (guess >> 64 || (u128)(uint64_t)guess * d0 > (left << 64 | digit)) {
        guess--;
        left += d1;
        if (left >> 64)
            break;
    }
    *rest = (*rest << 64 | digit) - guess * d;
    return (uint64_t)guess;
}

/* n / d for n.high < d: the quotient fits 128 bits. */
static u128 divide_small(struct u256 n, u128 d, u128 *rest)
{
    uint64_t d1 = (uint64_t)(d >> 64);
    int shift = d1 ? __builtin_clzll(d1) : 64 + __builtin_clzll((uint64_t)d);
    u128 quotient, top;

    d <<= shift;
    top = n.high;
    if (shift) {
        top = n.high << shift | n.low >> (128 - shift);
        n.low <<= shift;
    }
    quotient = divide_digit(&top, (uint64_t)(n.low >> 64), d);
    quotient = quotient << 64 | divide_digit(&top, (uint64_t)n.low, d);
    *rest = top >> shift;
    return quotient;
}

static struct u256 divide(struct u256 n, u128 d, u128 *rest)
{
    struct u256 quotient;

    quotient.high = n.high / d;
    n.high %= d;
    quotient.low = divide_small(n, d, rest);
    return quotient;
}

/* |a * b| / d and whether something was left over. */
static u128 muldiv(i128 a, i128 b, i128 d, bool *has_rest)
{
    struct u256 quotient;
    u128 rest;

    check(d > 0);
    quotient = divide(multiply(magnitude(a), magnitude(b)), (u128)d, &rest);
    check(quotient.high == 0 && quotient.low < (u128)1 << 127);
    *has_rest = rest != 0;
    return quotient.low;
}

i128 wide_muldiv_floor(i128 a, i128 b, i128 d)
{
    bool has_rest;
    i128 product, quotient;

    if (!__builtin_mul_overflow(a, b, &product))
        return wide_div_floor(product, d);
    quotient = (i128)muldiv(a, b, d, &has_rest);
    return (a < 0) == (b < 0) ? quotient : -quotient - has_rest;
}

i128 wide_muldiv_ceil(i128 a, i128 b, i128 d)
{
    bool has_rest;
    i128 product, quotient;

    if (!__builtin_mul_overflow(a, b, &product))
        return wide_div_ceil(product, d);
    quotient = (i128)muldiv(a, b, d, &has_rest);
    return (a < 0) == (b < 0) ? quotient + has_rest : -quotient;
}

i128 wide_ratio_floor(i128 a, i128 b, i128 c, i128 d, i128 e)
{
    struct u256 product, carried;
    u128 rest;

    check(a >= 0 && b >= 0 && c >= 0 && d > 0 && e > 0);
    product = multiply((u128)a, (u128)b);
    carried = multiply(product.high, (u128)c);
    product = multiply(product.low, (u128)c);
    check(carried.high == 0);
    check(!__builtin_add_overflow(product.high, carried.low, &product.high));
    /* Rounding down twice is rounding down once, for whole divisors. */
    product = divide(divide(product, (u128)d, &rest), (u128)e, &rest);
    check(product.high == 0 && product.low < (u128)1 << 127);
    return (i128)product.low;
}

static int sign_of_product(i128 a, i128 b)
{
    return ((a > 0) - (a < 0)) * ((b > 0) - (b < 0));
}

int wide_cmp_products(i128 a, i128 b, i128 c, i128 d)
{
    int left_sign = sign_of_product(a, b), right_sign = sign_of_product(c, d);
    struct u256 left, right;
    int order;

    if (left_sign != right_sign)
        return left_sign > right_sign ? 1 : -1;
    left = multiply(magnitude(a), magnitude(b));
    right = multiply(magnitude(c), magnitude(d));
    order = (left.high > right.high) - (left.high < right.high);
    if (order == 0)
        order = (left.low > right.low) - (left.low < right.low);
    return left_sign < 0 ? -order : order;
}

/* Bit by bit from the top: root * root <= n stays true. */
i128 wide_sqrt_floor(i128 n)
{
    u128 rest = (u128)n, root = 0;

    check(n >= 0);
    for (u128 bit = (u128)1 << 126; bit != 0; bit >>= 2) {
        bool is_set = rest >= root + bit;

        if (is_set)
            rest -= root + bit;
        root >>= 1;
        if (is_set)
            root += bit;
    }
    return (i128)root;
}

/* Most figures fit 64 bits, where dividing is several times faster. */
static i128 divide_floor(i128 n, int64_t d)
{
    int64_t small = (int64_t)n;

    if (likely(small == n)) {
        int64_t q = small / d;

        return small % d < 0 ? q - 1 : q;
    }
    return wide_div_floor(n, d);
}

struct amount notional_exact(struct qty size, struct price price,
                             int64_t divisor)
{
    i128 product = wide_mul(size.raw, price.raw);
    i128 quotient = divide_floor(product, divisor);

    check(quotient * divisor == product);
    return amount_from_wide(quotient);
}

struct amount notional_floor(struct qty size, struct price price,
                             int64_t divisor)
{
    return amount_from_wide(
        divide_floor(wide_mul(size.raw, price.raw), divisor));
}

struct amount notional_ceil(struct qty size, struct price price,
                            int64_t divisor)
{
    return amount_from_wide(
        -divide_floor(-wide_mul(size.raw, price.raw), divisor));
}

struct amount amount_rate_floor(struct amount a, struct rate r)
{
    return amount_from_wide(divide_floor(wide_mul(a.raw, r.raw), RATE_ONE));
}

/*
 * Rebuilds the signed bytes of a package from the gateway's JSON.
 */
#include "rpc/redstone_json.h"

#include <math.h>
#include <nettle/base64.h>
#include <string.h>

#define VALUE_ONE 100000000
#define MANTISSA_BITS 53
#define SIGNATURE_TEXT_SIZE BASE64_ENCODE_RAW_LENGTH(65)

/* The nearest multiple of 1e-8, ties upward, of what the double is exactly:
 * its 53-bit mantissa times 10^8, shifted, in 128 bits. */
static bool value_of_real(int64_t *value, double real)
{
    int exponent;
    double mantissa;
    u128 product;
    int shift;

    /* 2^37 is beyond int64 at 8 decimals already. Not a number: false. */
    if (!(real >= 0) || real >= 137438953472.0)
        return false;
    mantissa = frexp(real, &exponent);
    product = (u128)(uint64_t)ldexp(mantissa, MANTISSA_BITS) * VALUE_ONE;
    shift = MANTISSA_BITS - exponent;
    if (shift >= 100) {
        *value = 0;
        return true;
    }
    product = (product + ((u128)1 << (shift - 1))) >> shift;
    if (product > INT64_MAX)
        return false;
    *value = (int64_t)product;
    return true;
}

static enum redstone_status point_read(struct redstone_point *point,
                                       const json_t *json)
{
    const json_t *feed = json_object_get(json, "dataFeedId");
    const json_t *value = json_object_get(json, "value");

    if (!json_is_string(feed) || json_string_length(feed) == 0 ||
        !json_is_number(value))
        return REDSTONE_JSON;
    redstone_feed_of(point->feed, json_string_value(feed),
                     json_string_length(feed));
    if (json_is_real(value))
        return value_of_real(&point->value, json_real_value(value))
                   ? REDSTONE_OK
                   : REDSTONE_VALUE;
    if (json_integer_value(value) < 0 ||
        __builtin_mul_overflow(json_integer_value(value), (int64_t)VALUE_ONE,
                               &point->value))
        return REDSTONE_VALUE;
    return REDSTONE_OK;
}

static bool signature_read(struct secp_signature *signature, const json_t *json)
{
    struct base64_decode_ctx base64;
    uint8_t bytes[BASE64_DECODE_LENGTH(SIGNATURE_TEXT_SIZE)];
    size_t size;

    if (json_string_length(json) != SIGNATURE_TEXT_SIZE)
        return false;
    base64_decode_init(&base64);
    if (!base64_decode_update(&base64, &size, bytes, SIGNATURE_TEXT_SIZE,
                              json_string_value(json)) ||
        !base64_decode_final(&base64) || size != sizeof signature->bytes)
        return false;
    memcpy(signature->bytes, bytes, sizeof signature->bytes);
    return true;
}

static bool feeds_differ(const struct redstone_point *points, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (memcmp(points[i].feed, points[j].feed, REDSTONE_FEED_SIZE) == 0)
                return false;
        }
    }
    return true;
}

enum redstone_status redstone_json_payload(uint8_t *bytes, size_t *size,
                                           size_t capacity,
                                           const json_t *package)
{
    struct redstone_point points[REDSTONE_PACKAGE_POINTS_MAX];
    const json_t *list = json_object_get(package, "dataPoints");
    const json_t *time = json_object_get(package, "timestampMilliseconds");
    size_t count = json_array_size(list);
    struct secp_signature signature;

    if (count == 0 || !json_is_integer(time) || json_integer_value(time) < 0 ||
        json_integer_value(time) >= INT64_C(1) << 48 ||
        !signature_read(&signature, json_object_get(package, "signature")))
        return REDSTONE_JSON;
    if (count > REDSTONE_PACKAGE_POINTS_MAX)
        return REDSTONE_CAPACITY;
    for (size_t i = 0; i < count; i++) {
        enum redstone_status status =
            point_read(&points[i], json_array_get(list, i));

        if (status != REDSTONE_OK)
            return status;
    }
    if (!feeds_differ(points, count))
        return REDSTONE_FEED_ORDER;
    *size = redstone_build(bytes, capacity, points, count,
                           (uint64_t)json_integer_value(time));
    if (*size == 0 || sizeof signature.bytes > capacity - *size)
        return REDSTONE_CAPACITY;
    memcpy(bytes + *size, signature.bytes, sizeof signature.bytes);
    *size = redstone_close(bytes, capacity, *size + sizeof signature.bytes, 1);
    return *size == 0 ? REDSTONE_CAPACITY : REDSTONE_OK;
}

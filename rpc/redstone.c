/*
 * Reads a payload from its end towards its beginning, never before it: each
 * step first asks whether what remains in front is long enough.
 */
#include "rpc/redstone.h"

#include "rpc/keccak.h"

#include <stdlib.h>
#include <string.h>

#define VALUE_SIZE 32
#define TIMESTAMP_SIZE 6
#define VALUE_SIZE_SIZE 4
#define COUNT_SIZE 3
#define SIGNATURE_SIZE 65
#define PACKAGES_SIZE 2
#define METADATA_SIZE 3
#define MARKER_SIZE 9
/* Timestamp, value size and count: what follows the points. */
#define TAIL_SIZE (TIMESTAMP_SIZE + VALUE_SIZE_SIZE + COUNT_SIZE)

STATIC_CHECK(REDSTONE_POINT_SIZE == REDSTONE_FEED_SIZE + VALUE_SIZE);
STATIC_CHECK(REDSTONE_PACKAGE_OVERHEAD == TAIL_SIZE + SIGNATURE_SIZE);
STATIC_CHECK(REDSTONE_PAYLOAD_OVERHEAD ==
             PACKAGES_SIZE + METADATA_SIZE + MARKER_SIZE);
STATIC_CHECK(REDSTONE_POINTS_MAX *REDSTONE_POINT_SIZE +
                 REDSTONE_PACKAGES_MAX * REDSTONE_PACKAGE_OVERHEAD +
                 REDSTONE_PAYLOAD_OVERHEAD <=
             REDSTONE_PAYLOAD_SIZE_MAX);

static const uint8_t marker[MARKER_SIZE] = {0x00, 0x00, 0x02, 0xed, 0x57,
                                            0x01, 0x1e, 0x00, 0x00};

/* Big-endian, up to 8 bytes. */
static uint64_t number_read(const uint8_t *bytes, size_t size)
{
    uint64_t value = 0;

    for (size_t i = 0; i < size; i++)
        value = value << 8 | bytes[i];
    return value;
}

static void number_write(uint8_t *bytes, size_t size, uint64_t value)
{
    for (size_t i = size; i-- > 0; value >>= 8)
        bytes[i] = (uint8_t)value;
}

/* Steps back over `size` bytes of the `left` in front; NULL if there are
 * fewer. */
static const uint8_t *step_back(const uint8_t *bytes, size_t *left, size_t size)
{
    if (*left < size)
        return NULL;
    *left -= size;
    return bytes + *left;
}

static enum redstone_status points_parse(struct redstone_package *package,
                                         struct redstone_point *points,
                                         const uint8_t *bytes)
{
    static const uint8_t zeros[VALUE_SIZE - sizeof(int64_t)];

    for (size_t i = 0; i < package->points_count; i++) {
        struct redstone_point *point = &points[i];
        const uint8_t *value;
        uint64_t number;

        memcpy(point->feed, bytes, REDSTONE_FEED_SIZE);
        value = bytes + REDSTONE_FEED_SIZE;
        number = number_read(value + sizeof zeros, sizeof(int64_t));
        if (memcmp(value, zeros, sizeof zeros) != 0 || number > INT64_MAX)
            return REDSTONE_VALUE;
        point->value = (int64_t)number;
        if (i > 0 &&
            memcmp(points[i - 1].feed, point->feed, REDSTONE_FEED_SIZE) >= 0)
            return REDSTONE_FEED_ORDER;
        bytes += REDSTONE_POINT_SIZE;
    }
    package->points = points;
    return REDSTONE_OK;
}

/* The package that ends where `left` bytes end. */
static enum redstone_status package_parse(struct redstone_payload *payload,
                                          struct redstone_package *package,
                                          const uint8_t *bytes, size_t *left)
{
    const uint8_t *signature = step_back(bytes, left, SIGNATURE_SIZE);
    const uint8_t *tail = step_back(bytes, left, TAIL_SIZE);
    const uint8_t *points;
    enum redstone_status status;

    if (signature == NULL || tail == NULL)
        return REDSTONE_TRUNCATED;
    memcpy(package->signature.bytes, signature, SIGNATURE_SIZE);
    package->timestamp_ms = number_read(tail, TIMESTAMP_SIZE);
    if (number_read(tail + TIMESTAMP_SIZE, VALUE_SIZE_SIZE) != VALUE_SIZE)
        return REDSTONE_VALUE_SIZE;
    package->points_count =
        number_read(tail + TIMESTAMP_SIZE + VALUE_SIZE_SIZE, COUNT_SIZE);
    if (package->points_count < 1 ||
        package->points_count > REDSTONE_PACKAGE_POINTS_MAX ||
        package->points_count > REDSTONE_POINTS_MAX - payload->points_count)
        return REDSTONE_CAPACITY;
    points =
        step_back(bytes, left, package->points_count * REDSTONE_POINT_SIZE);
    if (points == NULL)
        return REDSTONE_TRUNCATED;
    status =
        points_parse(package, payload->points + payload->points_count, points);
    if (status != REDSTONE_OK)
        return status;
    payload->points_count += package->points_count;
    keccak256(&package->hash, points,
              package->points_count * REDSTONE_POINT_SIZE + TAIL_SIZE);
    return REDSTONE_OK;
}

enum redstone_status redstone_parse(struct redstone_payload *payload,
                                    const uint8_t *bytes, size_t size)
{
    size_t left = size;
    const uint8_t *at;

    payload->packages_count = 0;
    payload->points_count = 0;
    if (size > REDSTONE_PAYLOAD_SIZE_MAX)
        return REDSTONE_CAPACITY;
    at = step_back(bytes, &left, MARKER_SIZE);
    if (at == NULL || memcmp(at, marker, MARKER_SIZE) != 0)
        return REDSTONE_MARKER;
    at = step_back(bytes, &left, METADATA_SIZE);
    if (at == NULL ||
        step_back(bytes, &left, number_read(at, METADATA_SIZE)) == NULL)
        return REDSTONE_TRUNCATED;
    at = step_back(bytes, &left, PACKAGES_SIZE);
    if (at == NULL)
        return REDSTONE_TRUNCATED;
    payload->packages_count = number_read(at, PACKAGES_SIZE);
    if (payload->packages_count < 1 ||
        payload->packages_count > REDSTONE_PACKAGES_MAX)
        return REDSTONE_CAPACITY;
    for (size_t i = payload->packages_count; i-- > 0;) {
        enum redstone_status status =
            package_parse(payload, &payload->packages[i], bytes, &left);

        if (status != REDSTONE_OK)
            return status;
    }
    return left == 0 ? REDSTONE_OK : REDSTONE_TRAILING;
}

enum secp_status redstone_signer(struct address *signer,
                                 const struct redstone_package *package)
{
    return secp_recover_address(signer, &package->hash, &package->signature);
}

size_t redstone_feed_name_size(const uint8_t feed[REDSTONE_FEED_SIZE])
{
    size_t size = REDSTONE_FEED_SIZE;

    while (size > 0 && feed[size - 1] == 0)
        size--;
    return size;
}

void redstone_feed_of(uint8_t feed[REDSTONE_FEED_SIZE], const char *name,
                      size_t size)
{
    struct hash32 hash;

    memset(feed, 0, REDSTONE_FEED_SIZE);
    if (size < REDSTONE_FEED_SIZE) {
        if (size > 0)
            memcpy(feed, name, size);
        return;
    }
    keccak256(&hash, name, size);
    memcpy(feed, hash.bytes, REDSTONE_FEED_SIZE);
}

static int compare_feeds(const void *a, const void *b)
{
    return memcmp(a, b, REDSTONE_FEED_SIZE);
}

/* Points and tail: what is signed. bytes hold room for it. False on a feed
 * that occurs twice or a negative value. */
static bool package_write(uint8_t *bytes, const struct redstone_point *points,
                          size_t count, uint64_t timestamp_ms)
{
    uint8_t *tail = bytes + count * REDSTONE_POINT_SIZE;

    for (size_t i = 0; i < count; i++) {
        uint8_t *at = bytes + i * REDSTONE_POINT_SIZE;

        if (points[i].value < 0)
            return false;
        memcpy(at, points[i].feed, REDSTONE_FEED_SIZE);
        number_write(at + REDSTONE_FEED_SIZE, VALUE_SIZE,
                     (uint64_t)points[i].value);
    }
    qsort(bytes, count, REDSTONE_POINT_SIZE, compare_feeds);
    for (size_t i = 1; i < count; i++) {
        const uint8_t *at = bytes + i * REDSTONE_POINT_SIZE;

        if (compare_feeds(at - REDSTONE_POINT_SIZE, at) == 0)
            return false;
    }
    number_write(tail, TIMESTAMP_SIZE, timestamp_ms);
    number_write(tail + TIMESTAMP_SIZE, VALUE_SIZE_SIZE, VALUE_SIZE);
    number_write(tail + TIMESTAMP_SIZE + VALUE_SIZE_SIZE, COUNT_SIZE, count);
    return true;
}

size_t redstone_build(uint8_t *bytes, size_t capacity,
                      const struct redstone_point *points, size_t count,
                      uint64_t timestamp_ms)
{
    size_t size = count * REDSTONE_POINT_SIZE + TAIL_SIZE;

    if (count < 1 || count > REDSTONE_PACKAGE_POINTS_MAX || size > capacity ||
        timestamp_ms >> (8 * TIMESTAMP_SIZE) != 0 ||
        !package_write(bytes, points, count, timestamp_ms))
        return 0;
    return size;
}

size_t redstone_sign(uint8_t *bytes, size_t capacity,
                     const struct redstone_point *points, size_t count,
                     uint64_t timestamp_ms, const struct secp_private *key)
{
    size_t size = redstone_build(bytes, capacity, points, count, timestamp_ms);
    struct secp_signature signature;
    struct hash32 hash;

    if (size == 0 || SIGNATURE_SIZE > capacity - size)
        return 0;
    keccak256(&hash, bytes, size);
    if (!secp_sign(&signature, key, &hash))
        return 0;
    memcpy(bytes + size, signature.bytes, SIGNATURE_SIZE);
    return size + SIGNATURE_SIZE;
}

size_t redstone_close(uint8_t *bytes, size_t capacity, size_t size,
                      size_t count)
{
    uint8_t *at = bytes + size;

    if (size > capacity || REDSTONE_PAYLOAD_OVERHEAD > capacity - size ||
        count < 1 || count > REDSTONE_PACKAGES_MAX)
        return 0;
    number_write(at, PACKAGES_SIZE, count);
    number_write(at + PACKAGES_SIZE, METADATA_SIZE, 0);
    memcpy(at + PACKAGES_SIZE + METADATA_SIZE, marker, MARKER_SIZE);
    return size + REDSTONE_PAYLOAD_OVERHEAD;
}

/*
 * RedStone packages: payloads made by RedStone's own library, the gateway's
 * JSON, our own payloads, and everything that can be wrong with one.
 */
#include "rpc/keccak.h"
#include "rpc/redstone.h"
#include "rpc/redstone_json.h"
#include "tests/lib/vectors.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(redstone);

#define TIME_MS UINT64_C(1795406400000)
#define SIGNER_22 "1563915e194D8CfBA1943570603F7606A3115508"
/* The payload's last 14 bytes without metadata, and a package's tail. */
#define CLOSE_SIZE REDSTONE_PAYLOAD_OVERHEAD

static uint8_t bytes[REDSTONE_PAYLOAD_SIZE_MAX + 1];
static struct redstone_payload payload;

static struct secp_private key_of(uint8_t byte)
{
    struct secp_private key;

    memset(key.bytes, byte, sizeof key.bytes);
    return key;
}

static struct redstone_point point_of(const char *feed, int64_t value)
{
    struct redstone_point point = {.value = value};

    redstone_feed_of(point.feed, feed, strlen(feed));
    return point;
}

static void expect_point(const struct redstone_point *point, const char *feed,
                         int64_t value)
{
    size_t size = redstone_feed_name_size(point->feed);

    cr_expect_eq(size, strlen(feed));
    cr_expect_arr_eq(point->feed, feed, size);
    cr_expect_eq(point->value, value, "%s", feed);
}

static void expect_signer(const struct redstone_package *package,
                          const char *expected)
{
    struct address signer;
    struct address known;

    vectors_hex(known.bytes, 20, expected);
    cr_assert_eq(redstone_signer(&signer, package), SECP_OK);
    cr_expect(address_equal(&signer, &known));
}

static size_t recorded(const char *name)
{
    json_t *json = vectors_load("redstone.json");
    size_t size =
        vectors_bytes(bytes, sizeof bytes,
                      vectors_text(json_object_get(json, name), "payload"));

    json_decref(json);
    return size;
}

static void expect_hash(const struct hash32 *hash, const char *expected)
{
    struct hash32 known;

    vectors_hex(known.bytes, 32, expected);
    cr_expect_arr_eq(hash->bytes, known.bytes, 32);
}

/* The published vector. */
static void expect_published(const struct redstone_package *package)
{
    cr_assert_eq(package->points_count, 2);
    expect_point(&package->points[0], "BTC", 6512312345678);
    expect_point(&package->points[1], "ETH", 345678000000);
    cr_expect_eq(package->timestamp_ms, TIME_MS);
    expect_hash(
        &package->hash,
        "cbba28c85ed47f7bcb02a21eccede19026c2db23857f04278987a583b5d42feb");
    expect_signer(package, SIGNER_22);
}

Test(redstone, reads_redstones_own_payloads)
{
    json_t *json = vectors_load("redstone.json");

    cr_assert_eq(redstone_parse(&payload, bytes, recorded("one")), REDSTONE_OK);
    cr_assert_eq(payload.packages_count, 1);
    expect_published(&payload.packages[0]);

    cr_assert_eq(redstone_parse(&payload, bytes, recorded("two")), REDSTONE_OK);
    cr_assert_eq(payload.packages_count, 2);
    expect_published(&payload.packages[0]);
    cr_assert_eq(payload.packages[1].points_count, 5);
    expect_point(&payload.packages[1].points[1], "BTC__CONF", 1250000000);
    expect_point(&payload.packages[1].points[4], "USDC", 99981234);
    cr_expect_eq(payload.packages[1].timestamp_ms, TIME_MS + 1234);
    expect_hash(&payload.packages[1].hash,
                vectors_text(json_object_get(json, "two"), "hash"));
    cr_expect_eq(payload.points_count, 7);

    cr_assert_eq(redstone_parse(&payload, bytes, recorded("long")),
                 REDSTONE_OK);
    {
        struct redstone_point point =
            point_of("A_FEED_NAME_THAT_IS_LONGER_THAN_31_CHARS", 0);

        cr_expect_arr_eq(payload.points[0].feed, point.feed, 32);
    }
    expect_signer(&payload.packages[0], SIGNER_22);
    json_decref(json);
}

Test(redstone, makes_redstones_own_payload)
{
    struct redstone_point points[] = {point_of("ETH", 345678000000),
                                      point_of("BTC", 6512312345678)};
    struct secp_private key = key_of(0x22);
    uint8_t made[512];
    size_t expected = recorded("one");
    size_t size = redstone_sign(made, sizeof made, points, 2, TIME_MS, &key);

    cr_assert_eq(size, REDSTONE_PACKAGE_OVERHEAD + 2 * REDSTONE_POINT_SIZE);
    size = redstone_close(made, sizeof made, size, 1);
    cr_assert_eq(size, expected);
    cr_expect_arr_eq(made, bytes, size);
}

Test(redstone, refuses_every_truncation)
{
    static const char *const names[] = {"one", "two"};

    for (size_t n = 0; n < 2; n++) {
        size_t size = recorded(names[n]);

        /* From either end, in an allocation of its own for the sanitizer. */
        for (size_t cut = 1; cut <= size; cut++) {
            uint8_t *part = malloc(size - cut + 1);

            cr_assert_not_null(part);
            memcpy(part, bytes, size - cut);
            cr_expect_neq(redstone_parse(&payload, part, size - cut),
                          REDSTONE_OK, "%zu off the end", cut);
            memcpy(part, bytes + cut, size - cut);
            cr_expect_neq(redstone_parse(&payload, part, size - cut),
                          REDSTONE_OK, "%zu off the beginning", cut);
            free(part);
        }
        cr_expect_eq(redstone_parse(&payload, bytes, size), REDSTONE_OK);
        memmove(bytes + 1, bytes, size);
        cr_expect_eq(redstone_parse(&payload, bytes, size + 1),
                     REDSTONE_TRAILING);
    }
}

/* Whatever a changed byte does, it never passes for the same signed package
 * of the same signer; metadata isn't signed. */
Test(redstone, notices_every_changed_bit)
{
    size_t size = recorded("one");
    struct address known;

    vectors_hex(known.bytes, 20, SIGNER_22);
    for (size_t i = 0; i < 8 * size; i++) {
        struct address signer = {{0}};
        bool is_same;

        bytes[i / 8] ^= (uint8_t)(1 << i % 8);
        is_same = redstone_parse(&payload, bytes, size) == REDSTONE_OK &&
                  redstone_signer(&signer, &payload.packages[0]) == SECP_OK &&
                  address_equal(&signer, &known);
        cr_expect_not(is_same, "bit %zu", i);
        bytes[i / 8] ^= (uint8_t)(1 << i % 8);
    }
}

/* A signed package of `count` points named P000, P001, ... */
static size_t many(size_t at, size_t count)
{
    struct redstone_point points[REDSTONE_PACKAGE_POINTS_MAX + 1];
    struct secp_private key = key_of(0x33);

    for (size_t i = 0; i < count; i++) {
        char name[32];

        snprintf(name, sizeof name, "P%03zu", i);
        points[i] = point_of(name, (int64_t)i);
    }
    return redstone_sign(bytes + at, sizeof bytes - at, points, count, TIME_MS,
                         &key);
}

/* `count` packages of `points` each, closed. */
static enum redstone_status parse_many(size_t count, size_t points)
{
    size_t package = many(0, points);
    size_t size = package;

    for (size_t i = 1; i < count; i++, size += package)
        memcpy(bytes + size, bytes, package);
    memset(bytes + size, 0, 5);
    bytes[size + 1] = (uint8_t)count;
    memcpy(bytes + size + 5, "\0\0\x02\xed\x57\x01\x1e\0\0", 9);
    return redstone_parse(&payload, bytes, size + CLOSE_SIZE);
}

Test(redstone, bounds_its_counts)
{
    size_t most = REDSTONE_PACKAGE_POINTS_MAX;

    cr_expect_eq(many(0, 0), 0);
    cr_expect_eq(many(0, most + 1), 0);
    cr_expect_eq(parse_many(1, most), REDSTONE_OK);
    cr_expect_eq(payload.packages[0].points_count, most);
    cr_expect_eq(parse_many(REDSTONE_POINTS_MAX / most, most), REDSTONE_OK);
    cr_expect_eq(payload.points_count, REDSTONE_POINTS_MAX);
    cr_expect_eq(parse_many(REDSTONE_POINTS_MAX / most + 1, most),
                 REDSTONE_CAPACITY);
    cr_expect_eq(parse_many(REDSTONE_PACKAGES_MAX, 1), REDSTONE_OK);
    cr_expect_eq(payload.packages_count, REDSTONE_PACKAGES_MAX);
    cr_expect_eq(parse_many(REDSTONE_PACKAGES_MAX + 1, 1), REDSTONE_CAPACITY);
    cr_expect_eq(redstone_parse(&payload, bytes, sizeof bytes),
                 REDSTONE_CAPACITY);
    cr_expect_eq(redstone_parse(&payload, bytes, 0), REDSTONE_MARKER);
    memcpy(bytes, "\0\0\0\0\0\0\0\x02\xed\x57\x01\x1e\0\0", CLOSE_SIZE);
    cr_expect_eq(redstone_parse(&payload, bytes, CLOSE_SIZE), REDSTONE_CAPACITY,
                 "no package");
    cr_expect_eq(redstone_close(bytes, sizeof bytes, 100, 0), 0);
    cr_expect_eq(
        redstone_close(bytes, sizeof bytes, 100, REDSTONE_PACKAGES_MAX + 1), 0);
    cr_expect_eq(redstone_close(bytes, 113, 100, 1), 0);
    cr_expect_eq(redstone_close(bytes, 114, 100, 1), 114);
}

/* Writes one byte of a good payload and says what the parser says. */
static enum redstone_status parse_with(size_t at, uint8_t byte)
{
    size_t size = recorded("one");

    bytes[at] = byte;
    return redstone_parse(&payload, bytes, size);
}

Test(redstone, tells_what_is_wrong)
{
    size_t size = recorded("one");
    size_t tail = 2 * REDSTONE_POINT_SIZE;

    cr_expect_eq(parse_with(size - 1, 1), REDSTONE_MARKER);
    cr_expect_eq(parse_with(size - 10, 1), REDSTONE_CAPACITY,
                 "0x1b00 packages");
    cr_expect_eq(parse_with(size - 12, 0xff), REDSTONE_TRUNCATED, "metadata");
    cr_expect_eq(parse_with(size - 13, 0), REDSTONE_CAPACITY, "no package");
    cr_expect_eq(parse_with(size - 13, 2), REDSTONE_TRUNCATED, "two packages");
    cr_expect_eq(parse_with(tail + 9, 31), REDSTONE_VALUE_SIZE);
    cr_expect_eq(parse_with(tail + 6, 1), REDSTONE_VALUE_SIZE);
    cr_expect_eq(parse_with(tail + 12, 0), REDSTONE_CAPACITY, "no point");
    cr_expect_eq(parse_with(tail + 12, 1), REDSTONE_TRAILING, "one point");
    cr_expect_eq(parse_with(tail + 12, 3), REDSTONE_TRUNCATED, "three points");
    cr_expect_eq(parse_with(tail + 10, 1), REDSTONE_CAPACITY, "65,538 points");
    cr_expect_eq(parse_with(0, 'F'), REDSTONE_FEED_ORDER);
    cr_expect_eq(parse_with(32, 1), REDSTONE_VALUE, "2^248 and more");
    cr_expect_eq(parse_with(32 + 23, 1), REDSTONE_VALUE, "2^64 and more");
    cr_expect_eq(parse_with(32 + 24, 0x80), REDSTONE_VALUE, "2^63 and more");
    cr_expect_eq(parse_with(32 + 24, 0x7f), REDSTONE_OK);
}

Test(redstone, refuses_a_feed_twice)
{
    struct redstone_point points[] = {point_of("BTC", 1), point_of("ETH", 2),
                                      point_of("BTC", 1)};
    struct secp_private key = key_of(0x22);
    size_t size = recorded("one");

    memcpy(bytes + REDSTONE_POINT_SIZE, bytes, REDSTONE_FEED_SIZE);
    cr_expect_eq(redstone_parse(&payload, bytes, size), REDSTONE_FEED_ORDER);
    cr_expect_eq(redstone_sign(bytes, sizeof bytes, points, 3, TIME_MS, &key),
                 0);
    cr_expect_neq(redstone_sign(bytes, sizeof bytes, points, 2, TIME_MS, &key),
                  0);
}

Test(redstone, signs_within_its_bounds)
{
    struct redstone_point point = point_of("BTC", INT64_MAX);
    struct secp_private key = key_of(0x22);
    struct secp_private no_key = key_of(0);
    size_t size = REDSTONE_PACKAGE_OVERHEAD + REDSTONE_POINT_SIZE;

    cr_expect_eq(redstone_sign(bytes, size, &point, 1, 0, &key), size);
    cr_expect_eq(redstone_sign(bytes, size - 1, &point, 1, 0, &key), 0);
    cr_expect_eq(redstone_sign(bytes, 10, &point, 1, 0, &key), 0);
    cr_expect_eq(redstone_sign(bytes, size, &point, 1, 0, &no_key), 0);
    cr_expect_eq(
        redstone_sign(bytes, size, &point, 1, (UINT64_C(1) << 48) - 1, &key),
        size);
    cr_expect_eq(redstone_sign(bytes, size, &point, 1, UINT64_C(1) << 48, &key),
                 0);
    point.value = -1;
    cr_expect_eq(redstone_sign(bytes, size, &point, 1, 0, &key), 0);
}

/* ---- the gateway's form ---- */

static enum redstone_status build(const json_t *package)
{
    size_t size = 0;
    enum redstone_status status =
        redstone_json_payload(bytes, &size, sizeof bytes, package);

    return status == REDSTONE_OK ? redstone_parse(&payload, bytes, size)
                                 : status;
}

Test(redstone, rebuilds_the_gateways_form)
{
    json_t *json = vectors_load("redstone.json");
    json_t *one = json_object_get(json_object_get(json, "one"), "package");
    json_t *two = json_object_get(json_object_get(json, "two"), "package");
    uint8_t expected[512];
    size_t size =
        vectors_bytes(expected, sizeof expected,
                      vectors_text(json_object_get(json, "one"), "payload"));

    cr_assert_eq(build(two), REDSTONE_OK);
    expect_hash(&payload.packages[0].hash,
                vectors_text(json_object_get(json, "two"), "hash"));
    cr_assert_eq(build(one), REDSTONE_OK);
    expect_published(&payload.packages[0]);
    cr_expect_arr_eq(bytes, expected, size);
    for (size_t capacity = 0; capacity < size; capacity++) {
        size_t made;

        cr_expect_eq(redstone_json_payload(bytes, &made, capacity, one),
                     REDSTONE_CAPACITY);
    }
    json_decref(json);
}

/* The parsed value of a package {"dataFeedId": "X", "value": text}. */
static enum redstone_status value_of(int64_t *value, const char *text)
{
    static const char form[] =
        "{\"dataPoints\":[{\"dataFeedId\":\"X\",\"value\":%s}],"
        "\"timestampMilliseconds\":1,\"signature\":\"%s=\"}";
    char base64[88];
    char json_text[512];
    json_t *json;
    enum redstone_status status;

    memset(base64, 'A', 87);
    base64[87] = '\0';
    snprintf(json_text, sizeof json_text, form, text, base64);
    json = json_loads(json_text, 0, NULL);
    cr_assert_not_null(json, "%s", json_text);
    status = build(json);
    if (status == REDSTONE_OK)
        *value = payload.points[0].value;
    json_decref(json);
    return status;
}

Test(redstone, rounds_as_the_signers_library)
{
    json_t *json = vectors_load("redstone.json");
    size_t i;
    json_t *row;

    json_array_foreach(json_object_get(json, "rounding"), i, row)
    {
        char digits[64];
        size_t size = 0;
        int64_t value = -1;

        for (const char *c = vectors_text(row, "fixed"); *c != '\0'; c++) {
            if (*c != '.')
                digits[size++] = *c;
        }
        digits[size] = '\0';
        cr_expect_eq(value_of(&value, vectors_text(row, "value")), REDSTONE_OK);
        cr_expect_eq(value, strtoll(digits, NULL, 10), "%s",
                     vectors_text(row, "value"));
    }
    cr_expect(i >= 30);
    json_decref(json);
}

Test(redstone, bounds_the_gateways_values)
{
    static const struct {
        const char *text;
        enum redstone_status status;
    } cases[] = {
        {"92233720368", REDSTONE_OK},
        {"92233720369", REDSTONE_VALUE},
        {"92233720368.5", REDSTONE_OK},
        {"92233720368.6", REDSTONE_VALUE},
        {"9223372036854775807", REDSTONE_VALUE},
        {"1e11", REDSTONE_VALUE},
        {"1e300", REDSTONE_VALUE},
        {"-1", REDSTONE_VALUE},
        {"-1e-300", REDSTONE_VALUE},
        {"-0.0", REDSTONE_OK},
        {"0", REDSTONE_OK},
        {"\"1\"", REDSTONE_JSON},
        {"null", REDSTONE_JSON},
        {"true", REDSTONE_JSON},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t value;

        cr_expect_eq(value_of(&value, cases[i].text), cases[i].status, "%s",
                     cases[i].text);
    }
}

/* A copy of the good package with one member replaced, NULL for removed. */
static enum redstone_status build_with(const char *member, json_t *value)
{
    json_t *json = vectors_load("redstone.json");
    json_t *package = json_object_get(json_object_get(json, "one"), "package");
    enum redstone_status status;

    if (value == NULL)
        json_object_del(package, member);
    else
        json_object_set_new(package, member, value);
    status = build(package);
    json_decref(json);
    return status;
}

Test(redstone, refuses_other_json)
{
    json_t *many_points = json_array();
    char text[89];

    memset(text, 'A', 88);
    text[88] = '\0';
    cr_expect_eq(build_with("more", json_true()), REDSTONE_OK);
    cr_expect_eq(build_with("dataPoints", NULL), REDSTONE_JSON);
    cr_expect_eq(build_with("dataPoints", json_array()), REDSTONE_JSON);
    cr_expect_eq(build_with("dataPoints", json_pack("[i]", 1)), REDSTONE_JSON);
    cr_expect_eq(
        build_with("dataPoints",
                   json_pack("[{s:s, s:i}]", "dataFeedId", "", "value", 1)),
        REDSTONE_JSON);
    cr_expect_eq(
        build_with("dataPoints",
                   json_pack("[{s:s, s:i}, {s:s, s:i}]", "dataFeedId", "A",
                             "value", 1, "dataFeedId", "A", "value", 1)),
        REDSTONE_FEED_ORDER);
    for (size_t i = 0; i <= REDSTONE_PACKAGE_POINTS_MAX; i++)
        json_array_append_new(many_points, json_object());
    cr_expect_eq(build_with("dataPoints", many_points), REDSTONE_CAPACITY);
    cr_expect_eq(build_with("timestampMilliseconds", NULL), REDSTONE_JSON);
    cr_expect_eq(build_with("timestampMilliseconds", json_integer(-1)),
                 REDSTONE_JSON);
    cr_expect_eq(build_with("timestampMilliseconds", json_real(1.5)),
                 REDSTONE_JSON);
    cr_expect_eq(
        build_with("timestampMilliseconds", json_integer(INT64_C(1) << 48)),
        REDSTONE_JSON);
    cr_expect_eq(build_with("signature", NULL), REDSTONE_JSON);
    cr_expect_eq(build_with("signature", json_string("")), REDSTONE_JSON);
    cr_expect_eq(build_with("signature", json_string(text)), REDSTONE_JSON,
                 "66 bytes");
    memset(text, '*', 88);
    cr_expect_eq(build_with("signature", json_string(text)), REDSTONE_JSON);
    cr_expect_eq(build(NULL), REDSTONE_JSON);
}

/*
 * RedStone data packages: the format of oracle reports. All big-endian.
 *
 *   data point = feed id 32 ‖ value 32 (8 decimals)
 *   package    = points ascending by feed id ‖ timestamp_ms 6 ‖ 32 as u32 ‖
 *                point count 3;     its Keccak-256 is signed, without prefix
 *   signed     = package ‖ r 32 s 32 v 1
 *   payload    = signed × n ‖ n 2 ‖ metadata m ‖ m 3 ‖ 000002ed57011e0000 9
 *
 * Only the end of a payload tells how to read it, so it is parsed backwards.
 * The bytes name no signer: recover it, then compare with the known ones.
 * A feed's confidence travels as one more point, "<feed>__CONF".
 *
 * Feed ids within a package must ascend strictly: a feed named twice would
 * leave it open which value was meant.
 */
#ifndef CLEARINGD_RPC_REDSTONE_H
#define CLEARINGD_RPC_REDSTONE_H

#include "engine/limits.h"
#include "rpc/secp.h"

/* Most packages in a payload, points in a package (each feed of a report with
 * its confidence), points in a payload, bytes of a payload with metadata. */
#define REDSTONE_PACKAGES_MAX REPORT_PACKAGES_MAX
#define REDSTONE_PACKAGE_POINTS_MAX (2 * REPORT_POINTS_MAX)
#define REDSTONE_POINTS_MAX 1024
#define REDSTONE_PAYLOAD_SIZE_MAX (128 * 1024)

#define REDSTONE_FEED_SIZE 32
#define REDSTONE_POINT_SIZE 64
/* What surrounds the points of a signed package, and the packages of a
 * payload without metadata. */
#define REDSTONE_PACKAGE_OVERHEAD 78
#define REDSTONE_PAYLOAD_OVERHEAD 14

enum redstone_status {
    REDSTONE_OK,
    REDSTONE_TRUNCATED,  /* a part would begin before the payload does */
    REDSTONE_MARKER,     /* does not end in the marker */
    REDSTONE_TRAILING,   /* bytes left before the first package */
    REDSTONE_CAPACITY,   /* too many packages, points or bytes, or none */
    REDSTONE_VALUE_SIZE, /* values are not 32 bytes */
    REDSTONE_VALUE,      /* a value beyond int64 at 8 decimals, or negative */
    REDSTONE_FEED_ORDER, /* feed ids do not ascend strictly */
    REDSTONE_JSON,       /* the gateway form lacks a member or has a wrong type
                            or range */
};

struct redstone_point {
    uint8_t feed[REDSTONE_FEED_SIZE]; /* ASCII, padded with zeros */
    int64_t value;                    /* 1e-8; 0 and above */
};

struct redstone_package {
    const struct redstone_point *points; /* in the payload's own array */
    size_t points_count;
    uint64_t timestamp_ms; /* below 2^48 */
    struct hash32 hash;    /* what was signed */
    struct secp_signature signature;
};

/* A parsed payload; about 50 KB. Self-contained but for the pointers into its
 * own points: do not copy it. */
struct redstone_payload {
    struct redstone_package packages[REDSTONE_PACKAGES_MAX];
    size_t packages_count;
    struct redstone_point points[REDSTONE_POINTS_MAX];
    size_t points_count;
};

/* Parses a whole payload; packages in the order they stand in it. On any
 * other status than OK *payload holds nothing of use. */
must_use enum redstone_status redstone_parse(struct redstone_payload *payload,
                                             const uint8_t *bytes, size_t size);

/* Who signed the package: any address, unless the statuses of the signature's
 * form say otherwise. */
must_use enum secp_status
redstone_signer(struct address *signer, const struct redstone_package *package);

/* The feed's name: the bytes before the padding, 0 to 32, no NUL added.
 * Returns their number. */
size_t redstone_feed_name_size(const uint8_t feed[REDSTONE_FEED_SIZE]);

/* A feed id from its name: padded with zeros up to 31 bytes, longer ones
 * hashed with Keccak-256. */
void redstone_feed_of(uint8_t feed[REDSTONE_FEED_SIZE], const char *name,
                      size_t size);

/* Builds the package that is signed from points in any order. Returns its
 * size: 13 and 64 a point; 0 if it does not fit, count is 0 or over
 * REDSTONE_PACKAGE_POINTS_MAX, a feed occurs twice, a value is negative, or
 * the time is 2^48 or above. */
must_use size_t redstone_build(uint8_t *bytes, size_t capacity,
                               const struct redstone_point *points,
                               size_t count, uint64_t timestamp_ms);

/* As redstone_build, with the key's signature behind the package. Returns the
 * size of both: REDSTONE_PACKAGE_OVERHEAD and 64 a point; 0 also if the key is
 * no key. */
must_use size_t redstone_sign(uint8_t *bytes, size_t capacity,
                              const struct redstone_point *points, size_t count,
                              uint64_t timestamp_ms,
                              const struct secp_private *key);

/* Turns `size` bytes of signed packages into a payload by appending count,
 * empty metadata and marker. Returns the new size: size +
 * REDSTONE_PAYLOAD_OVERHEAD; 0 if that is over capacity or count is 0 or over
 * REDSTONE_PACKAGES_MAX. */
must_use size_t redstone_close(uint8_t *bytes, size_t capacity, size_t size,
                               size_t count);

#endif

#include "storage/sha256.h"
#include <string.h>

void sha256_begin(struct sha256 *hash)
{
    sha256_init(&hash->context);
}

void sha256_feed(struct sha256 *hash, const void *data, size_t len)
{
    sha256_update(&hash->context, len, data);
}

void sha256_end(struct hash32 *out, struct sha256 *hash)
{
    sha256_digest(&hash->context, sizeof out->bytes, out->bytes);
}

void sha256(struct hash32 *out, const void *data, size_t len)
{
    struct sha256 hash;
    sha256_begin(&hash);
    sha256_feed(&hash, data, len);
    sha256_end(out, &hash);
}

bool hash32_equal(const struct hash32 *left, const struct hash32 *right)
{
    return memcmp(left->bytes, right->bytes, sizeof left->bytes) == 0;
}

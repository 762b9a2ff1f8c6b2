#include "storage/tree_hash.h"
#include "storage/bytes.h"

#define SUM_BYTES 32

void tree_sums_feed(struct sha256 *hash, const struct tree_sum *sums,
                    uint32_t sum_count)
{
    uint8_t bytes[SUM_BYTES];
    for (uint32_t i = 0; i < sum_count; i++) {
        bytes_put_be128(bytes, sums[i].credit);
        bytes_put_be128(bytes + SUM_BYTES / 2, sums[i].debit);
        sha256_feed(hash, bytes, sizeof bytes);
    }
}

void tree_leaf_hash(struct hash32 *out, const uint8_t *key, uint32_t key_len,
                    const struct hash32 *value_hash,
                    const struct tree_sum *sums, uint32_t sum_count)
{
    uint8_t head[1 + TREE_KEY_BYTES_MAX + HASH32_BYTES];
    check(key_len <= TREE_KEY_BYTES_MAX);
    head[0] = 0;
    memcpy(head + 1, key, key_len);
    memcpy(head + 1 + key_len, value_hash->bytes, HASH32_BYTES);
    struct sha256 hash;
    sha256_begin(&hash);
    sha256_feed(&hash, head, 1 + key_len + HASH32_BYTES);
    tree_sums_feed(&hash, sums, sum_count);
    sha256_end(out, &hash);
}

void tree_branch_hash(struct hash32 *out, uint16_t bit,
                      const struct tree_side *left,
                      const struct tree_side *right, uint32_t sum_count)
{
    uint8_t head[3 + HASH32_BYTES];
    head[0] = 1;
    bytes_put_be16(head + 1, bit);
    memcpy(head + 3, left->hash->bytes, HASH32_BYTES);
    struct sha256 hash;
    sha256_begin(&hash);
    sha256_feed(&hash, head, sizeof head);
    tree_sums_feed(&hash, left->sums, sum_count);
    sha256_feed(&hash, right->hash->bytes, HASH32_BYTES);
    tree_sums_feed(&hash, right->sums, sum_count);
    sha256_end(out, &hash);
}

bool tree_sums_fit(const struct tree_sum *sums, uint32_t sum_count)
{
    for (uint32_t i = 0; i < sum_count; i++) {
        if (sums[i].credit >= TREE_SUM_LIMIT || sums[i].debit >= TREE_SUM_LIMIT)
            return false;
    }
    return true;
}

bool tree_sums_add(struct tree_sum *out, const struct tree_sum *left,
                   const struct tree_sum *right, uint32_t sum_count)
{
    bool fits = true;
    for (uint32_t i = 0; i < sum_count; i++) {
        /* Both below 2^127, so the additions cannot wrap. */
        u128 credit = left[i].credit + right[i].credit;
        u128 debit = left[i].debit + right[i].debit;
        fits = fits && credit < TREE_SUM_LIMIT && debit < TREE_SUM_LIMIT;
        out[i].credit = credit;
        out[i].debit = debit;
    }
    return fits;
}

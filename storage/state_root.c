#include "storage/state_root.h"

static const char state_domain[] = "clearingd state 1";

void state_root_of(struct hash32 *out, const struct hash32 *accounts_hash,
                   const struct tree_sum *accounts_sums, uint32_t sum_count,
                   const struct hash32 *records_hash)
{
    struct sha256 hash;
    sha256_begin(&hash);
    sha256_feed(&hash, state_domain, sizeof state_domain - 1);
    sha256_feed(&hash, accounts_hash->bytes, HASH32_BYTES);
    tree_sums_feed(&hash, accounts_sums, sum_count);
    sha256_feed(&hash, records_hash->bytes, HASH32_BYTES);
    sha256_end(out, &hash);
}

enum storage_status state_root(struct hash32 *out, struct tree *accounts,
                               struct tree *records)
{
    struct hash32 accounts_hash;
    struct hash32 records_hash;
    struct tree_sum sums[TREE_SUM_COUNT_MAX];
    enum storage_status status = tree_root(accounts, &accounts_hash, sums);
    if (status == STORAGE_OK)
        status = tree_root(records, &records_hash, NULL);
    if (status == STORAGE_OK)
        state_root_of(out, &accounts_hash, sums, accounts->sum_count,
                      &records_hash);
    return status;
}

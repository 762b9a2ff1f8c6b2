/*
 * The state root, one hash over everything:
 *
 *   SHA-256("clearingd state 1" || accounts root hash || accounts root sums
 *           || records root hash)
 *
 * accounts: a tree of 24-byte keys (owner 20 || sub-account u32 big-endian)
 * with one pair of sums an asset; records: a tree of all other records
 * without sums. Sums as in storage/tree_hash.h.
 */
#ifndef CLEARINGD_STORAGE_STATE_ROOT_H
#define CLEARINGD_STORAGE_STATE_ROOT_H

#include "storage/tree.h"

#define STATE_ROOT_ACCOUNT_KEY_BYTES 24

/* From the parts, for who checks a proof. */
void state_root_of(struct hash32 *out, const struct hash32 *accounts_hash,
                   const struct tree_sum *accounts_sums, uint32_t sum_count,
                   const struct hash32 *records_hash);

/* From the trees, rehashing what changed. STORAGE_OVERFLOW as tree_root. */
enum storage_status state_root(struct hash32 *out, struct tree *accounts,
                               struct tree *records) must_use;

#endif

/*
 * Every maximum in one place, with the relations they must keep. What an
 * operator chooses below them is in the genesis (engine/genesis.h).
 */
#ifndef CLEARINGD_ENGINE_LIMITS_H
#define CLEARINGD_ENGINE_LIMITS_H

#include "engine/units.h"

#define ASSETS_MAX 16
#define FEEDS_MAX 128
#define MARKETS_MAX 128
#define REPORTERS_MAX 64
#define VALIDATORS_MAX 64
#define GOVERNORS_MAX 32
#define GUARDIANS_MAX 16
#define TIERS_MAX 12
#define FEE_TIERS_MAX 12
#define NAME_BYTES_MAX 40
#define LABEL_BYTES_MAX 64
#define BATCH_LEGS_MAX 100
#define REPORT_POINTS_MAX 64
#define REPORT_PACKAGES_MAX 32
#define KEY_LIST_MAX 32

/* Capacities an operator may choose in the genesis, at most. */
#define ACCOUNTS_CAPACITY_MAX 16000000u
#define ORDERS_CAPACITY_MAX 16000000u
#define POSITIONS_CAPACITY_MAX 64000000u
#define NONCES_CAPACITY_MAX 64000000u
#define KEYS_CAPACITY_MAX 4000000u
#define DEPOSITS_CAPACITY_MAX 64000000u
#define WITHDRAWALS_CAPACITY_MAX 4000000u
#define LEVELS_CAPACITY_MAX 4000000u

/* Nonces alive per signer, and the part set apart for cancels, reductions
 * and revocations (SPEC, once only). */
#define NONCES_PER_SIGNER 65536u
#define NONCES_RESERVED 4096u
#define REQUEST_LIFE_MAX (24 * NANOS_PER_HOUR)

/* A position's greatest notional at the greatest price of its feed; all
 * positions of an account together then stay below AMOUNT_MAX. */
#define NOTIONAL_MAX (INT64_C(1) << 54)

STATIC_CHECK(NOTIONAL_MAX *(i128)MARKETS_MAX <= AMOUNT_MAX);
STATIC_CHECK(AMOUNT_MAX < INT64_MAX / 2);
STATIC_CHECK(NONCES_RESERVED < NONCES_PER_SIGNER);
STATIC_CHECK(REPORT_PACKAGES_MAX <= REPORTERS_MAX);

/* No slot: the null of 32-bit pool indexes. */
#define NONE UINT32_MAX
#define MARKET_ALL UINT16_MAX
#define ASSET_SETTLEMENT 0

#endif

/*
 * The network's definition as the engine sees it: every parameter that
 * decides an outcome. It is read from genesis.json by rpc/genesis.c; its
 * identity (the SHA-256 of the canonical JSON) chains the journal. Plain
 * data: copied into the engine, never changed by it (governed changes come
 * as commands and live in records).
 *
 * Units as in units.h; rates are 1e-9, times nanoseconds. The number behind
 * a field is the rule of docs/SPEC.md that uses it; the values in brackets
 * are the sample genesis's.
 */
#ifndef CLEARINGD_ENGINE_GENESIS_H
#define CLEARINGD_ENGINE_GENESIS_H

#include "engine/limits.h"

struct asset_params {
    char name[NAME_BYTES_MAX];
    uint8_t decimals; /* 0..12, settlement 0..8: unit = 10^-decimals */
    uint16_t feed;    /* ignored for the settlement asset (asset 0) */
    struct rate weight_initial;     /* 4: w_i  [0.9] */
    struct rate weight_maintenance; /* 4: w_m  [0.95] */
    struct rate imf; /* 4: size factor per sqrt(whole unit)  [0.001] */
    struct amount scale_start; /* 4: deposited value from which the initial
                                  weight falls, settlement units; 0: never */
    struct amount supply_cap;  /* most that may be deposited; 0: no cap */
};

struct feed_params {
    char name[NAME_BYTES_MAX];         /* the feed's id, "BTC" */
    char index_name[NAME_BYTES_MAX];   /* Deribit's name, "btc_usd" */
    struct price price_min, price_max; /* sanity bounds of a report */
    uint32_t quorum;                   /* 14 */
    struct nanos age_max;              /* 14: usable report  [10 s] */
    struct rate confidence_share_max;  /* 14: of the price  [0.1] */
    struct rate deviation_bound;       /* 14: |p - med| <= bound*med [0.1] */
    struct rate uncertain_share;       /* 15  [0.02] */
    struct nanos stale;                /* 15  [30 s] */
    struct rate step_bound;            /* 15: largest step  [0.25] */
    struct rate hour_growth;           /* 18  [0.06] */
    struct rate second_growth;         /* 18  [0.0003] */
};

struct tier {
    struct amount above;      /* 1: L_k, notional from which it holds */
    struct rate initial_rate; /* 1: i_k, rising */
};

struct market_params {
    char name[NAME_BYTES_MAX]; /* "BTC_USDC-PERPETUAL" */
    char base[NAME_BYTES_MAX];
    uint16_t feed;
    uint8_t pool; /* which insurance fund; 0 for now */
    struct price tick;
    struct qty lot;          /* tick*lot is whole settlement units */
    struct qty order_min;    /* a multiple of lot */
    struct qty position_max; /* position_max*price_max <= NOTIONAL_MAX */
    struct amount open_interest_max; /* quote at the index; 0: no cap */
    uint8_t tier_count;              /* 1 to TIERS_MAX, tiers[0].above = 0 */
    struct tier tiers[TIERS_MAX];
    struct rate maintenance_fraction; /* 1: f  [0.5] */
    struct amount oi_lower, oi_upper; /* 2 */
    struct rate volatility_reference; /* 2: sigma_ref, 0: v = 1 */
    struct rate band;                 /* 23: aggressive orders [0.05] */
    struct rate mark_band;            /* 16: <= (i_0 - i_0*f)/4 */
    struct amount impact_notional;    /* 17  [10,000 USDC] */
    struct rate interest_8h;          /* 17  [0.0001] */
    struct rate interest_clamp;       /* 17  [0.0005] */
    struct rate funding_hour_max;     /* 17  [0.04] */
    struct nanos funding_interval;    /* settlement of the mean  [1 h] */
    /* Liquidation, rules 6 to 11. */
    struct rate exit_buffer;            /* 6   [0.02] */
    struct rate fillable_ba;            /* 8   [1] */
    struct rate fillable_smmr;          /* 8   [1.5] */
    struct rate liquidation_fee_max;    /* 10  [0.015] */
    struct rate step_share;             /* 9   [0.1] */
    struct amount step_min, step_max;   /* 9   [1,000 and 100,000] */
    struct amount position_dust;        /* 9: under it all at once [1,000] */
    struct rate insurance_share_day;    /* 8   [0.1] */
    struct amount insurance_minute_max; /* 8   [1,000,000] */
};

struct fee_tier {
    struct amount volume; /* 20: trailing volume from which it holds */
    struct rate maker;    /* negative: a rebate */
    struct rate taker;
};

struct fee_params {
    uint8_t tier_count; /* >= 1, tiers[0].volume = 0 */
    struct fee_tier tiers[FEE_TIERS_MAX];
    /* Parts per million; what is left over goes to the insurance fund. */
    uint32_t treasury_ppm, reporters_ppm, validators_ppm;
};

enum self_trade {
    SELF_TRADE_CANCEL_MAKER, /* the resting order is cancelled */
    SELF_TRADE_CANCEL_TAKER, /* what is left of the arriving one is */
    SELF_TRADE_ALLOW,
};

struct capacities {
    uint32_t accounts; /* sub-accounts, the house's own included */
    uint32_t positions;
    uint32_t orders;
    uint32_t levels;   /* price levels over all books, and of one side */
    uint32_t triggers; /* waiting orders per market, trigger and direction */
    uint32_t account_orders; /* open orders of one sub-account */
    uint32_t keys;
    uint32_t nonces;
    uint32_t deposits;
    uint32_t withdrawals;
};

struct genesis {
    struct hash32 id; /* SHA-256 of the canonical JSON */
    bool is_development;
    uint64_t chain_id;
    struct address settlement_contract;
    uint8_t asset_count;
    struct asset_params assets[ASSETS_MAX]; /* [0]: settlement */
    uint16_t feed_count;
    struct feed_params feeds[FEEDS_MAX];
    uint16_t market_count;
    struct market_params markets[MARKETS_MAX];
    uint8_t reporter_count;
    struct address reporters[REPORTERS_MAX];
    uint8_t validator_count;
    uint8_t validator_threshold;
    struct address validators[VALIDATORS_MAX];
    uint8_t governor_count, governor_threshold;
    struct address governors[GOVERNORS_MAX];
    uint8_t guardian_count, guardian_threshold;
    struct address guardians[GUARDIANS_MAX];
    struct fee_params fees;
    enum self_trade self_trade;
    struct rate gain_weight;        /* 4  [0.95] */
    struct amount gain_cap;         /* 4  [1,000,000 USDC]; 0: no cap */
    struct rate borrow_initial;     /* 4  [0.05] */
    struct rate borrow_maintenance; /* 4  [0.03] */
    struct amount insurance_start;  /* put into the fund at index 0; comes
                                       from outside like a deposit */
    struct nanos report_future_max; /* 14: clock skew allowed  [1 s] */
    struct nanos tick_interval;     /* [100 ms] */
    struct nanos block_interval;    /* [1 s] */
    uint32_t block_commands;        /* [10,000] */
    struct nanos start_time;        /* engine time before the first command */
    struct capacities capacities;
};

/* What is wrong, as a path into the genesis and a sentence. */
struct genesis_fault {
    char where[96];
    char what[160];
};

/* Checks every bound and relation named above, and of limits.h. True: the
 * engine can be started with it. The JSON reader calls it, engine_footprint
 * does too. */
must_use bool genesis_check(const struct genesis *genesis,
                            struct genesis_fault *fault);

/* Settlement units per (price * qty): 10^(16 - decimals of asset 0). */
int64_t genesis_notional_divisor(const struct genesis *genesis);

#endif

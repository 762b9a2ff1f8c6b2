/*
 * PRIVATE to engine/: the whole state, as plain structs in caller-supplied
 * memory. Pools are arrays with 32-bit indexes; a free list threads through
 * their dead slots. A slot number is never identity: it may differ between
 * two engines with the same records, so nothing that leaves the engine and
 * no ordering may depend on one.
 *
 * Prices (index, mark, collateral values, haircuts, the open-interest term)
 * change only in ticks; `price_epoch` counts the ticks that changed any.
 * Cached margin figures carry the epoch they were made in.
 */
#ifndef CLEARINGD_ENGINE_STATE_H
#define CLEARINGD_ENGINE_STATE_H

#include "engine/engine.h"
#include "engine/heap.h"
#include "engine/idmap.h"

/* ---- oracle ---------------------------------------------------------- */

struct report {
    struct nanos timestamp; /* 0: never reported */
    struct price price, confidence;
};

#define SLOW_HOURS 24

struct feed {
    struct report reports[REPORTERS_MAX]; /* newest by reporter */
    struct price price, confidence;       /* the aggregate; 0: never */
    struct nanos price_time; /* of the newest report in the aggregate */
    uint8_t grade;           /* enum grade, as of the last tick */
    uint8_t used;            /* votes of the last aggregate */
    uint8_t agreeing;        /* aggregates in a row that agree after a
                                too-volatile one (rule 15) */
    struct price step_price; /* the one they agree with */
    /* Slow price, rule 18. */
    struct price slow;
    struct price delayed;
    struct price hours[SLOW_HOURS]; /* hourly means, ring, oldest at hour_at */
    uint32_t hour_count, hour_at;
    i128 hour_sum; /* price * nanoseconds of the running hour */
    struct nanos hour_weight;
    struct nanos hour_start, slow_time;
};

/* ---- book ------------------------------------------------------------ */

/* A resting or waiting order, in four arrays of the same slots: what matching
 * looks at is one cache line; its neighbours' links are touched with every
 * change and stand close together. */
struct order {
    uint64_t id;
    uint64_t priority; /* place in time; id, or newer after a replace */
    struct price price;
    struct qty size, filled;
    uint32_t account;  /* slot */
    uint32_t position; /* slot: the account's position in this market */
    uint32_t level;    /* slot of its price level; NONE: trigger list */
    uint16_t market;
    uint8_t side, type, time_in_force;
    uint8_t trigger; /* what it waits for; TRIGGER_NONE: on the book */
    bool is_post_only, is_reduce_only, has_max_fee;
    bool is_changed; /* in touched_orders: an event is due */
};

struct order_links {
    uint32_t next, previous;         /* within the level, by priority */
    uint32_t own_next, own_previous; /* the position's open orders */
};

/* Places in the heap of times and in a trigger list, or NONE. */
struct order_places {
    uint32_t time, trigger;
};

struct order_cold {
    struct price trigger_price;
    struct nanos good_til;
    struct amount max_fee, fee_paid, filled_quote;
    struct nanos created, updated;
    uint8_t reason; /* enum order_reason: of this command's change,
                       for the event due; REASON_NONE between */
    bool has_label; /* engine->labels; else none */
};

STATIC_CHECK(sizeof(struct order) == 64);
STATIC_CHECK(sizeof(struct order_cold) == 64);

struct level {
    struct price price;
    struct qty size;     /* sum of what is open at it */
    uint32_t head, tail; /* orders by priority */
    uint32_t count;
    uint32_t next_free;
};

struct level_ref {
    struct price price;
    uint32_t level;
};

/* One side: level references sorted so that the best is last; capacity is
 * the genesis's `levels`, memory is one array per side reserved up front. */
struct book_side {
    struct level_ref *levels;
    uint32_t count, capacity;
};

struct book {
    struct book_side sides[2]; /* by enum side */
};

/* ---- markets --------------------------------------------------------- */

#define PREMIUM_SAMPLES_MAX 600 /* of one minute, at 10 a second */

struct market {
    const struct market_params *params;
    struct book book;
    struct heap triggers[3][2]; /* [trigger_by - 1][0: fires at or below,
                                   1: at or above], keyed by trigger price */
    uint8_t state;              /* enum market_state */
    struct price mark;          /* 0: none yet */
    struct price ema;           /* signed: EMA of impact mid - index */
    struct price last;          /* last trade, 0: none */
    struct nanos mark_time;
    struct qty open_interest; /* sum of the longs */
    struct rate oi_factor;    /* rule 2's g, as of the last tick */
    uint64_t trade_sequence;
    uint64_t book_sequence; /* change id of the book */
    /* Funding, rule 17. */
    i128 funding_index;        /* 1e-17 quote per base */
    i128 funding_fraction;     /* dust under one unit, in 1e-25 quote...: the
                                  numerator left by rounded settlements */
    struct nanos funding_time; /* last accrual */
    struct nanos minute_start;
    uint32_t sample_count;
    struct rate samples[PREMIUM_SAMPLES_MAX]; /* of the running minute */
    i128 premium_sum; /* of the minute medians of this interval */
    uint32_t premium_minutes;
    struct rate premium_last, funding_rate; /* for tickers */
    /* Insurance beyond the bankruptcy price, rule 8's caps. */
    struct nanos insurance_minute_start, insurance_day_start;
    struct amount insurance_minute, insurance_day, insurance_day_base;
    /* Statistics for tickers, the last 24 h are the reader's business. */
    struct amount volume_quote;
    struct qty volume;
};

/* ---- accounts -------------------------------------------------------- */

/* What one position adds to its account's sums, at `price_epoch`. All in
 * settlement units. */
struct exposure {
    struct amount notional;         /* n, signed, at the mark */
    struct amount gain;             /* n - cost + unsettled funding */
    struct amount initial;          /* IM of the position alone */
    struct amount maintenance;      /* MM of the position alone */
    struct amount initial_open;     /* with the worst of its open orders */
    struct amount maintenance_open; /* and that side's order loss in both */
};

struct position {
    uint32_t account; /* slot */
    uint16_t market;
    bool is_touched;                  /* changed by this command (event due) */
    uint32_t next;                    /* of the account, by market number */
    struct qty size;                  /* signed */
    struct amount cost;               /* signed: paid for it */
    i128 funding_index;               /* the market's when last settled */
    struct rate own_rate;             /* user-set initial rate, 0: none */
    struct qty open_buys, open_sells; /* resting, not reduce-only */
    uint32_t orders;                  /* own list head, every open order here */
    struct amount realised, funding;  /* totals since it was opened */
    struct amount realised_now, funding_now; /* by this command (touched) */
    struct exposure exposure;
    i128 order_loss;    /* rule 3's sum over the open orders that count, in
                           price * qty units, at the exposure's epoch */
    uint32_t holder_at; /* place in the market's holder list, or NONE */
};

struct account {
    struct account_id id;
    uint32_t owner;      /* slot of the owner's first account: two accounts
                            have one owner exactly when these are equal */
    uint32_t owner_next; /* the owner's next account, any order */
    uint32_t positions;  /* list head, by market number */
    uint32_t order_count;
    bool is_in_liquidation;
    bool is_house;
    bool is_changed; /* while loading: its record was there */
    bool is_dirty;   /* must be examined at the next tick */
    struct nanos opened;
    /* Sums of the positions' exposures, valid while epoch is the engine's. */
    uint64_t price_epoch;
    struct exposure sums;
    struct amount collateral_initial; /* assets other than settlement */
    struct amount collateral_maintenance;
    uint32_t health_at; /* engine/health's own */
};

/* What an account traded, by day: a ring in which days[n % VOLUME_DAYS] is of
 * day n. Kept only where the fee schedule has more than one tier. */
#define VOLUME_DAYS 30

struct volume {
    uint32_t day;        /* the newest day counted (time / 24 h) */
    struct amount total; /* sum of days */
    struct amount days[VOLUME_DAYS];
};

struct asset {
    struct amount deposited;   /* users' balances of it in total */
    struct rate concentration; /* rule 4's c, as of the last tick */
};

/* ---- session keys, nonces, deposits, withdrawals ---------------------- */

struct key {
    struct address owner, key;
    uint32_t scopes;
    uint32_t subaccount_count, market_count;
    uint32_t subaccounts[KEY_LIST_MAX];
    uint16_t markets[KEY_LIST_MAX];
    struct amount max_exposure;
    struct nanos expires;
    bool is_changed;
    uint32_t next_free;
};

/* One used nonce. Entries stand in chunks of NONCE_CHUNK by arrival. */
struct nonce {
    struct address owner, signer;
    uint64_t nonce, digest, index;
    struct nanos expires;
    uint32_t next; /* of the expiry wheel's slot, or free list */
};

struct deposit {
    struct hash32 reference, digest;
    struct account_id account;
    uint16_t asset;
    bool is_credited, is_changed;
    struct amount amount;
    uint64_t validators; /* mask of who signed */
};

struct withdrawal {
    uint64_t id;
    struct account_id account;
    uint16_t asset;
    struct amount amount;
    struct address recipient;
    struct nanos time;
    uint64_t index;
    bool is_changed;
};

/* Which records engine_load has been given (engine/load.c). */
struct loaded {
    bool global, feeds[FEEDS_MAX], markets[MARKETS_MAX], assets[ASSETS_MAX];
    uint32_t accounts, positions, chunks;
};

/* ---- the engine ------------------------------------------------------ */

struct pool {
    uint32_t capacity;
    uint32_t used;  /* slots ever handed out: [0, used) are initialised */
    uint32_t free;  /* head of the free list */
    uint32_t count; /* alive */
};

struct changes; /* engine/changes.h */
struct health;  /* engine/health.h */
struct nonces;  /* engine/nonce.h */

struct engine {
    struct genesis genesis;
    int64_t notional_divisor;
    uint64_t index;
    struct nanos time;
    struct nanos tick_time; /* of the last tick */
    uint64_t tick_count;
    uint64_t price_epoch;
    uint64_t next_order, next_trade, next_withdrawal, next_priority;
    uint64_t block_height;
    struct hash32 block_hash;
    uint64_t trade_count; /* since the start, for metrics */

    struct asset assets[ASSETS_MAX];
    struct feed feeds[FEEDS_MAX];
    struct market markets[MARKETS_MAX];

    struct pool account_pool, position_pool, order_pool, level_pool, key_pool,
        deposit_pool, withdrawal_pool;
    struct account *accounts;
    struct amount *balances; /* account slot * asset_count + asset */
    struct volume *volumes;  /* by account slot */
    struct position *positions;
    struct order *orders;
    struct order_links *links;
    struct order_places *places;
    struct order_cold *orders_cold;
    struct label *labels;
    struct level *levels;
    struct key *keys;
    struct deposit *deposits;
    struct withdrawal *withdrawals;
    uint32_t **holders; /* by market: position slots with size or
                           orders, any order */
    uint32_t *holder_counts;
    struct idmap account_map, owner_map, position_map, order_map, key_map,
        deposit_map;
    struct heap order_times; /* good-til-time orders by time, then id */
    struct nonces *nonces;
    struct health *health;
    struct changes *changes;

    struct event_sink *sink; /* of the command under way, may be NULL */
    uint8_t leg;             /* of the batch under way */
    /* Orders and positions that this command changed, for their one event
     * at its end. */
    uint32_t *touched_orders, *touched_positions;
    uint32_t touched_order_count, touched_position_count;
    struct loaded loaded;
};

static inline struct amount *engine_balance(const struct engine *engine,
                                            uint32_t account, uint16_t asset)
{
    return &engine->balances[(size_t)account * engine->genesis.asset_count +
                             asset];
}

static inline void engine_emit(struct engine *engine, struct event *event)
{
    event->leg = engine->leg;
    if (engine->sink)
        engine->sink->emit(engine->sink, event);
}

#endif

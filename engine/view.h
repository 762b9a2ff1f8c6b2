/*
 * The engine's state for readers: plain copies, made from a const engine, so
 * that an answer can be built without knowing how the state is kept. Nothing
 * here changes anything, not even a cache. A list is filled up to `capacity`
 * entries; what is returned is how many there are in all, so a caller sees
 * when some had no room.
 */
#ifndef CLEARINGD_ENGINE_VIEW_H
#define CLEARINGD_ENGINE_VIEW_H

#include "engine/engine.h"

/* ---- prices ---------------------------------------------------------- */

struct view_feed {
    struct price price, confidence; /* the aggregate; 0: there never was one */
    struct nanos price_time;        /* tick at which it was made */
    enum grade grade;               /* as of the last tick */
    uint32_t used;                  /* reporters that voted */
    struct price slow;              /* rule 18 */
};

struct view_report {
    struct nanos timestamp; /* 0: never reported */
    struct price price, confidence;
};

/* False: no such feed. */
must_use bool view_feed(const struct engine *engine, uint16_t feed,
                        struct view_feed *view);

/* The newest report of one reporter on one feed. False: no such feed or
 * reporter. */
must_use bool view_report(const struct engine *engine, uint16_t feed,
                          uint16_t reporter, struct view_report *view);

/* ---- markets --------------------------------------------------------- */

struct view_market {
    enum market_state state;
    enum grade grade;         /* of its feed */
    struct price index, mark; /* 0: none yet */
    struct price ema;         /* signed: how far the book is off the index */
    struct price last;        /* last trade, 0: none */
    struct nanos mark_time;
    struct price best_bid, best_ask; /* 0: that side is empty */
    struct qty best_bid_size, best_ask_size;
    struct qty open_interest;
    struct rate oi_factor;   /* rule 2's g */
    uint64_t trade_sequence; /* of the last trade, 0: none */
    uint64_t book_sequence;  /* change id of the book */
    struct qty volume;       /* of all trades since the start */
    struct amount volume_quote;
    struct rate funding_rate;  /* for 8 h, of the last interval */
    struct rate premium_last;  /* the last minute's median */
    i128 funding_index;        /* 1e-17 quote per base */
    struct nanos funding_time; /* last accrual */
};

struct view_level {
    struct price price;
    struct qty size;
    uint32_t order_count;
};

/* False: no such market. */
must_use bool view_market(const struct engine *engine, uint16_t market,
                          struct view_market *view);

/* Levels of one side, best first; how many the side has (0: none, or no such
 * market). */
uint32_t view_depth(const struct engine *engine, uint16_t market,
                    enum side side, struct view_level *levels,
                    uint32_t capacity);

/* ---- orders ---------------------------------------------------------- */

/* An open or waiting order. False: none has this id. */
must_use bool view_order(const struct engine *engine, uint64_t order_id,
                         struct order_view *view);

/* The account's open and waiting orders in a market (MARKET_ALL: in all): by
 * market, in each the newest first. */
uint32_t view_orders(const struct engine *engine, const struct account_id *id,
                     uint16_t market, struct order_view *orders,
                     uint32_t capacity);

/* ---- accounts -------------------------------------------------------- */

/* Settlement units; names as in struct margin of engine/margin.h. */
struct view_margin {
    struct amount cash;              /* settlement balance, may be negative */
    struct amount gain;              /* unrealised, signed */
    struct amount equity;            /* of rules 5 and 6 */
    struct amount equity_initial;    /* with initial weights: rule 5 */
    struct amount equity_withdrawal; /* gains as nothing */
    struct amount initial, maintenance;           /* positions and debt */
    struct amount initial_open, maintenance_open; /* with open orders */
};

struct view_account {
    struct account_id id;
    bool is_in_liquidation;
    struct nanos opened;
    uint32_t order_count, position_count; /* positions with a size */
    uint32_t balance_count;               /* assets of the network */
    struct amount balances[ASSETS_MAX];
    struct view_margin margin;
};

struct view_position {
    uint16_t market;
    struct qty size;      /* signed; 0: only orders or an own rate are here */
    struct amount cost;   /* signed: paid for it */
    struct rate own_rate; /* set by the user, 0: none */
    struct qty open_buys, open_sells;   /* resting, not reduce-only */
    struct amount realised, funding;    /* totals since it was opened */
    struct amount unsettled;            /* funding due if settled now */
    struct amount notional;             /* signed, at the mark */
    struct amount gain;                 /* notional - cost + unsettled */
    struct amount initial, maintenance; /* of the position alone */
    struct amount initial_open, maintenance_open; /* with its orders */
};

/* False: the sub-account was never opened. House ledgers are no accounts
 * here. */
must_use bool view_account(const struct engine *engine,
                           const struct account_id *id,
                           struct view_account *view);

/* By market number. */
uint32_t view_positions(const struct engine *engine,
                        const struct account_id *id,
                        struct view_position *positions, uint32_t capacity);

/* False: the account has no position, order or own rate there. */
must_use bool view_position(const struct engine *engine,
                            const struct account_id *id, uint16_t market,
                            struct view_position *position);

/* Numbers of the owner's sub-accounts, ascending. */
uint32_t view_subaccounts(const struct engine *engine,
                          const struct address *owner, uint32_t *subaccounts,
                          uint32_t capacity);

/* ---- session keys and withdrawals ------------------------------------- */

struct view_key {
    struct address key;
    uint32_t scopes;
    uint32_t subaccount_count, market_count; /* 0: all */
    uint32_t subaccounts[KEY_LIST_MAX];
    uint16_t markets[KEY_LIST_MAX];
    struct amount max_exposure; /* 0: no limit */
    struct nanos expires;
};

struct view_withdrawal {
    uint64_t id;
    uint16_t asset;
    struct amount amount;
    struct address recipient;
    struct nanos time;
    uint64_t index; /* of its command */
};

/* By key. Looks at every key of the node. */
uint32_t view_keys(const struct engine *engine, const struct address *owner,
                   struct view_key *keys, uint32_t capacity);

/* Newest first. Looks at every withdrawal of the node. */
uint32_t view_withdrawals(const struct engine *engine,
                          const struct account_id *id,
                          struct view_withdrawal *withdrawals,
                          uint32_t capacity);

/* ---- the whole ------------------------------------------------------- */

/* Balance of a house ledger; `number` is the market of clearing and funding,
 * the pool of insurance, 0 otherwise. Zero where there is no such ledger or
 * asset. */
struct amount view_house(const struct engine *engine, enum house house,
                         uint32_t number, uint16_t asset);

/* The users' balances of an asset together. */
struct amount view_deposited(const struct engine *engine, uint16_t asset);

struct view_counters {
    uint64_t index, tick_count, block_height, trade_count;
    uint64_t next_order;          /* the id that the next order gets */
    struct nanos time, tick_time; /* of the last command, of the last tick */
    struct hash32 block_hash;
    /* Alive now; what fits is in the genesis's capacities. */
    uint32_t accounts; /* the house's ledgers among them */
    uint32_t positions, orders, levels, keys, nonces, deposits, withdrawals;
};

void view_counters(const struct engine *engine, struct view_counters *view);

#endif

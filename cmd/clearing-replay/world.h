/*
 * The private network a history asks for: which bases are traded, which
 * venue reports what, which stablecoins serve as collateral; its genesis, and
 * the prices that hold at a moment.
 */
#ifndef CLEARINGD_CMD_CLEARING_REPLAY_WORLD_H
#define CLEARINGD_CMD_CLEARING_REPLAY_WORLD_H

#include "cmd/clearing-replay/history.h"
#include "cmd/common/request.h"

#include <jansson.h>

#define WORLD_FEEDS_MAX 32
#define WORLD_VENUES_MAX 32
#define WORLD_STEPS 4 /* moments within a bar: open, two extremes, close */

struct world_feed {
    char base[HISTORY_NAME_BYTES];
    bool is_stable;                    /* collateral, no market */
    uint32_t series[WORLD_VENUES_MAX]; /* by venue, UINT32_MAX: none */
    uint32_t venue_count;              /* venues that report it */
    int64_t first_price;               /* 1e-8 */
    int64_t tick, lot;                 /* 1e-8, of its market */
    char instrument[64];               /* "BTC_USD-PERPETUAL" */
};

struct world {
    const struct history *history;
    char venues[WORLD_VENUES_MAX][HISTORY_NAME_BYTES];
    uint32_t venue_count;
    struct secp_private reporters[WORLD_VENUES_MAX];
    struct world_feed feeds[WORLD_FEEDS_MAX];
    uint32_t feed_count;
    uint32_t market_count; /* feeds that are traded stand first */
    uint32_t quorum;       /* smallest number of venues of a feed, up to 3 */
    int64_t step_ms;       /* between two moments */
    /* Prices by feed and venue at the moment; 0: none there. */
    int64_t prices[WORLD_FEEDS_MAX][WORLD_VENUES_MAX];
    int64_t prices_at[WORLD_FEEDS_MAX][WORLD_VENUES_MAX]; /* ms */
};

/* Looks through the history. False: *what says what is missing. */
bool world_make(struct world *world, const struct history *history, char *what,
                size_t what_size);

/* The genesis document; the caller owns it. NULL: memory is short. `traders`
 * sizes the capacities. */
json_t *world_genesis(const struct world *world, uint32_t traders);

/* Brings prices to moment `step` (0 to WORLD_STEPS-1) of the bars
 * bars[from..to), which are all of one time. */
void world_move(struct world *world, size_t from, size_t to, uint32_t step);

/* Median over the venues of a feed's price; 0: none yet. */
int64_t world_price(const struct world *world, uint32_t feed);

/* "0x…" payload with a package of each venue that has a fresh price, signed
 * at `time_ms`; NULL: nobody has one. The caller frees it. */
char *world_report(const struct world *world, int64_t time_ms);

#endif

/*
 * A small network for engine tests: a genesis like the development one, an
 * engine on it, and one call for each thing a test wants to happen. The
 * events of the last command are kept. Unless is_unchecked is set,
 * engine_check runs after every command and its fault fails the test.
 *
 * Genesis: settlement USDC (6 decimals), collateral BTC and ETH (8); feeds
 * BTC, ETH, SOL, USDC; markets BTC (tick 0.1, lot 0.0001), ETH (0.01, 0.001),
 * SOL (0.001, 0.01), all *_USDC-PERPETUAL; five reporters with quorum three,
 * validators two of three. Initial rates: BTC and ETH 2 %, 5 % from a
 * notional of 1,000,000 and 10 % from 10,000,000; SOL 5 %, 10 % from 500,000;
 * maintenance is half of it. The open-interest term, gain cap and own rates
 * are off. Fees: maker 0.02 %, taker 0.05 %. Change fixture.genesis between
 * fixture_genesis and fixture_start for another one.
 *
 * Values in tests are written as decimals: usdc("12.5"), usd("60000.1"),
 * base("0.25"), ratio("0.05").
 */
#ifndef CLEARINGD_TESTS_LIB_FIXTURE_H
#define CLEARINGD_TESTS_LIB_FIXTURE_H

#include "engine/engine.h"

enum fixture_asset { USDC = 0, BTC = 1, ETH = 2 };
enum fixture_market { BTC_PERP = 0, ETH_PERP = 1, SOL_PERP = 2 };
enum fixture_feed { FEED_BTC = 0, FEED_ETH = 1, FEED_SOL = 2, FEED_USDC = 3 };

#define FIXTURE_START_NS (INT64_C(1700000000) * NANOS_PER_SECOND)

struct fixture {
    struct event_sink sink; /* first: the sink is the fixture */
    struct genesis genesis;
    struct engine *engine;
    void *memory;
    size_t memory_size;
    struct nanos time;    /* of the next command */
    uint64_t next_nonce;  /* of the next request */
    struct event *events; /* of the last command, in order */
    uint32_t event_count, event_capacity;
    bool is_unchecked;
    struct price prices[FEEDS_MAX]; /* what fixture_report sends */
};

/* Decimal text exactly; a test that writes more digits than the unit has
 * ends. */
int64_t fixture_decimal(const char *text, unsigned decimals);
struct amount usdc(const char *text); /* 6 decimals */
struct amount coin(const char *text); /* 8: BTC and ETH as collateral */
struct price usd(const char *text);   /* 8 */
struct qty base(const char *text);    /* 8 */
struct rate ratio(const char *text);  /* 9 */

/* The address of owner (or session key) number n; never the house's. */
struct address fixture_address(uint32_t n);
struct account_id fixture_account(uint32_t n, uint32_t subaccount);

void fixture_genesis(struct genesis *genesis);

/* fixture_init: the genesis above and fixture_start. fixture_start makes an
 * engine on fixture->genesis (the rest of the struct must be zero). */
void fixture_init(struct fixture *fixture);
void fixture_start(struct fixture *fixture);
void fixture_free(struct fixture *fixture);

/* Sets index and time, applies, keeps the events. */
void fixture_apply(struct fixture *fixture, struct command *command);

/* Moves the clock and ticks once. */
void fixture_tick(struct fixture *fixture, int64_t ms);
/* `count` ticks, ms apart, with fresh reports of the same prices before each
 * where `with_reports`. */
void fixture_ticks(struct fixture *fixture, uint32_t count, int64_t ms,
                   bool with_reports);

/* Sets the price of a feed in fixture->prices. */
void fixture_price(struct fixture *fixture, uint16_t feed, const char *price);
/* All five reporters report fixture->prices (those set) with this time. */
void fixture_report(struct fixture *fixture);
/* fixture_price of BTC, ETH and SOL (USDC 1), report, and a tick: index and
 * mark are these prices. */
void fixture_prices(struct fixture *fixture, const char *btc, const char *eth,
                    const char *sol);

/* An attested deposit (both validators in one command). */
void fixture_deposit(struct fixture *fixture, uint32_t owner,
                     uint32_t subaccount, uint16_t asset, struct amount amount);

/* A request head: signed by the owner, fresh nonce, one minute to live. */
struct request fixture_request(struct fixture *fixture, uint32_t owner,
                               uint32_t subaccount);

/* Terms of a plain good-til-cancelled limit order. */
struct order_terms fixture_limit(uint16_t market, enum side side,
                                 const char *size, const char *price);

/* Places it for sub-account 0; returns the id the order got (its last
 * EVENT_ORDER), 0 when it was refused. */
uint64_t fixture_order(struct fixture *fixture, uint32_t owner,
                       const struct order_terms *terms);
uint64_t fixture_buy(struct fixture *fixture, uint32_t owner, uint16_t market,
                     const char *size, const char *price);
uint64_t fixture_sell(struct fixture *fixture, uint32_t owner, uint16_t market,
                      const char *size, const char *price);
enum result fixture_cancel(struct fixture *fixture, uint32_t owner,
                           uint64_t order_id);

/* Buyer (taker) and seller (maker) trade this much at this price. */
void fixture_trade(struct fixture *fixture, uint32_t buyer, uint32_t seller,
                   uint16_t market, const char *size, const char *price);

/* Of the last command: the first refusal's result (ok when none), how many
 * events of a kind, the nth of a kind (0-based; NULL: not so many). */
enum result fixture_result(const struct fixture *fixture);
uint32_t fixture_count(const struct fixture *fixture, enum event_kind kind);
const struct event *fixture_event(const struct fixture *fixture,
                                  enum event_kind kind, uint32_t n);

#endif

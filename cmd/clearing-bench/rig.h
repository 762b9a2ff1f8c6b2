/*
 * An engine in this process, as the node has one: its genesis, its memory,
 * and commands applied one by one with their events heard.
 *
 * The network: `market_count` perpetual markets M00, M01, ... with a feed
 * each, tick 1, lot 0.01, the defaults of a genesis file otherwise; five
 * reporters, quorum three; one fee tier (maker 0.02 %, taker 0.05 %);
 * self-trade allowed. Accounts are numbers, each an owner's sub-account 0.
 */
#ifndef CLEARINGD_CMD_CLEARING_BENCH_RIG_H
#define CLEARINGD_CMD_CLEARING_BENCH_RIG_H

#include "engine/engine.h"

#define RIG_LOT INT64_C(1000000) /* qty */

struct rig {
    struct event_sink sink; /* first: the sink is the rig */
    struct genesis genesis;
    struct engine *engine;
    void *memory;
    size_t memory_size;
    struct nanos time;                /* of the next command */
    uint64_t nonce;                   /* of the next request */
    struct price prices[MARKETS_MAX]; /* what the reporters report */
    /* Heard since the start. */
    uint64_t trades, refused, liquidations;
    i128 volume; /* qty */
    struct event last_refusal;
};

/* Fills rig->genesis; its capacities may be changed before rig_start. */
void rig_genesis(struct rig *rig, uint16_t market_count,
                 const struct capacities *capacities);

/* False: *what. is_resident: all pages are there before the first command. */
must_use bool rig_start(struct rig *rig, bool is_resident, const char **what);
void rig_stop(struct rig *rig);

struct address rig_owner(uint32_t account);

/* Sets index and time and applies. */
void rig_apply(struct rig *rig, struct command *command);

void rig_deposit(struct rig *rig, uint32_t account, struct amount amount);
/* All reporters report rig->prices, then a tick. */
void rig_report(struct rig *rig);
void rig_tick(struct rig *rig);

#endif

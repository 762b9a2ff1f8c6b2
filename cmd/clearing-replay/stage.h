/*
 * The play itself: time moves, venues report, makers quote, people trade.
 */
#ifndef CLEARINGD_CMD_CLEARING_REPLAY_STAGE_H
#define CLEARINGD_CMD_CLEARING_REPLAY_STAGE_H

#include "cmd/clearing-replay/crowd.h"
#include "cmd/clearing-replay/talk.h"

struct counts {
    uint64_t requests, refused, orders, deposits;
    int64_t deposited;     /* settlement units, all that was credited */
    int refusal_codes[16]; /* codes in the order they were met */
    uint64_t refusals[16]; /* how often each */
};

struct stage {
    struct world *world;
    struct crowd *crowd;
    struct talk *talk;
    struct network network;
    int64_t now_ms; /* the node's clock */
    int64_t tick_ms;
    uint64_t speed; /* 0: as fast as it goes, else times real time */
    struct counts counts;
    int64_t past[WORLD_FEEDS_MAX][64]; /* prices of the last moments, ring */
    uint32_t past_at;
};

/* Deposits for everybody at the history's first moment. False: the node is
 * gone. */
bool stage_open(struct stage *stage, int64_t start_ms);

/* One moment: bars[from..to) at step; `progress_ppm` of the whole. */
bool stage_moment(struct stage *stage, size_t from, size_t to, uint32_t step,
                  int64_t progress_ppm);

/* Lets what is under way end: some ticks without anybody acting. */
bool stage_close(struct stage *stage);

#endif

/*
 * Simulated people: traders of several kinds with deposits and leverage drawn
 * from a seeded distribution, and market makers who quote around the index.
 * They know what any client knows and speak through the public interface.
 */
#ifndef CLEARINGD_CMD_CLEARING_REPLAY_CROWD_H
#define CLEARINGD_CMD_CLEARING_REPLAY_CROWD_H

#include "cmd/clearing-replay/world.h"

enum trader_kind {
    TRADER_HOLDER,     /* buys once and holds */
    TRADER_MOMENTUM,   /* follows the last hour */
    TRADER_CONTRARIAN, /* goes against it */
    TRADER_HEDGER,     /* short at low leverage */
    TRADER_NOISE,      /* either way, any time */
    TRADER_KINDS
};

struct trader {
    struct secp_private key;
    struct address owner;
    enum trader_kind kind;
    int64_t deposit;   /* settlement units (1e-6) */
    uint32_t leverage; /* of its positions, times */
    uint32_t market;   /* the one it trades */
    uint64_t nonce;
    int64_t believed; /* size it believes to have, 1e-8 */
};

struct crowd {
    struct trader *traders;
    uint32_t trader_count;
    struct trader *makers;
    uint32_t maker_count;
    uint64_t random; /* state of the generator */
};

/* Draws the people. False: memory is short. */
bool crowd_make(struct crowd *crowd, const struct world *world,
                uint32_t traders, uint64_t seed);
void crowd_free(struct crowd *crowd);

/* The next random number below `below`. */
uint64_t crowd_random(struct crowd *crowd, uint64_t below);

/* Does the trader act at this moment, and to which size (signed, 1e-8) does
 * it want to go? `change_ppm` is the index's move over the last hour,
 * `progress_ppm` how far the history is. */
bool crowd_decide(struct crowd *crowd, const struct trader *trader,
                  const struct world_feed *feed, int64_t price,
                  int64_t change_ppm, int64_t progress_ppm, int64_t *size);

const char *trader_kind_name(enum trader_kind kind);

#endif

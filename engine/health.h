/*
 * PRIVATE: which accounts must be looked at. An account is examined exactly
 * when it changed since the last tick or when a price or funding index
 * crossed one of its triggers; no tick walks over all accounts.
 *
 * Nothing here decides an outcome: who is examined without need is found
 * healthy and changes nothing, so the index is derived state and no record.
 */
#ifndef CLEARINGD_ENGINE_HEALTH_H
#define CLEARINGD_ENGINE_HEALTH_H

#include "engine/adl_rules.h"
#include "engine/state.h"

size_t health_footprint(const struct genesis *genesis);
/* Takes zeroed memory. */
struct health *health_init(void *memory, const struct genesis *genesis);

/* The account changed: examine it at the next tick (account_touch calls it).
 * House ledgers are nobody's margin and are passed over. */
void health_touch(struct engine *engine, uint32_t account);

/* Tick, after the new prices: calls visit for every account slot that has to
 * be examined (each once, any order). visit may touch and arm accounts. */
void health_collect(struct engine *engine,
                    void (*visit)(struct engine *engine, uint32_t account));

/* After an exact examination found it healthy: sets its triggers anew. */
void health_arm(struct engine *engine, uint32_t account);

/* After engine_load_end: everything is examined at the next tick. */
void health_reset(struct engine *engine);

/* Room for what one tick's liquidations need, as no memory is allocated: a
 * candidate per account, a share per holder of one market. */
struct candidate {
    uint32_t account;
    struct amount equity, maintenance;
};

struct health_scratch {
    struct candidate *candidates;
    uint32_t candidate_count;
    struct adl_share *shares; /* by place */
    uint32_t *holders;        /* position slots */
    uint64_t *keys;           /* first bytes of their owners, to sort by */
    uint32_t *items;          /* numbers to sort */
    uint64_t adl_work;        /* holders gone through in this tick */
};

struct health_scratch *health_scratch(struct engine *engine);

#endif

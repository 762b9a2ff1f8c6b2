/*
 * Mark price as a pure function (SPEC rule 16): the median of the index, the
 * index plus the slow average of the book's distance from it, and the book
 * itself. A thin book can move one of the three in a moment, and even that
 * one no farther than the band.
 */
#ifndef CLEARINGD_ENGINE_MARK_RULES_H
#define CLEARINGD_ENGINE_MARK_RULES_H

#include "engine/units.h"

/* Time constant of the average. */
#define MARK_TAU (150 * NANOS_PER_SECOND)

/* Prices of 0 are not there. */
struct mark_inputs {
    struct price index;                  /* > 0 */
    struct price impact_bid, impact_ask; /* 0: the side is too thin */
    struct price best_bid, best_ask, last;
    struct price ema; /* signed, after the tick before */
    struct nanos dt;  /* since then, >= 0 */
    struct rate band; /* of the index, 0 to 1 */
};

/* The new mark (> 0) and the new average. Halves and the band are rounded
 * down, the average's step toward zero. */
void mark_of(const struct mark_inputs *inputs, struct price *mark,
             struct price *ema);

#endif

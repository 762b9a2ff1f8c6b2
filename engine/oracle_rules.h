/*
 * Index, grades and slow price as pure functions of plain values (SPEC rules
 * 14, 15 and 18): the engine's ticks and the calculator share them.
 *
 * Every vote is three: price minus confidence, price, price plus confidence.
 * The aggregate is the median of all of them, its confidence the wider
 * distance to their quartiles; so a wide vote moves the middle less than a
 * narrow one, and less than half of the reporters can't move it at all.
 */
#ifndef CLEARINGD_ENGINE_ORACLE_RULES_H
#define CLEARINGD_ENGINE_ORACLE_RULES_H

#include "engine/event.h"

struct oracle_vote {
    struct price price, confidence; /* any values */
    struct nanos age;               /* negative: slightly ahead of us */
};

struct oracle_terms {
    uint32_t quorum;
    struct nanos age_max;
    struct rate confidence_share_max; /* of the vote's own price */
    struct rate deviation_bound;      /* of the candidates' median */
};

struct oracle_aggregate {
    struct price price, confidence;
    struct nanos age;   /* of the newest vote that counted, >= 0: a price is
                           as old as that */
    uint32_t used;      /* votes that counted */
    uint64_t used_mask; /* which of them, bit by place */
};

/* Is the vote, taken alone, a candidate: price > 0, 0 <= confidence <= share
 * of the price, not too old. */
bool oracle_vote_counts(const struct oracle_vote *vote,
                        const struct oracle_terms *terms);

/* Rule 14 over count <= REPORTERS_MAX votes. False: fewer usable ones than
 * the quorum (or none); then only used and used_mask are set. */
must_use bool oracle_aggregate(struct oracle_aggregate *aggregate,
                               const struct oracle_vote *votes, uint32_t count,
                               const struct oracle_terms *terms);

/* Rule 15 without what needs history: non-positive; stale when older than
 * `stale`; volatile when more than five times or less than a fifth of the
 * slow price (0: there is none); uncertain when the confidence is over its
 * share. The worst that holds. */
enum grade oracle_grade_of(struct price price, struct price confidence,
                           struct nanos age, struct price slow,
                           struct rate uncertain_share, struct nanos stale);

/* Farther than the bound from the price before (> 0)? */
bool oracle_is_step(struct price price, struct price before, struct rate bound);

#define ORACLE_AGREEING 3

/* What a feed remembers of a jump: how many aggregates in a row agree with
 * each other since (0: calm), and the last of them. */
struct oracle_jump {
    uint8_t agreeing;
    struct price price;
};

/*
 * One more aggregate. A step from the one before, or a price far from the
 * slow price, starts a jump; three aggregates in a row within the bound of
 * each other make it believed. Returns GRADE_VALID when calm, GRADE_VOLATILE
 * in a jump, GRADE_UNCERTAIN from the third agreeing aggregate on; the one
 * after that is calm again unless the slow price is still far.
 * `before` is the aggregate before, 0 when this is the first.
 */
enum grade oracle_jump_next(struct oracle_jump *jump, struct price price,
                            struct price before, struct price slow,
                            struct rate step_bound);

#define SLOW_PRICE_HOURS 24
#define SLOW_STEP_MIN (10 * NANOS_PER_SECOND)
#define SLOW_STEP_MAX (600 * NANOS_PER_SECOND)

/* Rule 18. Hours are the clock's; hours[at] is the oldest of the hourly
 * means and about to be overwritten. */
struct slow_price {
    struct price slow, delayed;
    struct price hours[SLOW_PRICE_HOURS];
    uint32_t count, at;      /* count 0: not started */
    i128 sum;                /* price * nanoseconds of the running hour */
    struct nanos weight;     /* its nanoseconds so far */
    struct nanos hour_start; /* of the running hour */
    struct nanos time;       /* of the last move */
};

/* Starts with every hour at this price (> 0). */
void slow_price_start(struct slow_price *slow, struct price price,
                      struct nanos now);

/* One price (> 0) at this time. Nothing happens within 10 s of the last
 * move; true when it moved. Bounds are rounded inwards. */
bool slow_price_move(struct slow_price *slow, struct price price,
                     struct nanos now, struct rate hour_growth,
                     struct rate second_growth);

#endif

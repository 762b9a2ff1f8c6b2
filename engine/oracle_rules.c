#include "engine/oracle_rules.h"

#include "engine/sort.h"
#include "engine/wide.h"

#define FAR_RATIO 5

bool oracle_vote_counts(const struct oracle_vote *vote,
                        const struct oracle_terms *terms)
{
    if (price_raw(vote->price) <= 0 || price_raw(vote->price) > PRICE_MAX ||
        price_is_negative(vote->confidence))
        return false;
    if (wide_mul(price_raw(vote->confidence), RATE_ONE) >
        wide_mul(price_raw(vote->price), rate_raw(terms->confidence_share_max)))
        return false;
    return nanos_cmp(vote->age, terms->age_max) <= 0;
}

/* The votes that count, by place; 0 when there is none. */
static uint64_t select_votes(const struct oracle_vote *votes, uint32_t count,
                             const struct oracle_terms *terms)
{
    int64_t prices[REPORTERS_MAX];
    uint64_t candidates = 0, used = 0;
    uint32_t candidate_count = 0;
    int64_t median;

    for (uint32_t i = 0; i < count; i++) {
        if (!oracle_vote_counts(&votes[i], terms))
            continue;
        candidates |= UINT64_C(1) << i;
        prices[candidate_count++] = price_raw(votes[i].price);
    }
    if (candidate_count == 0)
        return 0;
    median = sort_median(prices, candidate_count);
    for (uint32_t i = 0; i < count; i++) {
        int64_t apart = price_raw(votes[i].price) - median;

        if (!(candidates >> i & 1))
            continue;
        if (wide_mul(apart < 0 ? -apart : apart, RATE_ONE) <=
            wide_mul(median, rate_raw(terms->deviation_bound)))
            used |= UINT64_C(1) << i;
    }
    return used;
}

bool oracle_aggregate(struct oracle_aggregate *aggregate,
                      const struct oracle_vote *votes, uint32_t count,
                      const struct oracle_terms *terms)
{
    int64_t values[3 * REPORTERS_MAX];
    uint32_t n = 0;
    int64_t median, low, high;

    check(count <= REPORTERS_MAX);
    aggregate->used_mask = select_votes(votes, count, terms);
    aggregate->age = terms->age_max;
    for (uint32_t i = 0; i < count; i++) {
        int64_t price = price_raw(votes[i].price);
        int64_t confidence = price_raw(votes[i].confidence);

        if (!(aggregate->used_mask >> i & 1))
            continue;
        aggregate->age = nanos_min(aggregate->age, votes[i].age);
        values[n++] = price - confidence;
        values[n++] = price;
        values[n++] = price + confidence;
    }
    aggregate->age = nanos_max(aggregate->age, nanos_of(0));
    aggregate->used = n / 3;
    if (n == 0 || aggregate->used < terms->quorum)
        return false;
    median = sort_median(values, n);
    low = median - values[n >> 2];
    high = values[n - 1 - (n >> 2)] - median;
    aggregate->price = price_of(median);
    aggregate->confidence = price_of(low > high ? low : high);
    return true;
}

/* Over five times or under a fifth of the slow price, 0: there is none. */
static bool is_far(struct price price, struct price slow)
{
    struct price least = price_min(price, slow);
    struct price most = price_max(price, slow);

    return price_is_positive(slow) &&
           price_raw(most) > wide_mul(price_raw(least), FAR_RATIO);
}

enum grade oracle_grade_of(struct price price, struct price confidence,
                           struct nanos age, struct price slow,
                           struct rate uncertain_share, struct nanos stale)
{
    if (!price_is_positive(price))
        return GRADE_NON_POSITIVE;
    if (nanos_cmp(age, stale) > 0)
        return GRADE_STALE;
    if (is_far(price, slow))
        return GRADE_VOLATILE;
    if (wide_mul(price_raw(confidence), RATE_ONE) >
        wide_mul(price_raw(price), rate_raw(uncertain_share)))
        return GRADE_UNCERTAIN;
    return GRADE_VALID;
}

bool oracle_is_step(struct price price, struct price before, struct rate bound)
{
    struct price apart = price_abs(price_sub(price, before));

    return wide_mul(price_raw(apart), RATE_ONE) >
           wide_mul(price_raw(before), rate_raw(bound));
}

enum grade oracle_jump_next(struct oracle_jump *jump, struct price price,
                            struct price before, struct price slow,
                            struct rate step_bound)
{
    bool far = is_far(price, slow);
    struct price reference = jump->agreeing > 0 ? jump->price : before;
    bool step = price_is_positive(reference) &&
                oracle_is_step(price, reference, step_bound);

    if (step || (far && jump->agreeing == 0))
        jump->agreeing = 1;
    else if (jump->agreeing > 0 && jump->agreeing < ORACLE_AGREEING)
        jump->agreeing++;
    else if (!far)
        jump->agreeing = 0;
    jump->price = jump->agreeing > 0 ? price : price_of(0);
    if (jump->agreeing == 0)
        return GRADE_VALID;
    return jump->agreeing < ORACLE_AGREEING ? GRADE_VOLATILE : GRADE_UNCERTAIN;
}

/* Within growth of the price before. */
static struct price grow_clamped(struct price target, struct price before,
                                 struct rate growth)
{
    i128 most = wide_div_floor(
        wide_mul(price_raw(before), RATE_ONE + rate_raw(growth)), RATE_ONE);
    i128 least = wide_div_ceil(
        wide_mul(price_raw(before), RATE_ONE - rate_raw(growth)), RATE_ONE);

    return price_of((int64_t)wide_clamp(price_raw(target), least, most));
}

static int64_t hour_of(struct nanos time)
{
    return nanos_raw(time) - nanos_raw(time) % NANOS_PER_HOUR;
}

void slow_price_start(struct slow_price *slow, struct price price,
                      struct nanos now)
{
    *slow = (struct slow_price){
        .slow = price,
        .delayed = price,
        .count = SLOW_PRICE_HOURS,
        .hour_start = nanos_of(hour_of(now)),
        .time = now,
    };
    for (uint32_t i = 0; i < SLOW_PRICE_HOURS; i++)
        slow->hours[i] = price;
}

/* The hour is over: its mean, and again for each hour without any price,
 * takes the place of the oldest. */
static void close_hours(struct slow_price *slow, struct nanos now,
                        struct rate hour_growth)
{
    int64_t passed =
        (hour_of(now) - nanos_raw(slow->hour_start)) / NANOS_PER_HOUR;
    struct price newest =
        slow->hours[(slow->at + SLOW_PRICE_HOURS - 1) % SLOW_PRICE_HOURS];
    struct price mean =
        price_of((int64_t)wide_div_floor(slow->sum, nanos_raw(slow->weight)));

    mean = grow_clamped(mean, newest, hour_growth);
    for (int64_t i = 0; i < passed && i < SLOW_PRICE_HOURS; i++) {
        slow->hours[slow->at] = mean;
        slow->at = (slow->at + 1) % SLOW_PRICE_HOURS;
    }
    slow->delayed = slow->hours[slow->at];
    slow->sum = 0;
    slow->weight = nanos_of(0);
    slow->hour_start = nanos_of(hour_of(now));
}

/* The most the slow price may move in this time: slow * growth a second
 * * seconds * (min/max)^2, rounded down. */
static struct price slow_reach(const struct slow_price *slow,
                               struct rate second_growth, int64_t elapsed)
{
    const i128 unit = (i128)RATE_ONE * RATE_ONE;
    struct price least = price_min(slow->slow, slow->delayed);
    struct price most = price_max(slow->slow, slow->delayed);
    i128 ratio = wide_muldiv_floor(price_raw(least), unit, price_raw(most));
    i128 squared = wide_muldiv_floor(ratio, ratio, unit);

    i128 reach = wide_muldiv_floor(
        wide_mul(price_raw(slow->slow), rate_raw(second_growth)),
        squared * elapsed, unit * RATE_ONE * NANOS_PER_SECOND);

    return price_of((int64_t)wide_min(reach, PRICE_MAX));
}

bool slow_price_move(struct slow_price *slow, struct price price,
                     struct nanos now, struct rate hour_growth,
                     struct rate second_growth)
{
    int64_t elapsed = nanos_raw(now) - nanos_raw(slow->time);
    int64_t reach, target;

    if (elapsed < SLOW_STEP_MIN)
        return false;
    if (elapsed > SLOW_STEP_MAX)
        elapsed = SLOW_STEP_MAX;
    slow->time = now;
    slow->sum += wide_mul(price_raw(price), elapsed);
    slow->weight = nanos_add(slow->weight, nanos_of(elapsed));
    if (hour_of(now) > nanos_raw(slow->hour_start))
        close_hours(slow, now, hour_growth);
    reach = price_raw(slow_reach(slow, second_growth, elapsed));
    target = price_raw(price) - price_raw(slow->slow);
    target = target > reach ? reach : target < -reach ? -reach : target;
    slow->slow = price_add(slow->slow, price_of(target));
    return true;
}

#include <criterion/criterion.h>

#include "engine/oracle_rules.h"
#include "tests/lib/fixture.h"

/* Wide open: only the aggregate itself is at work. */
static struct oracle_terms open_terms(void)
{
    return (struct oracle_terms){
        .quorum = 1,
        .age_max = nanos_of(10 * NANOS_PER_SECOND),
        .confidence_share_max = ratio("1"),
        .deviation_bound = ratio("1000"),
    };
}

static struct oracle_vote vote(int64_t price, int64_t confidence)
{
    return (struct oracle_vote){price_of(price), price_of(confidence),
                                nanos_of(0)};
}

struct quote_set {
    uint32_t count;
    int64_t quotes[16][2];
    int64_t price, confidence;
};

/* Pyth's published quote sets (pyth-client, quote sets 8, 14, 21, 22, 28 and
 * 35): prices, confidences, and the aggregate its program gives. */
static const struct quote_set pyth_sets[] = {
    {3, {{10000, 10}, {10020, 10}, {11000, 10}}, 10020, 970},
    {5,
     {{10000, 10}, {10010, 10}, {11000, 10}, {11010, 10}, {11500, 100}},
     11000,
     990},
    {9,
     {{10000, 100},
      {10100, 200},
      {10110, 130},
      {11000, 100},
      {11100, 200},
      {11110, 130},
      {12000, 100},
      {12100, 200},
      {12110, 130}},
     11100,
     990},
    {3, {{10000000, 5000}, {10010000, 5000}, {10000000, 1000}}, 10001000, 4000},
    {11,
     {{100000, 10},
      {100000, 10},
      {100000, 10},
      {100000, 10},
      {100000, 10},
      {101000, 10},
      {101000, 10},
      {101000, 10},
      {101000, 10},
      {101000, 10},
      {101000, 1}},
     100990,
     990},
    {7,
     {{4000000000000, 1000000000},
      {4000100000000, 1000000000},
      {4000200000000, 1000000000},
      {4000300000000, 1000000000},
      {4000400000000, 1000000000},
      {40000000000, 10000000},
      {40000000000, 10000000}},
     3999400000000,
     3959390000000},
};

Test(oracle_rules, pyth_quote_sets)
{
    struct oracle_terms terms = open_terms();

    for (size_t s = 0; s < sizeof pyth_sets / sizeof *pyth_sets; s++) {
        const struct quote_set *set = &pyth_sets[s];
        struct oracle_vote votes[16];
        struct oracle_aggregate result;

        /* Their order must not matter. */
        for (uint32_t i = 0; i < set->count; i++)
            votes[(i * 5 + 3) % set->count] = vote(0, 0);
        for (uint32_t i = 0; i < set->count; i++)
            votes[set->count - 1 - i] =
                vote(set->quotes[i][0], set->quotes[i][1]);
        cr_assert(oracle_aggregate(&result, votes, set->count, &terms));
        cr_assert_eq(price_raw(result.price), set->price, "set %zu", s);
        cr_assert_eq(price_raw(result.confidence), set->confidence, "set %zu",
                     s);
        cr_assert_eq(result.used, set->count);
    }
}

/* Four votes 10, 20, 30, 40 with confidence 0: twelve values, the middle two
 * are 20 and 30; p25 = v[3] = 20, p75 = v[8] = 30. */
Test(oracle_rules, even_count_takes_the_floor_of_the_mean)
{
    struct oracle_terms terms = open_terms();
    struct oracle_vote votes[] = {vote(10, 0), vote(21, 0), vote(30, 0),
                                  vote(40, 0)};
    struct oracle_aggregate result;

    cr_assert(oracle_aggregate(&result, votes, 4, &terms));
    cr_assert_eq(price_raw(result.price), 25);
    cr_assert_eq(price_raw(result.confidence), 5);
}

Test(oracle_rules, a_vote_must_be_positive_confident_and_young)
{
    struct oracle_terms terms = open_terms();
    struct oracle_vote v = vote(1000, 100);

    terms.confidence_share_max = ratio("0.1");
    cr_assert(oracle_vote_counts(&v, &terms));
    v.confidence = price_of(101);
    cr_assert_not(oracle_vote_counts(&v, &terms));
    v.confidence = price_of(-1);
    cr_assert_not(oracle_vote_counts(&v, &terms));
    v = vote(0, 0);
    cr_assert_not(oracle_vote_counts(&v, &terms));
    v = vote(-5, 0);
    cr_assert_not(oracle_vote_counts(&v, &terms));
    v = vote(1000, 0);
    v.age = terms.age_max;
    cr_assert(oracle_vote_counts(&v, &terms));
    v.age = nanos_of(nanos_raw(terms.age_max) + 1);
    cr_assert_not(oracle_vote_counts(&v, &terms));
    v.age = nanos_of(-5);
    cr_assert(oracle_vote_counts(&v, &terms));
}

/* Median of 100, 100, 110, 111 is 105; 5 % of it is 5.25: 110 counts, 111
 * and nothing else is out - once, not again around the new median. */
Test(oracle_rules, deviation_is_from_the_candidates_median_once)
{
    struct oracle_terms terms = open_terms();
    struct oracle_vote votes[] = {vote(100, 0), vote(100, 0), vote(110, 0),
                                  vote(111, 0), vote(0, 0)};
    struct oracle_aggregate result;

    terms.deviation_bound = ratio("0.05");
    cr_assert(oracle_aggregate(&result, votes, 5, &terms));
    cr_assert_eq(result.used, 3);
    cr_assert_eq(result.used_mask, 7);
    cr_assert_eq(price_raw(result.price), 100);
}

Test(oracle_rules, quorum_counts_usable_votes)
{
    struct oracle_terms terms = open_terms();
    struct oracle_vote votes[] = {vote(100, 1), vote(101, 1), vote(0, 1)};
    struct oracle_aggregate result;

    terms.quorum = 2;
    cr_assert(oracle_aggregate(&result, votes, 3, &terms));
    terms.quorum = 3;
    cr_assert_not(oracle_aggregate(&result, votes, 3, &terms));
    cr_assert_eq(result.used, 2);
    terms.quorum = 0;
    cr_assert_not(oracle_aggregate(&result, votes, 0, &terms));
}

static enum grade grade(int64_t price, int64_t confidence, int64_t age,
                        int64_t slow)
{
    return oracle_grade_of(price_of(price), price_of(confidence), nanos_of(age),
                           price_of(slow), ratio("0.02"), nanos_of(30));
}

Test(oracle_rules, grades_and_their_boundaries)
{
    cr_assert_eq(grade(1000, 20, 30, 1000), GRADE_VALID);
    cr_assert_eq(grade(1000, 21, 30, 1000), GRADE_UNCERTAIN);
    cr_assert_eq(grade(1000, 0, 31, 1000), GRADE_STALE);
    cr_assert_eq(grade(1000, 0, 0, 200), GRADE_VALID);
    cr_assert_eq(grade(1000, 0, 0, 199), GRADE_VOLATILE);
    cr_assert_eq(grade(1000, 0, 0, 5000), GRADE_VALID);
    cr_assert_eq(grade(1000, 0, 0, 5001), GRADE_VOLATILE);
    cr_assert_eq(grade(0, 0, 0, 1000), GRADE_NON_POSITIVE);
    cr_assert_eq(grade(-1, 0, 99, 1000), GRADE_NON_POSITIVE);
    cr_assert_eq(grade(1000, 0, 0, 0), GRADE_VALID);
    /* The worst of several. */
    cr_assert_eq(grade(1000, 500, 31, 1), GRADE_STALE);
    cr_assert_eq(grade(1000, 500, 0, 1), GRADE_VOLATILE);
}

static enum grade next(struct oracle_jump *jump, int64_t price, int64_t before,
                       int64_t slow)
{
    return oracle_jump_next(jump, price_of(price), price_of(before),
                            price_of(slow), ratio("0.25"));
}

/* 25 % exactly is no step; one more is, until three in a row agree. */
Test(oracle_rules, a_jump_is_believed_after_three_agreeing_aggregates)
{
    struct oracle_jump jump = {0, {0}};

    cr_assert_eq(next(&jump, 1000, 0, 1000), GRADE_VALID);
    cr_assert_eq(next(&jump, 750, 1000, 1000), GRADE_VALID);
    cr_assert_eq(next(&jump, 562, 750, 1000), GRADE_VOLATILE);
    cr_assert_eq(next(&jump, 560, 562, 1000), GRADE_VOLATILE);
    cr_assert_eq(next(&jump, 540, 560, 1000), GRADE_UNCERTAIN);
    cr_assert_eq(next(&jump, 541, 540, 1000), GRADE_VALID);
    cr_assert_eq(jump.agreeing, 0);
}

Test(oracle_rules, disagreement_begins_the_count_anew)
{
    struct oracle_jump jump = {0, {0}};

    cr_assert_eq(next(&jump, 500, 1000, 1000), GRADE_VOLATILE);
    cr_assert_eq(next(&jump, 500, 500, 1000), GRADE_VOLATILE);
    cr_assert_eq(next(&jump, 1000, 500, 1000), GRADE_VOLATILE);
    cr_assert_eq(jump.agreeing, 1);
    cr_assert_eq(next(&jump, 1000, 1000, 1000), GRADE_VOLATILE);
    cr_assert_eq(next(&jump, 1000, 1000, 1000), GRADE_UNCERTAIN);
    cr_assert_eq(next(&jump, 1000, 1000, 1000), GRADE_VALID);
}

/* Far from the slow price (here by a slow march, no step over 25 %): stays
 * uncertain until the slow price has come near. */
Test(oracle_rules, far_from_the_slow_price_stays_uncertain)
{
    struct oracle_jump jump = {0, {0}};

    cr_assert_eq(next(&jump, 5001, 5000, 1000), GRADE_VOLATILE);
    cr_assert_eq(next(&jump, 5002, 5001, 1000), GRADE_VOLATILE);
    cr_assert_eq(next(&jump, 5003, 5002, 1000), GRADE_UNCERTAIN);
    for (int i = 0; i < 5; i++)
        cr_assert_eq(next(&jump, 5003, 5003, 1000), GRADE_UNCERTAIN);
    cr_assert_eq(next(&jump, 5003, 5003, 1001), GRADE_VALID);
}

/* ---- slow price -------------------------------------------------------- */

static struct nanos seconds(int64_t s)
{
    return nanos_of(s * NANOS_PER_SECOND);
}

static void run(struct slow_price *slow, int64_t *time, int64_t dt,
                uint32_t steps, const char *price)
{
    for (uint32_t i = 0; i < steps; i++) {
        *time += dt;
        slow_price_move(slow, usd(price), seconds(*time), ratio("0.06"),
                        ratio("0.0003"));
    }
}

static void assert_near(struct price price, const char *expected,
                        const char *tolerance)
{
    int64_t apart = price_raw(price) - price_raw(usd(expected));

    cr_assert(apart <= price_raw(usd(tolerance)) &&
                  -apart <= price_raw(usd(tolerance)),
              "%ld against %s", price_raw(price), expected);
}

/* Mango's own test of its stable price: tenfold for 25 hours, in steps of a
 * minute, of ten seconds and of five minutes. */
Test(oracle_rules, slow_price_follows_mangos_tenfold_case)
{
    struct slow_price slow;
    int64_t time = 0;

    slow_price_start(&slow, usd("1"), seconds(0));
    run(&slow, &time, 60, 60, "10");
    assert_near(slow.slow, "1.8", "0.1");
    assert_near(slow.hours[0], "1.06", "0.00000001");
    for (uint32_t i = 1; i < SLOW_PRICE_HOURS; i++)
        cr_assert_eq(price_raw(slow.hours[i]), price_raw(usd("1")));
    cr_assert_eq(slow.at, 1);
    cr_assert_eq(nanos_raw(slow.weight), 0);

    run(&slow, &time, 10, 360, "10");
    assert_near(slow.slow, "2.3", "0.1");
    assert_near(slow.hours[0], "1.06", "0.00000001");
    assert_near(slow.hours[1], "1.1236", "0.00000001");
    cr_assert_eq(price_raw(slow.hours[2]), price_raw(usd("1")));
    cr_assert_eq(slow.at, 2);

    run(&slow, &time, 300, 12 * 23, "10");
    assert_near(slow.slow, "7.4", "0.1");
    cr_assert_gt(price_raw(slow.hours[0]), price_raw(slow.hours[23]));
    cr_assert_gt(price_raw(slow.hours[23]), price_raw(slow.hours[22]));
    cr_assert_lt(price_raw(slow.hours[1]), price_raw(slow.hours[2]));
    cr_assert_eq(slow.at, 1);
    cr_assert_eq(price_raw(slow.delayed), price_raw(slow.hours[1]));
}

Test(oracle_rules, slow_price_hour_is_the_mean_of_its_time)
{
    struct slow_price slow;
    int64_t time = 0;

    slow_price_start(&slow, usd("1"), seconds(0));
    for (int i = 0; i < 60; i++) {
        time += 60;
        slow_price_move(&slow, usd(time > 1800 ? "2" : "1"), seconds(time),
                        ratio("10"), ratio("0.0003"));
    }
    assert_near(slow.hours[0], "1.5", "0.00000001");
}

/* At 100 with slow = delayed, 10 s at 0.03 % a second: at most 0.3. */
Test(oracle_rules, slow_price_moves_at_most_so_far_and_so_often)
{
    struct slow_price slow;

    slow_price_start(&slow, usd("100"), seconds(0));
    cr_assert_not(slow_price_move(&slow, usd("200"),
                                  nanos_of(SLOW_STEP_MIN - 1), ratio("0.06"),
                                  ratio("0.0003")));
    cr_assert_eq(price_raw(slow.slow), price_raw(usd("100")));
    cr_assert(slow_price_move(&slow, usd("200"), seconds(10), ratio("0.06"),
                              ratio("0.0003")));
    cr_assert_eq(price_raw(slow.slow), price_raw(usd("100.3")));
    /* Downwards from there: (100 / 100.3)^2 of 0.3009. */
    cr_assert(slow_price_move(&slow, usd("50"), seconds(20), ratio("0.06"),
                              ratio("0.0003")));
    cr_assert_eq(price_raw(slow.slow), price_raw(usd("100.00089731")));
    /* Hours of silence count for ten minutes: at most 18 %. */
    slow_price_start(&slow, usd("100"), seconds(0));
    cr_assert(slow_price_move(&slow, usd("200"), seconds(3000), ratio("0.06"),
                              ratio("0.0003")));
    cr_assert_eq(price_raw(slow.slow), price_raw(usd("118")));
    /* A small difference is reached and not passed. */
    slow_price_start(&slow, usd("100"), seconds(0));
    cr_assert(slow_price_move(&slow, usd("100.1"), seconds(10), ratio("0.06"),
                              ratio("0.0003")));
    cr_assert_eq(price_raw(slow.slow), price_raw(usd("100.1")));
}

/* After more than a day without a price every hour holds the newest mean. */
Test(oracle_rules, slow_price_fills_missed_hours)
{
    struct slow_price slow;

    slow_price_start(&slow, usd("100"), seconds(0));
    cr_assert(slow_price_move(&slow, usd("103"), seconds(3 * 3600 + 1),
                              ratio("0.06"), ratio("0.0003")));
    cr_assert_eq(slow.at, 3);
    cr_assert_eq(price_raw(slow.hours[2]), price_raw(usd("103")));
    cr_assert_eq(price_raw(slow.hours[3]), price_raw(usd("100")));
    cr_assert(slow_price_move(&slow, usd("105"), seconds(40 * 3600),
                              ratio("0.06"), ratio("0.0003")));
    cr_assert_eq(price_raw(slow.delayed), price_raw(usd("105")));
}

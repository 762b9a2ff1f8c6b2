/*
 * Random commands under engine_check after every one, and what must hold
 * over a command besides: who was solvent is not made insolvent by anybody's
 * request, a refusal changes nothing but the nonce, and after a tick nobody
 * who is unsafe has been missed (by brute force, against engine/health's
 * index).
 */
#include "engine/margin.h"
#include "engine/state.h"
#include "engine/waterfall.h"
#include "tests/lib/fixture.h"
#include "tests/lib/generator.h"
#include "tests/lib/record_set.h"
#include "tests/lib/seeds.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(invariants);

#define ACCOUNTS 256
#define MARKETS 3
#define SEEDS 24
#define COMMANDS 4000

struct coverage;

/* An account's figures and sizes. */
struct standing {
    struct margin margin;
    struct qty sizes[MARKETS];
};

struct run {
    uint64_t seed;
    struct coverage *coverage;
    struct generator generator;
    struct fixture fixture;
    struct standing before[ACCOUNTS];
    uint32_t before_count;
    uint32_t due_ticks[ACCOUNTS]; /* ticks in a row that it was unsafe */
    struct record_set records_before, records_after;
};

/* A passed cr_assert costs a message, and these are millions. */
#define EXPECT(condition, ...)           \
    do {                                 \
        if (!(condition))                \
            cr_assert_fail(__VA_ARGS__); \
    } while (0)

static void start(struct run *run, uint64_t seed)
{
    memset(run, 0, sizeof *run);
    run->seed = seed;
    generator_init(&run->generator, seed, &run->fixture.genesis);
    fixture_start(&run->fixture);
}

static void finish(struct run *run)
{
    generator_free(&run->generator);
    fixture_free(&run->fixture);
    record_set_free(&run->records_before);
    record_set_free(&run->records_after);
}

static void read_standing(const struct engine *engine, uint32_t account,
                          struct standing *standing)
{
    *standing = (struct standing){0};
    margin_compute(engine, account, &standing->margin);
    for (uint32_t i = engine->accounts[account].positions; i != NONE;
         i = engine->positions[i].next)
        standing->sizes[engine->positions[i].market] =
            engine->positions[i].size;
}

static void read_standings(struct run *run)
{
    const struct engine *engine = run->fixture.engine;

    run->before_count = engine->account_pool.used;
    for (uint32_t i = 0; i < run->before_count; i++)
        if (!engine->accounts[i].is_house)
            read_standing(engine, i, &run->before[i]);
}

static bool is_request(const struct command *command)
{
    return command->kind >= COMMAND_ORDER;
}

/* ---- solvency --------------------------------------------------------- */

static bool has_grown(struct qty before, struct qty after)
{
    return qty_cmp(qty_abs(after), qty_abs(before)) > 0 ||
           (!qty_is_zero(after) &&
            qty_is_negative(after) != qty_is_negative(before));
}

static bool has_more(const struct standing *before,
                     const struct standing *after)
{
    for (uint32_t i = 0; i < MARKETS; i++)
        if (has_grown(before->sizes[i], after->sizes[i]))
            return true;
    return false;
}

/* Rule 5 carried through any number of fills. An order that only reduces may
 * rest at any price, so its loss at its limit can bring the requirement with
 * open orders above the equity, never the one of what is held. */
static bool is_allowed(const struct standing *before,
                       const struct standing *after)
{
    const struct margin *was = &before->margin, *is = &after->margin;

    if (amount_cmp(was->equity, was->maintenance_open) >= 0)
        return amount_cmp(is->equity, is->maintenance) >= 0;
    return amount_cmp(is->equity, is->maintenance_open) >= 0 ||
           !has_more(before, after);
}

static void check_solvency(struct run *run, const struct command *command)
{
    const struct engine *engine = run->fixture.engine;

    for (uint32_t i = 0; i < run->before_count; i++) {
        const struct margin *was = &run->before[i].margin;
        struct standing after;

        if (engine->accounts[i].is_house)
            continue;
        read_standing(engine, i, &after);
        EXPECT(is_allowed(&run->before[i], &after),
               "seed %lu, command %lu of kind %d: account %u went from equity "
               "%ld, requirement %ld to %ld, %ld",
               run->seed, command->index, (int)command->kind, i,
               amount_raw(was->equity), amount_raw(was->maintenance_open),
               amount_raw(after.margin.equity),
               amount_raw(after.margin.maintenance_open));
    }
}

/* ---- refusals --------------------------------------------------------- */

/* Where the command and its time stand in RECORD_GLOBAL. */
static void mask_command(struct record_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->items[i].key[0] == RECORD_GLOBAL)
            memset(set->items[i].value + 32, 0, 16);
}

/* The nonces of a request that was refused are used all the same. */
static void forget_nonces(struct record_set *set)
{
    for (size_t i = set->count; i > 0; i--)
        if (set->items[i - 1].key[0] == RECORD_NONCES) {
            struct record gone = {.key_size = set->items[i - 1].key_size};

            memcpy(gone.key, set->items[i - 1].key, gone.key_size);
            record_set_visit(set, &gone);
        }
}

static void collect(struct run *run, struct record_set *set)
{
    record_set_collect(set, run->fixture.engine);
    mask_command(set);
    forget_nonces(set);
}

static void check_refusal(struct run *run, const struct command *command)
{
    char what[128];

    if (run->fixture.event_count != 1 ||
        (run->fixture.events[0].kind != EVENT_REFUSED &&
         run->fixture.events[0].kind != EVENT_REPEAT))
        return;
    collect(run, &run->records_after);
    EXPECT(record_set_equal(&run->records_before, &run->records_after, what),
           "seed %lu, command %lu of kind %d: refused (%d), but %s", run->seed,
           command->index, (int)command->kind,
           (int)run->fixture.events[0].refused.result, what);
}

/* ---- the unsafe ------------------------------------------------------- */

static bool is_reachable(const struct engine *engine, uint32_t account)
{
    bool has_position = false;

    for (uint32_t i = engine->accounts[account].positions; i != NONE;
         i = engine->positions[i].next) {
        if (qty_is_zero(engine->positions[i].size))
            continue;
        has_position = true;
        if (waterfall_is_open(engine, engine->positions[i].market))
            return true;
    }
    return !has_position;
}

/* Who was made unsafe by another's liquidation in this very tick is looked
 * at in the next. */
static void check_nobody_missed(struct run *run, const struct command *command)
{
    const struct engine *engine = run->fixture.engine;

    for (uint32_t i = 0; i < engine->account_pool.used; i++) {
        struct margin margin;
        bool is_due;

        if (engine->accounts[i].is_house)
            continue;
        margin_compute(engine, i, &margin);
        is_due = amount_is_positive(margin.maintenance) &&
                 amount_cmp(margin.equity, margin.maintenance) < 0 &&
                 !engine->accounts[i].is_in_liquidation &&
                 is_reachable(engine, i);
        run->due_ticks[i] = is_due ? run->due_ticks[i] + 1 : 0;
        EXPECT(!is_due ||
                   (engine->accounts[i].is_dirty && run->due_ticks[i] < 2),
               "seed %lu, command %lu: account %u is unsafe (equity %ld, "
               "requirement %ld) and was missed",
               run->seed, command->index, i, amount_raw(margin.equity),
               amount_raw(margin.maintenance));
    }
}

/* ---- what was met ------------------------------------------------------ */

/* Over all seeds: a generator that never reaches a part of the engine proves
 * nothing about it. */
struct coverage {
    uint64_t kinds[EVENT_CANCELLED_COUNT + 1];
    uint64_t steps[STEP_END + 1];
    uint64_t results[32768];
};

static void count_event(struct coverage *coverage, const struct event *event)
{
    coverage->kinds[event->kind]++;
    switch ((int)event->kind) {
    case EVENT_REFUSED:
        coverage->results[event->refused.result]++;
        break;
    case EVENT_REPORT:
        coverage->results[event->report.result]++;
        break;
    case EVENT_LIQUIDATION:
        coverage->steps[event->liquidation.step]++;
        break;
    }
}

/* Not yet made by anything: EVENT_MARKET_STATE. */
static void check_coverage(const struct coverage *coverage)
{
    uint32_t count, met = 0;
    const struct result_info *results = result_list(&count);

    for (uint32_t i = 1; i <= EVENT_CANCELLED_COUNT; i++)
        EXPECT(i == EVENT_MARKET_STATE || coverage->kinds[i] > 0,
               "no event of kind %u", i);
    for (uint32_t i = 0; i <= STEP_END; i++)
        EXPECT(coverage->steps[i] > 0, "no liquidation step %u", i);
    for (uint32_t i = 0; i < count; i++)
        met += coverage->results[results[i].code] > 0;
    EXPECT(met >= 45, "only %u of %u results", met, count);
    EXPECT(coverage->kinds[EVENT_TRADE] > 1000, "only %lu trades",
           coverage->kinds[EVENT_TRADE]);
}

/* ---- the run ---------------------------------------------------------- */

static void step(struct run *run)
{
    struct fixture *fixture = &run->fixture;
    struct engine_fault fault;
    struct command command;
    bool is_watched = random_chance(&run->generator.random, 15);

    generator_next(&run->generator, fixture->engine, &command);
    read_standings(run);
    if (is_request(&command) && is_watched)
        collect(run, &run->records_before);
    fixture->event_count = 0;
    engine_apply(fixture->engine, &command, &fixture->sink);
    EXPECT(engine_check(fixture->engine, &fault),
           "seed %lu, command %lu of kind %d: %s (market %u, account %d)",
           run->seed, command.index, (int)command.kind, fault.what,
           fault.market, (int)fault.account);
    for (uint32_t i = 0; i < fixture->event_count; i++)
        count_event(run->coverage, &fixture->events[i]);
    if (command.kind == COMMAND_TICK)
        check_nobody_missed(run, &command);
    if (!is_request(&command))
        return;
    EXPECT(fixture->event_count > 0, "seed %lu, command %lu: no answer",
           run->seed, command.index);
    check_solvency(run, &command);
    if (is_watched)
        check_refusal(run, &command);
}

Test(invariants, hold_after_every_command, .timeout = 600)
{
    struct seeds seeds = seeds_of("invariants", 1, SEEDS);
    static struct coverage coverage;
    static struct run run;
    uint64_t seed;

    while ((seed = seeds_next(&seeds)) != 0) {
        start(&run, seed);
        run.coverage = &coverage;
        for (uint32_t i = 0; i < COMMANDS; i++)
            step(&run);
        seeds.commands += run.generator.index;
        finish(&run);
    }
    if (seeds.end - seeds.first >= SEEDS)
        check_coverage(&coverage);
}

/*
 * Three engines take the same commands. The first runs through. The second
 * does, too, and gives its changed records at random moments to a store. The
 * third is thrown away at random moments and made anew from that store, in a
 * random order of records. All three must tell the same events and have the
 * same records, and the store must be what a full walk over the records is.
 */
#include "tests/lib/fixture.h"
#include "tests/lib/generator.h"
#include "tests/lib/record_set.h"
#include "tests/lib/seeds.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(lockstep);

#define SEEDS 40
#define COMMANDS 4000
#define LABELLED(condition, run, what)                               \
    do {                                                             \
        if (!(condition))                                            \
            cr_assert_fail("seed %lu, command %lu: %s", (run)->seed, \
                           (run)->generator.index, what);            \
    } while (0)

struct run {
    uint64_t seed;
    struct random_state random; /* when to do what; the commands' own is the
                                   generator's */
    struct generator generator;
    struct fixture straight, tracked, reloaded;
    struct record_set store;   /* kept by the changes alone */
    struct record_set records; /* of a full walk */
    uint64_t reloads;
};

static void start(struct run *run, uint64_t seed)
{
    memset(run, 0, sizeof *run);
    run->seed = seed;
    run->random.word = ~seed;
    generator_init(&run->generator, seed, &run->straight.genesis);
    run->tracked.genesis = run->straight.genesis;
    run->reloaded.genesis = run->straight.genesis;
    fixture_start(&run->straight);
    fixture_start(&run->tracked);
    fixture_start(&run->reloaded);
    engine_track(run->tracked.engine, true);
}

static void finish(struct run *run)
{
    generator_free(&run->generator);
    fixture_free(&run->straight);
    fixture_free(&run->tracked);
    fixture_free(&run->reloaded);
    record_set_free(&run->store);
    record_set_free(&run->records);
}

static void apply(struct fixture *fixture, const struct command *command)
{
    fixture->event_count = 0;
    engine_apply(fixture->engine, command, &fixture->sink);
}

static bool is_told_alike(const struct fixture *a, const struct fixture *b)
{
    if (a->event_count != b->event_count)
        return false;
    for (uint32_t i = 0; i < a->event_count; i++) {
        uint8_t left[EVENT_BYTES_MAX], right[EVENT_BYTES_MAX];
        size_t size = event_encode(left, sizeof left, &a->events[i]);

        if (size == 0 ||
            event_encode(right, sizeof right, &b->events[i]) != size ||
            memcmp(left, right, size) != 0)
            return false;
    }
    return true;
}

/* The store follows the changes and is then the whole. */
static void checkpoint(struct run *run)
{
    char what[128];

    engine_changes(run->tracked.engine, record_set_visit, &run->store);
    LABELLED(run->store.gone_in_vain == 0, run,
             "gone was what was never there");
    record_set_collect(&run->records, run->straight.engine);
    LABELLED(record_set_equal(&run->store, &run->records, what), run, what);
}

static void reload(struct run *run)
{
    struct genesis genesis = run->reloaded.genesis;
    char what[128];

    fixture_free(&run->reloaded);
    run->reloaded.genesis = genesis;
    fixture_start(&run->reloaded);
    LABELLED(record_set_load(&run->store, &run->random, run->reloaded.engine),
             run, "the records do not load");
    record_set_collect(&run->records, run->reloaded.engine);
    LABELLED(record_set_equal(&run->store, &run->records, what), run, what);
    run->reloads++;
}

/* A node may change its role: tracking goes on where the store is. */
static void restart_tracking(struct run *run)
{
    struct fixture old = run->tracked;

    run->tracked = run->reloaded;
    run->reloaded = old;
    engine_track(run->reloaded.engine, false);
    engine_track(run->tracked.engine, true);
}

static void step(struct run *run)
{
    struct command command;
    bool is_checkpoint = random_chance(&run->random, 2);
    char what[128];

    generator_next(&run->generator, run->straight.engine, &command);
    apply(&run->straight, &command);
    apply(&run->tracked, &command);
    apply(&run->reloaded, &command);
    LABELLED(is_told_alike(&run->straight, &run->tracked), run,
             "the tracked engine tells something else");
    LABELLED(is_told_alike(&run->straight, &run->reloaded), run,
             "the reloaded engine tells something else");
    if (!is_checkpoint)
        return;
    checkpoint(run);
    record_set_collect(&run->records, run->reloaded.engine);
    LABELLED(record_set_equal(&run->store, &run->records, what), run, what);
    if (random_chance(&run->random, 50))
        reload(run);
    if (random_chance(&run->random, 10))
        restart_tracking(run);
}

Test(lockstep, engines_stay_alike, .timeout = 600)
{
    struct seeds seeds = seeds_of("lockstep", 201, SEEDS);
    static struct run run;
    uint64_t seed, reloads = 0;

    while ((seed = seeds_next(&seeds)) != 0) {
        start(&run, seed);
        checkpoint(&run);
        for (uint32_t i = 0; i < COMMANDS; i++)
            step(&run);
        seeds.commands += 3 * run.generator.index;
        reloads += run.reloads;
        finish(&run);
    }
    if (seeds.end - seeds.first >= SEEDS)
        cr_assert(reloads > SEEDS * 10);
}

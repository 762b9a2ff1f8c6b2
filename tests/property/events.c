/*
 * Events alone tell the whole story: balances, positions and open orders made
 * from them are the engine's, at every moment.
 */
#include "tests/lib/fixture.h"
#include "tests/lib/generator.h"
#include "tests/lib/seeds.h"
#include "tests/lib/shadow.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(events);

#define SEEDS 40
#define COMMANDS 3000
#define COMPARE_EVERY 2

struct run {
    uint64_t seed;
    struct generator generator;
    struct fixture fixture;
    struct shadow shadow;
};

static void step(struct run *run)
{
    struct fixture *fixture = &run->fixture;
    struct command command;
    char what[128];

    generator_next(&run->generator, fixture->engine, &command);
    fixture->event_count = 0;
    engine_apply(fixture->engine, &command, &fixture->sink);
    for (uint32_t i = 0; i < fixture->event_count; i++)
        if (!shadow_take(&run->shadow, &fixture->events[i], what))
            cr_assert_fail("seed %lu, command %lu of kind %d: %s", run->seed,
                           command.index, (int)command.kind, what);
    if (command.index % COMPARE_EVERY == 0 &&
        !shadow_equal(&run->shadow, fixture->engine, what))
        cr_assert_fail("seed %lu, command %lu of kind %d: %s", run->seed,
                       command.index, (int)command.kind, what);
}

Test(events, tell_the_whole_story, .timeout = 600)
{
    struct seeds seeds = seeds_of("events", 101, SEEDS);
    static struct run run;
    uint64_t seed;

    while ((seed = seeds_next(&seeds)) != 0) {
        memset(&run, 0, sizeof run);
        run.seed = seed;
        generator_init(&run.generator, seed, &run.fixture.genesis);
        fixture_start(&run.fixture);
        shadow_start(&run.shadow, run.fixture.engine);
        for (uint32_t i = 0; i < COMMANDS; i++)
            step(&run);
        seeds.commands += run.generator.index;
        shadow_free(&run.shadow);
        generator_free(&run.generator);
        fixture_free(&run.fixture);
    }
}

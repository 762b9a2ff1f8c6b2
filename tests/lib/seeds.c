#include "tests/lib/seeds.h"

#include "engine/base.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t from_environment(const char *name)
{
    const char *text = getenv(name);

    return text ? strtoull(text, NULL, 10) : 0;
}

/* The seed under way, for the words before an abort. */
static uint64_t running;

static void tell_failure(const struct check_failure *failure)
{
    fprintf(stderr, "seed %" PRIu64 ": %s:%u: check(%s)\n", running,
            failure->file, failure->line, failure->condition);
}

struct seeds seeds_of(const char *test, uint64_t first, uint64_t count)
{
    uint64_t one = from_environment("CLEARINGD_SEED");
    uint64_t rounds = from_environment("CLEARINGD_ROUNDS");

    check_on_failure(tell_failure);
    if (one > 0)
        return (struct seeds){test, one, one + 1, one, 0};
    count *= rounds > 0 ? rounds : 1;
    return (struct seeds){test, first, first + count, first, 0};
}

uint64_t seeds_next(struct seeds *seeds)
{
    if (seeds->next < seeds->end)
        return running = seeds->next++;
    fprintf(stderr,
            "%s: seeds %" PRIu64 " to %" PRIu64 ", %" PRIu64 " commands\n",
            seeds->test, seeds->first, seeds->end - 1, seeds->commands);
    return 0;
}

/*
 * Records that were damaged: nothing crashes, and what is taken in spite of
 * it is a state that holds together and is written down again as it was read.
 */
#include "tests/lib/fixture.h"
#include "tests/lib/generator.h"
#include "tests/lib/record_set.h"
#include "tests/lib/seeds.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(damage);

#define SEEDS 6
#define COMMANDS 1500
#define DAMAGES 400

struct run {
    uint64_t seed;
    struct random_state random;
    struct generator generator;
    struct fixture fixture, fresh;
    struct record_set records, damaged, again;
    uint64_t taken, refused;
};

/* A copy; the items' values are its own. */
static void copy(struct record_set *to, const struct record_set *from)
{
    record_set_free(to);
    for (size_t i = 0; i < from->count; i++) {
        const struct record_item *item = &from->items[i];
        struct record record = {.key_size = item->key_size,
                                .value = item->value,
                                .value_size = item->value_size};

        memcpy(record.key, item->key, item->key_size);
        record_set_visit(to, &record);
    }
}

static void change_byte(struct random_state *random, uint8_t *bytes,
                        size_t size)
{
    if (size == 0)
        return;
    if (random_chance(random, 50))
        bytes[random_below(random, size)] ^=
            (uint8_t)(1u << random_below(random, 8));
    else
        bytes[random_below(random, size)] = (uint8_t)random_u64(random);
}

/* Eight bytes at once: a number becomes another. */
static void change_number(struct random_state *random, uint8_t *bytes,
                          size_t size)
{
    int64_t number = random_wild(random);

    if (size >= sizeof number)
        memcpy(bytes + random_below(random, size - sizeof number + 1), &number,
               sizeof number);
}

/* One record is taken out and comes back changed, or does not. */
static void damage(struct random_state *random, struct record_set *set)
{
    static uint8_t value[RECORD_VALUE_BYTES_MAX];
    const struct record_item *item =
        &set->items[random_below(random, set->count)];
    struct record record = {.key_size = item->key_size};
    size_t size = item->value_size;

    memcpy(record.key, item->key, record.key_size);
    memcpy(value, item->value, size);
    record_set_visit(set, &record);
    switch (random_below(random, 8)) {
    case 0:
        return;
    case 1:
        size -= random_below(random, size + 1);
        break;
    case 2:
        value[size++] = (uint8_t)random_u64(random);
        break;
    case 3:
        change_byte(random, record.key, record.key_size);
        break;
    case 4:
        record.key_size = random_below(random, RECORD_KEY_BYTES_MAX + 1);
        break;
    case 5:
        change_number(random, value, size);
        break;
    default:
        change_byte(random, value, size);
        break;
    }
    record.value = value;
    record.value_size = size;
    record_set_visit(set, &record);
}

static void try_damaged(struct run *run)
{
    char what[128];

    copy(&run->damaged, &run->records);
    damage(&run->random, &run->damaged);
    run->fresh.genesis = run->fixture.genesis;
    fixture_start(&run->fresh);
    if (record_set_load(&run->damaged, &run->random, run->fresh.engine)) {
        run->taken++;
        record_set_collect(&run->again, run->fresh.engine);
        if (!record_set_equal(&run->damaged, &run->again, what))
            cr_assert_fail("seed %lu: read and written again: %s", run->seed,
                           what);
    } else {
        run->refused++;
    }
    fixture_free(&run->fresh);
}

static void make_records(struct run *run, uint64_t seed)
{
    memset(run, 0, sizeof *run);
    run->seed = seed;
    run->random.word = ~seed;
    generator_init(&run->generator, seed, &run->fixture.genesis);
    fixture_start(&run->fixture);
    for (uint32_t i = 0; i < COMMANDS; i++) {
        struct command command;

        generator_next(&run->generator, run->fixture.engine, &command);
        engine_apply(run->fixture.engine, &command, NULL);
    }
    record_set_collect(&run->records, run->fixture.engine);
}

static void finish(struct run *run)
{
    generator_free(&run->generator);
    fixture_free(&run->fixture);
    record_set_free(&run->records);
    record_set_free(&run->damaged);
    record_set_free(&run->again);
}

Test(damage, is_noticed_or_harmless, .timeout = 600)
{
    struct seeds seeds = seeds_of("damage", 301, SEEDS);
    static struct run run;
    uint64_t seed, taken = 0, refused = 0;

    while ((seed = seeds_next(&seeds)) != 0) {
        make_records(&run, seed);
        for (uint32_t i = 0; i < DAMAGES; i++)
            try_damaged(&run);
        seeds.commands += run.generator.index;
        taken += run.taken;
        refused += run.refused;
        finish(&run);
    }
    cr_assert(taken > 0 && refused > taken);
}

/* Bytes without form, and every single record alone. */
Test(damage, bytes_without_form_are_refused, .timeout = 600)
{
    struct random_state random = {77};
    struct fixture fixture;

    for (uint32_t i = 0; i < 300; i++) {
        memset(&fixture, 0, sizeof fixture);
        fixture_init(&fixture);
        for (uint32_t j = 0; j < 200; j++) {
            uint8_t key[RECORD_KEY_BYTES_MAX], value[300];
            size_t key_size = random_below(&random, sizeof key + 1);
            size_t value_size = random_below(&random, sizeof value + 1);

            random_bytes(&random, key, key_size);
            random_bytes(&random, value, value_size);
            if (key_size > 0)
                key[0] = (uint8_t)random_below(&random, 12);
            (void)!engine_load(fixture.engine, key, key_size, value,
                               value_size);
        }
        cr_assert(!engine_load_end(fixture.engine));
        fixture_free(&fixture);
    }
}

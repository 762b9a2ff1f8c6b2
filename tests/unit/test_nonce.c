/*
 * Once only (rule 21): what is fresh, a repeat, used; the windows at their
 * edges; forgetting by the second; and the records.
 */
#include "engine/nonce.h"
#include "tests/lib/fixture.h"

#include <criterion/criterion.h>
#include <string.h>

static struct fixture f;

static void setup(void)
{
    fixture_init(&f);
}

static void teardown(void)
{
    fixture_free(&f);
}

TestSuite(nonce, .init = setup, .fini = teardown);

/* A network with room for `nonces`. */
static void restart(uint32_t nonces)
{
    fixture_free(&f);
    fixture_genesis(&f.genesis);
    f.genesis.capacities.nonces = nonces;
    fixture_start(&f);
}

static struct request request_of(uint64_t nonce, int64_t life_ms)
{
    return (struct request){
        .owner = fixture_address(1),
        .signer = fixture_address(1),
        .nonce = nonce,
        .expires = nanos_add(f.engine->time, nanos_of(life_ms * NANOS_PER_MS)),
        .digest = nonce ^ 0xabcdef};
}

static enum nonce_outcome use(const struct request *request)
{
    uint64_t index = 0;

    return nonce_use(f.engine, request, false, &index);
}

static void advance(int64_t ms)
{
    f.engine->time = nanos_add(f.engine->time, nanos_of(ms * NANOS_PER_MS));
}

static void tick(int64_t ms)
{
    advance(ms);
    f.engine->tick_time = f.engine->time;
    nonce_expire(f.engine);
}

Test(nonce, fresh_repeat_used)
{
    struct request request = request_of(5, 60000), other;
    uint64_t index = 0;

    f.engine->index = 77;
    cr_assert_eq(use(&request), NONCE_FRESH);
    f.engine->index = 78;
    cr_assert_eq(nonce_use(f.engine, &request, false, &index), NONCE_REPEAT);
    cr_assert_eq(index, 77);
    other = request;
    other.digest++;
    cr_assert_eq(use(&other), NONCE_USED);
    other = request;
    other.nonce++;
    cr_assert_eq(use(&other), NONCE_FRESH);
    cr_assert_eq(nonce_count(f.engine), 2);
}

/* Any order of arrival; the extremes of 64 bits are as good as others. */
Test(nonce, any_order_any_number)
{
    uint64_t numbers[] = {UINT64_MAX, 0, 1000, 1, UINT64_C(1) << 63, 999};

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct request request = request_of(numbers[i], 60000);

        cr_assert_eq(use(&request), NONCE_FRESH);
        cr_assert_eq(use(&request), NONCE_REPEAT);
    }
}

/* The same number is free for another signer and for another owner. */
Test(nonce, is_of_an_owners_signer)
{
    struct request request = request_of(5, 60000);

    cr_assert_eq(use(&request), NONCE_FRESH);
    request.signer = fixture_address(2);
    cr_assert_eq(use(&request), NONCE_FRESH);
    request.owner = fixture_address(2);
    cr_assert_eq(use(&request), NONCE_FRESH);
    request.digest++;
    cr_assert_eq(use(&request), NONCE_USED);
}

/* Alive until `expires`, which is its first dead moment. */
Test(nonce, is_free_again_when_its_request_is_dead)
{
    struct request request = request_of(5, 500), other;

    cr_assert_eq(use(&request), NONCE_FRESH);
    other = request_of(5, 60000);
    other.digest++;
    advance(499);
    cr_assert_eq(use(&other), NONCE_USED);
    advance(1);
    cr_assert_eq(use(&other), NONCE_FRESH);
    cr_assert_eq(use(&other), NONCE_REPEAT);
    cr_assert_eq(nonce_count(f.engine), 1);
    /* The sweep of the first one's second leaves the second one alone. */
    tick(1000);
    cr_assert_eq(use(&other), NONCE_REPEAT);
    cr_assert_eq(nonce_count(f.engine), 1);
    tick(60000);
    cr_assert_eq(nonce_count(f.engine), 0);
}

/* Forgotten at the first tick of a later second. */
Test(nonce, is_forgotten_by_the_second)
{
    struct request request = request_of(5, 1500);

    cr_assert_eq(use(&request), NONCE_FRESH);
    tick(1999);
    cr_assert_eq(nonce_count(f.engine), 1);
    tick(1);
    cr_assert_eq(nonce_count(f.engine), 0);
}

static uint32_t fill(uint64_t first, uint32_t count, bool is_reserved)
{
    uint32_t taken = 0;

    for (uint64_t i = first; i < first + count; i++) {
        struct request request = request_of(i, 60000);
        uint64_t index;

        taken +=
            nonce_use(f.engine, &request, is_reserved, &index) == NONCE_FRESH;
    }
    return taken;
}

/* 65,536 alive, of which 4,096 are for cancels, reductions, revocations. */
Test(nonce, window_of_a_signer)
{
    struct request request;

    restart(262144);
    cr_assert_eq(fill(0, 61439, false), 61439);
    cr_assert_eq(fill(100000, 2, false), 1);
    cr_assert_eq(fill(200000, 4097, true), 4096);
    cr_assert_eq(nonce_count(f.engine), 65536);
    request = request_of(7, 60000);
    cr_assert_eq(use(&request), NONCE_REPEAT, "what is known is no news");
    request = request_of(300000, 60000);
    cr_assert_eq(use(&request), NONCE_FULL);
    cr_assert_eq(nonce_count(f.engine), 65536, "a full window keeps nothing");
    request.signer = fixture_address(9);
    cr_assert_eq(use(&request), NONCE_FRESH, "another signer has its own");
    tick(61000);
    request = request_of(300000, 60000);
    cr_assert_eq(use(&request), NONCE_FRESH);
}

/* Cancels fill the window, too: what they took is not there for orders. */
Test(nonce, reserved_requests_count)
{
    restart(262144);
    cr_assert_eq(fill(0, 10, true), 10);
    cr_assert_eq(fill(1000, 61440, false), 61430);
}

/* A dead nonce's second use takes the dead one's place in the window. */
Test(nonce, full_window_and_a_dead_nonce)
{
    struct request request;

    restart(262144);
    request = request_of(999999, 100);
    cr_assert_eq(use(&request), NONCE_FRESH);
    cr_assert_eq(fill(0, 61439, false), 61439);
    cr_assert_eq(fill(100000, 1, false), 0);
    advance(100);
    request = request_of(999999, 60000);
    request.digest++;
    cr_assert_eq(use(&request), NONCE_FRESH);
    cr_assert_eq(fill(100000, 1, false), 0);
}

/* 16 chunks of 256; ordinary requests may not open the last one. */
Test(nonce, room_of_the_node)
{
    restart(4096);
    cr_assert_eq(fill(0, 4000, false), 15 * 256);
    cr_assert_eq(fill(10000, 1, true), 1);
    cr_assert_eq(fill(20000, 300, false), 255, "an open chunk is for all");
    cr_assert_eq(fill(30000, 10, true), 0);
    tick(61000);
    cr_assert_eq(nonce_count(f.engine), 0);
    cr_assert_eq(fill(0, 4000, false), 15 * 256);
}

struct numbers {
    uint64_t chunks[64];
    uint32_t count;
};

static void see(void *ctx, uint64_t chunk)
{
    struct numbers *numbers = ctx;

    numbers->chunks[numbers->count++] = chunk;
}

static struct numbers chunks_now(void)
{
    struct numbers numbers = {.count = 0};

    nonce_each_chunk(f.engine, see, &numbers);
    return numbers;
}

/* A chunk lives as long as one of its requests, the newest for ever. */
Test(nonce, chunks_go_when_all_their_requests_are_dead)
{
    struct request longer = request_of(1000000, 600000);
    const struct nonce *entries;
    struct numbers numbers;

    restart(4096);
    cr_assert_eq(fill(0, 300, false), 300);
    cr_assert_eq(use(&longer), NONCE_FRESH);
    cr_assert_eq(fill(1000, 300, false), 300);
    numbers = chunks_now();
    cr_assert_eq(numbers.count, 3);
    tick(61000);
    numbers = chunks_now();
    cr_assert_eq(numbers.count, 2);
    cr_assert_eq(numbers.chunks[0], 1);
    cr_assert_eq(numbers.chunks[1], 2);
    cr_assert_eq(nonce_chunk(f.engine, 0, &entries), 0);
    cr_assert_null(entries);
    cr_assert_eq(nonce_chunk(f.engine, 1, &entries), 256);
    cr_assert_eq(entries[300 - 256].nonce, 1000000);
    cr_assert_eq(nonce_chunk(f.engine, 2, &entries), 601 - 512);
    tick(600000);
    numbers = chunks_now();
    cr_assert_eq(numbers.count, 1);
    cr_assert_eq(numbers.chunks[0], 2);
    /* It is filled up, then number 3 follows and it may go. */
    cr_assert_eq(fill(0, 512 + 256 - 601, false), 512 + 256 - 601);
    tick(61000);
    cr_assert_eq(fill(0, 1, false), 1);
    numbers = chunks_now();
    cr_assert_eq(numbers.count, 1);
    cr_assert_eq(numbers.chunks[0], 3);
}

/* The longest life, a day, and a pause of several days between ticks. */
Test(nonce, long_lives_and_long_pauses)
{
    struct request day = request_of(1, 86400000), late;

    cr_assert_eq(use(&day), NONCE_FRESH);
    tick(86399000);
    cr_assert_eq(use(&day), NONCE_REPEAT);
    tick(2000);
    cr_assert_eq(nonce_count(f.engine), 0);
    day = request_of(2, 86400000);
    cr_assert_eq(use(&day), NONCE_FRESH);
    /* Nearly four turns of the wheel; a request that came in before the tick
     * stands in a slot that the turn passes over. */
    advance(INT64_C(500000000));
    late = request_of(3, 60000);
    cr_assert_eq(use(&late), NONCE_FRESH);
    tick(0);
    cr_assert_eq(nonce_count(f.engine), 1);
    cr_assert_eq(use(&late), NONCE_REPEAT);
    tick(61000);
    cr_assert_eq(nonce_count(f.engine), 0);
}

/* ---- records --------------------------------------------------------------
 */

struct copy {
    struct fixture *from;
    struct engine *to;
    bool is_reversed;
};

static void copy_chunk(void *ctx, uint64_t chunk)
{
    struct copy *copy = ctx;
    const struct nonce *entries;
    uint32_t count = nonce_chunk(copy->from->engine, chunk, &entries);

    for (uint32_t i = 0; i < count; i++)
        cr_assert(nonce_load(copy->to, chunk, &entries[i]));
}

static void expect_same(struct engine *a, struct engine *b)
{
    cr_assert_eq(nonce_count(a), nonce_count(b));
    for (uint64_t nonce = 0; nonce < 2000; nonce++) {
        struct request request = request_of(nonce, 0);
        const struct nonce *entries;
        uint64_t left = 0, right = 0;
        enum nonce_outcome outcome;

        request.expires = nanos_add(a->time, nanos_of(NANOS_PER_SECOND));
        outcome = nonce_use(a, &request, true, &left);
        cr_assert_eq(nonce_use(b, &request, true, &right), outcome);
        cr_assert_eq(left, right);
        (void)entries;
    }
}

/* A copy from records answers as the original, then and after more time. */
Test(nonce, a_copy_from_records_is_the_same)
{
    struct fixture other = {.genesis = f.genesis};
    struct copy copy = {.from = &f};
    struct request reused = request_of(700, 60000);

    fixture_start(&other);
    copy.to = other.engine;
    for (uint64_t i = 0; i < 1500; i++) {
        struct request request =
            request_of(i, (int64_t)(i * 7919 % 20000 + 300));

        f.engine->index = i;
        cr_assert_eq(use(&request), NONCE_FRESH);
        if (i % 100 == 99)
            tick(730);
    }
    advance(70);
    reused.digest = 4711;
    reused.expires = nanos_add(f.engine->time, nanos_of(NANOS_PER_HOUR));
    for (reused.nonce = 0; use(&reused) != NONCE_FRESH; reused.nonce++)
        continue;
    other.engine->time = f.engine->time;
    other.engine->tick_time = f.engine->tick_time;
    other.engine->index = f.engine->index;
    nonce_each_chunk(f.engine, copy_chunk, &copy);
    nonce_load_end(other.engine);
    expect_same(f.engine, other.engine);
    for (int i = 0; i < 30; i++) {
        struct numbers mine = {.count = 0}, theirs = {.count = 0};

        tick(800);
        other.engine->time = other.engine->tick_time = f.engine->time;
        nonce_expire(other.engine);
        nonce_each_chunk(f.engine, see, &mine);
        nonce_each_chunk(other.engine, see, &theirs);
        cr_assert_eq(mine.count, theirs.count);
        cr_assert_eq(memcmp(mine.chunks, theirs.chunks,
                            mine.count * sizeof *mine.chunks),
                     0);
        expect_same(f.engine, other.engine);
    }
    fixture_free(&other);
}

Test(nonce, loading_refuses_what_has_no_room)
{
    struct nonce entry = {.owner = fixture_address(1),
                          .signer = fixture_address(1),
                          .expires = nanos_of(FIXTURE_START_NS + 1)};

    restart(1024);
    for (uint64_t i = 0; i < 256; i++) {
        entry.nonce = i;
        cr_assert(nonce_load(f.engine, 9, &entry));
    }
    cr_assert(!nonce_load(f.engine, 9, &entry));
    cr_assert(nonce_load(f.engine, 3, &entry));
    cr_assert(nonce_load(f.engine, 5, &entry));
    cr_assert(nonce_load(f.engine, UINT64_MAX, &entry));
    cr_assert(!nonce_load(f.engine, 1, &entry));
    cr_assert_eq(chunks_now().chunks[0], 3);
    cr_assert_eq(chunks_now().chunks[1], 5);
    cr_assert_eq(chunks_now().chunks[2], 9);
}

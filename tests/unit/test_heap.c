#include <criterion/criterion.h>
#include <signal.h>

#include "engine/heap.h"

#define ITEMS 64

/* Places stand in structs of three words, as they do in the engine. */
struct thing {
    uint32_t before, place, after;
};

struct setup {
    struct heap heap;
    struct heap_entry entries[ITEMS];
    struct thing things[ITEMS];
};

static void start(struct setup *setup)
{
    for (uint32_t i = 0; i < ITEMS; i++)
        setup->things[i] = (struct thing){1, NONE, 2};
    heap_init(&setup->heap, setup->entries, ITEMS, &setup->things[0].place, 3);
}

static uint64_t random_of(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return *seed >> 33;
}

static void check_places(const struct setup *setup)
{
    const struct heap *heap = &setup->heap;
    uint32_t inside = 0;

    for (uint32_t i = 0; i < ITEMS; i++) {
        const struct thing *thing = &setup->things[i];

        cr_assert(thing->before == 1 && thing->after == 2);
        if (thing->place == NONE)
            continue;
        inside++;
        cr_assert(thing->place < heap->count);
        cr_assert_eq(heap->entries[thing->place].item, i);
    }
    cr_assert_eq(inside, heap->count);
}

Test(heap, an_empty_heap_has_no_top)
{
    struct setup setup;

    start(&setup);
    cr_assert_null(heap_top(&setup.heap));
    heap_push(&setup.heap, 5, 1, 7);
    cr_assert_eq(heap_top(&setup.heap)->item, 7);
    heap_remove(&setup.heap, 7);
    cr_assert_null(heap_top(&setup.heap));
    cr_assert_eq(setup.things[7].place, NONE);
}

Test(heap, equal_keys_leave_by_tie)
{
    struct setup setup;

    start(&setup);
    heap_push(&setup.heap, 9, 3, 0);
    heap_push(&setup.heap, 9, 1, 1);
    heap_push(&setup.heap, -9, 2, 2);
    heap_push(&setup.heap, 9, 2, 3);

    static const uint32_t expected[] = {2, 1, 3, 0};

    for (uint32_t i = 0; i < 4; i++) {
        cr_assert_eq(heap_top(&setup.heap)->item, expected[i]);
        heap_remove(&setup.heap, expected[i]);
    }
}

Test(heap, extreme_keys_are_ordered)
{
    struct setup setup;

    start(&setup);
    heap_push(&setup.heap, INT64_MAX, UINT64_MAX, 0);
    heap_push(&setup.heap, INT64_MIN, UINT64_MAX, 1);
    heap_push(&setup.heap, INT64_MIN, 0, 2);
    cr_assert_eq(heap_top(&setup.heap)->item, 2);
    heap_remove(&setup.heap, 2);
    cr_assert_eq(heap_top(&setup.heap)->item, 1);
}

/* Against a plain array: thousands of pushes and removals from anywhere. */
Test(heap, agrees_with_a_linear_search)
{
    struct setup setup;
    int64_t keys[ITEMS];
    uint64_t seed = 1;

    start(&setup);
    for (uint32_t step = 0; step < 20000; step++) {
        uint32_t item = (uint32_t)random_of(&seed) % ITEMS;
        uint32_t least = NONE;

        if (setup.things[item].place == NONE) {
            keys[item] = (int64_t)(random_of(&seed) % 20) - 10;
            heap_push(&setup.heap, keys[item], item, item);
        } else {
            heap_remove(&setup.heap, item);
        }
        check_places(&setup);
        for (uint32_t i = 0; i < ITEMS; i++)
            if (setup.things[i].place != NONE &&
                (least == NONE || keys[i] < keys[least]))
                least = i;
        if (least == NONE)
            cr_assert_null(heap_top(&setup.heap));
        else
            cr_assert_eq(heap_top(&setup.heap)->item, least);
    }
}

Test(heap, a_full_heap_takes_no_more, .signal = SIGABRT)
{
    struct setup setup;

    start(&setup);
    setup.heap.capacity = 2;
    heap_push(&setup.heap, 1, 1, 1);
    heap_push(&setup.heap, 1, 2, 2);
    heap_push(&setup.heap, 1, 3, 3);
}

Test(heap, what_is_not_inside_cannot_be_removed, .signal = SIGABRT)
{
    struct setup setup;

    start(&setup);
    heap_push(&setup.heap, 1, 1, 1);
    heap_remove(&setup.heap, 2);
}

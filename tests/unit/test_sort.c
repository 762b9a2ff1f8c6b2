#include <criterion/criterion.h>

#include "engine/sort.h"

#define MANY 600

static uint64_t random_of(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return *seed >> 33;
}

Test(sort, numbers_of_every_count_come_out_ascending)
{
    uint64_t seed = 7;

    for (uint32_t count = 0; count <= MANY; count += 1 + count / 8) {
        int64_t values[MANY], sum = 0, after = 0;

        for (uint32_t i = 0; i < count; i++) {
            values[i] = (int64_t)(random_of(&seed) % 50) - 25;
            sum += values[i] * values[i];
        }
        sort_int64(values, count);
        for (uint32_t i = 0; i < count; i++) {
            after += values[i] * values[i];
            cr_assert(i == 0 || values[i - 1] <= values[i]);
        }
        cr_assert_eq(sum, after);
    }
}

Test(sort, extremes_do_not_overflow)
{
    int64_t values[] = {0, INT64_MAX, INT64_MIN, -1, 1};

    sort_int64(values, 5);
    cr_assert_eq(values[0], INT64_MIN);
    cr_assert_eq(values[2], 0);
    cr_assert_eq(values[4], INT64_MAX);
}

Test(sort, median_is_the_middle_or_the_floor_of_the_mean)
{
    int64_t odd[] = {5, -3, 9};
    int64_t even[] = {4, 1, 9, 6};
    int64_t below[] = {-4, -1};
    int64_t one[] = {7};

    cr_assert_eq(sort_median(odd, 3), 5);
    cr_assert_eq(sort_median(even, 4), 5);
    cr_assert_eq(sort_median(below, 2), -3); /* -2.5 down */
    cr_assert_eq(sort_median(one, 1), 7);
}

static int by_key(const void *ctx, uint32_t a, uint32_t b)
{
    const int *keys = ctx;

    if (keys[a] != keys[b])
        return keys[a] < keys[b] ? -1 : 1;
    return a < b ? -1 : a > b;
}

Test(sort, items_follow_the_callers_order_however_they_stood)
{
    int keys[] = {30, 10, 20, 10, 0};
    uint32_t first[] = {0, 1, 2, 3, 4}, second[] = {4, 3, 2, 1, 0};
    uint32_t expected[] = {4, 1, 3, 2, 0};

    sort_items(first, 5, by_key, keys);
    sort_items(second, 5, by_key, keys);
    cr_assert_arr_eq(first, expected, sizeof expected);
    cr_assert_arr_eq(second, expected, sizeof expected);
    sort_items(first, 0, by_key, keys);
    cr_assert_arr_eq(first, expected, sizeof expected);
}

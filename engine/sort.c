/*
 * Heapsort twice: over 64-bit numbers and over item numbers with a caller's
 * order. The item form is written out instead of sharing code through a
 * comparison of int64, as votes and samples are sorted in every tick.
 */
#include "engine/sort.h"

static void sift_int64(int64_t *values, uint32_t root, uint32_t count)
{
    int64_t value = values[root];
    uint32_t child;

    while ((child = 2 * root + 1) < count) {
        if (child + 1 < count && values[child] < values[child + 1])
            child++;
        if (values[child] <= value)
            break;
        values[root] = values[child];
        root = child;
    }
    values[root] = value;
}

void sort_int64(int64_t *values, uint32_t count)
{
    check(count <= INT32_MAX);
    for (uint32_t i = count / 2; i-- > 0;)
        sift_int64(values, i, count);
    for (uint32_t end = count; end-- > 1;) {
        int64_t greatest = values[0];

        values[0] = values[end];
        values[end] = greatest;
        sift_int64(values, 0, end);
    }
}

int64_t sort_median(int64_t *values, uint32_t count)
{
    check(count > 0);
    sort_int64(values, count);
    if (count % 2 == 1)
        return values[count / 2];
    /* An arithmetic shift rounds down (base.h asserts it). */
    return (values[count / 2 - 1] + values[count / 2]) >> 1;
}

static void sift_items(uint32_t *items, uint32_t root, uint32_t count,
                       sort_compare *compare, const void *ctx)
{
    uint32_t item = items[root];
    uint32_t child;

    while ((child = 2 * root + 1) < count) {
        if (child + 1 < count &&
            compare(ctx, items[child], items[child + 1]) < 0)
            child++;
        if (compare(ctx, items[child], item) <= 0)
            break;
        items[root] = items[child];
        root = child;
    }
    items[root] = item;
}

void sort_items(uint32_t *items, uint32_t count, sort_compare *compare,
                const void *ctx)
{
    check(count <= INT32_MAX);
    for (uint32_t i = count / 2; i-- > 0;)
        sift_items(items, i, count, compare, ctx);
    for (uint32_t end = count; end-- > 1;) {
        uint32_t last = items[0];

        items[0] = items[end];
        items[end] = last;
        sift_items(items, 0, end, compare, ctx);
    }
}

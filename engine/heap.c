/*
 * Binary min-heap of (key, tie, item); every move of an entry is written
 * back to its item's place, so removal from the middle is O(log n).
 */
#include "engine/heap.h"

static bool is_before(const struct heap_entry *a, const struct heap_entry *b)
{
    return a->key != b->key ? a->key < b->key : a->tie < b->tie;
}

static void put(struct heap *heap, uint32_t at, struct heap_entry entry)
{
    heap->entries[at] = entry;
    heap->places[(size_t)entry.item * heap->stride] = at;
}

static void sift_up(struct heap *heap, uint32_t at, struct heap_entry entry)
{
    while (at > 0) {
        uint32_t parent = (at - 1) / 2;

        if (!is_before(&entry, &heap->entries[parent]))
            break;
        put(heap, at, heap->entries[parent]);
        at = parent;
    }
    put(heap, at, entry);
}

static void sift_down(struct heap *heap, uint32_t at, struct heap_entry entry)
{
    for (;;) {
        uint32_t child = 2 * at + 1;

        if (child >= heap->count)
            break;
        if (child + 1 < heap->count &&
            is_before(&heap->entries[child + 1], &heap->entries[child]))
            child++;
        if (!is_before(&heap->entries[child], &entry))
            break;
        put(heap, at, heap->entries[child]);
        at = child;
    }
    put(heap, at, entry);
}

void heap_init(struct heap *heap, struct heap_entry *entries, uint32_t capacity,
               uint32_t *places, uint32_t stride)
{
    /* Children are found at 2 * at + 2, in 32 bits. */
    check(capacity <= INT32_MAX);
    *heap = (struct heap){.entries = entries,
                          .capacity = capacity,
                          .places = places,
                          .stride = stride};
}

void heap_push(struct heap *heap, int64_t key, uint64_t tie, uint32_t item)
{
    check(heap->count < heap->capacity);
    heap->count++;
    sift_up(heap, heap->count - 1, (struct heap_entry){key, tie, item});
}

const struct heap_entry *heap_top(const struct heap *heap)
{
    return heap->count > 0 ? heap->entries : NULL;
}

void heap_remove(struct heap *heap, uint32_t item)
{
    uint32_t *place = &heap->places[(size_t)item * heap->stride];
    uint32_t at = *place;

    check(at < heap->count && heap->entries[at].item == item);
    *place = NONE;
    heap->count--;
    if (at == heap->count)
        return;

    struct heap_entry last = heap->entries[heap->count];

    if (at > 0 && is_before(&last, &heap->entries[(at - 1) / 2]))
        sift_up(heap, at, last);
    else
        sift_down(heap, at, last);
}

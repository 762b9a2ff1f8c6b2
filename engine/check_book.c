#include "engine/check_book.h"
#include "engine/book.h"

/* Orders met while walking. */
struct walk {
    const struct engine *engine;
    struct engine_fault *fault;
    uint32_t market;
    uint32_t resting, waiting, level_count;
};

static bool wrong(const struct walk *walk, const char *what)
{
    return check_fault(walk->fault, what, walk->market, NONE);
}

/* The orders of one level, by priority, with the level's sums. */
static bool check_level(struct walk *walk, uint32_t slot, uint8_t side)
{
    const struct engine *engine = walk->engine;
    const struct level *level = &engine->levels[slot];
    struct qty size = qty_of(0);
    uint32_t count = 0, previous = NONE;
    uint64_t priority = 0;

    for (uint32_t i = level->head; i != NONE; i = engine->links[i].next) {
        const struct order *order = &engine->orders[i];

        if (order->level != slot || order->market != walk->market ||
            order->side != side || !price_equal(order->price, level->price))
            return wrong(walk, "an order stands in a foreign level");
        if (engine->links[i].previous != previous)
            return wrong(walk, "a level's list is broken");
        if (order->priority <= priority)
            return wrong(walk, "a level is not sorted by priority");
        if (++count > level->count)
            return wrong(walk, "a level holds more orders than it counts");
        priority = order->priority;
        previous = i;
        size = qty_add(size, qty_sub(order->size, order->filled));
    }
    if (count == 0 || count != level->count || level->tail != previous)
        return wrong(walk, "a level's count or tail is wrong");
    if (!qty_equal(size, level->size))
        return wrong(walk, "a level's size is not its orders'");
    walk->resting += count;
    return true;
}

static bool check_side(struct walk *walk, uint8_t side)
{
    const struct book_side *book_side =
        &walk->engine->markets[walk->market].book.sides[side];

    for (uint32_t i = 0; i < book_side->count; i++) {
        const struct level_ref *ref = &book_side->levels[i];
        int order = i == 0 ? 0 : price_cmp(ref[-1].price, ref->price);

        if (!price_equal(ref->price, walk->engine->levels[ref->level].price))
            return wrong(walk, "a level's price is not its reference's");
        if (i > 0 && (side == SIDE_BUY ? order >= 0 : order <= 0))
            return wrong(walk, "a book's levels are not sorted");
        if (!check_level(walk, ref->level, side))
            return false;
    }
    walk->level_count += book_side->count;
    return true;
}

/* Nothing stands before what it should follow, and every item knows its
 * place. */
static bool check_heap(struct walk *walk, const struct heap *heap)
{
    for (uint32_t i = 0; i < heap->count; i++) {
        const struct heap_entry *entry = &heap->entries[i];
        const struct heap_entry *parent =
            &heap->entries[i > 0 ? (i - 1) / 2 : 0];

        if (i > 0 && (entry->key < parent->key ||
                      (entry->key == parent->key && entry->tie <= parent->tie)))
            return wrong(walk, "a heap is out of order");
        if (heap->places[(size_t)entry->item * heap->stride] != i)
            return wrong(walk, "a heap's item does not know its place");
    }
    return true;
}

static bool check_triggers(struct walk *walk)
{
    const struct market *market = &walk->engine->markets[walk->market];

    for (uint32_t by = 0; by < 3; by++)
        for (uint32_t up = 0; up < 2; up++) {
            const struct heap *heap = &market->triggers[by][up];

            if (!check_heap(walk, heap))
                return false;
            walk->waiting += heap->count;
        }
    return true;
}

static bool check_market(struct walk *walk)
{
    uint16_t market = (uint16_t)walk->market;
    struct price bid = book_best_price(walk->engine, market, SIDE_BUY);
    struct price ask = book_best_price(walk->engine, market, SIDE_SELL);

    if (price_is_positive(bid) && price_is_positive(ask) &&
        price_cmp(bid, ask) >= 0)
        return wrong(walk, "a book is crossed");
    return check_side(walk, SIDE_BUY) && check_side(walk, SIDE_SELL) &&
           check_triggers(walk);
}

bool check_book(const struct engine *engine, struct engine_fault *fault)
{
    struct walk walk = {.engine = engine, .fault = fault};

    for (uint32_t i = 0; i < engine->genesis.market_count; i++) {
        walk.market = i;
        if (!check_market(&walk))
            return false;
    }
    walk.market = MARKET_ALL;
    if (walk.level_count != engine->level_pool.count)
        return wrong(&walk, "levels are lost");
    if (walk.resting + walk.waiting != engine->order_pool.count)
        return wrong(&walk, "orders are neither on a book nor waiting");
    return check_heap(&walk, &engine->order_times);
}

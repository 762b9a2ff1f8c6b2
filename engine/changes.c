/*
 * One byte of marks for each slot, and lists of what has to be written. A
 * slot can die and live again between two change sets; so a slot in a list
 * counts only while it is alive, and an object that goes is remembered as
 * gone only when the records have it: an order that came and went between two
 * sets leaves no trace, which keeps every list within its pool's capacity.
 */
#include "engine/changes.h"
#include "engine/key.h"
#include "engine/nonce.h"
#include "engine/record_account.h"
#include "engine/record_key.h"
#include "engine/record_money.h"
#include "engine/record_order.h"
#include "engine/records.h"

enum mark {
    MARK_LISTED = 1,  /* the slot is in the list */
    MARK_ALIVE = 2,   /* what it was listed for is still there */
    MARK_WRITTEN = 4, /* the last change sets have this object */
};

struct slot_list {
    uint32_t *slots;
    uint8_t *marks; /* by slot */
    uint32_t count, capacity;
};

struct key_name {
    struct address owner, key;
};

struct changes {
    bool is_on;
    struct slot_list accounts, orders, keys, deposits, withdrawals;
    uint64_t *orders_gone;
    struct key_name *keys_gone;
    uint32_t order_gone_count, key_gone_count;
    /* Chunks of nonces: numbers rise, so one number tells what is written. */
    uint64_t *chunks, *chunks_gone;
    uint32_t chunk_count, chunk_gone_count, chunk_capacity;
    uint64_t chunks_written; /* every chunk below is in the records */
};

/* ---- memory ----------------------------------------------------------- */

/* Hands out parts of the memory; with NULL it only counts. */
struct cutter {
    uint8_t *memory;
    size_t used;
};

static void *cut(struct cutter *cutter, size_t count, size_t size)
{
    void *part = cutter->memory ? cutter->memory + cutter->used : NULL;

    cutter->used += (count * size + 63) / 64 * 64;
    return part;
}

static void cut_list(struct cutter *cutter, struct slot_list *list,
                     uint32_t capacity)
{
    list->capacity = capacity;
    list->slots = cut(cutter, capacity, sizeof *list->slots);
    list->marks = cut(cutter, capacity, sizeof *list->marks);
}

static void cut_all(struct cutter *cutter, struct changes *changes,
                    const struct capacities *capacities)
{
    cut_list(cutter, &changes->accounts, capacities->accounts);
    cut_list(cutter, &changes->orders, capacities->orders);
    cut_list(cutter, &changes->keys, capacities->keys);
    cut_list(cutter, &changes->deposits, capacities->deposits);
    cut_list(cutter, &changes->withdrawals, capacities->withdrawals);
    changes->orders_gone =
        cut(cutter, capacities->orders, sizeof *changes->orders_gone);
    changes->keys_gone =
        cut(cutter, capacities->keys, sizeof *changes->keys_gone);
    changes->chunk_capacity = nonce_chunk_capacity(capacities->nonces);
    changes->chunks =
        cut(cutter, changes->chunk_capacity, sizeof *changes->chunks);
    changes->chunks_gone =
        cut(cutter, changes->chunk_capacity, sizeof *changes->chunks_gone);
}

size_t changes_footprint(const struct genesis *genesis)
{
    struct cutter cutter = {.memory = NULL};
    struct changes changes;

    cut(&cutter, 1, sizeof changes);
    cut_all(&cutter, &changes, &genesis->capacities);
    return cutter.used;
}

struct changes *changes_init(void *memory, const struct genesis *genesis)
{
    struct cutter cutter = {.memory = memory};
    struct changes *changes = cut(&cutter, 1, sizeof *changes);

    cut_all(&cutter, changes, &genesis->capacities);
    return changes;
}

/* ---- what changed ----------------------------------------------------- */

static void list_add(const struct changes *changes, struct slot_list *list,
                     uint32_t slot)
{
    if (!changes->is_on)
        return;
    check(slot < list->capacity);
    if (!(list->marks[slot] & MARK_LISTED)) {
        check(list->count < list->capacity);
        list->slots[list->count++] = slot;
    }
    list->marks[slot] |= MARK_LISTED | MARK_ALIVE;
}

/* True when the records have the object and must be told. */
static bool list_gone(const struct changes *changes, struct slot_list *list,
                      uint32_t slot)
{
    bool is_written;

    if (!changes->is_on)
        return false;
    check(slot < list->capacity);
    is_written = (list->marks[slot] & MARK_WRITTEN) != 0;
    list->marks[slot] &= MARK_LISTED;
    return is_written;
}

void changes_account(struct engine *engine, uint32_t account)
{
    list_add(engine->changes, &engine->changes->accounts, account);
}

void changes_order(struct engine *engine, uint32_t order)
{
    list_add(engine->changes, &engine->changes->orders, order);
}

void changes_key(struct engine *engine, uint32_t key)
{
    list_add(engine->changes, &engine->changes->keys, key);
}

void changes_deposit(struct engine *engine, uint32_t deposit)
{
    list_add(engine->changes, &engine->changes->deposits, deposit);
}

void changes_withdrawal(struct engine *engine, uint32_t withdrawal)
{
    list_add(engine->changes, &engine->changes->withdrawals, withdrawal);
}

void changes_order_gone(struct engine *engine, uint32_t order)
{
    struct changes *changes = engine->changes;

    if (!list_gone(changes, &changes->orders, order))
        return;
    check(changes->order_gone_count < changes->orders.capacity);
    changes->orders_gone[changes->order_gone_count++] =
        engine->orders[order].id;
}

void changes_key_gone(struct engine *engine, uint32_t key)
{
    struct changes *changes = engine->changes;

    if (!list_gone(changes, &changes->keys, key))
        return;
    check(changes->key_gone_count < changes->keys.capacity);
    changes->keys_gone[changes->key_gone_count++] =
        (struct key_name){engine->keys[key].owner, engine->keys[key].key};
}

/* Place of the chunk in the list, or its count. The newest, which is asked
 * for nearly always, stands last. */
static uint32_t chunk_place(const struct changes *changes, uint64_t chunk)
{
    for (uint32_t i = changes->chunk_count; i > 0; i--)
        if (changes->chunks[i - 1] == chunk)
            return i - 1;
    return changes->chunk_count;
}

void changes_nonces(struct engine *engine, uint64_t chunk)
{
    struct changes *changes = engine->changes;

    if (!changes->is_on || chunk_place(changes, chunk) < changes->chunk_count)
        return;
    check(changes->chunk_count < changes->chunk_capacity);
    changes->chunks[changes->chunk_count++] = chunk;
}

void changes_nonces_gone(struct engine *engine, uint64_t chunk)
{
    struct changes *changes = engine->changes;
    uint32_t place;

    if (!changes->is_on)
        return;
    place = chunk_place(changes, chunk);
    if (place < changes->chunk_count) {
        changes->chunk_count--;
        memmove(&changes->chunks[place], &changes->chunks[place + 1],
                (changes->chunk_count - place) * sizeof *changes->chunks);
    }
    if (chunk >= changes->chunks_written)
        return;
    check(changes->chunk_gone_count < changes->chunk_capacity);
    changes->chunks_gone[changes->chunk_gone_count++] = chunk;
}

/* ---- handing out ------------------------------------------------------ */

struct handing {
    const struct engine *engine;
    record_visitor *visit;
    void *ctx;
    struct record_build build;
};

typedef void record_maker(const struct engine *engine, uint32_t slot,
                          struct record_build *build);

static void hand_out_list(struct handing *handing, struct slot_list *list,
                          record_maker *make)
{
    for (uint32_t i = 0; i < list->count; i++) {
        uint32_t slot = list->slots[i];

        if (list->marks[slot] & MARK_ALIVE) {
            make(handing->engine, slot, &handing->build);
            record_visit(&handing->build, handing->visit, handing->ctx);
            list->marks[slot] = MARK_WRITTEN;
        } else {
            list->marks[slot] = 0;
        }
    }
    list->count = 0;
}

static void hand_out_orders_gone(struct handing *handing,
                                 struct changes *changes)
{
    for (uint32_t i = 0; i < changes->order_gone_count; i++) {
        record_order_put_key(changes->orders_gone[i], &handing->build);
        record_visit_gone(&handing->build, handing->visit, handing->ctx);
    }
    changes->order_gone_count = 0;
}

/* A key that went may be back: then it is in the list of the living. */
static void hand_out_keys_gone(struct handing *handing, struct changes *changes)
{
    for (uint32_t i = 0; i < changes->key_gone_count; i++) {
        const struct key_name *name = &changes->keys_gone[i];

        if (key_find(handing->engine, &name->owner, &name->key))
            continue;
        record_key_put_key(&name->owner, &name->key, &handing->build);
        record_visit_gone(&handing->build, handing->visit, handing->ctx);
    }
    changes->key_gone_count = 0;
}

static void hand_out_chunks(struct handing *handing, struct changes *changes)
{
    for (uint32_t i = 0; i < changes->chunk_count; i++) {
        uint64_t chunk = changes->chunks[i];

        record_nonces_put(handing->engine, chunk, &handing->build);
        record_visit(&handing->build, handing->visit, handing->ctx);
        if (chunk >= changes->chunks_written)
            changes->chunks_written = chunk + 1;
    }
    changes->chunk_count = 0;
    for (uint32_t i = 0; i < changes->chunk_gone_count; i++) {
        record_nonces_put_key(changes->chunks_gone[i], &handing->build);
        record_visit_gone(&handing->build, handing->visit, handing->ctx);
    }
    changes->chunk_gone_count = 0;
}

void engine_changes(struct engine *engine, record_visitor *visit, void *ctx)
{
    struct changes *changes = engine->changes;
    struct handing handing = {.engine = engine, .visit = visit, .ctx = ctx};

    records_network(engine, &handing.build, visit, ctx);
    hand_out_list(&handing, &changes->accounts, record_account_put);
    hand_out_list(&handing, &changes->orders, record_order_put);
    hand_out_orders_gone(&handing, changes);
    hand_out_list(&handing, &changes->keys, record_key_put);
    hand_out_keys_gone(&handing, changes);
    hand_out_list(&handing, &changes->deposits, record_deposit_put);
    hand_out_list(&handing, &changes->withdrawals, record_withdrawal_put);
    hand_out_chunks(&handing, changes);
}

/* ---- switching -------------------------------------------------------- */

static void list_clear(struct slot_list *list)
{
    memset(list->marks, 0, list->capacity * sizeof *list->marks);
    list->count = 0;
}

static void see_chunk(void *ctx, uint64_t chunk)
{
    struct changes *changes = ctx;

    changes->chunks_written = chunk + 1;
}

/* What lives now counts as written. */
static void see_all(struct engine *engine)
{
    struct changes *changes = engine->changes;

    for (uint32_t i = 0; i < engine->order_pool.used; i++)
        if (records_order_lives(engine, i))
            changes->orders.marks[i] = MARK_WRITTEN;
    for (uint32_t i = 0; i < engine->key_pool.used; i++)
        if (records_key_lives(engine, i))
            changes->keys.marks[i] = MARK_WRITTEN;
    nonce_each_chunk(engine, see_chunk, changes);
}

void engine_track(struct engine *engine, bool is_on)
{
    struct changes *changes = engine->changes;

    list_clear(&changes->accounts);
    list_clear(&changes->orders);
    list_clear(&changes->keys);
    list_clear(&changes->deposits);
    list_clear(&changes->withdrawals);
    changes->order_gone_count = changes->key_gone_count = 0;
    changes->chunk_count = changes->chunk_gone_count = 0;
    changes->chunks_written = 0;
    changes->is_on = is_on;
    if (!is_on)
        return;
    see_all(engine);
    /* Nobody has the genesis's own records yet. */
    if (engine->index == 0)
        for (uint32_t i = 0; i < engine->account_pool.used; i++)
            changes_account(engine, i);
}

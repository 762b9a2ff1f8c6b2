#include "daemon/history.h"

#include "daemon/account_key.h"
#include "daemon/checkpoint.h"
#include "storage/bytes.h"
#include "storage/ledger_reader.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct recent {
    struct packed *packed;
    uint64_t first_index, last_index;
};

struct history {
    struct ledger *ledger;
    pthread_mutex_t mutex; /* guards all below */
    struct recent *ring;   /* in the order of indexes */
    size_t size, first, count, bytes;
};

/* One visit on its way. */
struct walk {
    struct history *history;
    const struct rpc_history_query *query;
    rpc_history_visitor *visit;
    void *visitor;
    bool is_stopped; /* the visitor had enough */
};

struct history *history_create(struct ledger *ledger)
{
    struct history *history = calloc(1, sizeof *history);

    if (!history)
        return NULL;
    history->ledger = ledger;
    check(pthread_mutex_init(&history->mutex, NULL) == 0);
    return history;
}

void history_destroy(struct history *self)
{
    if (!self)
        return;
    history_drop(self, UINT64_MAX);
    (void)pthread_mutex_destroy(&self->mutex);
    free(self->ring);
    free(self);
}

static struct recent *recent_at(const struct history *self, size_t position)
{
    return &self->ring[(self->first + position) & (self->size - 1)];
}

static bool grow(struct history *self)
{
    size_t size = self->size ? 2 * self->size : 1024;
    struct recent *ring = malloc(size * sizeof *ring);

    if (!ring)
        return false;
    for (size_t i = 0; i < self->count; i++)
        ring[i] = *recent_at(self, i);
    free(self->ring);
    self->ring = ring;
    self->size = size;
    self->first = 0;
    return true;
}

bool history_add(struct history *self, struct packed *packed,
                 uint64_t first_index, uint64_t last_index)
{
    bool has_room;

    (void)pthread_mutex_lock(&self->mutex);
    has_room = self->count < self->size || grow(self);
    if (has_room) {
        check(self->count == 0 ||
              recent_at(self, self->count - 1)->last_index + 1 == first_index);
        self->count++;
        *recent_at(self, self->count - 1) =
            (struct recent){packed_hold(packed), first_index, last_index};
        self->bytes += packed->size;
    }
    (void)pthread_mutex_unlock(&self->mutex);
    return has_room;
}

void history_drop(struct history *self, uint64_t index)
{
    (void)pthread_mutex_lock(&self->mutex);
    while (self->count > 0 && recent_at(self, 0)->last_index <= index) {
        self->bytes -= recent_at(self, 0)->packed->size;
        packed_release(recent_at(self, 0)->packed);
        self->first = (self->first + 1) & (self->size - 1);
        self->count--;
    }
    (void)pthread_mutex_unlock(&self->mutex);
}

size_t history_bytes(struct history *self)
{
    size_t bytes;

    (void)pthread_mutex_lock(&self->mutex);
    bytes = self->bytes;
    (void)pthread_mutex_unlock(&self->mutex);
    return bytes;
}

/* The newest index there is; UINT64_MAX when memory holds nothing and only
 * the ledger knows. */
static uint64_t newest_index(struct history *self)
{
    uint64_t newest = UINT64_MAX;

    (void)pthread_mutex_lock(&self->mutex);
    if (self->count > 0)
        newest = recent_at(self, self->count - 1)->last_index;
    (void)pthread_mutex_unlock(&self->mutex);
    return newest;
}

/* ---- going through bytes ---------------------------------------------- */

static bool is_of_account(const struct event *event,
                          const struct account_id *account)
{
    struct account_id accounts[PACK_ACCOUNTS_MAX];
    uint32_t count = pack_accounts(accounts, event);

    for (uint32_t i = 0; i < count; i++)
        if (account_id_equal(&accounts[i], account))
            return true;
    return false;
}

static bool visit_event(void *ctx, uint64_t index, struct nanos time,
                        const struct event *event)
{
    struct walk *walk = ctx;

    if (walk->query->by_account && !is_of_account(event, &walk->query->account))
        return true;
    if (!walk->visit(walk->visitor, index, time, event))
        walk->is_stopped = true;
    return !walk->is_stopped;
}

/* Visits what a chunk has between two indexes; false: stopped or bad. */
static bool visit_chunk(struct walk *walk, const uint8_t *bytes, size_t size,
                        uint64_t first_index, uint64_t last_index)
{
    enum pack_end end =
        walk->query->newest_first
            ? pack_chunk_backwards(bytes, size, first_index, last_index,
                                   visit_event, walk)
            : pack_chunk(bytes, size, first_index, last_index, visit_event,
                         walk);

    return end == PACK_ALL;
}

/* ---- memory ----------------------------------------------------------- */

/* Position of the first recent that ends at or after index. */
static size_t find(const struct history *self, uint64_t index)
{
    size_t low = 0, high = self->count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (recent_at(self, middle)->last_index < index)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The recent that holds the index (then it is held for the caller), or where
 * memory begins behind the index: UINT64_MAX, nowhere. */
static bool take_recent(struct history *self, struct recent *out,
                        uint64_t index, uint64_t *begins)
{
    bool is_there = false;
    size_t position;

    (void)pthread_mutex_lock(&self->mutex);
    position = find(self, index);
    *begins = position < self->count ? recent_at(self, position)->first_index
                                     : UINT64_MAX;
    if (*begins <= index) {
        *out = *recent_at(self, position);
        (void)packed_hold(out->packed);
        is_there = true;
    }
    (void)pthread_mutex_unlock(&self->mutex);
    return is_there;
}

static bool visit_recent(struct walk *walk, const struct recent *recent)
{
    const struct rpc_history_query *query = walk->query;

    if (query->by_account &&
        !pack_may_tell(&recent->packed->filter, &query->account))
        return true;
    return visit_chunk(walk, recent->packed->bytes, recent->packed->size,
                       query->from_index, query->to_index);
}

/* ---- the ledger ------------------------------------------------------- */

struct chunk_copy {
    uint64_t first_index, last_index;
    uint8_t *bytes;
    size_t size;
};

static bool copy_chunk(void *ctx, uint64_t first_index,
                       struct ledger_bytes events)
{
    struct chunk_copy *copy = ctx;

    copy->first_index = first_index;
    copy->bytes = malloc(events.len > 0 ? events.len : 1);
    if (copy->bytes && events.len > 0)
        memcpy(copy->bytes, events.data, events.len);
    copy->size = events.len;
    return false;
}

/* The chunk that holds the index, or the next one; bytes NULL: there is none.
 * False: the ledger could not be read. */
static bool load_chunk(struct history *self, struct chunk_copy *copy,
                       uint64_t index)
{
    enum storage_status status;

    *copy = (struct chunk_copy){.first_index = UINT64_MAX};
    status = ledger_events_from(self->ledger, index, 1, copy_chunk, copy);
    if (status != STORAGE_OK && status != STORAGE_END &&
        status != STORAGE_NOT_FOUND)
        return false;
    if (copy->first_index == UINT64_MAX)
        return true;
    return copy->bytes &&
           pack_chunk_end(copy->bytes, copy->size, &copy->last_index);
}

/* Visits the chunks between two indexes, in the order of the query. */
static bool visit_range(struct walk *walk, uint64_t first, uint64_t last)
{
    bool is_backwards = walk->query->newest_first, is_good = true;

    while (is_good && first <= last) {
        struct chunk_copy copy;

        is_good = load_chunk(walk->history, &copy, is_backwards ? last : first);
        if (!copy.bytes)
            break;
        if (is_good && copy.first_index <= last && copy.last_index >= first)
            is_good = visit_chunk(walk, copy.bytes, copy.size, first, last);
        free(copy.bytes);
        if (is_backwards ? copy.first_index <= first : copy.last_index >= last)
            break;
        if (is_backwards)
            last = copy.first_index - 1;
        else
            first = copy.last_index + 1;
    }
    return is_good;
}

/* One entry of an account: the chunks that tell of it. */
struct entry {
    bool is_there;
    uint64_t first_index;
    uint32_t count;
    uint64_t chunks[CHECKPOINT_ENTRY_CHUNKS_MAX];
};

static bool copy_entry(void *ctx, uint64_t first_index,
                       struct ledger_bytes value)
{
    struct entry *entry = ctx;
    size_t count = value.len / sizeof(uint64_t);

    entry->is_there = true;
    entry->first_index = first_index;
    entry->count = count < CHECKPOINT_ENTRY_CHUNKS_MAX
                       ? (uint32_t)count
                       : CHECKPOINT_ENTRY_CHUNKS_MAX;
    for (uint32_t i = 0; i < entry->count; i++)
        entry->chunks[i] = bytes_get_le64(value.data + i * sizeof(uint64_t));
    return false;
}

static bool load_entry(const struct walk *walk, struct entry *entry,
                       uint64_t from_index, enum ledger_order order)
{
    const struct account_id *account = &walk->query->account;
    uint8_t key[LEDGER_ACCOUNT_KEY_BYTES];
    enum storage_status status;

    account_key(key, account);
    entry->is_there = false;
    status = ledger_account_events(walk->history->ledger, key, from_index, 1,
                                   order, copy_entry, entry);
    return status == STORAGE_OK || status == STORAGE_END ||
           status == STORAGE_NOT_FOUND;
}

/* One chunk of an account; it may reach out of the range on both sides. */
static bool visit_account_chunk(struct walk *walk, uint64_t chunk,
                                uint64_t first, uint64_t last)
{
    struct chunk_copy copy;
    bool is_good = load_chunk(walk->history, &copy, chunk);

    if (is_good && copy.bytes && copy.last_index >= first)
        is_good = visit_chunk(walk, copy.bytes, copy.size, first, last);
    free(copy.bytes);
    return is_good;
}

static bool visit_entry(struct walk *walk, const struct entry *entry,
                        uint64_t first, uint64_t last)
{
    bool is_good = true;

    for (uint32_t i = 0; i < entry->count && is_good; i++) {
        uint32_t at = walk->query->newest_first ? entry->count - 1 - i : i;

        if (entry->chunks[at] <= last)
            is_good = visit_account_chunk(walk, entry->chunks[at], first, last);
    }
    return is_good;
}

/* Entries are disjoint and in order, and so are their chunks: the entry that
 * begins at or before the first index is the oldest that can tell of it. */
static bool visit_account_range(struct walk *walk, uint64_t first,
                                uint64_t last)
{
    bool is_backwards = walk->query->newest_first, is_good;
    struct entry entry;

    is_good = load_entry(walk, &entry, is_backwards ? last : first,
                         LEDGER_NEWEST_FIRST);
    if (is_good && !is_backwards && !entry.is_there)
        is_good = load_entry(walk, &entry, first, LEDGER_OLDEST_FIRST);
    while (is_good && entry.is_there && entry.first_index <= last) {
        is_good = visit_entry(walk, &entry, first, last);
        if (!is_good || (is_backwards && entry.first_index <= first))
            break;
        is_good = is_backwards ? load_entry(walk, &entry, entry.first_index - 1,
                                            LEDGER_NEWEST_FIRST)
                               : load_entry(walk, &entry, entry.first_index + 1,
                                            LEDGER_OLDEST_FIRST);
    }
    return is_good;
}

/* ---- both ------------------------------------------------------------- */

static bool visit_ledger(struct walk *walk, uint64_t first, uint64_t last)
{
    return walk->query->by_account ? visit_account_range(walk, first, last)
                                   : visit_range(walk, first, last);
}

/* What is not in memory is in the ledger, and was there before it left
 * memory. */
static bool walk_forwards(struct walk *walk)
{
    const struct rpc_history_query *query = walk->query;
    uint64_t next = query->from_index;
    bool is_good = true;

    while (is_good && next <= query->to_index) {
        struct recent recent;
        uint64_t begins;

        if (take_recent(walk->history, &recent, next, &begins)) {
            is_good = visit_recent(walk, &recent);
            packed_release(recent.packed);
            next = recent.last_index + 1;
        } else {
            uint64_t last =
                begins - 1 < query->to_index ? begins - 1 : query->to_index;

            is_good = visit_ledger(walk, next, last);
            next = begins;
        }
        if (next == UINT64_MAX)
            break;
    }
    return is_good;
}

static bool walk_backwards(struct walk *walk)
{
    const struct rpc_history_query *query = walk->query;
    uint64_t next = query->to_index;
    bool is_good = true;

    while (is_good && next >= query->from_index && next > 0) {
        struct recent recent;
        uint64_t begins;

        if (!take_recent(walk->history, &recent, next, &begins))
            return visit_ledger(walk, query->from_index, next);
        is_good = visit_recent(walk, &recent);
        packed_release(recent.packed);
        next = recent.first_index - 1;
    }
    return is_good;
}

bool history_visit(struct history *history,
                   const struct rpc_history_query *query,
                   rpc_history_visitor *visit, void *visitor)
{
    struct rpc_history_query bounded = *query;
    struct walk walk = {.history = history,
                        .query = &bounded,
                        .visit = visit,
                        .visitor = visitor};
    uint64_t newest = newest_index(history);

    if (bounded.to_index > newest)
        bounded.to_index = newest;
    return (bounded.newest_first ? walk_backwards(&walk)
                                 : walk_forwards(&walk)) ||
           walk.is_stopped;
}

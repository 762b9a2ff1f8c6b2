#include "daemon/checkpoint.h"

#include "daemon/account_key.h"
#include "daemon/record_map.h"
#include "storage/bytes.h"

#include <stdlib.h>
#include <string.h>

#define TOUCHED_SLOTS 2048u /* of one chunk's accounts; a power of two */

struct chunk {
    uint64_t first_index;
    size_t size;
    uint8_t *bytes;
};

/* An account told of by a chunk; sorts by account, then chunk. */
struct touch {
    uint8_t account[LEDGER_ACCOUNT_KEY_BYTES];
    uint64_t chunk;
};

struct checkpoint {
    struct record_map records;
    struct block *blocks;
    size_t block_count, block_capacity;
    struct pack_writer pack; /* the batch being packed */
    struct chunk *chunks;
    size_t chunk_count, chunk_capacity;
    struct chunk open; /* the chunk being filled; size 0: none */
    size_t open_capacity;
    struct touch *touches;
    size_t touch_count, touch_capacity;
    uint32_t touched[TOUCHED_SLOTS]; /* 1 + position in touches; 0: empty */
    uint32_t touched_count;
    size_t chunk_bytes;
    bool is_short; /* memory ran out */
};

struct checkpoint *checkpoint_create(void)
{
    return calloc(1, sizeof(struct checkpoint));
}

void checkpoint_destroy(struct checkpoint *self)
{
    if (!self)
        return;
    checkpoint_clear(self);
    pack_free(&self->pack);
    free(self->blocks);
    free(self->chunks);
    free(self->open.bytes);
    free(self->touches);
    free(self);
}

/* Room for one more element, doubling; NULL (and is_short) if memory is
 * short. */
static void *grow(struct checkpoint *self, void *list, size_t count,
                  size_t *capacity, size_t element)
{
    size_t more = *capacity ? 2 * *capacity : 64;
    void *bigger;

    if (count < *capacity)
        return list;
    bigger = realloc(list, more * element);
    if (!bigger) {
        self->is_short = true;
        return NULL;
    }
    *capacity = more;
    return bigger;
}

void checkpoint_record(struct checkpoint *self, const struct record *record)
{
    if (!record_map_put(&self->records, record->key, record->key_size,
                        record->value, record->value_size))
        self->is_short = true;
}

void checkpoint_block(struct checkpoint *self, const struct block *block)
{
    struct block *blocks = grow(self, self->blocks, self->block_count,
                                &self->block_capacity, sizeof *blocks);

    if (!blocks)
        return;
    self->blocks = blocks;
    blocks[self->block_count++] = *block;
}

/* ---- events ----------------------------------------------------------- */

void checkpoint_batch(struct checkpoint *self, uint64_t first_index,
                      struct nanos time)
{
    pack_begin(&self->pack, first_index, time);
    if (self->open.size == 0)
        self->open.first_index = first_index;
    pack_command(&self->pack, first_index);
}

void checkpoint_command(struct checkpoint *self, uint64_t index)
{
    pack_command_end(&self->pack);
    pack_command(&self->pack, index);
}

static uint32_t touch_hash(const uint8_t account[LEDGER_ACCOUNT_KEY_BYTES])
{
    uint64_t a = bytes_get_le64(account), b = bytes_get_le64(account + 8),
             c = bytes_get_le64(account + 16);
    uint64_t hash =
        (a ^ (b << 1) ^ (c >> 7) ^ (c << 13)) * UINT64_C(0x9e3779b97f4a7c15);

    return (uint32_t)(hash >> 40) & (TOUCHED_SLOTS - 1);
}

/* Notes that the open chunk tells of the account, once. A table that is half
 * full forgets: an account noted twice is made one when the checkpoint is
 * written. */
static void touch(struct checkpoint *self, const struct account_id *account)
{
    struct touch noted = {.chunk = self->open.first_index};
    struct touch *touches;
    uint32_t slot;

    account_key(noted.account, account);
    slot = touch_hash(noted.account);
    while (self->touched[slot] != 0) {
        if (memcmp(self->touches[self->touched[slot] - 1].account,
                   noted.account, sizeof noted.account) == 0)
            return;
        slot = (slot + 1) & (TOUCHED_SLOTS - 1);
    }
    touches = grow(self, self->touches, self->touch_count,
                   &self->touch_capacity, sizeof *touches);
    if (!touches)
        return;
    self->touches = touches;
    touches[self->touch_count++] = noted;
    if (self->touched_count++ >= TOUCHED_SLOTS / 2) {
        memset(self->touched, 0, sizeof self->touched);
        self->touched_count = 0;
    }
    self->touched[slot] = (uint32_t)self->touch_count;
}

void checkpoint_event(struct checkpoint *self, const struct event *event)
{
    struct account_id accounts[PACK_ACCOUNTS_MAX];
    uint32_t count = pack_accounts(accounts, event);

    for (uint32_t i = 0; i < count; i++)
        touch(self, &accounts[i]);
    pack_event(&self->pack, event);
}

/* Moves the open chunk to the finished ones. */
static void end_chunk(struct checkpoint *self)
{
    struct chunk *chunks, chunk = self->open;

    if (self->open.size == 0)
        return;
    memset(self->touched, 0, sizeof self->touched);
    self->touched_count = 0;
    chunks = grow(self, self->chunks, self->chunk_count, &self->chunk_capacity,
                  sizeof *chunks);
    if (!chunks)
        return;
    self->chunks = chunks;
    chunk.bytes = malloc(chunk.size);
    if (!chunk.bytes) {
        self->is_short = true;
        return;
    }
    memcpy(chunk.bytes, self->open.bytes, chunk.size);
    chunks[self->chunk_count++] = chunk;
    self->chunk_bytes += chunk.size;
    self->open.size = 0;
}

bool checkpoint_batch_end(struct checkpoint *self, uint32_t count)
{
    struct chunk *open = &self->open;

    pack_command_end(&self->pack);
    if (!pack_end(&self->pack, count))
        self->is_short = true;
    while (!self->is_short &&
           open->size + self->pack.size > self->open_capacity) {
        size_t capacity = self->open_capacity ? 2 * self->open_capacity
                                              : 2 * CHECKPOINT_CHUNK_BYTES;
        uint8_t *bytes = realloc(open->bytes, capacity);

        if (bytes) {
            open->bytes = bytes;
            self->open_capacity = capacity;
        } else {
            self->is_short = true;
        }
    }
    if (self->is_short)
        return false;
    memcpy(open->bytes + open->size, self->pack.bytes, self->pack.size);
    open->size += self->pack.size;
    if (open->size >= CHECKPOINT_CHUNK_BYTES)
        end_chunk(self);
    return !self->is_short;
}

const uint8_t *checkpoint_batch_events(const struct checkpoint *self,
                                       size_t *size)
{
    *size = self->pack.size;
    return self->pack.bytes;
}

bool checkpoint_find(const struct checkpoint *self, const uint8_t **value,
                     size_t *value_size, const uint8_t *key, size_t key_size)
{
    const struct record_entry *entry =
        record_map_find(&self->records, key, key_size);

    if (!entry)
        return false;
    *value = entry->is_gone ? NULL : entry->bytes + entry->key_size;
    *value_size = entry->value_size;
    return true;
}

size_t checkpoint_bytes(const struct checkpoint *self)
{
    return self->records.bytes + self->chunk_bytes + self->open.size +
           self->touch_count * sizeof *self->touches +
           self->block_count * sizeof *self->blocks;
}

/* ---- writing ---------------------------------------------------------- */

static enum storage_status write_records(const struct checkpoint *self,
                                         struct ledger *ledger)
{
    const struct record_entry **list = record_map_sorted(&self->records);
    enum storage_status status = STORAGE_OK;

    if (!list && self->records.count > 0)
        return STORAGE_NO_MEMORY;
    for (size_t i = 0; i < self->records.count && status == STORAGE_OK; i++) {
        const struct record_entry *entry = list[i];

        if (entry->is_gone)
            status =
                ledger_delete_record(ledger, entry->bytes, entry->key_size);
        else
            status = ledger_put_record(ledger, entry->bytes, entry->key_size,
                                       entry->bytes + entry->key_size,
                                       entry->value_size);
    }
    free(list);
    return status;
}

static int compare_touches(const void *left, const void *right)
{
    const struct touch *a = left, *b = right;
    int order = memcmp(a->account, b->account, sizeof a->account);

    return order != 0 ? order : (a->chunk > b->chunk) - (a->chunk < b->chunk);
}

/* Writes one entry from the sorted touches at *at on, and moves *at behind
 * them. */
static enum storage_status write_entry(const struct checkpoint *self,
                                       struct ledger *ledger, size_t *at)
{
    uint8_t chunks[CHECKPOINT_ENTRY_CHUNKS_MAX * sizeof(uint64_t)];
    const struct touch *first = &self->touches[*at];
    uint64_t last = 0;
    size_t size = 0;

    for (; *at < self->touch_count; (*at)++) {
        const struct touch *touched = &self->touches[*at];

        if (memcmp(touched->account, first->account, sizeof first->account) !=
            0)
            break;
        if (size > 0 && touched->chunk == last)
            continue;
        if (size == sizeof chunks)
            break;
        last = touched->chunk;
        bytes_put_le64(chunks + size, last);
        size += sizeof last;
    }
    return ledger_put_account_event(ledger, first->account, first->chunk,
                                    chunks, size);
}

static enum storage_status write_entries(struct checkpoint *self,
                                         struct ledger *ledger)
{
    enum storage_status status = STORAGE_OK;

    if (self->touch_count > 0)
        qsort(self->touches, self->touch_count, sizeof *self->touches,
              compare_touches);
    for (size_t at = 0; at < self->touch_count && status == STORAGE_OK;)
        status = write_entry(self, ledger, &at);
    return status;
}

static enum storage_status write_once(struct checkpoint *self,
                                      struct ledger *ledger,
                                      const struct ledger_position *position)
{
    enum storage_status status = ledger_begin(ledger);

    if (status == STORAGE_OK)
        status = write_records(self, ledger);
    for (size_t i = 0; i < self->block_count && status == STORAGE_OK; i++)
        status = ledger_put_block(ledger, &self->blocks[i]);
    for (size_t i = 0; i < self->chunk_count && status == STORAGE_OK; i++)
        status = ledger_put_events(ledger, self->chunks[i].first_index,
                                   self->chunks[i].bytes, self->chunks[i].size);
    if (status == STORAGE_OK)
        status = write_entries(self, ledger);
    if (status == STORAGE_OK)
        status = ledger_commit(ledger, position);
    if (status != STORAGE_OK)
        ledger_abort(ledger);
    return status;
}

enum storage_status checkpoint_write(struct checkpoint *self,
                                     struct ledger *ledger,
                                     const struct ledger_position *position)
{
    enum storage_status status;

    end_chunk(self);
    if (self->is_short)
        return STORAGE_NO_MEMORY;
    do {
        status = write_once(self, ledger, position);
    } while (status == STORAGE_MAP_FULL &&
             (status = ledger_grow(ledger)) == STORAGE_OK);
    return status;
}

void checkpoint_clear(struct checkpoint *self)
{
    record_map_clear(&self->records);
    for (size_t i = 0; i < self->chunk_count; i++)
        free(self->chunks[i].bytes);
    self->block_count = self->chunk_count = self->touch_count = 0;
    self->chunk_bytes = 0;
    self->open.size = 0;
    memset(self->touched, 0, sizeof self->touched);
    self->touched_count = 0;
}

#include "daemon/shadow.h"

#include "daemon/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

STATIC_CHECK(SHADOW_RECORD_KEY_BYTES <= TREE_KEY_BYTES_MAX);
STATIC_CHECK(ASSETS_MAX <= TREE_SUM_COUNT_MAX);

struct emitter {
    struct event_sink sink; /* first: the sink is the emitter */
    const struct shadow_listener *listener;
};

static void emit(struct event_sink *sink, const struct event *event)
{
    const struct shadow_listener *listener = ((struct emitter *)sink)->listener;

    if (listener && listener->event)
        listener->event(listener->ctx, event);
}

static bool refuse(struct shadow_fault *fault, uint64_t index, const char *what)
{
    fault->index = index;
    snprintf(fault->what, sizeof fault->what, "%s", what);
    return false;
}

struct shadow *shadow_create(const struct genesis *genesis)
{
    struct shadow *shadow = calloc(1, sizeof *shadow);
    size_t size = engine_footprint(genesis);
    void *memory = size > 0 ? memory_map(size) : NULL;

    if (!shadow || !memory) {
        memory_unmap(memory, size);
        free(shadow);
        return NULL;
    }
    shadow->engine = engine_init(memory, genesis);
    shadow->engine_size = size;
    shadow->last_hash = genesis->id;
    if (tree_init(&shadow->accounts, STATE_ROOT_ACCOUNT_KEY_BYTES,
                  genesis->asset_count, 0) != STORAGE_OK ||
        tree_init(&shadow->records, SHADOW_RECORD_KEY_BYTES, 0, 0) !=
            STORAGE_OK) {
        shadow_destroy(shadow);
        return NULL;
    }
    engine_track(shadow->engine, true);
    return shadow;
}

void shadow_destroy(struct shadow *shadow)
{
    if (!shadow)
        return;
    tree_free(&shadow->accounts);
    tree_free(&shadow->records);
    memory_unmap(shadow->engine, shadow->engine_size);
    free(shadow);
}

/* ---- the tree --------------------------------------------------------- */

static enum storage_status set_account(struct shadow *shadow,
                                       const struct record *record)
{
    const uint8_t *key = record->key + 1;
    struct tree_sum sums[ASSETS_MAX];
    struct hash32 value_hash;

    check(record->key_size == 1 + STATE_ROOT_ACCOUNT_KEY_BYTES);
    if (!record->value) {
        (void)tree_delete(&shadow->accounts, key);
        return STORAGE_OK;
    }
    check(record->sum_count == shadow->accounts.sum_count);
    for (uint32_t i = 0; i < record->sum_count; i++)
        sums[i] = (struct tree_sum){.credit = record->sums[i].credit,
                                    .debit = record->sums[i].debit};
    sha256(&value_hash, record->value, record->value_size);
    return tree_set(&shadow->accounts, key, &value_hash, sums);
}

static enum storage_status set_record(struct shadow *shadow,
                                      const struct record *record)
{
    uint8_t key[SHADOW_RECORD_KEY_BYTES];
    struct hash32 hash;

    sha256(&hash, record->key, record->key_size);
    key[0] = record->key[0];
    memcpy(key + 1, hash.bytes, sizeof hash.bytes);
    if (!record->value) {
        (void)tree_delete(&shadow->records, key);
        return STORAGE_OK;
    }
    sha256(&hash, record->value, record->value_size);
    return tree_set(&shadow->records, key, &hash, NULL);
}

static void put_in_tree(struct shadow *shadow, const struct record *record)
{
    enum storage_status status = record->kind == RECORD_ACCOUNT
                                     ? set_account(shadow, record)
                                     : set_record(shadow, record);

    if (status != STORAGE_OK && shadow->tree_status == STORAGE_OK)
        shadow->tree_status = status;
}

static bool make_root(struct shadow *shadow, struct hash32 *root,
                      struct shadow_fault *fault)
{
    if (shadow->tree_status == STORAGE_OK)
        shadow->tree_status =
            state_root(root, &shadow->accounts, &shadow->records);
    return shadow->tree_status == STORAGE_OK ||
           refuse(fault, engine_index(shadow->engine),
                  storage_status_text(shadow->tree_status));
}

/* ---- loading ---------------------------------------------------------- */

bool shadow_load(struct shadow *shadow, const uint8_t *key, size_t key_size,
                 const uint8_t *value, size_t value_size)
{
    return engine_load(shadow->engine, key, key_size, value, value_size);
}

static void visit_loaded(void *ctx, const struct record *record)
{
    put_in_tree(ctx, record);
}

static void visit_nothing(void *ctx, const struct record *record)
{
    (void)ctx;
    (void)record;
}

void shadow_remember(struct shadow *shadow, const struct block *block)
{
    shadow->blocks[block->height % SHADOW_BLOCKS] = *block;
}

bool shadow_load_end(struct shadow *shadow, const struct block *last,
                     struct shadow_fault *fault)
{
    struct hash32 root;

    if (!engine_load_end(shadow->engine))
        return refuse(fault, last->last_index,
                      "the checkpoint's records are damaged");
    if (engine_index(shadow->engine) != last->last_index)
        return refuse(fault, last->last_index,
                      "the checkpoint's records are of another index");
    /* What the load itself marked as changed is in the tree with all else. */
    engine_changes(shadow->engine, visit_nothing, NULL);
    engine_records(shadow->engine, visit_loaded, shadow);
    if (!make_root(shadow, &root, fault))
        return false;
    if (!hash32_equal(&root, &last->state_root))
        return refuse(fault, last->last_index,
                      "the checkpoint's state root is not its block's");
    shadow->last = *last;
    block_hash(&shadow->last_hash, last);
    shadow_remember(shadow, last);
    return true;
}

/* ---- following -------------------------------------------------------- */

/* Whether the sequenced statement about a block is ours. */
static bool compare_block(const struct shadow *shadow,
                          struct shadow_fault *fault)
{
    const struct command *command = &shadow->command;
    uint64_t height = command->block.height;
    const struct block *own = &shadow->blocks[height % SHADOW_BLOCKS];
    struct hash32 hash;

    if (height == 0 || height > shadow->last.height || own->height != height)
        return refuse(fault, command->index,
                      "a BLOCK command tells of a block that did not end");
    block_hash(&hash, own);
    if (own->first_index == command->block.first_index &&
        own->last_index == command->block.last_index &&
        own->time_ns == nanos_raw(command->block.time) &&
        hash32_equal(&own->journal_hash, &command->block.journal_hash) &&
        hash32_equal(&own->state_root, &command->block.state_root) &&
        hash32_equal(&hash, &command->block.hash))
        return true;
    fault->index = command->index;
    snprintf(fault->what, sizeof fault->what,
             "block %" PRIu64 " differs from the journal's: %s", height,
             hash32_equal(&own->state_root, &command->block.state_root)
                 ? "its range, time or links"
                 : "its state root");
    return false;
}

static bool apply_command(struct shadow *shadow,
                          const struct batch_entry *entry, uint64_t index,
                          struct emitter *emitter, struct shadow_fault *fault)
{
    const struct shadow_listener *listener = emitter->listener;

    if (!command_decode(&shadow->command, &shadow->buffer, entry->command,
                        entry->command_len))
        return refuse(fault, index, "the journal holds an unknown command");
    shadow->command.index = index;
    if (shadow->command.kind == COMMAND_BLOCK && !compare_block(shadow, fault))
        return false;
    if (listener && listener->command)
        listener->command(listener->ctx, index);
    engine_apply(shadow->engine, &shadow->command, &emitter->sink);
    return true;
}

struct change_visit {
    struct shadow *shadow;
    const struct shadow_listener *listener;
};

static void visit_change(void *ctx, const struct record *record)
{
    struct change_visit *visit = ctx;
    const struct shadow_listener *listener = visit->listener;

    put_in_tree(visit->shadow, record);
    if (listener && listener->record)
        listener->record(listener->ctx, record);
}

static bool end_block(struct shadow *shadow, const struct batch *batch,
                      const struct hash32 *hash,
                      const struct shadow_listener *listener,
                      struct shadow_fault *fault)
{
    struct change_visit visit = {shadow, listener};
    struct block block = {
        .height = shadow->last.height + 1,
        .first_index = shadow->last.last_index + 1,
        .last_index = batch_last_index(batch),
        .time_ns = batch->time_ns,
        .previous_hash = shadow->last_hash,
        .journal_hash = *hash,
    };

    engine_changes(shadow->engine, visit_change, &visit);
    if (!make_root(shadow, &block.state_root, fault))
        return false;
    shadow->last = block;
    block_hash(&shadow->last_hash, &block);
    shadow_remember(shadow, &block);
    if (listener && listener->block)
        listener->block(listener->ctx, &block, &shadow->last_hash);
    return true;
}

bool shadow_apply(struct shadow *shadow, const struct batch *batch,
                  const struct hash32 *hash,
                  const struct shadow_listener *listener,
                  struct shadow_fault *fault)
{
    struct emitter emitter = {{emit}, listener};
    struct batch_iterator iterator;
    struct batch_entry entry;
    uint64_t index = batch->first_index;
    enum storage_status status;

    if (index != engine_index(shadow->engine) + 1)
        return refuse(fault, index, "the batch is not the next one");
    if (batch->time_ns < nanos_raw(engine_time(shadow->engine)))
        return refuse(fault, index, "the batch's time goes back");
    shadow->command.time = nanos_of(batch->time_ns);
    batch_entries(&iterator, batch);
    while ((status = batch_next(&iterator, &entry)) == STORAGE_OK) {
        if (!apply_command(shadow, &entry, index, &emitter, fault))
            return false;
        index++;
    }
    if (status != STORAGE_END)
        return refuse(fault, index, storage_status_text(status));
    return (batch->flags & BATCH_CLOSES_BLOCK) == 0 ||
           end_block(shadow, batch, hash, listener, fault);
}

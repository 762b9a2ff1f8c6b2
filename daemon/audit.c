#include "daemon/audit.h"

#include "daemon/shadow.h"
#include "rpc/decode.h"
#include "storage/datadir.h"
#include "storage/journal_reader.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_BYTES (8u << 20)
#define WINDOW_BATCHES 512u
#define THREADS_MAX 64u

/* One entry to be checked: where it stands in the window. */
struct entry_ref {
    struct batch_entry entry;
    uint64_t index;
};

/* Batches read ahead, with copies of their payloads. */
struct window {
    struct batch_view views[WINDOW_BATCHES];
    uint32_t count;
    uint8_t *bytes;
    size_t used;
    struct entry_ref *entries;
    size_t entry_count, entry_capacity;
    /* Shared by the checking threads. */
    atomic_size_t next;
    _Atomic uint64_t bad_index; /* smallest that failed, UINT64_MAX: none */
    atomic_uint_fast64_t checked;
};

struct audit {
    const struct audit_options *options;
    struct audit_result *result;
    struct shadow *shadow;
    struct journal_reader *reader;
    struct window windows[2];
    pthread_t threads[THREADS_MAX];
    uint32_t thread_count;
};

static bool fault_at(struct audit *audit, uint64_t index, const char *what)
{
    struct audit_result *result = audit->result;

    if (result->fault[0] == '\0') {
        result->fault_index = index;
        snprintf(result->fault, sizeof result->fault, "%s", what);
    }
    return false;
}

/* ---- reading --------------------------------------------------------- */

static bool add_entries(struct window *window, const struct batch *batch)
{
    struct batch_iterator iterator;
    struct entry_ref ref = {.index = batch->first_index};

    batch_entries(&iterator, batch);
    while (batch_next(&iterator, &ref.entry) == STORAGE_OK) {
        if (window->entry_count == window->entry_capacity) {
            size_t capacity =
                window->entry_capacity ? 2 * window->entry_capacity : 4096;
            struct entry_ref *entries =
                realloc(window->entries, capacity * sizeof *window->entries);

            if (!entries)
                return false;
            window->entries = entries;
            window->entry_capacity = capacity;
        }
        window->entries[window->entry_count++] = ref;
        ref.index++;
    }
    return true;
}

static bool add_batch(struct window *window, const struct batch_view *view)
{
    struct batch_view *kept = &window->views[window->count++];
    uint8_t *payload = window->bytes + window->used;

    *kept = *view;
    memcpy(payload, view->batch.payload, view->batch.payload_len);
    kept->batch.payload = payload;
    window->used += view->batch.payload_len;
    return add_entries(window, &kept->batch);
}

/* Fills the window; *is_end when the journal has no more. */
static bool read_window(struct audit *audit, struct window *window,
                        bool *is_end)
{
    struct storage_fault fault = {0};
    struct batch_view view;
    enum storage_status status = STORAGE_OK;

    window->count = 0;
    window->used = 0;
    window->entry_count = 0;
    while (window->count < WINDOW_BATCHES &&
           window->used + BATCH_PAYLOAD_BYTES_MAX <= WINDOW_BYTES) {
        status =
            journal_reader_next(audit->reader, &view, JOURNAL_TO_END, &fault);
        if (status != STORAGE_OK)
            break;
        if (!add_batch(window, &view))
            return fault_at(audit, view.batch.first_index, "memory is short");
    }
    *is_end = status == STORAGE_END;
    if (status == STORAGE_OK || status == STORAGE_END)
        return true;
    return fault_at(audit, fault.index,
                    fault.reason[0] ? fault.reason
                                    : storage_status_text(status));
}

/* ---- checking -------------------------------------------------------- */

/* Commands without a signer: the node's own. */
static bool needs_evidence(const struct batch_entry *entry)
{
    return entry->command_len > 0 && entry->command[0] != COMMAND_TICK &&
           entry->command[0] != COMMAND_BLOCK;
}

static void note_bad(struct window *window, uint64_t index)
{
    uint64_t known = atomic_load(&window->bad_index);

    while (index < known &&
           !atomic_compare_exchange_weak(&window->bad_index, &known, index))
        continue;
}

struct checker {
    struct window *window;
    const struct audit_options *options;
};

static void *check_entries(void *ctx)
{
    struct checker *checker = ctx;
    struct window *window = checker->window;
    size_t i;

    while ((i = atomic_fetch_add(&window->next, 1)) < window->entry_count) {
        const struct entry_ref *ref = &window->entries[i];
        const char *why;

        if (!needs_evidence(&ref->entry)) {
            if (ref->entry.evidence_len != 0)
                note_bad(window, ref->index);
            continue;
        }
        if (!decode_audit(checker->options->service, &why, ref->entry.command,
                          ref->entry.command_len, ref->entry.evidence,
                          ref->entry.evidence_len,
                          !checker->options->skip_signatures))
            note_bad(window, ref->index);
        atomic_fetch_add(&window->checked, 1);
    }
    return NULL;
}

static void begin_check(struct audit *audit, struct checker *checker)
{
    struct window *window = checker->window;

    atomic_store(&window->next, 0);
    atomic_store(&window->bad_index, UINT64_MAX);
    atomic_store(&window->checked, 0);
    audit->thread_count = 0;
    for (uint32_t i = 0; i < audit->options->threads; i++)
        if (pthread_create(&audit->threads[audit->thread_count], NULL,
                           check_entries, checker) == 0)
            audit->thread_count++;
}

/* Waits; the caller's thread takes part in what is left. */
static bool end_check(struct audit *audit, struct checker *checker)
{
    struct window *window = checker->window;
    uint64_t bad;

    check_entries(checker);
    for (uint32_t i = 0; i < audit->thread_count; i++)
        pthread_join(audit->threads[i], NULL);
    audit->result->signatures += atomic_load(&window->checked);
    bad = atomic_load(&window->bad_index);
    return bad == UINT64_MAX ||
           fault_at(audit, bad,
                    "the evidence does not prove the command: signature, "
                    "signer or content differ");
}

/* ---- applying -------------------------------------------------------- */

static void count_event(void *ctx, const struct event *event)
{
    struct audit_result *result = ctx;

    result->events++;
    if ((unsigned)event->kind < AUDIT_EVENT_KINDS)
        result->events_by_kind[event->kind]++;
    if (event->kind == EVENT_LIQUIDATION &&
        event->liquidation.step < AUDIT_STEPS)
        result->liquidation_steps[event->liquidation.step]++;
}

/* The journal's own newest statement about a block. */
static void note_blocks(struct audit *audit, const struct window *window)
{
    static struct command command;
    static struct command_buffer buffer;

    for (size_t i = 0; i < window->entry_count; i++) {
        const struct batch_entry *entry = &window->entries[i].entry;

        if (entry->command_len == 0 || entry->command[0] != COMMAND_BLOCK ||
            !command_decode(&command, &buffer, entry->command,
                            entry->command_len))
            continue;
        audit->result->journaled_height = command.block.height;
        audit->result->journaled_root = command.block.state_root;
        audit->result->replayed_root =
            audit->shadow->blocks[command.block.height % SHADOW_BLOCKS]
                .state_root;
    }
}

static bool apply_window(struct audit *audit, const struct window *window)
{
    struct audit_result *result = audit->result;
    struct shadow_listener listener = {.ctx = result, .event = count_event};
    struct shadow_fault fault;

    for (uint32_t i = 0; i < window->count; i++) {
        const struct batch_view *view = &window->views[i];

        if (!shadow_apply(audit->shadow, &view->batch, &view->hash, &listener,
                          &fault))
            return fault_at(audit, fault.index, fault.what);
        result->batches++;
        result->commands += view->batch.count;
        result->last = audit->shadow->last;
        result->blocks = audit->shadow->last.height;
    }
    note_blocks(audit, window);
    if (audit->options->progress)
        audit->options->progress(audit->options->ctx, result->commands,
                                 result->blocks);
    return true;
}

/* Window after window: while one is checked the one before is applied. */
static bool run(struct audit *audit)
{
    struct window *ahead = &audit->windows[0], *behind = &audit->windows[1];
    bool is_end = false, is_good = true;

    behind->count = 0;
    behind->entry_count = 0;
    while (is_good && (!is_end || behind->count > 0)) {
        struct checker checker = {ahead, audit->options};
        struct window *swap = ahead;

        ahead->count = 0;
        ahead->entry_count = 0;
        if (!is_end && !read_window(audit, ahead, &is_end))
            is_good = false;
        if (is_good)
            begin_check(audit, &checker);
        is_good = apply_window(audit, behind) && is_good;
        if (audit->thread_count > 0 || is_good)
            is_good = end_check(audit, &checker) && is_good;
        audit->thread_count = 0;
        ahead = behind;
        behind = swap;
    }
    return is_good;
}

static bool open_journal(struct audit *audit)
{
    struct hash32 genesis_id = audit->options->service->genesis->id, found;
    struct storage_fault fault = {0};
    enum storage_status status;

    status = datadir_genesis(&found, audit->options->data_dir, &fault);
    if (status == STORAGE_OK &&
        memcmp(found.bytes, genesis_id.bytes, sizeof found.bytes) != 0)
        return fault_at(audit, 0, "the directory is of another genesis");
    if (status == STORAGE_OK)
        status = journal_reader_open(&audit->reader, audit->options->data_dir,
                                     &genesis_id, 1, &fault);
    return status == STORAGE_OK ||
           fault_at(audit, 0,
                    fault.reason[0] ? fault.reason
                                    : storage_status_text(status));
}

static bool make_rooms(struct audit *audit)
{
    for (int i = 0; i < 2; i++) {
        audit->windows[i].bytes = malloc(WINDOW_BYTES);
        if (!audit->windows[i].bytes)
            return fault_at(audit, 0, "memory is short");
    }
    audit->shadow = shadow_create(audit->options->service->genesis);
    return audit->shadow || fault_at(audit, 0, "memory is short");
}

bool audit_run(struct audit_result *result, const struct audit_options *options)
{
    struct audit *audit = calloc(1, sizeof *audit);
    struct journal_place place;
    bool is_good;

    *result = (struct audit_result){0};
    if (!audit || options->threads > THREADS_MAX) {
        free(audit);
        snprintf(result->fault, sizeof result->fault, "memory is short");
        return false;
    }
    audit->options = options;
    audit->result = result;
    is_good = make_rooms(audit) && open_journal(audit) && run(audit);
    if (audit->reader) {
        journal_reader_place(&place, audit->reader);
        result->torn_bytes = place.torn_bytes;
    }
    journal_reader_close(audit->reader);
    shadow_destroy(audit->shadow);
    for (int i = 0; i < 2; i++) {
        free(audit->windows[i].bytes);
        free(audit->windows[i].entries);
    }
    free(audit);
    return is_good;
}

#include "rpc/past.h"

#include <stdlib.h>

struct past past_of(const struct rpc_call *call, uint64_t index)
{
    return (struct past){
        .query = {.from_index = 1, .to_index = index, .newest_first = true},
        .to = nanos_of(NANOS_MAX),
        .service = call->message->service,
    };
}

/* ---- times ----------------------------------------------------------- */

/* The lowest height whose block ends at `time` or later; newest + 1 when none
 * does. False: a block is missing. */
static bool height_at(uint64_t *height, const struct rpc_node *node,
                      uint64_t newest, struct nanos time)
{
    uint64_t low = 1, high = newest + 1;

    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        struct rpc_block block;

        if (!node->block_by_height(node->ctx, &block, middle))
            return false;
        if (nanos_cmp(block.time, time) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *height = low;
    return true;
}

void past_narrow(struct past *past, const struct rpc_node *node)
{
    struct rpc_block newest, block;
    uint64_t height;

    if (!node->block_by_height(node->ctx, &newest, UINT64_MAX))
        return;
    if (height_at(&height, node, newest.height, past->from)) {
        if (height > newest.height)
            past->query.from_index = newest.last_index + 1;
        else if (node->block_by_height(node->ctx, &block, height))
            past->query.from_index = block.first_index;
    }
    if (nanos_raw(past->to) < NANOS_MAX &&
        height_at(&height, node, newest.height,
                  nanos_add(past->to, nanos_of(1))) &&
        height <= newest.height &&
        node->block_by_height(node->ctx, &block, height) &&
        block.last_index < past->query.to_index)
        past->query.to_index = block.last_index;
}

/* ---- gathering ------------------------------------------------------- */

struct gathering {
    struct past *past;
    struct event *events;
    size_t count, capacity;
    uint64_t index;
    struct nanos time;
    uint32_t passed;
    bool is_short, is_over;
};

static bool gather(struct gathering *gathering, const struct event *event)
{
    if (gathering->count == gathering->capacity) {
        size_t capacity = gathering->capacity ? gathering->capacity * 2 : 64;
        struct event *events =
            capacity > PAST_GATHERED_MAX
                ? NULL
                : realloc(gathering->events, capacity * sizeof *events);

        if (!events)
            return false;
        gathering->events = events;
        gathering->capacity = capacity;
    }
    gathering->events[gathering->count++] = *event;
    return true;
}

/* Newest first means the last event of a command first; a looker gets them
 * as they happened. */
static void reverse(struct event *events, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        struct event other = events[i];

        events[i] = events[count - 1 - i];
        events[count - 1 - i] = other;
    }
}

/* Hands the gathered command to the looker; false: enough. */
static bool hand_over(struct gathering *gathering)
{
    const struct past_command command = {gathering->index, gathering->time,
                                         gathering->events, gathering->count};

    if (gathering->past->query.newest_first)
        reverse(gathering->events, gathering->count);
    gathering->count = 0;
    return command.count == 0 ||
           gathering->past->look(gathering->past, &command);
}

static bool visit(void *visitor, uint64_t index, struct nanos time,
                  const struct event *event)
{
    struct gathering *gathering = visitor;
    struct past *past = gathering->past;

    if (index != gathering->index && !hand_over(gathering)) {
        gathering->is_over = true;
        return false;
    }
    gathering->index = index;
    gathering->time = time;
    if (++gathering->passed > PAST_EVENTS_MAX) {
        past->is_partial = true;
        return false;
    }
    if (nanos_cmp(time, past->from) < 0)
        return !past->query.newest_first;
    if (nanos_cmp(time, past->to) > 0)
        return past->query.newest_first;
    if (!(past->kinds & PAST_KIND(event->kind)))
        return true;
    gathering->is_short = !gather(gathering, event);
    return !gathering->is_short;
}

bool past_look(struct past *past, const struct rpc_node *node)
{
    struct gathering gathering = {.past = past};
    bool is_read;

    if (past->query.from_index > past->query.to_index)
        return true;
    is_read = node->history(node->ctx, &past->query, visit, &gathering) &&
              !gathering.is_short;
    if (is_read && !gathering.is_over)
        hand_over(&gathering);
    free(gathering.events);
    return is_read;
}

/* ---- pages ----------------------------------------------------------- */

struct page page_begin(size_t count)
{
    return (struct page){.rows = rows_begin(), .count = count};
}

bool page_add(struct page *page, json_t *row)
{
    if (json_array_size(page->rows.list) >= page->count) {
        page->has_more = true;
        json_decref(row);
        return false;
    }
    rows_add(&page->rows, row);
    return true;
}

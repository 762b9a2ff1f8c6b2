#include "daemon/pack.h"

#include "engine/bytes.h"

#include <stdlib.h>
#include <string.h>

#define COMMAND_HEAD_BYTES 8
#define FIRST_CAPACITY 65536u

static void put_u32(uint8_t *at, uint32_t value)
{
    memcpy(at, &value, sizeof value);
}

static void filter_add(struct pack_filter *filter,
                       const struct account_id *account);

/* Room for `more` bytes behind size. */
static bool reserve(struct pack_writer *writer, size_t more)
{
    size_t capacity = writer->capacity ? writer->capacity : FIRST_CAPACITY;
    uint8_t *bytes;

    if (writer->is_short)
        return false;
    if (writer->size + more <= writer->capacity)
        return true;
    while (capacity < writer->size + more)
        capacity *= 2;
    bytes = realloc(writer->bytes, capacity);
    if (!bytes) {
        writer->is_short = true;
        return false;
    }
    writer->bytes = bytes;
    writer->capacity = capacity;
    return true;
}

void pack_begin(struct pack_writer *writer, uint64_t first_index,
                struct nanos time)
{
    struct bytes_writer head;

    writer->size = 0;
    writer->is_short = false;
    writer->filter = (struct pack_filter){{0}};
    if (!reserve(writer, PACK_HEAD_BYTES))
        return;
    head = bytes_writer_of(writer->bytes, PACK_HEAD_BYTES);
    bytes_put_u64(&head, first_index);
    bytes_put_nanos(&head, time);
    bytes_put_u64(&head, 0); /* count and size, known at the end */
    writer->size = PACK_HEAD_BYTES;
}

void pack_command(struct pack_writer *writer, uint64_t index)
{
    uint64_t first_index;

    writer->command_at = writer->size;
    if (!reserve(writer, COMMAND_HEAD_BYTES))
        return;
    memcpy(&first_index, writer->bytes, sizeof first_index);
    put_u32(writer->bytes + writer->size, (uint32_t)(index - first_index));
    writer->size += COMMAND_HEAD_BYTES;
}

void pack_event(struct pack_writer *writer, const struct event *event)
{
    struct account_id accounts[PACK_ACCOUNTS_MAX];
    uint32_t count = pack_accounts(accounts, event);
    size_t size;

    if (!reserve(writer, EVENT_BYTES_MAX))
        return;
    for (uint32_t i = 0; i < count; i++)
        filter_add(&writer->filter, &accounts[i]);
    size = event_encode(writer->bytes + writer->size, EVENT_BYTES_MAX, event);
    check(size > 0);
    writer->size += size;
}

void pack_command_end(struct pack_writer *writer)
{
    size_t body = writer->size - writer->command_at - COMMAND_HEAD_BYTES;

    if (writer->is_short)
        return;
    if (body == 0)
        writer->size = writer->command_at;
    else
        put_u32(writer->bytes + writer->command_at + 4, (uint32_t)body);
}

bool pack_end(struct pack_writer *writer, uint32_t count)
{
    if (writer->is_short)
        return false;
    put_u32(writer->bytes + 16, count);
    put_u32(writer->bytes + 20, (uint32_t)(writer->size - PACK_HEAD_BYTES));
    return true;
}

void pack_free(struct pack_writer *writer)
{
    free(writer->bytes);
    *writer = (struct pack_writer){0};
}

/* ---- reading ---------------------------------------------------------- */

struct pack_view {
    uint64_t first_index;
    struct nanos time;
    uint32_t count;
    struct bytes_reader body;
};

/* Takes the next pack off a chunk that is not at its end; false: the bytes
 * are none. */
static bool take_pack(struct pack_view *view, struct bytes_reader *chunk)
{
    uint32_t size;

    view->first_index = bytes_get_u64(chunk);
    view->time = bytes_get_nanos(chunk);
    view->count = bytes_get_u32(chunk);
    size = bytes_get_u32(chunk);
    if (chunk->is_bad || size > (size_t)(chunk->end - chunk->at))
        return false;
    view->body = bytes_reader_of(chunk->at, size);
    chunk->at += size;
    return true;
}

/* The events of one command, somewhere in a chunk. */
struct place {
    uint64_t index;
    struct nanos time;
    struct bytes_reader events;
};

static bool take_command(struct place *place, struct pack_view *view)
{
    uint32_t size;

    place->index = view->first_index + bytes_get_u32(&view->body);
    place->time = view->time;
    size = bytes_get_u32(&view->body);
    if (view->body.is_bad || size > (size_t)(view->body.end - view->body.at))
        return false;
    place->events = bytes_reader_of(view->body.at, size);
    view->body.at += size;
    return true;
}

static bool take_event(struct event *event, struct bytes_reader *events)
{
    size_t used;

    if (!event_decode(event, &used, events->at,
                      (size_t)(events->end - events->at)))
        return false;
    events->at += used;
    return true;
}

static enum pack_end visit_events(struct place *place, pack_visitor *visit,
                                  void *ctx)
{
    while (place->events.at < place->events.end) {
        struct event event;

        if (!take_event(&event, &place->events))
            return PACK_BAD;
        if (!visit(ctx, place->index, place->time, &event))
            return PACK_STOPPED;
    }
    return PACK_ALL;
}

enum pack_end pack_chunk(const uint8_t *bytes, size_t size,
                         uint64_t first_index, uint64_t last_index,
                         pack_visitor *visit, void *ctx)
{
    struct bytes_reader chunk = bytes_reader_of(bytes, size);
    enum pack_end end = PACK_ALL;

    while (end == PACK_ALL && chunk.at < chunk.end) {
        struct pack_view view;

        if (!take_pack(&view, &chunk))
            return PACK_BAD;
        while (end == PACK_ALL && view.body.at < view.body.end) {
            struct place place;

            if (!take_command(&place, &view))
                return PACK_BAD;
            if (place.index >= first_index && place.index <= last_index)
                end = visit_events(&place, visit, ctx);
        }
    }
    return end;
}

/* Places of a chunk in their order, to be gone through from the end. */
struct place_list {
    struct place *places;
    size_t count, capacity;
};

static bool add_place(struct place_list *list, const struct place *place)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? 2 * list->capacity : 64;
        struct place *places = realloc(list->places, capacity * sizeof *places);

        if (!places)
            return false;
        list->places = places;
        list->capacity = capacity;
    }
    list->places[list->count++] = *place;
    return true;
}

/* Every event as a place of its own. */
static bool list_events(struct place_list *list, const uint8_t *bytes,
                        size_t size, uint64_t first_index, uint64_t last_index)
{
    struct bytes_reader chunk = bytes_reader_of(bytes, size);
    struct pack_view view;
    struct place place;
    struct event event;

    while (chunk.at < chunk.end) {
        if (!take_pack(&view, &chunk))
            return false;
        while (view.body.at < view.body.end) {
            if (!take_command(&place, &view))
                return false;
            if (place.index < first_index || place.index > last_index)
                continue;
            while (place.events.at < place.events.end) {
                if (!add_place(list, &place) ||
                    !take_event(&event, &place.events))
                    return false;
            }
        }
    }
    return true;
}

enum pack_end pack_chunk_backwards(const uint8_t *bytes, size_t size,
                                   uint64_t first_index, uint64_t last_index,
                                   pack_visitor *visit, void *ctx)
{
    struct place_list list = {0};
    enum pack_end end = list_events(&list, bytes, size, first_index, last_index)
                            ? PACK_ALL
                            : PACK_BAD;

    for (size_t i = list.count; i > 0 && end == PACK_ALL; i--) {
        struct place *place = &list.places[i - 1];
        struct event event;

        if (!take_event(&event, &place->events))
            end = PACK_BAD;
        else if (!visit(ctx, place->index, place->time, &event))
            end = PACK_STOPPED;
    }
    free(list.places);
    return end;
}

bool pack_chunk_end(const uint8_t *bytes, size_t size, uint64_t *last_index)
{
    struct bytes_reader chunk = bytes_reader_of(bytes, size);
    bool is_some = false;

    while (chunk.at < chunk.end) {
        struct pack_view view;

        if (!take_pack(&view, &chunk) || view.count == 0)
            return false;
        *last_index = view.first_index + view.count - 1;
        is_some = true;
    }
    return is_some;
}

/* ---- accounts --------------------------------------------------------- */

/* Two bits of the filter's 512. */
static uint64_t hash_of(const struct account_id *account)
{
    uint64_t parts[2];

    memcpy(parts, account->owner.bytes, sizeof parts);
    return (parts[0] ^ (parts[1] << 1) ^ (parts[1] >> 63) ^
            ((uint64_t)account->subaccount << 17)) *
           UINT64_C(0x9e3779b97f4a7c15);
}

static void filter_add(struct pack_filter *filter,
                       const struct account_id *account)
{
    uint64_t hash = hash_of(account);

    filter->words[hash >> 61] |= UINT64_C(1) << (hash >> 55 & 63);
    filter->words[hash >> 52 & 7] |= UINT64_C(1) << (hash >> 46 & 63);
}

bool pack_may_tell(const struct pack_filter *filter,
                   const struct account_id *account)
{
    uint64_t hash = hash_of(account);

    return (filter->words[hash >> 61] >> (hash >> 55 & 63) & 1) != 0 &&
           (filter->words[hash >> 52 & 7] >> (hash >> 46 & 63) & 1) != 0;
}

/* A ledger of the house, whose owner is zero. */
static struct account_id house_of(enum house house, uint32_t number)
{
    return (struct account_id){.subaccount = (uint32_t)house + number};
}

uint32_t pack_accounts(struct account_id accounts[PACK_ACCOUNTS_MAX],
                       const struct event *event)
{
    switch (event->kind) {
    case EVENT_ORDER:
        accounts[0] = event->order.account;
        return 1;
    case EVENT_TRADE:
        accounts[0] = event->trade.maker;
        accounts[1] = event->trade.taker;
        accounts[2] = house_of(HOUSE_CLEARING, event->trade.market);
        return 3;
    case EVENT_LEDGER:
        accounts[0] = event->ledger.from;
        accounts[1] = event->ledger.to;
        return 2;
    case EVENT_POSITION:
        accounts[0] = event->position.account;
        return 1;
    case EVENT_DEPOSIT:
        accounts[0] = event->deposit.account;
        return 1;
    case EVENT_WITHDRAWAL:
        accounts[0] = event->withdrawal.account;
        return 1;
    case EVENT_KEY:
        accounts[0] = (struct account_id){.owner = event->key.owner};
        return 1;
    case EVENT_LEVERAGE:
        accounts[0] = event->leverage.account;
        return 1;
    case EVENT_FUNDING:
        accounts[0] = house_of(HOUSE_FUNDING, event->funding.market);
        return 1;
    case EVENT_LIQUIDATION:
        accounts[0] = event->liquidation.account;
        accounts[1] = house_of(HOUSE_INSURANCE, 0);
        return 2;
    case EVENT_ADL:
        accounts[0] = event->adl.account;
        accounts[1] = event->adl.against;
        accounts[2] = house_of(HOUSE_INSURANCE, 0);
        return 3;
    case EVENT_MARKET_STATE:
        accounts[0] = house_of(HOUSE_CLEARING, event->market_state.market);
        return 1;
    case EVENT_REFUSED:
    case EVENT_REPORT:
    case EVENT_INDEX:
    case EVENT_MARK:
    case EVENT_BLOCK:
    case EVENT_REPEAT:
    case EVENT_CANCELLED_COUNT:
        break;
    }
    return 0;
}

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
    size_t size;

    if (!reserve(writer, EVENT_BYTES_MAX))
        return;
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

bool pack_next(struct pack_view *view, const uint8_t **bytes, size_t *size,
               bool *is_bad)
{
    struct bytes_reader head = bytes_reader_of(*bytes, *size);

    *is_bad = false;
    if (*size == 0)
        return false;
    view->first_index = bytes_get_u64(&head);
    view->time = bytes_get_nanos(&head);
    view->count = bytes_get_u32(&head);
    view->body_size = bytes_get_u32(&head);
    view->body = head.at;
    if (head.is_bad || view->body_size > *size - PACK_HEAD_BYTES) {
        *is_bad = true;
        return false;
    }
    *bytes += PACK_HEAD_BYTES + view->body_size;
    *size -= PACK_HEAD_BYTES + view->body_size;
    return true;
}

static enum pack_end visit_events(const uint8_t *bytes, size_t size,
                                  uint64_t index, struct nanos time,
                                  pack_visitor *visit, void *ctx)
{
    while (size > 0) {
        struct event event;
        size_t used;

        if (!event_decode(&event, &used, bytes, size))
            return PACK_BAD;
        if (!visit(ctx, index, time, &event))
            return PACK_STOPPED;
        bytes += used;
        size -= used;
    }
    return PACK_ALL;
}

enum pack_end pack_visit(const struct pack_view *view, uint64_t first_index,
                         uint64_t last_index, pack_visitor *visit, void *ctx)
{
    struct bytes_reader body = bytes_reader_of(view->body, view->body_size);

    while (body.at < body.end) {
        uint64_t index = view->first_index + bytes_get_u32(&body);
        uint32_t size = bytes_get_u32(&body);
        const uint8_t *events = body.at;
        enum pack_end end;

        if (body.is_bad || size > (size_t)(body.end - body.at))
            return PACK_BAD;
        body.at += size;
        if (index < first_index || index > last_index)
            continue;
        end = visit_events(events, size, index, view->time, visit, ctx);
        if (end != PACK_ALL)
            return end;
    }
    return PACK_ALL;
}

uint32_t pack_accounts(struct account_id *accounts, const struct event *event)
{
    uint32_t count = 1;

    switch (event->kind) {
    case EVENT_ORDER:
        accounts[0] = event->order.account;
        break;
    case EVENT_TRADE:
        accounts[0] = event->trade.maker;
        accounts[1] = event->trade.taker;
        count = 2;
        break;
    case EVENT_LEDGER:
        accounts[0] = event->ledger.from;
        accounts[1] = event->ledger.to;
        count = 2;
        break;
    case EVENT_POSITION:
        accounts[0] = event->position.account;
        break;
    case EVENT_DEPOSIT:
        accounts[0] = event->deposit.account;
        break;
    case EVENT_WITHDRAWAL:
        accounts[0] = event->withdrawal.account;
        break;
    case EVENT_KEY:
        accounts[0] = (struct account_id){.owner = event->key.owner};
        break;
    case EVENT_LEVERAGE:
        accounts[0] = event->leverage.account;
        break;
    case EVENT_LIQUIDATION:
        accounts[0] = event->liquidation.account;
        break;
    case EVENT_ADL:
        accounts[0] = event->adl.account;
        accounts[1] = event->adl.against;
        count = 2;
        break;
    case EVENT_REFUSED:
    case EVENT_REPORT:
    case EVENT_INDEX:
    case EVENT_MARK:
    case EVENT_FUNDING:
    case EVENT_MARKET_STATE:
    case EVENT_BLOCK:
    case EVENT_REPEAT:
    case EVENT_CANCELLED_COUNT:
        count = 0;
        break;
    }
    return count;
}

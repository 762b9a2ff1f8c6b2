/*
 * The bytes of events, against what engine/event_codec.c draws: written down
 * by hand here. Then what a decoder must survive.
 */
#include "engine/event.h"
#include "tests/lib/bytes_draw.h"
#include "tests/lib/random.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(event_codec);

#define KINDS EVENT_CANCELLED_COUNT

/* An event of which every field has another number, drawn as it goes. */
struct sample {
    struct event event;
    struct draw draw;
    int64_t next;
};

static int64_t number(struct sample *sample, size_t size)
{
    int64_t value = sample->next++;

    draw_number(&sample->draw, size, value);
    return value;
}

/* A number that needs all its eight bytes and its sign. */
static int64_t wide(struct sample *sample)
{
    int64_t value = sample->next++ - (INT64_C(1) << 60);

    draw_number(&sample->draw, 8, value);
    return value;
}

static uint8_t small(struct sample *sample, uint8_t value)
{
    draw_number(&sample->draw, 1, value);
    return value;
}

static uint16_t result_of(struct sample *sample, uint16_t value)
{
    draw_number(&sample->draw, 2, value);
    return value;
}

static void account(struct sample *sample, struct account_id *id)
{
    draw_fill(id->owner.bytes, 20, (uint8_t)sample->next);
    draw_run(&sample->draw, 20, (uint8_t)sample->next);
    id->subaccount = (uint32_t)number(sample, 4);
}

static void address(struct sample *sample, struct address *field)
{
    draw_fill(field->bytes, 20, (uint8_t)sample->next);
    draw_run(&sample->draw, 20, (uint8_t)sample->next++);
}

#define U16() (uint16_t) number(sample, 2)
#define U32() (uint32_t) number(sample, 4)
#define U64() (uint64_t) wide(sample)
#define AMOUNT() amount_of(wide(sample))
#define PRICE() price_of(wide(sample))
#define QTY() qty_of(wide(sample))
#define RATE() rate_of(wide(sample))
#define NANOS() nanos_of(wide(sample))

static void sample_order(struct sample *sample)
{
    struct order_view *order = &sample->event.order;
    struct order_terms *terms = &order->terms;

    order->id = U64();
    account(sample, &order->account);
    order->state = small(sample, ORDER_EXPIRED);
    order->reason = small(sample, REASON_REFUSED);
    order->result = result_of(sample, result_notional_too_large);
    order->filled = QTY();
    order->filled_quote = AMOUNT();
    order->fee_paid = AMOUNT();
    order->created = NANOS();
    order->updated = NANOS();
    terms->market = U16();
    terms->side = small(sample, SIDE_SELL);
    terms->type = small(sample, ORDER_STOP_LIMIT);
    terms->time_in_force = small(sample, TIF_GOOD_TIL_TIME);
    terms->trigger = small(sample, TRIGGER_INDEX);
    terms->is_post_only = true;
    (void)small(sample, 1);
    terms->label.length = small(sample, LABEL_BYTES_MAX);
    terms->size = QTY();
    terms->price = PRICE();
    terms->trigger_price = PRICE();
    terms->good_til = NANOS();
    draw_number(&sample->draw, 8, 0);
    draw_fill(terms->label.bytes, LABEL_BYTES_MAX, 0x20);
    draw_run(&sample->draw, LABEL_BYTES_MAX, 0x20);
}

static void sample_trade(struct sample *sample)
{
    struct event *event = &sample->event;

    event->trade.id = U64();
    event->trade.sequence = U64();
    event->trade.market = U16();
    event->trade.taker_side = small(sample, SIDE_SELL);
    event->trade.is_liquidation = small(sample, 1);
    event->trade.price = PRICE();
    event->trade.mark = PRICE();
    event->trade.index = PRICE();
    event->trade.size = QTY();
    account(sample, &event->trade.maker);
    account(sample, &event->trade.taker);
    event->trade.maker_order = U64();
    event->trade.taker_order = U64();
    event->trade.maker_fee = AMOUNT();
    event->trade.taker_fee = AMOUNT();
}

static void sample_ledger(struct sample *sample)
{
    struct event *event = &sample->event;

    account(sample, &event->ledger.from);
    account(sample, &event->ledger.to);
    event->ledger.asset = result_of(sample, ASSETS_MAX - 1);
    event->ledger.code = small(sample, LEDGER_GENESIS);
    event->ledger.market = U16();
    event->ledger.amount = AMOUNT();
    event->ledger.from_balance = AMOUNT();
    event->ledger.to_balance = AMOUNT();
    event->ledger.reference = U64();
}

static void sample_position(struct sample *sample)
{
    struct event *event = &sample->event;

    account(sample, &event->position.account);
    event->position.market = U16();
    event->position.size = QTY();
    event->position.cost = AMOUNT();
    event->position.realised = AMOUNT();
    event->position.funding = AMOUNT();
}

static void sample_deposit(struct sample *sample)
{
    struct event *event = &sample->event;

    account(sample, &event->deposit.account);
    event->deposit.asset = U16();
    event->deposit.amount = AMOUNT();
    draw_fill(event->deposit.reference.bytes, 32, 3);
    draw_run(&sample->draw, 32, 3);
    event->deposit.signatures = U32();
    event->deposit.threshold = U32();
    event->deposit.is_credited = small(sample, 1);
    event->deposit.is_first_credit = small(sample, 0);
}

static void sample_owner_things(struct sample *sample)
{
    struct event *event = &sample->event;

    switch ((int)event->kind) {
    case EVENT_WITHDRAWAL:
        event->withdrawal.id = U64();
        account(sample, &event->withdrawal.account);
        event->withdrawal.asset = U16();
        event->withdrawal.amount = AMOUNT();
        address(sample, &event->withdrawal.recipient);
        break;
    case EVENT_KEY:
        address(sample, &event->key.owner);
        address(sample, &event->key.key);
        event->key.scopes = U32();
        event->key.expires = NANOS();
        break;
    case EVENT_LEVERAGE:
        account(sample, &event->leverage.account);
        event->leverage.market = U16();
        event->leverage.initial_rate = RATE();
        break;
    case EVENT_REFUSED:
        event->refused.result =
            (enum result)result_of(sample, result_not_enough_margin);
        event->refused.param =
            (enum param)small(sample, (uint8_t)(param_count - 1));
        event->refused.required = AMOUNT();
        event->refused.available = AMOUNT();
        break;
    }
}

static void sample_prices(struct sample *sample)
{
    struct event *event = &sample->event;

    switch ((int)event->kind) {
    case EVENT_REPORT:
        event->report.reporter = U16();
        event->report.timestamp = NANOS();
        event->report.result =
            (enum result)result_of(sample, result_report_too_old);
        event->report.accepted = U32();
        break;
    case EVENT_INDEX:
        event->index.feed = U16();
        event->index.price = PRICE();
        event->index.confidence = PRICE();
        event->index.grade = small(sample, GRADE_NONE);
        event->index.used = U32();
        event->index.slow = PRICE();
        break;
    case EVENT_MARK:
        event->mark.market = U16();
        event->mark.mark = PRICE();
        event->mark.index = PRICE();
        event->mark.ema = PRICE();
        break;
    case EVENT_FUNDING:
        event->funding.market = U16();
        event->funding.premium = RATE();
        event->funding.rate_8h = RATE();
        event->funding.index_change = -5;
        draw_number(&sample->draw, 16, -5);
        event->funding.index = ((i128)3 << 64) + 4;
        draw_number(&sample->draw, 8, 4);
        draw_number(&sample->draw, 8, 3);
        event->funding.price = PRICE();
        break;
    }
}

static void sample_liquidation(struct sample *sample)
{
    struct event *event = &sample->event;

    account(sample, &event->liquidation.account);
    event->liquidation.market = U16();
    event->liquidation.step = small(sample, STEP_END);
    event->liquidation.equity = AMOUNT();
    event->liquidation.maintenance = AMOUNT();
    event->liquidation.size = QTY();
    event->liquidation.limit = PRICE();
    event->liquidation.bankruptcy = PRICE();
    event->liquidation.quote = AMOUNT();
    event->liquidation.fee = AMOUNT();
    event->liquidation.insurance = AMOUNT();
}

static void sample_adl(struct sample *sample)
{
    struct event *event = &sample->event;

    account(sample, &event->adl.account);
    account(sample, &event->adl.against);
    event->adl.market = U16();
    event->adl.size = QTY();
    event->adl.mark = PRICE();
    event->adl.bankruptcy = PRICE();
    event->adl.quote = AMOUNT();
    event->adl.taken = AMOUNT();
}

static void sample_short(struct sample *sample)
{
    struct event *event = &sample->event;

    switch ((int)event->kind) {
    case EVENT_MARKET_STATE:
        event->market_state.market = U16();
        event->market_state.state = small(sample, MARKET_QUARANTINED);
        event->market_state.reason = small(sample, 9);
        break;
    case EVENT_BLOCK:
        event->block.height = U64();
        break;
    case EVENT_REPEAT:
        event->repeat.index = U64();
        break;
    case EVENT_CANCELLED_COUNT:
        event->cancelled.count = U32();
        break;
    }
}

static void sample_make(struct sample *sample, int kind)
{
    static void (*const makers[])(struct sample * sample) = {
        [EVENT_REFUSED] = sample_owner_things,
        [EVENT_ORDER] = sample_order,
        [EVENT_TRADE] = sample_trade,
        [EVENT_LEDGER] = sample_ledger,
        [EVENT_POSITION] = sample_position,
        [EVENT_DEPOSIT] = sample_deposit,
        [EVENT_WITHDRAWAL] = sample_owner_things,
        [EVENT_KEY] = sample_owner_things,
        [EVENT_LEVERAGE] = sample_owner_things,
        [EVENT_REPORT] = sample_prices,
        [EVENT_INDEX] = sample_prices,
        [EVENT_MARK] = sample_prices,
        [EVENT_FUNDING] = sample_prices,
        [EVENT_LIQUIDATION] = sample_liquidation,
        [EVENT_ADL] = sample_adl,
        [EVENT_MARKET_STATE] = sample_short,
        [EVENT_BLOCK] = sample_short,
        [EVENT_REPEAT] = sample_short,
        [EVENT_CANCELLED_COUNT] = sample_short,
    };

    memset(sample, 0, sizeof *sample);
    sample->next = 40;
    sample->event.kind = (enum event_kind)kind;
    sample->event.leg = 77;
    draw_number(&sample->draw, 1, kind);
    draw_number(&sample->draw, 1, 77);
    makers[kind](sample);
}

/* Decodes; what is an event must have exactly these bytes again. */
static bool decodes(const uint8_t *bytes, size_t size, size_t *used)
{
    uint8_t again[EVENT_BYTES_MAX];
    struct event event;
    uint8_t *copy = malloc(size ? size : 1);
    bool is_event;

    cr_assert_not_null(copy);
    memcpy(copy, bytes, size);
    is_event = event_decode(&event, used, copy, size);
    if (is_event) {
        cr_assert_leq(*used, size);
        cr_assert_eq(event_encode(again, sizeof again, &event), *used);
        cr_assert_arr_eq(again, copy, *used);
    }
    free(copy);
    return is_event;
}

Test(event_codec, writes_what_is_drawn)
{
    for (int kind = 1; kind <= KINDS; kind++) {
        static struct sample sample;
        uint8_t bytes[EVENT_BYTES_MAX];
        size_t used = 0;

        sample_make(&sample, kind);
        cr_expect_eq(event_encode(bytes, sizeof bytes, &sample.event),
                     sample.draw.size, "kind %d", kind);
        cr_expect_arr_eq(bytes, sample.draw.bytes, sample.draw.size, "kind %d",
                         kind);
        cr_expect(decodes(bytes, sample.draw.size, &used), "kind %d", kind);
        cr_expect_eq(used, sample.draw.size);
    }
}

Test(event_codec, takes_all_room_and_none_beyond)
{
    for (int kind = 1; kind <= KINDS; kind++) {
        static struct sample sample;

        sample_make(&sample, kind);
        for (size_t room = 0; room <= sample.draw.size; room++) {
            uint8_t *bytes = malloc(room ? room : 1);

            cr_assert_not_null(bytes);
            cr_expect_eq(event_encode(bytes, room, &sample.event),
                         room < sample.draw.size ? 0 : room);
            free(bytes);
        }
    }
}

Test(event_codec, refuses_every_prefix)
{
    for (int kind = 1; kind <= KINDS; kind++) {
        static struct sample sample;
        size_t used;

        sample_make(&sample, kind);
        for (size_t size = 0; size < sample.draw.size; size++)
            cr_expect_not(decodes(sample.draw.bytes, size, &used),
                          "kind %d, %zu", kind, size);
    }
}

Test(event_codec, reads_one_after_the_other)
{
    static uint8_t bytes[KINDS * EVENT_BYTES_MAX];
    size_t size = 0, at = 0;

    for (int kind = 1; kind <= KINDS; kind++) {
        static struct sample sample;

        sample_make(&sample, kind);
        size += event_encode(bytes + size, sizeof bytes - size, &sample.event);
    }
    for (int kind = 1; kind <= KINDS; kind++) {
        struct event event;
        size_t used;

        cr_assert(event_decode(&event, &used, bytes + at, size - at));
        cr_expect_eq((int)event.kind, kind);
        cr_expect_eq(event.leg, 77);
        at += used;
    }
    cr_expect_eq(at, size);
}

Test(event_codec, survives_every_changed_byte)
{
    for (int kind = 1; kind <= KINDS; kind++) {
        static struct sample sample;
        size_t used;

        sample_make(&sample, kind);
        for (size_t at = 0; at < sample.draw.size; at++) {
            uint8_t before = sample.draw.bytes[at];

            for (unsigned value = 0; value < 256; value++) {
                sample.draw.bytes[at] = (uint8_t)value;
                (void)decodes(sample.draw.bytes, sample.draw.size, &used);
            }
            sample.draw.bytes[at] = before;
        }
    }
}

Test(event_codec, survives_bytes_without_form)
{
    struct random_state random = {20200312};

    for (int i = 0; i < 200000; i++) {
        uint8_t bytes[300];
        size_t size = random_below(&random, sizeof bytes), used;

        random_bytes(&random, bytes, size);
        if (size > 0)
            bytes[0] = (uint8_t)random_below(&random, KINDS + 2);
        (void)decodes(bytes, size, &used);
    }
}

/* Place of each byte that has a range, and its greatest. */
Test(event_codec, holds_every_range)
{
    static const struct {
        enum event_kind kind;
        size_t at;
        uint8_t most;
    } ranges[] = {
        {EVENT_REFUSED, 4, param_count - 1},
        {EVENT_ORDER, 34, ORDER_EXPIRED},
        {EVENT_ORDER, 35, REASON_REFUSED},
        {EVENT_TRADE, 20, SIDE_SELL},
        {EVENT_TRADE, 21, 1},
        {EVENT_LEDGER, 50, ASSETS_MAX - 1},
        {EVENT_LEDGER, 52, LEDGER_GENESIS},
        {EVENT_DEPOSIT, 76, 1},
        {EVENT_DEPOSIT, 77, 1},
        {EVENT_INDEX, 20, GRADE_NONE},
        {EVENT_LIQUIDATION, 28, STEP_END},
        {EVENT_MARKET_STATE, 4, MARKET_QUARANTINED},
    };

    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        static struct sample sample;
        size_t used;

        sample_make(&sample, (int)ranges[i].kind);
        sample.draw.bytes[ranges[i].at] = ranges[i].most;
        cr_expect(decodes(sample.draw.bytes, sample.draw.size, &used), "%zu",
                  i);
        sample.draw.bytes[ranges[i].at] = (uint8_t)(ranges[i].most + 1);
        cr_expect_not(decodes(sample.draw.bytes, sample.draw.size, &used),
                      "%zu", i);
    }
}

Test(event_codec, knows_no_other_kinds_and_results)
{
    static struct sample sample;
    size_t used;

    for (unsigned kind = 0; kind < 256; kind++) {
        sample_make(&sample, EVENT_ORDER);
        sample.draw.bytes[0] = (uint8_t)kind;
        if (kind == 0 || kind > KINDS)
            cr_expect_not(decodes(sample.draw.bytes, sample.draw.size, &used));
    }
    sample_make(&sample, EVENT_REFUSED);
    sample.draw.bytes[2] = 1;
    sample.draw.bytes[3] = 0;
    cr_expect_not(decodes(sample.draw.bytes, sample.draw.size, &used));
    sample.draw.bytes[2] = 0;
    cr_expect(decodes(sample.draw.bytes, sample.draw.size, &used));
    sample.event.kind = (enum event_kind)0;
    cr_expect_eq(event_encode(sample.draw.bytes, 512, &sample.event), 0);
    sample.event.kind = (enum event_kind)(KINDS + 1);
    cr_expect_eq(event_encode(sample.draw.bytes, 512, &sample.event), 0);
}

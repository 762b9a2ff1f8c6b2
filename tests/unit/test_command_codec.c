/*
 * The bytes of commands, against what engine/command_codec.c draws: written
 * down by hand here. Then what a decoder must survive: every prefix, every
 * changed byte, trailing bytes, bytes without form.
 */
#include "engine/command.h"
#include "tests/lib/bytes_draw.h"
#include "tests/lib/random.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(command_codec);

#define KINDS COMMAND_SET_LEVERAGE

/* One command of each kind, every field another number; and its bytes. */
struct sample {
    struct command command;
    struct order_terms orders[2];
    uint64_t cancels[3];
    struct report_point points[3];
    struct report_package packages[2];
    uint32_t subaccounts[2];
    uint16_t markets[3];
    struct draw draw;
};

static void sample_terms(struct order_terms *terms, struct draw *draw,
                         uint8_t seed)
{
    *terms = (struct order_terms){.market = (uint16_t)(0x0100 + seed),
                                  .side = SIDE_SELL,
                                  .type = ORDER_TAKE_MARKET,
                                  .time_in_force = TIF_FILL_OR_KILL,
                                  .trigger = TRIGGER_LAST,
                                  .is_reduce_only = true,
                                  .has_max_fee = true,
                                  .size = qty_of(1000 + seed),
                                  .price = price_of(-2000 - seed),
                                  .trigger_price = price_of(3000 + seed),
                                  .good_til = nanos_of(4000 + seed),
                                  .max_fee = amount_of(5000 + seed),
                                  .label = {.length = (uint8_t)(3 + seed)}};
    draw_fill(terms->label.bytes, terms->label.length, 0x61);
    draw_number(draw, 2, 0x0100 + seed);
    draw_number(draw, 1, 1);
    draw_number(draw, 1, 5);
    draw_number(draw, 1, 3);
    draw_number(draw, 1, 3);
    draw_number(draw, 1, 2 + 4);
    draw_number(draw, 1, 3 + seed);
    draw_number(draw, 8, 1000 + seed);
    draw_number(draw, 8, -2000 - seed);
    draw_number(draw, 8, 3000 + seed);
    draw_number(draw, 8, 4000 + seed);
    draw_number(draw, 8, 5000 + seed);
    draw_run(draw, 3u + seed, 0x61);
}

static void sample_request(struct sample *sample)
{
    struct request *request = &sample->command.request;

    draw_fill(request->owner.bytes, 20, 0x10);
    request->subaccount = 0x12345678;
    draw_fill(request->signer.bytes, 20, 0x40);
    request->nonce = UINT64_C(0xfedcba9876543210);
    request->expires = nanos_of(1700000000123456789);
    request->digest = UINT64_C(0x8877665544332211);
    draw_run(&sample->draw, 20, 0x10);
    draw_number(&sample->draw, 4, 0x12345678);
    draw_run(&sample->draw, 20, 0x40);
    draw_number(&sample->draw, 8, (int64_t)UINT64_C(0xfedcba9876543210));
    draw_number(&sample->draw, 8, 1700000000123456789);
    draw_number(&sample->draw, 8, (int64_t)UINT64_C(0x8877665544332211));
}

static void sample_block(struct sample *sample)
{
    struct command *command = &sample->command;
    struct draw *draw = &sample->draw;

    command->block.height = 7;
    command->block.first_index = 8;
    command->block.last_index = 9;
    command->block.time = nanos_of(10);
    draw_fill(command->block.journal_hash.bytes, 32, 1);
    draw_fill(command->block.state_root.bytes, 32, 50);
    draw_fill(command->block.hash.bytes, 32, 100);
    for (int64_t i = 7; i <= 10; i++)
        draw_number(draw, 8, i);
    draw_run(draw, 32, 1);
    draw_run(draw, 32, 50);
    draw_run(draw, 32, 100);
}

static void sample_deposit(struct sample *sample)
{
    struct command *command = &sample->command;
    struct draw *draw = &sample->draw;

    draw_fill(command->deposit.account.owner.bytes, 20, 3);
    command->deposit.account.subaccount = 4;
    command->deposit.asset = 5;
    command->deposit.amount = amount_of(-6);
    draw_fill(command->deposit.reference.bytes, 32, 7);
    draw_fill(command->deposit.digest.bytes, 32, 70);
    command->deposit.validators = UINT64_C(1) << 63;
    draw_run(draw, 20, 3);
    draw_number(draw, 4, 4);
    draw_number(draw, 2, 5);
    draw_number(draw, 8, -6);
    draw_run(draw, 32, 7);
    draw_run(draw, 32, 70);
    draw_number(draw, 8, INT64_MIN);
}

/* Two packages, of one and of two points. */
static void sample_report(struct sample *sample)
{
    struct command *command = &sample->command;
    struct draw *draw = &sample->draw;

    draw_number(draw, 2, 2);
    for (uint16_t i = 0; i < 2; i++) {
        sample->packages[i] = (struct report_package){
            (uint16_t)(60 + i), nanos_of(70 + i), i + 1u, &sample->points[i]};
        draw_number(draw, 2, 60 + i);
        draw_number(draw, 8, 70 + i);
        draw_number(draw, 2, i + 1);
        for (uint16_t j = i; j < 2 * i + 1; j++) {
            sample->points[j] = (struct report_point){
                (uint16_t)(80 + j), price_of(INT64_MIN + j), price_of(90 + j)};
            draw_number(draw, 2, 80 + j);
            draw_number(draw, 8, INT64_MIN + j);
            draw_number(draw, 8, 90 + j);
        }
    }
    command->report.package_count = 2;
    command->report.packages = sample->packages;
}

static void sample_batch(struct sample *sample)
{
    struct command *command = &sample->command;
    struct draw *draw = &sample->draw;

    draw_number(draw, 2, 2);
    draw_number(draw, 2, 3);
    sample_terms(&sample->orders[0], draw, 1);
    sample_terms(&sample->orders[1], draw, 2);
    for (uint64_t i = 0; i < 3; i++) {
        sample->cancels[i] = 1000 + i;
        draw_number(draw, 8, (int64_t)(1000 + i));
    }
    command->batch.order_count = 2;
    command->batch.cancel_count = 3;
    command->batch.orders = sample->orders;
    command->batch.cancels = sample->cancels;
}

static void sample_authorize(struct sample *sample)
{
    struct command *command = &sample->command;
    struct draw *draw = &sample->draw;

    draw_fill(command->authorize.key.bytes, 20, 9);
    command->authorize.scopes = 0x80000007;
    command->authorize.max_exposure = amount_of(11);
    command->authorize.expires = nanos_of(12);
    command->authorize.subaccount_count = 2;
    command->authorize.market_count = 3;
    command->authorize.subaccounts = sample->subaccounts;
    command->authorize.markets = sample->markets;
    draw_run(draw, 20, 9);
    draw_number(draw, 4, 0x80000007);
    draw_number(draw, 8, 11);
    draw_number(draw, 8, 12);
    draw_number(draw, 1, 2);
    draw_number(draw, 1, 3);
    for (uint32_t i = 0; i < 2; i++) {
        sample->subaccounts[i] = 13 + i;
        draw_number(draw, 4, 13 + i);
    }
    for (uint16_t i = 0; i < 3; i++) {
        sample->markets[i] = (uint16_t)(15 + i);
        draw_number(draw, 2, 15 + i);
    }
}

static void sample_rest(struct sample *sample)
{
    struct command *command = &sample->command;
    struct draw *draw = &sample->draw;

    switch ((int)command->kind) {
    case COMMAND_CANCEL:
        command->cancel.order_id = 21;
        draw_number(draw, 8, 21);
        break;
    case COMMAND_CANCEL_ALL:
        command->cancel_all.market = MARKET_ALL;
        draw_number(draw, 2, 65535);
        break;
    case COMMAND_REPLACE:
        command->replace.order_id = 22;
        command->replace.size = qty_of(23);
        command->replace.price = price_of(24);
        command->replace.trigger_price = price_of(25);
        for (int64_t i = 22; i <= 25; i++)
            draw_number(draw, 8, i);
        break;
    case COMMAND_TRANSFER:
        command->transfer.to_subaccount = 26;
        command->transfer.asset = 27;
        command->transfer.amount = amount_of(28);
        draw_number(draw, 4, 26);
        draw_number(draw, 2, 27);
        draw_number(draw, 8, 28);
        break;
    case COMMAND_WITHDRAW:
        command->withdraw.asset = 29;
        command->withdraw.amount = amount_of(30);
        draw_fill(command->withdraw.recipient.bytes, 20, 31);
        draw_number(draw, 2, 29);
        draw_number(draw, 8, 30);
        draw_run(draw, 20, 31);
        break;
    case COMMAND_REVOKE_KEY:
        draw_fill(command->revoke.key.bytes, 20, 32);
        draw_run(draw, 20, 32);
        break;
    case COMMAND_SET_LEVERAGE:
        command->leverage.market = 33;
        command->leverage.initial_rate = rate_of(34);
        draw_number(draw, 2, 33);
        draw_number(draw, 8, 34);
        break;
    }
}

static void sample_make(struct sample *sample, enum command_kind kind)
{
    memset(sample, 0, sizeof *sample);
    sample->command.kind = kind;
    draw_number(&sample->draw, 1, kind);
    if (kind >= COMMAND_ORDER)
        sample_request(sample);
    switch ((int)kind) {
    case COMMAND_BLOCK:
        sample_block(sample);
        break;
    case COMMAND_DEPOSIT:
        sample_deposit(sample);
        break;
    case COMMAND_REPORT:
        sample_report(sample);
        break;
    case COMMAND_ORDER:
        sample_terms(&sample->command.order, &sample->draw, 0);
        break;
    case COMMAND_BATCH:
        sample_batch(sample);
        break;
    case COMMAND_AUTHORIZE_KEY:
        sample_authorize(sample);
        break;
    default:
        sample_rest(sample);
        break;
    }
}

static struct command_buffer buffer;

/* Decodes; when it is a command, its bytes must be exactly these again. */
static bool decodes(const uint8_t *bytes, size_t size)
{
    static uint8_t again[COMMAND_BYTES_MAX];
    struct command command;
    uint8_t *copy = malloc(size ? size : 1);
    bool is_command;

    /* Exactly as large as it is: a sanitizer sees a read behind it. */
    cr_assert_not_null(copy);
    memcpy(copy, bytes, size);
    is_command = command_decode(&command, &buffer, copy, size);
    if (is_command) {
        cr_assert_eq(command_encode(again, sizeof again, &command), size);
        cr_assert_arr_eq(again, copy, size);
    }
    free(copy);
    return is_command;
}

Test(command_codec, writes_what_is_drawn)
{
    for (int kind = 1; kind <= KINDS; kind++) {
        static struct sample sample;
        static uint8_t bytes[COMMAND_BYTES_MAX];

        sample_make(&sample, (enum command_kind)kind);
        cr_expect_eq(command_encode(bytes, sizeof bytes, &sample.command),
                     sample.draw.size, "kind %d", kind);
        cr_expect_arr_eq(bytes, sample.draw.bytes, sample.draw.size, "kind %d",
                         kind);
        cr_expect(decodes(bytes, sample.draw.size), "kind %d", kind);
    }
}

Test(command_codec, takes_all_room_and_none_beyond)
{
    for (int kind = 1; kind <= KINDS; kind++) {
        static struct sample sample;

        sample_make(&sample, (enum command_kind)kind);
        for (size_t room = 0; room <= sample.draw.size; room++) {
            uint8_t *bytes = malloc(room ? room : 1);

            cr_assert_not_null(bytes);
            cr_expect_eq(command_encode(bytes, room, &sample.command),
                         room < sample.draw.size ? 0 : room);
            free(bytes);
        }
    }
}

Test(command_codec, refuses_every_prefix_and_anything_behind)
{
    for (int kind = 1; kind <= KINDS; kind++) {
        static struct sample sample;

        sample_make(&sample, (enum command_kind)kind);
        for (size_t size = 0; size < sample.draw.size; size++)
            cr_expect_not(decodes(sample.draw.bytes, size), "kind %d, %zu",
                          kind, size);
        sample.draw.bytes[sample.draw.size] = 0;
        cr_expect_not(decodes(sample.draw.bytes, sample.draw.size + 1));
    }
}

Test(command_codec, survives_every_changed_byte)
{
    for (int kind = 1; kind <= KINDS; kind++) {
        static struct sample sample;

        sample_make(&sample, (enum command_kind)kind);
        for (size_t at = 0; at < sample.draw.size; at++) {
            uint8_t before = sample.draw.bytes[at];

            for (unsigned value = 0; value < 256; value++) {
                sample.draw.bytes[at] = (uint8_t)value;
                (void)decodes(sample.draw.bytes, sample.draw.size);
            }
            sample.draw.bytes[at] = before;
        }
    }
}

Test(command_codec, survives_bytes_without_form)
{
    struct random_state random = {20240805};

    for (int i = 0; i < 200000; i++) {
        uint8_t bytes[400];
        size_t size = random_below(&random, sizeof bytes);

        random_bytes(&random, bytes, size);
        if (size > 0)
            bytes[0] = (uint8_t)random_below(&random, KINDS + 2);
        (void)decodes(bytes, size);
    }
}

/* Offset of each byte of the terms that has a range, and its greatest. */
Test(command_codec, holds_every_range_of_an_order)
{
    static const struct {
        size_t at;
        uint8_t most;
    } ranges[] = {{69 + 2, SIDE_SELL},
                  {69 + 3, ORDER_TAKE_MARKET},
                  {69 + 4, TIF_FILL_OR_KILL},
                  {69 + 5, TRIGGER_LAST},
                  {69 + 6, 7}};
    static struct sample sample;

    sample_make(&sample, COMMAND_ORDER);
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        uint8_t before = sample.draw.bytes[ranges[i].at];

        sample.draw.bytes[ranges[i].at] = ranges[i].most;
        cr_expect(decodes(sample.draw.bytes, sample.draw.size), "%zu", i);
        sample.draw.bytes[ranges[i].at] = (uint8_t)(ranges[i].most + 1);
        cr_expect_not(decodes(sample.draw.bytes, sample.draw.size), "%zu", i);
        sample.draw.bytes[ranges[i].at] = before;
    }
    /* Without its flag there is no max_fee. */
    sample.draw.bytes[69 + 6] = 2;
    cr_expect_not(decodes(sample.draw.bytes, sample.draw.size));
    memset(&sample.draw.bytes[69 + 40], 0, 8);
    cr_expect(decodes(sample.draw.bytes, sample.draw.size));
}

Test(command_codec, knows_no_other_kinds)
{
    uint8_t bytes[1] = {0};
    struct command command = {.kind = (enum command_kind)0};
    uint8_t room[256];

    for (unsigned kind = 0; kind < 256; kind++) {
        bytes[0] = (uint8_t)kind;
        cr_expect_eq(decodes(bytes, 1), kind == COMMAND_TICK);
    }
    cr_expect_eq(command_encode(room, sizeof room, &command), 0);
    command.kind = (enum command_kind)(KINDS + 1);
    cr_expect_eq(command_encode(room, sizeof room, &command), 0);
}

Test(command_codec, holds_every_count)
{
    static struct order_terms orders[BATCH_LEGS_MAX + 1];
    static uint64_t cancels[BATCH_LEGS_MAX + 1];
    static uint32_t subaccounts[KEY_LIST_MAX + 1];
    static uint16_t markets[KEY_LIST_MAX + 1];
    static uint8_t bytes[COMMAND_BYTES_MAX];
    struct command command = {.kind = COMMAND_BATCH};
    size_t size;

    command.batch.orders = orders;
    command.batch.cancels = cancels;
    for (uint32_t over = 0; over < 4; over++) {
        command.batch.order_count = BATCH_LEGS_MAX + (over & 1);
        command.batch.cancel_count = BATCH_LEGS_MAX + (over >> 1);
        size = command_encode(bytes, sizeof bytes, &command);
        cr_expect_eq(size > 0, over == 0);
        cr_expect(over > 0 || decodes(bytes, size));
    }
    command.kind = COMMAND_AUTHORIZE_KEY;
    command.authorize.subaccounts = subaccounts;
    command.authorize.markets = markets;
    for (uint32_t over = 0; over < 4; over++) {
        command.authorize.subaccount_count = KEY_LIST_MAX + (over & 1);
        command.authorize.market_count = KEY_LIST_MAX + (over >> 1);
        size = command_encode(bytes, sizeof bytes, &command);
        cr_expect_eq(size > 0, over == 0);
        cr_expect(over > 0 || decodes(bytes, size));
    }
}

/* The greatest report: what the buffer has room for, and one more. */
Test(command_codec, holds_every_count_of_a_report)
{
    static struct report_point points[REPORT_POINTS_MAX + 1];
    static struct report_package packages[REPORT_PACKAGES_MAX + 1];
    static uint8_t bytes[COMMAND_BYTES_MAX];
    struct command command = {.kind = COMMAND_REPORT};
    size_t size;

    for (uint32_t i = 0; i <= REPORT_PACKAGES_MAX; i++)
        packages[i] = (struct report_package){.point_count = REPORT_POINTS_MAX,
                                              .points = points};
    command.report.packages = packages;
    command.report.package_count = REPORT_PACKAGES_MAX;
    size = command_encode(bytes, sizeof bytes, &command);
    cr_expect_eq(size, 3 + REPORT_PACKAGES_MAX * (12 + 18 * REPORT_POINTS_MAX));
    cr_expect(decodes(bytes, size));
    packages[0].point_count++;
    cr_expect_eq(command_encode(bytes, sizeof bytes, &command), 0);
    packages[0].point_count--;
    command.report.package_count++;
    cr_expect_eq(command_encode(bytes, sizeof bytes, &command), 0);
    bytes[1] = REPORT_PACKAGES_MAX + 1;
    cr_expect_not(decodes(bytes, size));
}

Test(command_codec, a_label_is_what_its_length_says)
{
    struct command command = {.kind = COMMAND_ORDER};
    struct command again;
    uint8_t bytes[256];
    size_t size;

    memset(command.order.label.bytes, 'x', LABEL_BYTES_MAX);
    command.order.label.length = LABEL_BYTES_MAX;
    size = command_encode(bytes, sizeof bytes, &command);
    cr_expect_eq(size, 69 + 48 + LABEL_BYTES_MAX);
    cr_expect(decodes(bytes, size));
    command.order.label.length = 2;
    size = command_encode(bytes, sizeof bytes, &command);
    memset(&again, 0xff, sizeof again);
    cr_assert(command_decode(&again, &buffer, bytes, size));
    cr_expect_eq(again.order.label.length, 2);
    cr_expect_arr_eq(again.order.label.bytes, "xx\0\0", 4);
    cr_expect_eq(again.order.label.bytes[LABEL_BYTES_MAX - 1], 0);
    command.order.label.length = LABEL_BYTES_MAX + 1;
    cr_expect_eq(command_encode(bytes, sizeof bytes, &command), 0);
}

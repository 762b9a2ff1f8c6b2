/*
 * Commands as bytes, little-endian, without index and time (the batch has
 * them). One value has one encoding: what decodes, encodes to the same bytes.
 *
 *   kind u8, then, for what an owner signed (ORDER to SET_LEVERAGE), the
 *   request:
 *     1  owner       20
 *    21  subaccount  u32
 *    25  signer      20   the owner, or a session key
 *    45  nonce       u64
 *    53  expires     i64  nanoseconds
 *    61  digest      u64  first 8 bytes of the signed digest
 *    69  the body
 *
 *   TICK            -
 *   BLOCK           height u64, first_index u64, last_index u64, time i64,
 *                   journal_hash 32, state_root 32, hash 32
 *   DEPOSIT         owner 20, subaccount u32, asset u16, amount i64,
 *                   reference 32, digest 32, validators u64 (mask)
 *   REPORT          packages u16 (to 32), each: reporter u16, timestamp i64,
 *                   points u16 (to 64), each: feed u16, price i64,
 *                   confidence i64
 *   ORDER           terms (engine/terms_codec.h)
 *   CANCEL          order_id u64
 *   CANCEL_ALL      market u16 (65535: all)
 *   REPLACE         order_id u64, size i64, price i64, trigger_price i64
 *   BATCH           orders u16 (to 100), cancels u16 (to 100), each order's
 *                   terms, each cancel's order_id u64
 *   TRANSFER        to_subaccount u32, asset u16, amount i64
 *   WITHDRAW        asset u16, amount i64, recipient 20
 *   AUTHORIZE_KEY   key 20, scopes u32, max_exposure i64, expires i64,
 *                   subaccounts u8 (to 32), markets u8 (to 32),
 *                   each subaccount u32, each market u16
 *   REVOKE_KEY      key 20
 *   SET_LEVERAGE    market u16, initial_rate i64
 *
 * Enums, flags and counts out of range are no command; whether a number
 * makes sense (a market that exists, a size above zero) is engine_apply's
 * question.
 */
#include "engine/terms_codec.h"

STATIC_CHECK(COMMAND_BYTES_MAX >=
             69 + 4 + BATCH_LEGS_MAX * (TERMS_BYTES_MAX + 8));
STATIC_CHECK(COMMAND_BYTES_MAX >=
             3 + REPORT_PACKAGES_MAX * (12 + REPORT_POINTS_MAX * 18));

static void request_put(struct bytes_writer *writer,
                        const struct request *request)
{
    bytes_put_address(writer, &request->owner);
    bytes_put_u32(writer, request->subaccount);
    bytes_put_address(writer, &request->signer);
    bytes_put_u64(writer, request->nonce);
    bytes_put_nanos(writer, request->expires);
    bytes_put_u64(writer, request->digest);
}

static void request_get(struct bytes_reader *reader, struct request *request)
{
    request->owner = bytes_get_address(reader);
    request->subaccount = bytes_get_u32(reader);
    request->signer = bytes_get_address(reader);
    request->nonce = bytes_get_u64(reader);
    request->expires = bytes_get_nanos(reader);
    request->digest = bytes_get_u64(reader);
}

static void block_put(struct bytes_writer *writer,
                      const struct command *command)
{
    bytes_put_u64(writer, command->block.height);
    bytes_put_u64(writer, command->block.first_index);
    bytes_put_u64(writer, command->block.last_index);
    bytes_put_nanos(writer, command->block.time);
    bytes_put_hash(writer, &command->block.journal_hash);
    bytes_put_hash(writer, &command->block.state_root);
    bytes_put_hash(writer, &command->block.hash);
}

static void block_get(struct bytes_reader *reader, struct command *command)
{
    command->block.height = bytes_get_u64(reader);
    command->block.first_index = bytes_get_u64(reader);
    command->block.last_index = bytes_get_u64(reader);
    command->block.time = bytes_get_nanos(reader);
    command->block.journal_hash = bytes_get_hash(reader);
    command->block.state_root = bytes_get_hash(reader);
    command->block.hash = bytes_get_hash(reader);
}

static void deposit_put(struct bytes_writer *writer,
                        const struct command *command)
{
    bytes_put_account_id(writer, &command->deposit.account);
    bytes_put_u16(writer, command->deposit.asset);
    bytes_put_amount(writer, command->deposit.amount);
    bytes_put_hash(writer, &command->deposit.reference);
    bytes_put_hash(writer, &command->deposit.digest);
    bytes_put_u64(writer, command->deposit.validators);
}

static void deposit_get(struct bytes_reader *reader, struct command *command)
{
    command->deposit.account = bytes_get_account_id(reader);
    command->deposit.asset = bytes_get_u16(reader);
    command->deposit.amount = bytes_get_amount(reader);
    command->deposit.reference = bytes_get_hash(reader);
    command->deposit.digest = bytes_get_hash(reader);
    command->deposit.validators = bytes_get_u64(reader);
}

static void package_put(struct bytes_writer *writer,
                        const struct report_package *package)
{
    if (package->point_count > REPORT_POINTS_MAX) {
        writer->is_bad = true;
        return;
    }
    bytes_put_u16(writer, package->reporter);
    bytes_put_nanos(writer, package->timestamp);
    bytes_put_u16(writer, (uint16_t)package->point_count);
    for (uint32_t i = 0; i < package->point_count; i++) {
        const struct report_point *point = &package->points[i];

        bytes_put_u16(writer, point->feed);
        bytes_put_price(writer, point->price);
        bytes_put_price(writer, point->confidence);
    }
}

static void report_put(struct bytes_writer *writer,
                       const struct command *command)
{
    if (command->report.package_count > REPORT_PACKAGES_MAX) {
        writer->is_bad = true;
        return;
    }
    bytes_put_u16(writer, (uint16_t)command->report.package_count);
    for (uint32_t i = 0; i < command->report.package_count; i++)
        package_put(writer, &command->report.packages[i]);
}

/* The package with its points at `points`; returns how many these are. */
static uint32_t package_get(struct bytes_reader *reader,
                            struct report_package *package,
                            struct report_point *points)
{
    package->reporter = bytes_get_u16(reader);
    package->timestamp = bytes_get_nanos(reader);
    package->point_count = bytes_get_u16_max(reader, REPORT_POINTS_MAX);
    package->points = points;
    for (uint32_t i = 0; i < package->point_count && !reader->is_bad; i++) {
        points[i].feed = bytes_get_u16(reader);
        points[i].price = bytes_get_price(reader);
        points[i].confidence = bytes_get_price(reader);
    }
    return package->point_count;
}

static void report_get(struct bytes_reader *reader, struct command *command,
                       struct command_buffer *buffer)
{
    uint32_t used = 0;
    uint32_t count = bytes_get_u16_max(reader, REPORT_PACKAGES_MAX);

    for (uint32_t i = 0; i < count && !reader->is_bad; i++)
        used +=
            package_get(reader, &buffer->packages[i], &buffer->points[used]);
    command->report.package_count = count;
    command->report.packages = buffer->packages;
}

static void replace_put(struct bytes_writer *writer,
                        const struct command *command)
{
    bytes_put_u64(writer, command->replace.order_id);
    bytes_put_qty(writer, command->replace.size);
    bytes_put_price(writer, command->replace.price);
    bytes_put_price(writer, command->replace.trigger_price);
}

static void replace_get(struct bytes_reader *reader, struct command *command)
{
    command->replace.order_id = bytes_get_u64(reader);
    command->replace.size = bytes_get_qty(reader);
    command->replace.price = bytes_get_price(reader);
    command->replace.trigger_price = bytes_get_price(reader);
}

static void batch_put(struct bytes_writer *writer,
                      const struct command *command)
{
    uint32_t order_count = command->batch.order_count;
    uint32_t cancel_count = command->batch.cancel_count;

    if (order_count > BATCH_LEGS_MAX || cancel_count > BATCH_LEGS_MAX) {
        writer->is_bad = true;
        return;
    }
    bytes_put_u16(writer, (uint16_t)order_count);
    bytes_put_u16(writer, (uint16_t)cancel_count);
    for (uint32_t i = 0; i < order_count; i++)
        terms_put(writer, &command->batch.orders[i]);
    for (uint32_t i = 0; i < cancel_count; i++)
        bytes_put_u64(writer, command->batch.cancels[i]);
}

static void batch_get(struct bytes_reader *reader, struct command *command,
                      struct command_buffer *buffer)
{
    uint32_t order_count = bytes_get_u16_max(reader, BATCH_LEGS_MAX);
    uint32_t cancel_count = bytes_get_u16_max(reader, BATCH_LEGS_MAX);

    for (uint32_t i = 0; i < order_count && !reader->is_bad; i++)
        terms_get(reader, &buffer->orders[i]);
    for (uint32_t i = 0; i < cancel_count && !reader->is_bad; i++)
        buffer->cancels[i] = bytes_get_u64(reader);
    command->batch.order_count = order_count;
    command->batch.cancel_count = cancel_count;
    command->batch.orders = buffer->orders;
    command->batch.cancels = buffer->cancels;
}

static void transfer_put(struct bytes_writer *writer,
                         const struct command *command)
{
    bytes_put_u32(writer, command->transfer.to_subaccount);
    bytes_put_u16(writer, command->transfer.asset);
    bytes_put_amount(writer, command->transfer.amount);
}

static void transfer_get(struct bytes_reader *reader, struct command *command)
{
    command->transfer.to_subaccount = bytes_get_u32(reader);
    command->transfer.asset = bytes_get_u16(reader);
    command->transfer.amount = bytes_get_amount(reader);
}

static void withdraw_put(struct bytes_writer *writer,
                         const struct command *command)
{
    bytes_put_u16(writer, command->withdraw.asset);
    bytes_put_amount(writer, command->withdraw.amount);
    bytes_put_address(writer, &command->withdraw.recipient);
}

static void withdraw_get(struct bytes_reader *reader, struct command *command)
{
    command->withdraw.asset = bytes_get_u16(reader);
    command->withdraw.amount = bytes_get_amount(reader);
    command->withdraw.recipient = bytes_get_address(reader);
}

static void authorize_put(struct bytes_writer *writer,
                          const struct command *command)
{
    uint32_t subaccount_count = command->authorize.subaccount_count;
    uint32_t market_count = command->authorize.market_count;

    if (subaccount_count > KEY_LIST_MAX || market_count > KEY_LIST_MAX) {
        writer->is_bad = true;
        return;
    }
    bytes_put_address(writer, &command->authorize.key);
    bytes_put_u32(writer, command->authorize.scopes);
    bytes_put_amount(writer, command->authorize.max_exposure);
    bytes_put_nanos(writer, command->authorize.expires);
    bytes_put_u8(writer, (uint8_t)subaccount_count);
    bytes_put_u8(writer, (uint8_t)market_count);
    for (uint32_t i = 0; i < subaccount_count; i++)
        bytes_put_u32(writer, command->authorize.subaccounts[i]);
    for (uint32_t i = 0; i < market_count; i++)
        bytes_put_u16(writer, command->authorize.markets[i]);
}

static void authorize_get(struct bytes_reader *reader, struct command *command,
                          struct command_buffer *buffer)
{
    uint32_t subaccount_count, market_count;

    command->authorize.key = bytes_get_address(reader);
    command->authorize.scopes = bytes_get_u32(reader);
    command->authorize.max_exposure = bytes_get_amount(reader);
    command->authorize.expires = bytes_get_nanos(reader);
    subaccount_count = bytes_get_u8_max(reader, KEY_LIST_MAX);
    market_count = bytes_get_u8_max(reader, KEY_LIST_MAX);
    for (uint32_t i = 0; i < subaccount_count && !reader->is_bad; i++)
        buffer->subaccounts[i] = bytes_get_u32(reader);
    for (uint32_t i = 0; i < market_count && !reader->is_bad; i++)
        buffer->markets[i] = bytes_get_u16(reader);
    command->authorize.subaccount_count = subaccount_count;
    command->authorize.market_count = market_count;
    command->authorize.subaccounts = buffer->subaccounts;
    command->authorize.markets = buffer->markets;
}

static void body_put(struct bytes_writer *writer, const struct command *command)
{
    switch (command->kind) {
    case COMMAND_TICK:
        return;
    case COMMAND_BLOCK:
        block_put(writer, command);
        return;
    case COMMAND_DEPOSIT:
        deposit_put(writer, command);
        return;
    case COMMAND_REPORT:
        report_put(writer, command);
        return;
    case COMMAND_ORDER:
        terms_put(writer, &command->order);
        return;
    case COMMAND_CANCEL:
        bytes_put_u64(writer, command->cancel.order_id);
        return;
    case COMMAND_CANCEL_ALL:
        bytes_put_u16(writer, command->cancel_all.market);
        return;
    case COMMAND_REPLACE:
        replace_put(writer, command);
        return;
    case COMMAND_BATCH:
        batch_put(writer, command);
        return;
    case COMMAND_TRANSFER:
        transfer_put(writer, command);
        return;
    case COMMAND_WITHDRAW:
        withdraw_put(writer, command);
        return;
    case COMMAND_AUTHORIZE_KEY:
        authorize_put(writer, command);
        return;
    case COMMAND_REVOKE_KEY:
        bytes_put_address(writer, &command->revoke.key);
        return;
    case COMMAND_SET_LEVERAGE:
        bytes_put_u16(writer, command->leverage.market);
        bytes_put_rate(writer, command->leverage.initial_rate);
        return;
    }
    writer->is_bad = true;
}

static void body_get(struct bytes_reader *reader, struct command *command,
                     struct command_buffer *buffer)
{
    switch (command->kind) {
    case COMMAND_TICK:
        return;
    case COMMAND_BLOCK:
        block_get(reader, command);
        return;
    case COMMAND_DEPOSIT:
        deposit_get(reader, command);
        return;
    case COMMAND_REPORT:
        report_get(reader, command, buffer);
        return;
    case COMMAND_ORDER:
        terms_get(reader, &command->order);
        return;
    case COMMAND_CANCEL:
        command->cancel.order_id = bytes_get_u64(reader);
        return;
    case COMMAND_CANCEL_ALL:
        command->cancel_all.market = bytes_get_u16(reader);
        return;
    case COMMAND_REPLACE:
        replace_get(reader, command);
        return;
    case COMMAND_BATCH:
        batch_get(reader, command, buffer);
        return;
    case COMMAND_TRANSFER:
        transfer_get(reader, command);
        return;
    case COMMAND_WITHDRAW:
        withdraw_get(reader, command);
        return;
    case COMMAND_AUTHORIZE_KEY:
        authorize_get(reader, command, buffer);
        return;
    case COMMAND_REVOKE_KEY:
        command->revoke.key = bytes_get_address(reader);
        return;
    case COMMAND_SET_LEVERAGE:
        command->leverage.market = bytes_get_u16(reader);
        command->leverage.initial_rate = bytes_get_rate(reader);
        return;
    }
    reader->is_bad = true;
}

static bool kind_is_signed(enum command_kind kind)
{
    return kind >= COMMAND_ORDER && kind <= COMMAND_SET_LEVERAGE;
}

size_t command_encode(uint8_t *bytes, size_t capacity,
                      const struct command *command)
{
    struct bytes_writer writer = bytes_writer_of(bytes, capacity);

    bytes_put_u8(&writer, (uint8_t)command->kind);
    if (kind_is_signed(command->kind))
        request_put(&writer, &command->request);
    body_put(&writer, command);
    return bytes_written(&writer, bytes);
}

bool command_decode(struct command *command, struct command_buffer *buffer,
                    const uint8_t *bytes, size_t size)
{
    struct bytes_reader reader = bytes_reader_of(bytes, size);

    command->kind =
        (enum command_kind)bytes_get_u8_max(&reader, COMMAND_SET_LEVERAGE);
    if (kind_is_signed(command->kind))
        request_get(&reader, &command->request);
    else
        command->request = (struct request){0};
    body_get(&reader, command, buffer);
    return bytes_is_end(&reader);
}

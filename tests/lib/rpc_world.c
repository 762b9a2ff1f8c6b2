#include "tests/lib/rpc_world.h"

#include "rpc/address.h"
#include "rpc/decode.h"
#include "rpc/genesis_json.h"
#include "rpc/hex.h"
#include "rpc/keccak.h"
#include "tests/lib/fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define NAMES_MAX 64

/* ---- keys ------------------------------------------------------------ */

void rpc_world_key(struct secp_private *key, const char *name)
{
    char text[64];
    struct hash32 hash;

    snprintf(text, sizeof text, "clearingd-dev/%s", name);
    keccak256(&hash, text, strlen(text));
    memcpy(key->bytes, hash.bytes, sizeof key->bytes);
}

const char *rpc_world_address(const char *name)
{
    static struct {
        char name[32], text[ADDRESS_TEXT_SIZE];
    } known[NAMES_MAX];
    struct secp_private key;
    struct address address;
    size_t i = 0;

    for (; known[i].name[0]; i++)
        if (strcmp(known[i].name, name) == 0)
            return known[i].text;
    cr_assert_lt(i, NAMES_MAX - 1);
    rpc_world_key(&key, name);
    cr_assert(secp_private_address(&address, &key));
    snprintf(known[i].name, sizeof known[i].name, "%s", name);
    address_format(known[i].text, &address);
    return known[i].text;
}

/* ---- the node -------------------------------------------------------- */

static void node_status(void *ctx, struct rpc_node_status *status)
{
    const struct rpc_world *world = ctx;

    *status = world->status;
    status->applied_index = engine_index(world->engine);
}

static bool node_block(void *ctx, struct rpc_block *block, uint64_t height)
{
    const struct rpc_world *world = ctx;

    if (height == UINT64_MAX)
        height = world->block_count;
    if (height == 0 || height > world->block_count)
        return false;
    *block = world->blocks[height - 1];
    return true;
}

static bool node_block_by_hash(void *ctx, struct rpc_block *block,
                               const struct hash32 *hash)
{
    const struct rpc_world *world = ctx;

    for (uint64_t i = 0; i < world->block_count; i++)
        if (memcmp(&world->blocks[i].hash, hash, sizeof *hash) == 0) {
            *block = world->blocks[i];
            return true;
        }
    return false;
}

static struct account_id house(uint32_t number)
{
    return (struct account_id){.subaccount = number};
}

/* As rpc/node.h has it. */
static size_t accounts_of(struct account_id ids[3], const struct event *event)
{
    switch (event->kind) {
    case EVENT_ORDER:
        ids[0] = event->order.account;
        return 1;
    case EVENT_TRADE:
        ids[0] = event->trade.maker;
        ids[1] = event->trade.taker;
        ids[2] = house(HOUSE_CLEARING + event->trade.market);
        return 3;
    case EVENT_LEDGER:
        ids[0] = event->ledger.from;
        ids[1] = event->ledger.to;
        return 2;
    case EVENT_FUNDING:
        ids[0] = house(HOUSE_FUNDING + event->funding.market);
        return 1;
    case EVENT_LIQUIDATION:
        ids[0] = event->liquidation.account;
        ids[1] = house(HOUSE_INSURANCE);
        return 2;
    case EVENT_ADL:
        ids[0] = event->adl.account;
        ids[1] = event->adl.against;
        ids[2] = house(HOUSE_INSURANCE);
        return 3;
    case EVENT_REFUSED:
    case EVENT_POSITION:
    case EVENT_DEPOSIT:
    case EVENT_WITHDRAWAL:
    case EVENT_KEY:
    case EVENT_LEVERAGE:
    case EVENT_REPORT:
    case EVENT_INDEX:
    case EVENT_MARK:
    case EVENT_MARKET_STATE:
    case EVENT_BLOCK:
    case EVENT_REPEAT:
    case EVENT_CANCELLED_COUNT:
        break;
    }
    return 0;
}

static bool is_asked(const struct rpc_history_query *query,
                     const struct rpc_world_event *past)
{
    struct account_id ids[3];
    size_t count = accounts_of(ids, &past->event);

    if (past->index < query->from_index || past->index > query->to_index)
        return false;
    for (size_t i = 0; query->by_account && i < count; i++)
        if (account_id_equal(&ids[i], &query->account))
            return true;
    return !query->by_account;
}

static bool node_history(void *ctx, const struct rpc_history_query *query,
                         rpc_history_visitor *visit, void *visitor)
{
    const struct rpc_world *world = ctx;

    for (size_t i = 0; i < world->event_count && !world->is_unreadable; i++) {
        const struct rpc_world_event *past =
            &world
                 ->events[query->newest_first ? world->event_count - 1 - i : i];

        if (is_asked(query, past) &&
            !visit(visitor, past->index, past->time, &past->event))
            break;
    }
    return !world->is_unreadable;
}

static json_t *node_proof(void *ctx, const struct account_id *account,
                          uint64_t height)
{
    const struct rpc_world *world = ctx;

    if (height != UINT64_MAX && height > world->block_count)
        return NULL;
    return json_pack("{sI}", "subaccount", (json_int_t)account->subaccount);
}

/* ---- the engine ------------------------------------------------------ */

static void take_event(struct event_sink *sink, const struct event *event)
{
    struct rpc_world *world = (struct rpc_world *)sink;

    if (world->event_count == world->event_capacity) {
        world->event_capacity = world->event_capacity * 2 + 256;
        world->events = realloc(world->events,
                                world->event_capacity * sizeof *world->events);
        cr_assert_not_null(world->events);
    }
    world->events[world->event_count++] = (struct rpc_world_event){
        engine_index(world->engine), world->time, *event};
}

/* Returns where its events begin. */
static size_t apply(struct rpc_world *world, struct command *command)
{
    struct engine_fault fault;
    size_t first = world->event_count;
    uint64_t index = engine_index(world->engine) + 1;

    command->index = index;
    command->time = world->time;
    engine_apply(world->engine, command, &world->sink);
    for (size_t i = first; i < world->event_count; i++)
        world->events[i].index = index;
    cr_assert(engine_check(world->engine, &fault), "%s", fault.what);
    return first;
}

void rpc_world_tick(struct rpc_world *world, int64_t ms)
{
    struct command command = {.kind = COMMAND_TICK};

    world->time = nanos_add(world->time, nanos_of(ms * NANOS_PER_MS));
    apply(world, &command);
}

void rpc_world_block(struct rpc_world *world)
{
    struct rpc_block *block = &world->blocks[world->block_count];

    cr_assert_lt(world->block_count, RPC_WORLD_BLOCKS);
    block->height = ++world->block_count;
    block->first_index = block->height == 1 ? 1 : block[-1].last_index + 1;
    block->last_index = engine_index(world->engine);
    block->time = world->time;
    memset(block->hash.bytes, (int)block->height, 32);
    memset(block->state_root.bytes, 0x50, 32);
    memset(block->journal_hash.bytes, 0x60, 32);
    if (block->height > 1)
        block->previous_hash = block[-1].hash;
}

struct rpc_service *rpc_world_service(void)
{
    const struct rpc_limits limits = {100, 64};
    json_error_t error;
    json_t *document = json_load_file("conf/genesis.dev.json", 0, &error);
    struct genesis_fault fault;
    struct rpc_service *service;

    cr_assert_not_null(document, "%s", error.text);
    service = rpc_service_create(&fault, document, &limits, "1.0");
    cr_assert_not_null(service, "%s: %s", fault.where, fault.what);
    json_decref(document);
    return service;
}

void rpc_world_start(struct rpc_world *world)
{
    memset(world, 0, sizeof *world);
    world->sink.emit = take_event;
    world->service = rpc_world_service();
    /* Small tables: engine_check walks them after every command. */
    world->service->genesis->capacities = (struct capacities){
        .accounts = 128,
        .positions = 128,
        .orders = 256,
        .levels = 256,
        .triggers = 64,
        .account_orders = 100,
        .keys = 16,
        .nonces = 4096,
        .deposits = 64,
        .withdrawals = 16,
    };
    world->memory_size = engine_footprint(world->service->genesis);
    cr_assert_gt(world->memory_size, 0);
    world->memory = mmap(NULL, world->memory_size, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(world->memory, MAP_FAILED);
    world->engine = engine_init(world->memory, world->service->genesis);
    world->node = (struct rpc_node){world,        node_status,
                                    node_block,   node_block_by_hash,
                                    node_history, node_proof};
    world->status = (struct rpc_node_status){
        .is_ready = true, .reason = "", .is_driven = true};
    world->time = nanos_of(RPC_WORLD_START_MS * NANOS_PER_MS);
    world->next_nonce = 1;
    rpc_world_tick(world, 0);
}

void rpc_world_end(struct rpc_world *world)
{
    munmap(world->memory, world->memory_size);
    free(world->events);
    rpc_service_destroy(world->service);
}

/* ---- messages -------------------------------------------------------- */

static void submit(struct rpc_world *world, struct rpc_call *call)
{
    static struct command_buffer buffer;
    struct command command;
    struct rpc_outcome outcome;
    struct event *events;
    const char *why;
    const uint8_t *bytes;
    size_t first;

    bytes = rpc_call_command(call, &world->command_size);
    memcpy(world->command, bytes, world->command_size);
    bytes = rpc_call_evidence(call, &world->evidence_size);
    memcpy(world->evidence, bytes, world->evidence_size);
    cr_assert(decode_audit(world->service, &why, world->command,
                           world->command_size, world->evidence,
                           world->evidence_size, true),
              "%s", why);
    cr_assert(
        command_decode(&command, &buffer, world->command, world->command_size));
    first = apply(world, &command);
    outcome = (struct rpc_outcome){.index = command.index,
                                   .time = world->time,
                                   .count = world->event_count - first};
    events = calloc(outcome.count + 1, sizeof *events);
    cr_assert_not_null(events);
    for (size_t i = 0; i < outcome.count; i++)
        events[i] = world->events[first + i].event;
    outcome.events = events;
    rpc_call_outcome(call, &outcome);
    free(events);
}

static json_t *run(struct rpc_world *world, struct rpc_message *message)
{
    json_t *reply = NULL;
    json_error_t error;
    size_t size;
    char *text;

    cr_assert_not_null(message);
    for (uint32_t i = 0; i < rpc_message_calls(message); i++) {
        struct rpc_call *call = rpc_message_call(message, i);

        if (rpc_call_kind(call) == RPC_READ)
            rpc_call_read(call, world->engine, &world->node);
        if (rpc_call_kind(call) == RPC_SUBMIT)
            submit(world, call);
        if (rpc_call_kind(call) == RPC_HISTORY)
            rpc_call_history(call, &world->node, engine_index(world->engine));
        if (rpc_call_kind(call) == RPC_ADMIN)
            rpc_call_result(call, json_string("admin"));
    }
    text = rpc_message_reply(message, &size, 2000);
    if (text) {
        cr_expect_eq(size, strlen(text));
        reply =
            json_loadb(text, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
        cr_assert_not_null(reply, "%s in %s", error.text, text);
    }
    free(text);
    rpc_message_destroy(message);
    return reply;
}

json_t *rpc_world_send_bytes(struct rpc_world *world,
                             enum rpc_transport transport, const char *bytes,
                             size_t size)
{
    return run(world,
               rpc_message_parse(world->service, transport, bytes, size, 1000));
}

json_t *rpc_world_send(struct rpc_world *world, enum rpc_transport transport,
                       const char *text)
{
    return rpc_world_send_bytes(world, transport, text, strlen(text));
}

json_t *rpc_world_get(struct rpc_world *world, const char *method,
                      const struct rpc_query_param *params, size_t count)
{
    return run(world, rpc_message_parse_get(world->service, method, params,
                                            count, 1000));
}

static json_t *reply_to(struct rpc_world *world, const char *method,
                        json_t *params)
{
    json_t *request = json_pack("{ss ss si so}", "jsonrpc", "2.0", "method",
                                method, "id", 7, "params", params);
    char *text = json_dumps(request, 0);
    json_t *reply;

    cr_assert_not_null(text, "%s", method);
    reply = rpc_world_send(world, RPC_HTTP_POST, text);
    cr_assert_not_null(reply);
    free(text);
    json_decref(request);
    return reply;
}

static json_t *take(json_t *reply, const char *member, const char *method)
{
    json_t *value = json_incref(json_object_get(reply, member));
    char *text = json_dumps(reply, JSON_COMPACT);

    cr_assert_not_null(value, "%s: %s", method, text);
    free(text);
    json_decref(reply);
    return value;
}

json_t *rpc_world_call(struct rpc_world *world, const char *method,
                       json_t *params)
{
    return take(reply_to(world, method, params), "result", method);
}

json_t *rpc_world_error(struct rpc_world *world, const char *method,
                        json_t *params)
{
    return take(reply_to(world, method, params), "error", method);
}

int rpc_world_code(struct rpc_world *world, const char *method, json_t *params,
                   const char *param)
{
    json_t *error = rpc_world_error(world, method, params);
    const char *named = json_string_value(
        json_object_get(json_object_get(error, "data"), "param"));
    int code = (int)json_integer_value(json_object_get(error, "code"));

    cr_expect_str_eq(named ? named : "", param ? param : "", "%s: %d %s",
                     method, code,
                     json_string_value(json_object_get(
                         json_object_get(error, "data"), "reason")));
    json_decref(error);
    return code;
}

/* ---- requests -------------------------------------------------------- */

static json_t *hex_of(const void *bytes, size_t size)
{
    char *text = malloc(HEX_TEXT_SIZE(size));
    json_t *value;

    cr_assert_not_null(text);
    hex_encode(text, bytes, size);
    value = json_string(text);
    free(text);
    return value;
}

/* The digest as the node itself tells it; test_rpc_debug compares that with
 * what a wallet's library computed. */
json_t *rpc_world_signature(struct rpc_world *world, const char *type,
                            const char *name, const json_t *params)
{
    json_t *copy = json_deep_copy(params), *hashes;
    struct secp_signature signature;
    struct secp_private key;
    struct hash32 digest;
    const char *text;

    json_object_set_new(copy, "primary_type", json_string(type));
    hashes = rpc_world_call(world, "private/order_debug", copy);
    text = text_at(hashes, "digest");
    cr_assert(hex_decode(digest.bytes, 32, text, strlen(text)));
    rpc_world_key(&key, name);
    cr_assert(secp_sign(&signature, &key, &digest));
    json_decref(hashes);
    return hex_of(signature.bytes, sizeof signature.bytes);
}

json_t *rpc_world_sign(struct rpc_world *world, const char *type,
                       const char *name, json_t *params)
{
    int64_t now = nanos_raw(world->time) / NANOS_PER_MS;

    cr_assert_not_null(params);
    if (!json_object_get(params, "owner"))
        json_object_set_new(params, "owner",
                            json_string(rpc_world_address(name)));
    if (!json_object_get(params, "nonce"))
        json_object_set_new(params, "nonce",
                            json_integer((json_int_t)world->next_nonce++));
    if (!json_object_get(params, "expires"))
        json_object_set_new(params, "expires", json_integer(now + 60000));
    json_object_set_new(params, "signature",
                        rpc_world_signature(world, type, name, params));
    return params;
}

json_t *rpc_world_request(struct rpc_world *world, const char *method,
                          const char *type, const char *name, json_t *params)
{
    return rpc_world_call(world, method,
                          rpc_world_sign(world, type, name, params));
}

json_t *rpc_world_order(struct rpc_world *world, const char *name,
                        const char *instrument, const char *direction,
                        const char *amount, const char *price)
{
    return rpc_world_request(world, "private/order", "Order", name,
                             json_pack("{ss ss ss ss}", "instrument_name",
                                       instrument, "direction", direction,
                                       "amount", amount, "price", price));
}

void rpc_world_deposit(struct rpc_world *world, const char *name,
                       const char *currency, const char *amount)
{
    uint8_t reference[32] = {0xd0};
    json_t *params, *signatures = json_array(), *result;

    memcpy(reference + 8, &world->next_nonce, sizeof world->next_nonce);
    world->next_nonce++;
    params = json_pack("{ss ss ss so}", "owner", rpc_world_address(name),
                       "currency", currency, "amount", amount, "reference",
                       hex_of(reference, 32));
    json_array_append_new(
        signatures,
        rpc_world_signature(world, "Deposit", "validator/0", params));
    json_array_append_new(
        signatures,
        rpc_world_signature(world, "Deposit", "validator/1", params));
    json_object_set_new(params, "signatures", signatures);
    result = rpc_world_call(world, "public/submit_deposit", params);
    cr_assert(json_is_true(json_object_get(result, "credited")));
    json_decref(result);
}

size_t rpc_world_payload(uint8_t *bytes, size_t capacity, uint32_t count,
                         int64_t timestamp_ms, const char *btc, const char *eth,
                         const char *sol)
{
    const char *const names[] = {"BTC", "ETH", "SOL", "USDC"};
    const char *const prices[] = {btc, eth, sol, "1"};
    struct redstone_point points[4];
    size_t size = 0;

    for (size_t i = 0; i < 4; i++) {
        redstone_feed_of(points[i].feed, names[i], strlen(names[i]));
        points[i].value = price_raw(usd(prices[i]));
    }
    for (uint32_t i = 0; i < count; i++) {
        struct secp_private key;
        char name[32];
        size_t one;

        snprintf(name, sizeof name, "reporter/%u", i);
        rpc_world_key(&key, name);
        one = redstone_sign(bytes + size, capacity - size, points, 4,
                            (uint64_t)timestamp_ms, &key);
        cr_assert_gt(one, 0);
        size += one;
    }
    size = redstone_close(bytes, capacity, size, count);
    cr_assert_gt(size, 0);
    return size;
}

void rpc_world_prices(struct rpc_world *world, const char *btc, const char *eth,
                      const char *sol)
{
    uint8_t bytes[8192];
    int64_t now;
    size_t size;
    json_t *result;

    world->time = nanos_add(world->time, nanos_of(NANOS_PER_MS));
    now = nanos_raw(world->time) / NANOS_PER_MS;
    size = rpc_world_payload(bytes, sizeof bytes, 5, now, btc, eth, sol);
    result = rpc_world_call(world, "public/submit_oracle_report",
                            json_pack("{so}", "payload", hex_of(bytes, size)));
    cr_assert_eq(json_array_size(json_object_get(result, "packages")), 5);
    json_decref(result);
    rpc_world_tick(world, 0);
}

/* ---- reading answers -------------------------------------------------- */

const json_t *at(const json_t *value, const char *path)
{
    const json_t *now = value;
    const char *from = path;

    while (*from) {
        size_t size = strcspn(from, ".");
        char name[64];

        cr_assert_lt(size, sizeof name);
        memcpy(name, from, size);
        name[size] = 0;
        now = json_is_array(now)
                  ? json_array_get(now, (size_t)strtoul(name, NULL, 10))
                  : json_object_get(now, name);
        if (!now) {
            char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

            cr_assert_fail("no %s in %s", path, text);
        }
        from += size + (from[size] == '.');
    }
    return now;
}

const char *text_at(const json_t *value, const char *path)
{
    const char *text = json_string_value(at(value, path));

    cr_assert_not_null(text, "%s is no text", path);
    return text;
}

int64_t integer_at(const json_t *value, const char *path)
{
    const json_t *number = at(value, path);

    cr_assert(json_is_integer(number), "%s is no integer", path);
    return json_integer_value(number);
}

/*
 * The end-to-end load: orders signed ahead of time, sent over the Unix socket
 * of a running development node, every answer waited for. A node's CPU time
 * is read from /proc, the client's own is not counted.
 */
#include "cmd/clearing-bench/bench.h"
#include "cmd/clearing-bench/stopwatch.h"
#include "cmd/common/client.h"
#include "cmd/common/request.h"

#include "rpc/address.h"
#include "rpc/decimal.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 64
#define DEPOSIT "100000000"
#define LIFE_MS 3600000

struct line {
    char *text;
    size_t size;
};

/* One connection: its owner, its lines, what came back. */
struct lane {
    const struct orders_options *options;
    struct secp_private key;
    struct address owner;
    struct client *client;
    struct line *lines;
    uint64_t *sent_ns, *took_ns;
    size_t count;
    uint64_t begin_ns; /* of the schedule */
    double interval_ns;
    uint64_t accepted, refused, busy;
    bool is_good;
};

/* ---- making lines ----------------------------------------------------- */

static struct typed_text words(const char *text)
{
    return (struct typed_text){text, strlen(text)};
}

/* Orders that rest, fill and leave: prices around the index on both sides. */
static void make_order(struct typed_order *order, char price[16],
                       uint64_t *random)
{
    uint64_t r = bench_random(random);
    bool is_buy = r & 1;
    int away = (int)((r >> 8) % 200);

    (void)snprintf(price, 16, "%d",
                   is_buy ? 60000 - away + 20 : 60000 + away - 20);
    order->instrument_name = words("BTC_USDC-PERPETUAL");
    order->direction = words(is_buy ? "buy" : "sell");
    order->amount = words("0.001");
    order->price = words(price);
    if ((r >> 32) % 4)
        order->time_in_force = words("immediate_or_cancel");
}

static json_t *make_params(const struct lane *lane,
                           const struct network *network, uint64_t expires,
                           uint64_t *random)
{
    static _Thread_local struct typed_order orders[100];
    static _Thread_local char prices[100][16];
    struct typed_message message;
    uint32_t batch = lane->options->batch;

    if (batch == 1) {
        typed_message_init(&message, TYPED_ORDER);
        message.order.owner = lane->owner;
        message.order.nonce = request_nonce();
        message.order.expires = expires;
        make_order(&message.order, prices[0], random);
        return request_params(network, &message, &lane->key, 1);
    }
    typed_message_init(&message, TYPED_BATCH);
    message.batch.owner = lane->owner;
    message.batch.nonce = request_nonce();
    message.batch.expires = expires;
    message.batch.orders = (struct typed_orders){orders, batch};
    for (uint32_t i = 0; i < batch; i++) {
        typed_body_init(&orders[i], TYPED_ORDER);
        orders[i].owner = lane->owner;
        orders[i].nonce = message.batch.nonce;
        orders[i].expires = expires;
        make_order(&orders[i], prices[i], random);
    }
    return request_params(network, &message, &lane->key, 1);
}

static bool make_lines(struct lane *lane, const struct network *network,
                       uint64_t expires, uint64_t seed)
{
    const char *method =
        lane->options->batch == 1 ? "private/order" : "private/mass";

    lane->lines = calloc(lane->count, sizeof *lane->lines);
    lane->sent_ns = calloc(lane->count, sizeof *lane->sent_ns);
    lane->took_ns = calloc(lane->count, sizeof *lane->took_ns);
    if (!lane->lines || !lane->sent_ns || !lane->took_ns)
        return false;
    for (size_t i = 0; i < lane->count; i++) {
        json_t *request = json_pack("{ss sI ss so}", "jsonrpc", "2.0", "id",
                                    (json_int_t)i, "method", method, "params",
                                    make_params(lane, network, expires, &seed));

        lane->lines[i].text = json_dumps(request, JSON_COMPACT);
        json_decref(request);
        if (!lane->lines[i].text)
            return false;
        lane->lines[i].size = strlen(lane->lines[i].text);
    }
    return true;
}

/* ---- money and prices ------------------------------------------------- */

static bool call(struct client *client, const char *method, json_t *params)
{
    struct client_error error = {0};
    json_t *result = client_call(client, method, params, &error);

    if (!result)
        fprintf(stderr, "clearing-bench: %s: %s (%d)\n", method, error.message,
                error.code);
    client_error_clear(&error);
    json_decref(result);
    return result != NULL;
}

static bool fund(struct lane *lane, const struct network *network)
{
    struct typed_message message;
    struct secp_private keys[2];
    uint64_t reference = request_nonce();

    development_key(&keys[0], "validator/0");
    development_key(&keys[1], "validator/1");
    typed_message_init(&message, TYPED_DEPOSIT);
    message.deposit.owner = lane->owner;
    message.deposit.currency = words("USDC");
    message.deposit.amount = words(DEPOSIT);
    memcpy(message.deposit.reference.bytes, &reference, sizeof reference);
    return call(lane->client, "public/submit_deposit",
                request_params(network, &message, keys, 2));
}

static uint64_t wall_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool report(struct client *client)
{
    static const struct report_price prices[] = {
        {"BTC", 60000 * INT64_C(100000000), -1},
        {"USDC", INT64_C(100000000), -1}};
    struct secp_private keys[3];
    char name[32], *payload;
    json_t *params;

    for (int i = 0; i < 3; i++) {
        (void)snprintf(name, sizeof name, "reporter/%d", i);
        development_key(&keys[i], name);
    }
    payload = request_report(prices, 2, wall_ms(), keys, 3);
    params = payload ? json_pack("{ss}", "payload", payload) : NULL;
    free(payload);
    return params && call(client, "public/submit_oracle_report", params);
}

/* ---- sending ---------------------------------------------------------- */

static void take_answer(struct lane *lane, const char *text, size_t size)
{
    json_t *answer = json_loadb(text, size, 0, NULL);
    size_t id = (size_t)json_integer_value(json_object_get(answer, "id"));
    const json_t *error = json_object_get(answer, "error");
    const json_t *legs =
        json_object_get(json_object_get(answer, "result"), "orders");

    if (id < lane->count)
        lane->took_ns[id] = wall_ns() - lane->sent_ns[id];
    if (json_integer_value(json_object_get(error, "code")) == -32005)
        lane->busy++;
    else if (error)
        lane->refused++;
    else if (!legs)
        lane->accepted++;
    for (size_t i = 0; i < json_array_size(legs); i++)
        if (json_object_get(json_array_get(legs, i), "error"))
            lane->refused++;
        else
            lane->accepted++;
    json_decref(answer);
}

/* When request i is due; without a schedule, now. */
static uint64_t wait_until_due(const struct lane *lane, size_t i)
{
    uint64_t due;

    if (lane->interval_ns <= 0)
        return wall_ns();
    due = lane->begin_ns + (uint64_t)(lane->interval_ns * (double)i);
    wall_sleep_until(due);
    return due;
}

static bool receive(struct lane *lane)
{
    size_t size;
    const char *line = client_receive_line(lane->client, &size);

    if (line)
        take_answer(lane, line, size);
    return line != NULL;
}

static void *run_lane(void *ctx)
{
    struct lane *lane = ctx;
    size_t received = 0;

    lane->is_good = true;
    for (size_t i = 0; lane->is_good && i < lane->count; i++) {
        while (lane->is_good && (i - received >= lane->options->in_flight ||
                                 client_has_line(lane->client))) {
            lane->is_good = receive(lane);
            received++;
        }
        /* From the schedule, not from the sending: a node that keeps us
         * waiting does not hide it. */
        lane->sent_ns[i] = wait_until_due(lane, i);
        lane->is_good =
            lane->is_good && client_send_line(lane->client, lane->lines[i].text,
                                              lane->lines[i].size);
    }
    while (lane->is_good && received < lane->count) {
        lane->is_good = receive(lane);
        received++;
    }
    return NULL;
}

/* User and system time of a process in seconds: fields 14 and 15 of its
 * stat, counted from behind the name in brackets. */
static double node_cpu(int pid)
{
    char path[64], text[1024] = "";
    unsigned long ticks = 0;
    FILE *file;
    char *at;

    (void)snprintf(path, sizeof path, "/proc/%d/stat", pid);
    file = pid > 0 ? fopen(path, "r") : NULL;
    if (!file)
        return 0;
    if (!fgets(text, sizeof text, file))
        text[0] = '\0';
    fclose(file);
    at = strrchr(text, ')');
    for (int field = 3; at && field <= 15; field++) {
        at = strchr(at + 1, ' ');
        if (at && field >= 14)
            ticks += strtoul(at + 1, NULL, 10);
    }
    return (double)ticks / (double)sysconf(_SC_CLK_TCK);
}

static bool prepare(struct lane *lanes, const struct orders_options *options,
                    const struct network *network)
{
    uint64_t expires = wall_ms() + LIFE_MS;

    for (uint32_t i = 0; i < options->connections; i++) {
        struct lane *lane = &lanes[i];
        char name[64];

        (void)snprintf(name, sizeof name, "bench/%ld/%u", (long)getpid(), i);
        lane->options = options;
        lane->count = options->count / options->connections;
        development_key(&lane->key, name);
        lane->client = client_open_socket(options->socket_path);
        if (!lane->client || !secp_private_address(&lane->owner, &lane->key) ||
            !fund(lane, network) ||
            !make_lines(lane, network, expires, i + 1)) {
            fprintf(stderr, "clearing-bench: connection %u is not ready\n", i);
            return false;
        }
        if (options->rate > 0)
            lane->interval_ns = 1e9 * options->connections / options->rate;
    }
    return report(lanes[0].client);
}

static void sum_up(struct orders_result *result, const struct lane *lanes,
                   uint32_t count)
{
    size_t all = 0, at = 0;
    uint64_t *times;

    for (uint32_t i = 0; i < count; i++) {
        result->accepted += lanes[i].accepted;
        result->refused += lanes[i].refused;
        result->busy += lanes[i].busy;
        all += lanes[i].count;
    }
    times = malloc(all * sizeof *times);
    for (uint32_t i = 0; times && i < count; i++) {
        memcpy(times + at, lanes[i].took_ns, lanes[i].count * sizeof *times);
        at += lanes[i].count;
    }
    if (times) {
        result->p50_ns = percentile_u64(times, all, 0.5);
        result->p99_ns = percentile_u64(times, all, 0.99);
    }
    free(times);
}

static bool run_lanes(struct orders_result *result, struct lane *lanes,
                      const struct orders_options *options)
{
    pthread_t threads[CONNECTIONS_MAX];
    const struct timespec settle = {0, 300000000};
    uint64_t begin;
    double cpu;
    bool is_good = true;

    nanosleep(&settle, NULL); /* a tick takes the report up */
    cpu = node_cpu(options->node_pid);
    begin = wall_ns();
    for (uint32_t i = 0; i < options->connections; i++) {
        lanes[i].begin_ns = wall_ns();
        if (pthread_create(&threads[i], NULL, run_lane, &lanes[i]) != 0)
            return false;
    }
    for (uint32_t i = 0; i < options->connections; i++) {
        pthread_join(threads[i], NULL);
        is_good = is_good && lanes[i].is_good;
    }
    result->wall_seconds = (double)(wall_ns() - begin) / 1e9;
    result->node_cpu_seconds = node_cpu(options->node_pid) - cpu;
    return is_good;
}

static void free_lanes(struct lane *lanes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        for (size_t j = 0; lanes[i].lines && j < lanes[i].count; j++)
            free(lanes[i].lines[j].text);
        free(lanes[i].lines);
        free(lanes[i].sent_ns);
        free(lanes[i].took_ns);
        client_close(lanes[i].client);
    }
    free(lanes);
}

bool orders_run(struct orders_result *result,
                const struct orders_options *options)
{
    struct lane *lanes = calloc(options->connections, sizeof *lanes);
    struct network network;
    struct address contract;
    uint64_t chain;
    bool is_good;

    *result = (struct orders_result){0};
    network_development(&chain, &contract);
    if (!lanes || options->connections > CONNECTIONS_MAX ||
        !network_init(&network, chain, &contract)) {
        free(lanes);
        return false;
    }
    is_good =
        prepare(lanes, options, &network) && run_lanes(result, lanes, options);
    if (is_good)
        sum_up(result, lanes, options->connections);
    free_lanes(lanes, options->connections);
    network_free(&network);
    return is_good;
}

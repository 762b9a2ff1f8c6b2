/*
 * What can be asked of the node beside the engine: status, blocks, proofs,
 * and the pages for monitoring.
 */
#include "daemon/metrics_text.h"
#include "daemon/node_state.h"
#include "engine/view.h"
#include "rpc/proof.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void read_status(void *ctx, struct rpc_node_status *status)
{
    struct node *self = ctx;
    struct ledger_state ledger;

    ledger_thread_state(self->ledger, &ledger);
    *status = (struct rpc_node_status){
        .is_ready =
            !pipeline_is_failed(self->pipeline) && self->phase == NODE_RUNNING,
        .reason = self->phase == NODE_RUNNING ? pipeline_reason(self->pipeline)
                                              : "stopping",
        .is_driven = self->options.is_driven,
        .applied_index = engine_index(self->recovery.engine),
        .durable_index = sequencer_durable_index(self->sequencer),
        .checkpoint_index = ledger.checkpoint_index,
        .block_height = ledger.block_height,
        .started = self->started,
    };
}

static void copy_block(struct rpc_block *to, const struct block *block)
{
    to->height = block->height;
    to->first_index = block->first_index;
    to->last_index = block->last_index;
    to->time = nanos_of(block->time_ns);
    to->previous_hash = block->previous_hash;
    to->journal_hash = block->journal_hash;
    to->state_root = block->state_root;
    block_hash(&to->hash, block);
}

static bool block_by_height(void *ctx, struct rpc_block *to, uint64_t height)
{
    struct node *self = ctx;
    struct block block;

    if (!ledger_thread_block(self->ledger, &block, height))
        return false;
    copy_block(to, &block);
    return true;
}

static bool block_by_hash(void *ctx, struct rpc_block *to,
                          const struct hash32 *hash)
{
    struct node *self = ctx;
    struct block block;

    if (!ledger_thread_block_by_hash(self->ledger, &block, hash))
        return false;
    copy_block(to, &block);
    return true;
}

static bool read_history(void *ctx, const struct rpc_history_query *query,
                         rpc_history_visitor *visit, void *visitor)
{
    struct node *self = ctx;

    return history_visit(self->recovery.history, query, visit, visitor);
}

/* ---- proofs ----------------------------------------------------------- */

/* Sums of the tree as sums of the answer. */
static void copy_sums(struct rpc_proof_sum *to, const struct tree_sum *sums,
                      size_t count)
{
    for (size_t i = 0; i < count; i++)
        to[i] = (struct rpc_proof_sum){sums[i].credit, sums[i].debit};
}

struct proof_room {
    struct ledger_proof proof;
    struct rpc_proof_sum sums[ASSETS_MAX], root_sums[ASSETS_MAX];
    struct rpc_proof_sum sibling_sums[TREE_PROOF_DEPTH_MAX * ASSETS_MAX];
    struct rpc_proof_sibling siblings[TREE_PROOF_DEPTH_MAX];
};

static json_t *proof_json(struct node *self, struct proof_room *room,
                          const struct account_id *account)
{
    const struct rpc_service *service = self->options.service;
    const struct tree_proof *tree = &room->proof.proof;
    size_t assets = service->genesis->asset_count;
    struct rpc_proof proof = {
        .height = room->proof.block.height,
        .account = *account,
        .value = room->proof.value,
        .value_size = room->proof.value_size,
        .sums = room->sums,
        .accounts_hash = room->proof.accounts_hash,
        .records_hash = room->proof.records_hash,
        .state_root = room->proof.block.state_root,
        .root_sums = room->root_sums,
        .siblings = room->siblings,
        .sibling_count = tree->depth,
    };

    sha256(&proof.value_hash, proof.value, proof.value_size);
    copy_sums(room->sums, room->proof.sums, assets);
    copy_sums(room->root_sums, room->proof.root_sums, assets);
    for (uint32_t i = 0; i < tree->depth; i++) {
        struct rpc_proof_sum *sums = &room->sibling_sums[i * assets];

        copy_sums(sums, &tree->sums[i * tree->sum_count], assets);
        room->siblings[i] = (struct rpc_proof_sibling){
            (uint16_t)tree->siblings[i].bit, tree->siblings[i].hash, sums};
    }
    return rpc_proof_json(service, &proof);
}

static json_t *prove(void *ctx, const struct account_id *account,
                     uint64_t height)
{
    struct node *self = ctx;
    struct proof_room *room = malloc(sizeof *room);
    json_t *result = NULL;

    if (room && ledger_thread_prove(self->ledger, &room->proof, account)) {
        if (height == UINT64_MAX || height == room->proof.block.height)
            result = proof_json(self, room, account);
        tree_proof_free(&room->proof.proof);
    }
    free(room);
    return result;
}

void node_view_init(struct node *self)
{
    self->view = (struct rpc_node){
        .ctx = self,
        .status = read_status,
        .block_by_height = block_by_height,
        .block_by_hash = block_by_hash,
        .history = read_history,
        .proof = prove,
    };
}

/* ---- pages ------------------------------------------------------------ */

static void page_metrics(struct node *self, uint64_t conn)
{
    struct net_server *server = door_server(self->door);
    struct rpc_node_status status;
    struct metrics_gauges gauges = {0};
    struct net_stats stats;
    size_t size;
    char *text;

    read_status(self, &status);
    net_stats_read(server, &stats);
    gauges.applied_index = status.applied_index;
    gauges.durable_index = status.durable_index;
    gauges.checkpoint_index = status.checkpoint_index;
    gauges.block_height = status.block_height;
    gauges.ring_depth = workers_depth(self->workers);
    gauges.held = pipeline_held(self->pipeline);
    gauges.history_bytes = history_bytes(self->recovery.history);
    gauges.connections_unix = stats.unix_open;
    gauges.connections_http = stats.http_open;
    gauges.connections_websocket = stats.websocket_open;
    gauges.connections_refused = stats.refused_limit + stats.refused_handler;
    gauges.messages_in = stats.messages_in;
    gauges.messages_out = stats.messages_out;
    gauges.is_ready = status.is_ready;
    text = metrics_text(&size, &self->metrics, &gauges, self->recovery.engine);
    (void)net_http_reply(server, conn, text ? 200 : 500,
                         "text/plain; version=0.0.4; charset=utf-8",
                         text ? text : "", text ? size : 0, 0);
    free(text);
}

/* Names of the feeds whose price is too old or missing. */
static void print_stale(struct node *self, FILE *to)
{
    const struct genesis *genesis = engine_genesis(self->recovery.engine);
    const char *comma = "";

    for (uint16_t i = 0; i < genesis->feed_count; i++) {
        struct view_feed feed;

        if (!view_feed(self->recovery.engine, i, &feed) ||
            feed.grade < GRADE_STALE)
            continue;
        fprintf(to, "%s\"%s\"", comma, genesis->feeds[i].name);
        comma = ",";
    }
}

/* A reason inside a JSON text. */
static void print_text(FILE *to, const char *text)
{
    for (; *text; text++)
        if (*text == '"' || *text == '\\')
            fprintf(to, "\\%c", *text);
        else
            fputc((unsigned char)*text < ' ' ? ' ' : *text, to);
}

static void page_health(struct node *self, uint64_t conn)
{
    struct rpc_node_status status;
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);

    if (!to)
        return;
    read_status(self, &status);
    fprintf(to, "{\"status\":\"%s\",\"reason\":\"",
            status.is_ready ? "ok" : "failed");
    print_text(to, status.reason);
    fprintf(to,
            "\",\"applied_index\":%" PRIu64 ",\"durable_index\":%" PRIu64
            ",\"block_height\":%" PRIu64 ",\"stale_feeds\":[",
            status.applied_index, status.durable_index, status.block_height);
    print_stale(self, to);
    fputs("]}\n", to);
    if (fclose(to) == 0)
        (void)net_http_reply(door_server(self->door), conn,
                             status.is_ready ? 200 : 503, "application/json",
                             text, size, 0);
    free(text);
}

static void page_home(struct node *self, uint64_t conn)
{
    static const char page[] =
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<title>clearingd</title></head><body><h1>clearingd</h1>"
        "<p>A clearing node. <a href=\"/health\">Health</a>, "
        "<a href=\"/metrics\">metrics</a>, "
        "<a href=\"/api/v2/public/get_instruments\">instruments</a>, "
        "<a href=\"/api/v2/rpc.discover\">all methods</a>.</p>"
        "</body></html>\n";

    (void)net_http_reply(door_server(self->door), conn, 200,
                         "text/html; charset=utf-8", page, sizeof page - 1,
                         NET_HEADER_PAGE);
}

void node_view_page(void *ctx, uint64_t conn, const char *path)
{
    struct node *self = ctx;

    if (strcmp(path, "/metrics") == 0 && self->config->metrics)
        page_metrics(self, conn);
    else if (strcmp(path, "/health") == 0)
        page_health(self, conn);
    else if (strcmp(path, "/") == 0)
        page_home(self, conn);
    else
        (void)net_http_reply(door_server(self->door), conn, 404, NULL, NULL, 0,
                             0);
}

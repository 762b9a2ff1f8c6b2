#include "rpc/signed.h"

#include "rpc/decode.h"
#include "rpc/hex.h"
#include "rpc/typed_params.h"
#include "rpc/write.h"

#include <stdlib.h>
#include <string.h>

/* Room of one worker thread for the request it works on. */
struct signed_room {
    struct typed_scratch scratch;
    struct command_buffer buffer;
    struct typed_message message;
    struct command command;
};
static _Thread_local struct signed_room room;

static bool read_signature(struct rpc_call *call,
                           struct secp_signature *signature)
{
    const char *text;
    size_t size;
    enum secp_status status;

    if (!rpc_param_text(call, "signature", &text, &size) ||
        !hex_decode(signature->bytes, sizeof signature->bytes, text, size)) {
        rpc_call_bad_param(call, "signature",
                           "must be 0x and 130 hex digits: r, s, v");
        return false;
    }
    status = secp_check_form(signature);
    if (status == SECP_OK)
        return true;
    rpc_call_bad_param(call, "signature",
                       status == SECP_HIGH_S
                           ? "s lies in the upper half of the order"
                       : status == SECP_RECOVERY_ID ? "v must be 27 or 28"
                                                    : "r or s is out of range");
    return false;
}

void signed_answer_fault(struct rpc_call *call,
                         const struct decode_fault *fault)
{
    const struct amount none = amount_of(0);

    if (fault->result == result_ok)
        rpc_call_bad_param(call, fault->name, fault->reason);
    else
        rpc_call_refused(call, fault->result, fault->param, none, none);
}

static uint64_t order_id_of(const struct command *command)
{
    if (command->kind == COMMAND_CANCEL)
        return command->cancel.order_id;
    return command->kind == COMMAND_REPLACE ? command->replace.order_id : 0;
}

void signed_prepare(struct rpc_call *call, const char *direction)
{
    const struct rpc_service *service = call->message->service;
    struct secp_signature signature;
    struct evidence evidence;
    struct decode_fault fault;
    struct hash32 digest;

    if (!typed_params_read(call, &room.message, &room.scratch, direction) ||
        !read_signature(call, &signature))
        return;
    call->owner = *typed_message_owner(&room.message);
    call->has_owner = true;
    evidence = (struct evidence){.kind = (uint8_t)room.message.kind,
                                 .message = room.message,
                                 .signer = call->owner,
                                 .signatures = &signature,
                                 .signatures_count = 1};
    rpc_param_address(call, "signer", &evidence.signer);
    typed_digest(service->hasher, &digest, &service->separator, &room.message);
    if (keycache_check_signature(service->keys, &digest, &signature,
                                 &evidence.signer) != SECP_OK) {
        rpc_call_refused(call, result_signature_invalid, param_signature,
                         amount_of(0), amount_of(0));
        return;
    }
    if (!decode_request(service, &room.command, &room.buffer, &fault,
                        &room.message, &evidence.signer, &digest)) {
        signed_answer_fault(call, &fault);
        return;
    }
    call->order_id = order_id_of(&room.command);
    rpc_call_set_command(call, &room.command, &evidence);
}

/* ---- outcomes -------------------------------------------------------- */

const struct event *signed_event(const struct rpc_outcome *outcome,
                                 enum event_kind kind, uint8_t leg)
{
    for (size_t i = 0; i < outcome->count; i++)
        if (outcome->events[i].kind == kind && outcome->events[i].leg == leg)
            return &outcome->events[i];
    return NULL;
}

const struct event *signed_refusal(const struct rpc_outcome *outcome,
                                   uint8_t leg)
{
    return signed_event(outcome, EVENT_REFUSED, leg);
}

bool signed_refused(struct rpc_call *call, const struct rpc_outcome *outcome)
{
    const struct event *event = signed_refusal(outcome, 0);

    if (event)
        rpc_call_refused(call, event->refused.result, event->refused.param,
                         event->refused.required, event->refused.available);
    return event != NULL;
}

void signed_answer(struct rpc_call *call, json_t *result,
                   const struct rpc_outcome *outcome)
{
    if (result && json_is_object(result) &&
        !(write_set(result, "index",
                    json_integer((json_int_t)outcome->index)) &&
          write_set(result, "timestamp", write_ms(outcome->time)))) {
        json_decref(result);
        result = NULL;
    }
    rpc_call_result(call, result);
}

void rpc_call_outcome(struct rpc_call *call, const struct rpc_outcome *outcome)
{
    const struct event *repeat = signed_event(outcome, EVENT_REPEAT, 0);

    check(call->kind == RPC_SUBMIT || call->kind == RPC_HISTORY);
    if (repeat) {
        call->repeat_index = repeat->repeat.index;
        call->kind = RPC_HISTORY;
        return;
    }
    call->method->outcome(call, outcome);
    check(call->kind == RPC_DONE);
}

/* ---- repeats: the first outcome again --------------------------------- */

#define REPEAT_EVENTS_MAX 4096

struct repeat {
    struct event *events;
    size_t count;
    struct nanos time;
    bool is_whole;
};

static bool collect(void *visitor, uint64_t index, struct nanos time,
                    const struct event *event)
{
    struct repeat *repeat = visitor;

    (void)index;
    repeat->is_whole = repeat->count < REPEAT_EVENTS_MAX;
    if (repeat->is_whole)
        repeat->events[repeat->count++] = *event;
    repeat->time = time;
    return repeat->is_whole;
}

static void answer_repeat(struct rpc_call *call, const struct rpc_node *node)
{
    struct rpc_history_query query = {.from_index = call->repeat_index,
                                      .to_index = call->repeat_index};
    struct repeat repeat = {.is_whole = true};
    struct rpc_outcome outcome;

    repeat.events = calloc(REPEAT_EVENTS_MAX, sizeof *repeat.events);
    if (!repeat.events || !node->history(node->ctx, &query, collect, &repeat) ||
        repeat.count == 0 || !repeat.is_whole) {
        free(repeat.events);
        rpc_call_not_ready(call, "the first outcome could not be read");
        return;
    }
    outcome = (struct rpc_outcome){.index = call->repeat_index,
                                   .time = repeat.time,
                                   .events = repeat.events,
                                   .count = repeat.count};
    call->method->outcome(call, &outcome);
    free(repeat.events);
}

void rpc_call_history(struct rpc_call *call, const struct rpc_node *node,
                      uint64_t index)
{
    check(call->kind == RPC_HISTORY);
    if (call->repeat_index)
        answer_repeat(call, node);
    else
        call->method->history(call, node, index);
    check(call->kind == RPC_DONE);
}

/*
 * public/submit_oracle_report: signed data packages of the reporters. A
 * package of a stranger or with a broken signature is left out with its
 * error; the others are sequenced with the whole payload as evidence, so that
 * the audit sees what came.
 */
#include "rpc/decode.h"
#include "rpc/hex.h"
#include "rpc/redstone_json.h"
#include "rpc/signed.h"
#include "rpc/write.h"

struct report_room {
    struct redstone_payload payload;
    struct package_outcome outcomes[REDSTONE_PACKAGES_MAX];
    struct command_buffer buffer;
    struct command command;
    uint8_t bytes[REDSTONE_PAYLOAD_SIZE_MAX];
    size_t size;
};
static _Thread_local struct report_room room;

static const char *status_text(enum redstone_status status)
{
    switch (status) {
    case REDSTONE_OK:
        return "ok";
    case REDSTONE_TRUNCATED:
        return "is shorter than it says";
    case REDSTONE_MARKER:
        return "does not end in the RedStone marker";
    case REDSTONE_TRAILING:
        return "has bytes before its first package";
    case REDSTONE_CAPACITY:
        return "has no packages, too many packages or too many points";
    case REDSTONE_VALUE_SIZE:
        return "has values that are not 32 bytes";
    case REDSTONE_VALUE:
        return "has a value that is negative or beyond 63 bits";
    case REDSTONE_FEED_ORDER:
        return "has feed ids that do not ascend";
    case REDSTONE_JSON:
        return "lacks a member or has one of a wrong type";
    }
    return "";
}

/* The payload's bytes from either form of the request. */
static bool read_payload(struct rpc_call *call)
{
    const json_t *payload = json_object_get(call->params, "payload");
    const json_t *package = json_object_get(call->params, "package");
    const char *name = payload ? "payload" : "package";
    enum redstone_status status = REDSTONE_OK;

    if ((payload != NULL) == (package != NULL)) {
        rpc_call_bad_param(call, "payload",
                           "either payload or package must be given");
        return false;
    }
    if (payload && !hex_decode_bounded(
                       room.bytes, &room.size, sizeof room.bytes,
                       json_string_value(payload), json_string_length(payload)))
        status = REDSTONE_CAPACITY;
    if (package)
        status = redstone_json_payload(room.bytes, &room.size,
                                       sizeof room.bytes, package);
    if (status == REDSTONE_OK)
        status = redstone_parse(&room.payload, room.bytes, room.size);
    if (status != REDSTONE_OK)
        rpc_call_bad_param(call, name, status_text(status));
    return status == REDSTONE_OK;
}

static enum result result_of(enum package_fault fault)
{
    switch (fault) {
    case PACKAGE_TAKEN:
        return result_ok;
    case PACKAGE_SIGNATURE:
        return result_signature_invalid;
    case PACKAGE_STRANGER:
        return result_report_signer_unknown;
    case PACKAGE_FEEDS:
        return result_report_feed_unknown;
    }
    return result_ok;
}

static bool set_error(json_t *object, enum result result)
{
    const struct result_info *info = result_find((uint32_t)result);

    return write_set(object, "error",
                     json_pack("{si ss s{ss}}", "code", (int)result, "message",
                               info->sentence, "data", "reason", info->name));
}

/* One entry a package; those left out already carry their error. */
static json_t *notes_of(void)
{
    json_t *list = json_array();

    for (size_t i = 0; list && i < room.payload.packages_count; i++) {
        const struct package_outcome *outcome = &room.outcomes[i];
        json_t *note =
            json_pack("{so sI sb}", "signer", write_address(&outcome->signer),
                      "timestamp", (json_int_t)outcome->timestamp_ms,
                      "accepted", outcome->fault == PACKAGE_TAKEN);

        if (!note ||
            (outcome->fault != PACKAGE_TAKEN &&
             !set_error(note, result_of(outcome->fault))) ||
            json_array_append(list, note) != 0) {
            json_decref(list);
            list = NULL;
        }
        json_decref(note);
    }
    return list;
}

static void prepare_report(struct rpc_call *call)
{
    const struct rpc_service *service = call->message->service;
    struct evidence evidence = {.kind = EVIDENCE_REPORT};
    uint32_t taken;

    if (!read_payload(call))
        return;
    taken = decode_report(service, &room.command, &room.buffer, room.outcomes,
                          &room.payload);
    call->notes = notes_of();
    if (taken == 0 || !call->notes) {
        rpc_call_result(
            call, json_pack("{sO? sn}", "packages", call->notes, "index"));
        return;
    }
    evidence.payload = room.bytes;
    evidence.payload_size = room.size;
    rpc_call_set_command(call, &room.command, &evidence);
}

/* The next package that was sequenced, from *at on. */
static json_t *next_taken(json_t *notes, size_t *at)
{
    while (*at < json_array_size(notes)) {
        json_t *note = json_array_get(notes, (*at)++);

        if (json_is_true(json_object_get(note, "accepted")))
            return note;
    }
    return NULL;
}

static void outcome_report(struct rpc_call *call,
                           const struct rpc_outcome *outcome)
{
    size_t at = 0;

    for (size_t i = 0; i < outcome->count; i++) {
        const struct event *event = &outcome->events[i];
        json_t *note;

        if (event->kind != EVENT_REPORT)
            continue;
        note = next_taken(call->notes, &at);
        if (note && event->report.result != result_ok) {
            set_error(note, event->report.result);
            write_set(note, "accepted",
                      json_boolean(event->report.accepted > 0));
        }
    }
    signed_answer(call, json_pack("{sO}", "packages", call->notes), outcome);
}

static const struct rpc_param params[] = {
    {"payload", RPC_PARAM_HEX, false, 0, 0, "RedStone payload bytes"},
    {"package", RPC_PARAM_OBJECT, false, 0, 0,
     "one data package as the RedStone gateway gives it"},
};

static const struct rpc_method methods[] = {
    {"public/submit_oracle_report",
     RPC_SUBMIT,
     false,
     TYPED_NONE,
     params,
     2,
     "Signed price reports of the network's reporters.",
     "{packages: [{signer, timestamp, accepted, error?}], index, timestamp}",
     {.prepare = prepare_report},
     outcome_report,
     false},
};

const struct rpc_method_table rpc_report_methods = {
    methods, sizeof methods / sizeof *methods};

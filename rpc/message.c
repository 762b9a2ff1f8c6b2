#include "rpc/message.h"

#include "rpc/call.h"
#include "rpc/deribit.h"
#include "rpc/param.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CODE_PARSE (-32700)
#define CODE_REQUEST (-32600)
#define CODE_METHOD (-32601)
#define CODE_PARAMS (-32602)
#define CODE_INTERNAL (-32603)
#define CODE_NOT_READY (-32001)
#define CODE_BUSY (-32005)

/* Integers up to here are exact as reals. */
#define ID_MAX 9007199254740992.0

/* ---- answers --------------------------------------------------------- */

void rpc_call_result(struct rpc_call *call, json_t *result)
{
    if (!result) {
        rpc_call_error(call, CODE_INTERNAL, "internal error", NULL);
        return;
    }
    json_decref(call->result);
    call->result = result;
    call->kind = RPC_DONE;
}

void rpc_call_error(struct rpc_call *call, int code, const char *text,
                    json_t *data)
{
    json_decref(call->error);
    json_decref(call->result);
    call->result = NULL;
    call->error = json_pack("{si ss}", "code", code, "message", text);
    if (call->error && data)
        json_object_set(call->error, "data", data);
    json_decref(data);
    call->kind = RPC_DONE;
}

void rpc_call_busy(struct rpc_call *call, uint32_t retry_after_ms)
{
    rpc_call_error(
        call, CODE_BUSY, "busy",
        json_pack("{sI}", "retry_after_ms", (json_int_t)retry_after_ms));
}

void rpc_call_not_ready(struct rpc_call *call, const char *reason)
{
    rpc_call_error(call, CODE_NOT_READY, "not ready",
                   json_pack("{ss}", "reason", reason));
}

size_t rpc_reply_busy(char *text, size_t capacity, uint32_t retry_after_ms)
{
    int size = snprintf(text, capacity,
                        "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":"
                        "%d,\"message\":\"busy\",\"data\":{"
                        "\"retry_after_ms\":%u}}}",
                        CODE_BUSY, retry_after_ms);

    return size < 0 || (size_t)size >= capacity ? 0 : (size_t)size;
}

/* ---- parsing --------------------------------------------------------- */

enum rpc_urgency rpc_peek_urgency(const char *bytes, size_t size)
{
    static const char *const urgent[] = {
        "\"private/cancel",
        "\"public/submit_",
        "\"admin/",
        "\"private/revoke_key\"",
    };

    for (size_t i = 0; i < sizeof urgent / sizeof *urgent; i++)
        if (memmem(bytes, size, urgent[i], strlen(urgent[i])))
            return RPC_URGENT;
    return RPC_NORMAL;
}

static bool is_id(const json_t *id)
{
    return json_is_string(id) || json_is_number(id) || json_is_null(id);
}

/* What the method makes of the checked parameters before any state. */
static void begin_call(struct rpc_call *call)
{
    const struct rpc_method *method = call->method;
    enum rpc_transport transport = call->message->transport;

    if (method->is_admin && transport != RPC_UNIX) {
        rpc_call_error(call, CODE_METHOD, "method not found", NULL);
        return;
    }
    if (method->kind == RPC_SUBMIT && transport == RPC_HTTP_GET) {
        rpc_call_error(call, CODE_REQUEST, "this method needs POST", NULL);
        return;
    }
    if (!param_check(call))
        return;
    call->kind = method->kind;
    if (method->kind == RPC_DONE)
        method->answer(call);
    else if (method->kind == RPC_SUBMIT)
        method->prepare(call);
}

static bool find_method(struct rpc_call *call, const char *name, size_t size)
{
    call->method = rpc_method_find(name, size);
    if (!call->method)
        rpc_call_error(
            call, CODE_METHOD, "method not found",
            json_pack("{ss%}", "method", name, size < 64 ? size : (size_t)64));
    return call->method != NULL;
}

/* Texts may hold NUL: the size counts. */
static bool is_version(const json_t *version)
{
    return json_is_string(version) && json_string_length(version) == 3 &&
           strcmp(json_string_value(version), "2.0") == 0;
}

/* The shape that the specification wants. */
static bool is_request(const json_t *request)
{
    const json_t *params = json_object_get(request, "params");
    const json_t *id = json_object_get(request, "id");

    return json_is_object(request) && (!id || is_id(id)) &&
           is_version(json_object_get(request, "jsonrpc")) &&
           json_is_string(json_object_get(request, "method")) &&
           (!params || json_is_object(params) || json_is_array(params));
}

static void parse_call(struct rpc_call *call, json_t *request)
{
    json_t *method = json_object_get(request, "method");
    json_t *params = json_object_get(request, "params");
    json_t *id = json_object_get(request, "id");
    bool is_positional = json_is_array(params) && json_array_size(params) > 0;

    if (is_id(id))
        call->id = json_incref(id);
    if (!is_request(request)) {
        rpc_call_error(call, CODE_REQUEST, "invalid request", NULL);
        return;
    }
    call->is_notification = !id;
    call->params = json_is_object(params) ? json_incref(params) : json_object();
    if (!find_method(call, json_string_value(method),
                     json_string_length(method)))
        return;
    if (is_positional || !call->params)
        rpc_call_bad_param(call, "params", "must be named");
    else
        begin_call(call);
}

static struct rpc_message *message_create(const struct rpc_service *service,
                                          enum rpc_transport transport,
                                          uint64_t received_us, uint32_t count)
{
    struct rpc_message *message =
        calloc(1, sizeof *message + count * sizeof *message->calls);

    if (!message)
        return NULL;
    message->service = service;
    message->transport = transport;
    message->received_us = received_us;
    message->count = count;
    message->calls = (struct rpc_call *)(message + 1);
    for (uint32_t i = 0; i < count; i++)
        message->calls[i].message = message;
    return message;
}

/* A message that is nothing but one error. */
static struct rpc_message *message_refuse(const struct rpc_service *service,
                                          enum rpc_transport transport,
                                          uint64_t received_us, int code,
                                          const char *text, const char *reason)
{
    struct rpc_message *message =
        message_create(service, transport, received_us, 1);

    if (message)
        rpc_call_error(&message->calls[0], code, text,
                       json_pack("{ss}", "reason", reason));
    return message;
}

static struct rpc_message *message_of(const struct rpc_service *service,
                                      enum rpc_transport transport,
                                      json_t *document, uint64_t received_us)
{
    size_t count = json_is_array(document) ? json_array_size(document) : 1;
    struct rpc_message *message;

    if (count == 0)
        return message_refuse(service, transport, received_us, CODE_REQUEST,
                              "invalid request", "the batch is empty");
    if (count > service->limits.batch_calls_max)
        return message_refuse(service, transport, received_us, CODE_REQUEST,
                              "invalid request", "the batch is too long");
    message = message_create(service, transport, received_us, (uint32_t)count);
    if (!message)
        return NULL;
    message->is_batch = json_is_array(document);
    for (uint32_t i = 0; i < count; i++)
        parse_call(&message->calls[i],
                   message->is_batch ? json_array_get(document, i) : document);
    return message;
}

/* ---- JSON that says what no request may say --------------------------- */

#define JSON_FLAGS (JSON_DECODE_ANY | JSON_ALLOW_NUL)

/* An id that was read as a real because all integers were. */
static json_t *id_of(const json_t *request)
{
    json_t *id = json_object_get(request, "id");
    double number = json_real_value(id);

    if (!json_is_real(id))
        return is_id(id) ? json_incref(id) : NULL;
    if (number < -ID_MAX || number > ID_MAX)
        return NULL;
    return json_integer((json_int_t)number);
}

/* The name of a parameter that is too large for 64 bits, or NULL. */
static const char *overflowing(const json_t *request)
{
    json_t *params = json_object_get(request, "params"), *value;
    const char *name;

    json_object_foreach(params, name, value)
    {
        double number = json_real_value(value);

        if (number < -ID_MAX || number > ID_MAX)
            return name;
    }
    return NULL;
}

static void refuse_call(struct rpc_call *call, const json_t *request, int code,
                        const char *text, const char *reason)
{
    const char *name = code == CODE_PARAMS ? overflowing(request) : NULL;
    json_t *data = json_pack("{ss}", "reason", reason);

    call->id = id_of(request);
    call->is_notification =
        is_request(request) && !json_object_get(request, "id");
    if (data && name)
        json_object_set_new(data, "param", json_string(name));
    rpc_call_error(call, code, text, data);
}

#define DIGITS_MAX 100

/* The text with its numbers cut to what a real holds, sound or not as it was:
 * long runs of digits shorter, exponents 99. malloc'd; NULL: memory. */
static char *tame_numbers(size_t *tame_size, const char *bytes, size_t size)
{
    char *tame = malloc(2 * size + 1);
    size_t at = 0, count = 0;
    bool is_text = false;

    while (tame && at < size) {
        bool is_sign =
            count > 0 && (tame[count - 1] == '+' || tame[count - 1] == '-');
        size_t before = count - (is_sign ? 1 : 0);
        bool is_exponent = before > 0 && (tame[before - 1] | 0x20) == 'e';
        size_t run = 0;

        while (!is_text && at + run < size && bytes[at + run] >= '0' &&
               bytes[at + run] <= '9')
            run++;
        if (run > 0) {
            size_t kept = run < DIGITS_MAX ? run : DIGITS_MAX;

            memcpy(tame + count, is_exponent ? "99" : bytes + at,
                   is_exponent ? 2 : kept);
            count += is_exponent ? 2 : kept;
            at += run;
            continue;
        }
        if (is_text && bytes[at] == '\\' && at + 1 < size)
            tame[count++] = bytes[at++];
        else if (bytes[at] == '"')
            is_text = !is_text;
        tame[count++] = bytes[at++];
    }
    *tame_size = count;
    return tame;
}

/* The document behind a number that nothing can hold. */
static json_t *load_tame(const char *bytes, size_t size, json_error_t *error)
{
    size_t tame_size;
    char *tame = tame_numbers(&tame_size, bytes, size);
    json_t *document =
        tame ? json_loadb(tame, tame_size, JSON_FLAGS | JSON_DECODE_INT_AS_REAL,
                          error)
             : NULL;

    free(tame);
    return document;
}

/* Every call of the document gets the same error under its own id. */
static struct rpc_message *refuse_calls(const struct rpc_service *service,
                                        enum rpc_transport transport,
                                        uint64_t received_us, json_t *document,
                                        int code, const char *text,
                                        const char *reason)
{
    bool is_batch = json_is_array(document) && json_array_size(document) > 0;
    size_t count = is_batch ? json_array_size(document) : 1;
    struct rpc_message *message;

    if (count > service->limits.batch_calls_max)
        return message_refuse(service, transport, received_us, CODE_REQUEST,
                              "invalid request", "the batch is too long");
    message = message_create(service, transport, received_us, (uint32_t)count);
    if (!message)
        return NULL;
    message->is_batch = is_batch;
    for (uint32_t i = 0; i < count; i++)
        refuse_call(&message->calls[i],
                    is_batch ? json_array_get(document, i) : document, code,
                    text, reason);
    return message;
}

/* Sound JSON, but with a number beyond 64 bits or a name that stands twice:
 * read again without the objection, so that the error bears the call's id. */
static struct rpc_message *refuse_document(const struct rpc_service *service,
                                           enum rpc_transport transport,
                                           const char *bytes, size_t size,
                                           uint64_t received_us,
                                           const json_error_t *fault)
{
    enum json_error_code why = json_error_code(fault);
    json_error_t error = *fault;
    json_t *document = NULL;
    struct rpc_message *message;

    if (why == json_error_null_byte_in_key)
        return message_refuse(service, transport, received_us, CODE_REQUEST,
                              "invalid request", "a name holds a NUL");
    if (why == json_error_numeric_overflow)
        document = load_tame(bytes, size, &error);
    else if (why == json_error_duplicate_key)
        document = json_loadb(bytes, size, JSON_FLAGS, &error);
    if (!document)
        return message_refuse(service, transport, received_us, CODE_PARSE,
                              "parse error", error.text);
    message = why == json_error_duplicate_key
                  ? refuse_calls(service, transport, received_us, document,
                                 CODE_REQUEST, "invalid request",
                                 "a name stands twice")
                  : refuse_calls(service, transport, received_us, document,
                                 CODE_PARAMS, "invalid params",
                                 "a number beyond 64 bits; send it as a "
                                 "string");
    json_decref(document);
    return message;
}

struct rpc_message *rpc_message_parse(const struct rpc_service *service,
                                      enum rpc_transport transport,
                                      const char *bytes, size_t size,
                                      uint64_t received_us)
{
    json_error_t error;
    json_t *document =
        json_loadb(bytes, size, JSON_FLAGS | JSON_REJECT_DUPLICATES, &error);
    struct rpc_message *message;

    if (!document)
        return refuse_document(service, transport, bytes, size, received_us,
                               &error);
    message = message_of(service, transport, document, received_us);
    json_decref(document);
    return message;
}

struct rpc_message *rpc_message_parse_get(const struct rpc_service *service,
                                          const char *method,
                                          const struct rpc_query_param *params,
                                          size_t count, uint64_t received_us)
{
    struct rpc_message *message =
        message_create(service, RPC_HTTP_GET, received_us, 1);
    struct rpc_call *call;

    if (!message)
        return NULL;
    call = &message->calls[0];
    call->params = json_object();
    call->method = rpc_method_find(method, strlen(method));
    if (!call->method)
        rpc_call_error(call, CODE_METHOD, "method not found", NULL);
    else if (param_from_query(call, params, count))
        begin_call(call);
    return message;
}

void rpc_message_set_dialect(struct rpc_message *message,
                             enum rpc_dialect dialect)
{
    message->dialect = dialect;
}

void rpc_message_destroy(struct rpc_message *message)
{
    if (!message)
        return;
    for (uint32_t i = 0; i < message->count; i++) {
        struct rpc_call *call = &message->calls[i];

        json_decref(call->id);
        json_decref(call->params);
        json_decref(call->result);
        json_decref(call->error);
        json_decref(call->notes);
        free(call->command);
        free(call->evidence);
    }
    free(message);
}

/* ---- the calls ------------------------------------------------------- */

uint32_t rpc_message_calls(const struct rpc_message *message)
{
    return message->count;
}

struct rpc_call *rpc_message_call(struct rpc_message *message, uint32_t call)
{
    check(call < message->count);
    return &message->calls[call];
}

enum rpc_call_kind rpc_call_kind(const struct rpc_call *call)
{
    return call->kind;
}

const char *rpc_call_method(const struct rpc_call *call)
{
    return call->method ? call->method->name : "";
}

const json_t *rpc_call_params(const struct rpc_call *call)
{
    return call->params;
}

const struct address *rpc_call_owner(const struct rpc_call *call)
{
    return call->has_owner ? &call->owner : NULL;
}

const struct rpc_service *rpc_call_service(const struct rpc_call *call)
{
    return call->message->service;
}

const struct rpc_method *rpc_call_method_of(const struct rpc_call *call)
{
    return call->method;
}

void rpc_call_read(struct rpc_call *call, const struct engine *engine,
                   const struct rpc_node *node)
{
    check(call->kind == RPC_READ);
    call->method->read(call, engine, node);
    check(call->kind == RPC_DONE);
}

const uint8_t *rpc_call_command(const struct rpc_call *call, size_t *size)
{
    check(call->kind == RPC_SUBMIT);
    *size = call->command_size;
    return call->command;
}

const uint8_t *rpc_call_evidence(const struct rpc_call *call, size_t *size)
{
    check(call->kind == RPC_SUBMIT);
    *size = call->evidence_size;
    return call->evidence;
}

static void *copy_of(const void *bytes, size_t size)
{
    void *copy = malloc(size);

    if (copy)
        memcpy(copy, bytes, size);
    return copy;
}

void rpc_call_set_command(struct rpc_call *call, const struct command *command,
                          const struct evidence *evidence)
{
    /* Workers are few and requests many: one room each, on their stack. */
    uint8_t bytes[COMMAND_BYTES_MAX];
    size_t size = command_encode(bytes, sizeof bytes, command);

    call->command = size ? copy_of(bytes, size) : NULL;
    call->command_size = size;
    size = evidence_encode(bytes, sizeof bytes, evidence);
    call->evidence = size ? copy_of(bytes, size) : NULL;
    call->evidence_size = size;
    if (!call->command || !call->evidence)
        rpc_call_error(call, CODE_INTERNAL, "internal error", NULL);
    else
        call->kind = RPC_SUBMIT;
}

/* ---- the reply ------------------------------------------------------- */

static json_t *envelope(const struct rpc_call *call, uint64_t now_us)
{
    const struct rpc_message *message = call->message;
    json_t *reply = json_object();
    uint64_t spent =
        now_us > message->received_us ? now_us - message->received_us : 0;

    if (!reply)
        return NULL;
    json_object_set_new_nocheck(reply, "jsonrpc", json_string_nocheck("2.0"));
    if (call->id)
        json_object_set_nocheck(reply, "id", call->id);
    else
        json_object_set_new_nocheck(reply, "id", json_null());
    if (call->error)
        json_object_set_nocheck(reply, "error", call->error);
    else
        json_object_set_nocheck(reply, "result", call->result);
    json_object_set_new_nocheck(reply, "usIn",
                                json_integer((json_int_t)message->received_us));
    json_object_set_new_nocheck(reply, "usOut",
                                json_integer((json_int_t)now_us));
    json_object_set_new_nocheck(reply, "usDiff",
                                json_integer((json_int_t)spent));
    json_object_set_new_nocheck(
        reply, "testnet",
        json_boolean(message->service->genesis->is_development));
    return reply;
}

char *rpc_message_reply(struct rpc_message *message, size_t *size,
                        uint64_t now_us)
{
    json_t *list = message->is_batch ? json_array() : NULL, *reply = NULL;
    char *text = NULL;

    for (uint32_t i = 0; i < message->count; i++) {
        struct rpc_call *call = &message->calls[i];

        check(call->kind == RPC_DONE);
        if (call->is_notification)
            continue;
        if (message->dialect == RPC_DERIBIT)
            deribit_translate(&call->result, &call->error);
        reply = envelope(call, now_us);
        if (list)
            json_array_append_new(list, reply);
    }
    if (list)
        reply = json_array_size(list) > 0 ? list : NULL;
    if (reply)
        text = json_dumps(reply, JSON_COMPACT | JSON_REAL_PRECISION(15));
    if (list && !reply)
        json_decref(list);
    json_decref(reply);
    *size = text ? strlen(text) : 0;
    return text;
}

#include "rpc/param.h"

#include "rpc/address.h"
#include "rpc/decimal.h"
#include "rpc/hex.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SAFE_INTEGER_MAX ((json_int_t)9007199254740991)

static const struct rpc_param signature_param = {
    "signature", RPC_PARAM_HEX, true, 0, 0, "65 bytes: r, s (low), v 27 or 28"};
static const struct rpc_param signer_param = {
    "signer", RPC_PARAM_ADDRESS, false, 0, 0, "the session key that signed"};

bool param_number64_of(const json_t *value, uint64_t *number)
{
    const char *text = json_string_value(value);
    uint64_t sum = 0;

    if (json_is_integer(value)) {
        *number = (uint64_t)json_integer_value(value);
        return json_integer_value(value) >= 0 &&
               json_integer_value(value) <= SAFE_INTEGER_MAX;
    }
    if (!text || !*text || (text[0] == '0' && text[1]))
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' ||
            __builtin_mul_overflow(sum, 10u, &sum) ||
            __builtin_add_overflow(sum, (uint64_t)(*text - '0'), &sum))
            return false;
    }
    *number = sum;
    return true;
}

static bool is_decimal(const json_t *value)
{
    int64_t number;

    return json_is_string(value) &&
           decimal_parse(&number, json_string_value(value),
                         json_string_length(value),
                         DECIMAL_PLACES_MAX) != DECIMAL_MALFORMED;
}

static bool is_hex(const json_t *value, size_t bytes)
{
    const char *text = json_string_value(value);
    size_t size = json_string_length(value);

    if (!text || size < 2 || size % 2 || (bytes && size != 2 + 2 * bytes) ||
        text[0] != '0' || text[1] != 'x')
        return false;
    return strspn(text + 2, "0123456789abcdefABCDEF") == size - 2;
}

/* Names and words hold no NUL; only signed texts may. */
static bool is_text(const json_t *value)
{
    return json_is_string(value) &&
           strlen(json_string_value(value)) == json_string_length(value);
}

/* NULL when the value is of the type, else what it must be. */
static const char *type_fault(const struct rpc_param *param,
                              const json_t *value)
{
    struct address address;
    uint64_t number;

    switch (param->type) {
    case RPC_PARAM_TEXT:
    case RPC_PARAM_INSTRUMENT:
    case RPC_PARAM_CURRENCY:
    case RPC_PARAM_INDEX:
        return is_text(value) ? NULL : "must be a string";
    case RPC_PARAM_DECIMAL:
        return is_decimal(value) ? NULL : "must be a decimal string";
    case RPC_PARAM_INTEGER:
        if (!json_is_integer(value))
            return "must be a whole number";
        if ((param->least || param->most) &&
            (json_integer_value(value) < param->least ||
             json_integer_value(value) > param->most))
            return "is out of range";
        return NULL;
    case RPC_PARAM_NUMBER64:
        return param_number64_of(value, &number)
                   ? NULL
                   : "must be a decimal string or an integer up to 2^53-1";
    case RPC_PARAM_BOOLEAN:
        return json_is_boolean(value) ? NULL : "must be true or false";
    case RPC_PARAM_ADDRESS:
        return json_is_string(value) &&
                       address_parse(&address, json_string_value(value),
                                     json_string_length(value)) == ADDRESS_OK
                   ? NULL
                   : "must be an address with a right checksum";
    case RPC_PARAM_HASH:
        return is_hex(value, 32) ? NULL : "must be 0x and 64 hex digits";
    case RPC_PARAM_HEX:
        return is_hex(value, 0) ? NULL : "must be 0x and hex digits";
    case RPC_PARAM_LIST:
        return json_is_array(value) ? NULL : "must be a list";
    case RPC_PARAM_OBJECT:
        return json_is_object(value) ? NULL : "must be an object";
    }
    return NULL;
}

/* The row of a parameter's name: the method's own or the two beside a
 * signed message; NULL: none. */
static const struct rpc_param *row_of(const struct rpc_method *method,
                                      const char *name)
{
    for (uint32_t i = 0; i < method->param_count; i++)
        if (strcmp(method->params[i].name, name) == 0)
            return &method->params[i];
    if (method->typed == TYPED_NONE || method->typed == TYPED_DEPOSIT)
        return NULL;
    if (strcmp(name, signature_param.name) == 0)
        return &signature_param;
    return strcmp(name, signer_param.name) == 0 ? &signer_param : NULL;
}

static bool is_typed_field(const struct rpc_method *method, const char *name)
{
    const struct typed_type *type = typed_type_of(method->typed);

    for (size_t i = 0; type && i < type->fields_count; i++)
        if (strcmp(type->fields[i].name, name) == 0)
            return true;
    return false;
}

/* Names that only the state or the genesis knows: positive codes. */
static bool check_name(struct rpc_call *call, const struct rpc_param *param,
                       const json_t *value)
{
    const struct rpc_service *service = call->message->service;
    const char *text = json_string_value(value);
    size_t size = json_string_length(value);
    const struct amount none = amount_of(0);
    uint16_t number;

    if (param->type == RPC_PARAM_INSTRUMENT &&
        !rpc_market_of(service, &number, text, size)) {
        rpc_call_refused(call, result_invalid_instrument, param_instrument_name,
                         none, none);
        return false;
    }
    if (param->type == RPC_PARAM_INDEX &&
        !rpc_feed_of(service, &number, text, size)) {
        rpc_call_bad_param(call, param->name, "no such index");
        return false;
    }
    return true;
}

bool param_check(struct rpc_call *call)
{
    const struct rpc_method *method = call->method;
    const char *name, *fault;
    json_t *value;

    if (method->checks_own_params)
        return true;
    json_object_foreach(call->params, name, value)
    {
        const struct rpc_param *param = row_of(method, name);

        if (!param && is_typed_field(method, name))
            continue;
        fault = param ? type_fault(param, value) : "unknown parameter";
        if (fault) {
            rpc_call_bad_param(call, name, fault);
            return false;
        }
        if (!check_name(call, param, value))
            return false;
    }
    for (uint32_t i = 0; i < method->param_count; i++)
        if (method->params[i].is_required &&
            !json_object_get(call->params, method->params[i].name)) {
            rpc_call_bad_param(call, method->params[i].name, "is missing");
            return false;
        }
    return true;
}

/* -?digits that fit 64 bits, without blanks or plus. */
static json_t *integer_of(const char *text)
{
    const char *digits = text + (*text == '-');
    char *end;
    long long number;

    if (*digits < '0' || *digits > '9')
        return NULL;
    errno = 0;
    number = strtoll(text, &end, 10);
    return errno == 0 && !*end ? json_integer(number) : NULL;
}

/* A query's text as the JSON value its row asks for; NULL: it is none. */
static json_t *value_of(const struct rpc_param *param, const char *text)
{
    switch (param->type) {
    case RPC_PARAM_INTEGER:
        return integer_of(text);
    case RPC_PARAM_BOOLEAN:
        if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
            return json_boolean(*text == 't');
        return NULL;
    case RPC_PARAM_LIST:
    case RPC_PARAM_OBJECT:
        return json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    case RPC_PARAM_TEXT:
    case RPC_PARAM_DECIMAL:
    case RPC_PARAM_NUMBER64:
    case RPC_PARAM_ADDRESS:
    case RPC_PARAM_HASH:
    case RPC_PARAM_HEX:
    case RPC_PARAM_INSTRUMENT:
    case RPC_PARAM_CURRENCY:
    case RPC_PARAM_INDEX:
        return json_string(text);
    }
    return NULL;
}

bool param_from_query(struct rpc_call *call,
                      const struct rpc_query_param *params, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct rpc_param *param = row_of(call->method, params[i].name);
        json_t *value;

        if (!param) {
            rpc_call_bad_param(call, params[i].name, "unknown parameter");
            return false;
        }
        if (json_object_get(call->params, param->name)) {
            rpc_call_bad_param(call, param->name, "is given twice");
            return false;
        }
        value = value_of(param, params[i].value);
        if (!value || json_object_set_new(call->params, param->name, value)) {
            rpc_call_bad_param(call, param->name, "is not of its type");
            return false;
        }
    }
    return true;
}

/* ---- for handlers ---------------------------------------------------- */

static const json_t *param_of(const struct rpc_call *call, const char *name)
{
    return json_object_get(call->params, name);
}

bool rpc_param_text(const struct rpc_call *call, const char *name,
                    const char **text, size_t *size)
{
    const json_t *value = param_of(call, name);

    if (!json_is_string(value))
        return false;
    *text = json_string_value(value);
    *size = json_string_length(value);
    return true;
}

bool rpc_param_integer(const struct rpc_call *call, const char *name,
                       int64_t *value)
{
    const json_t *param = param_of(call, name);

    if (!json_is_integer(param))
        return false;
    *value = json_integer_value(param);
    return true;
}

bool rpc_param_number64(const struct rpc_call *call, const char *name,
                        uint64_t *value)
{
    const json_t *param = param_of(call, name);

    return param && param_number64_of(param, value);
}

bool rpc_param_boolean(const struct rpc_call *call, const char *name,
                       bool *value)
{
    const json_t *param = param_of(call, name);

    *value = json_is_true(param);
    return json_is_boolean(param);
}

bool rpc_param_address(const struct rpc_call *call, const char *name,
                       struct address *value)
{
    const json_t *param = param_of(call, name);

    return json_is_string(param) &&
           address_parse(value, json_string_value(param),
                         json_string_length(param)) == ADDRESS_OK;
}

bool rpc_param_hash(const struct rpc_call *call, const char *name,
                    struct hash32 *value)
{
    const json_t *param = param_of(call, name);

    return json_is_string(param) &&
           hex_decode(value->bytes, sizeof value->bytes,
                      json_string_value(param), json_string_length(param));
}

bool rpc_param_market(const struct rpc_call *call, const char *name,
                      uint16_t *market)
{
    const json_t *param = param_of(call, name);

    return json_is_string(param) &&
           rpc_market_of(call->message->service, market,
                         json_string_value(param), json_string_length(param));
}

#include "rpc/openrpc.h"

#include "engine/result.h"
#include "rpc/write.h"

#include <string.h>

#define OPENRPC_VERSION "1.2.6"

static const char *const patterns[] = {
    [RPC_PARAM_DECIMAL] = "^-?(0|[1-9][0-9]*)(\\.[0-9]+)?$",
    [RPC_PARAM_NUMBER64] = "^(0|[1-9][0-9]*)$",
    [RPC_PARAM_ADDRESS] = "^0x[0-9a-fA-F]{40}$",
    [RPC_PARAM_HASH] = "^0x[0-9a-fA-F]{64}$",
    [RPC_PARAM_HEX] = "^0x([0-9a-fA-F]{2})*$",
    [RPC_PARAM_OBJECT] = NULL,
};

static json_t *schema_of_type(enum rpc_param_type type)
{
    switch (type) {
    case RPC_PARAM_TEXT:
    case RPC_PARAM_INSTRUMENT:
    case RPC_PARAM_CURRENCY:
    case RPC_PARAM_INDEX:
        return json_pack("{ss}", "type", "string");
    case RPC_PARAM_DECIMAL:
    case RPC_PARAM_ADDRESS:
    case RPC_PARAM_HASH:
    case RPC_PARAM_HEX:
        return json_pack("{ss ss}", "type", "string", "pattern",
                         patterns[type]);
    case RPC_PARAM_INTEGER:
        return json_pack("{ss}", "type", "integer");
    case RPC_PARAM_NUMBER64:
        return json_pack("{s[{ss ss},{ss}]}", "oneOf", "type", "string",
                         "pattern", patterns[type], "type", "integer");
    case RPC_PARAM_BOOLEAN:
        return json_pack("{ss}", "type", "boolean");
    case RPC_PARAM_LIST:
        return json_pack("{ss}", "type", "array");
    case RPC_PARAM_OBJECT:
        return json_pack("{ss}", "type", "object");
    }
    return NULL;
}

static json_t *param_entry(const char *name, bool is_required,
                           const char *summary, json_t *schema)
{
    json_t *entry = json_pack("{ss sb so}", "name", name, "required",
                              is_required, "schema", schema);

    if (entry && summary && *summary)
        write_set(entry, "description", json_string(summary));
    return entry;
}

static bool append_own(json_t *list, const struct rpc_method *method)
{
    for (uint32_t i = 0; i < method->param_count; i++) {
        const struct rpc_param *param = &method->params[i];
        json_t *schema = schema_of_type(param->type);

        if (schema && (param->least || param->most)) {
            write_set(schema, "minimum", json_integer(param->least));
            write_set(schema, "maximum", json_integer(param->most));
        }
        if (json_array_append_new(list,
                                  param_entry(param->name, param->is_required,
                                              param->summary, schema)))
            return false;
    }
    return true;
}

static json_t *schema_of_typed(enum typed_field_kind kind)
{
    switch (kind) {
    case TYPED_FIELD_ADDRESS:
        return schema_of_type(RPC_PARAM_ADDRESS);
    case TYPED_FIELD_UINT32:
        return schema_of_type(RPC_PARAM_INTEGER);
    case TYPED_FIELD_UINT64:
        return schema_of_type(RPC_PARAM_NUMBER64);
    case TYPED_FIELD_STRING:
        return schema_of_type(RPC_PARAM_TEXT);
    case TYPED_FIELD_BOOL:
        return schema_of_type(RPC_PARAM_BOOLEAN);
    case TYPED_FIELD_BYTES32:
        return schema_of_type(RPC_PARAM_HASH);
    case TYPED_FIELD_UINT32S:
    case TYPED_FIELD_STRINGS:
    case TYPED_FIELD_ORDERS:
    case TYPED_FIELD_CANCELS:
        return schema_of_type(RPC_PARAM_LIST);
    }
    return NULL;
}

/* The fields of a signed message, then what stands beside it. */
static bool append_typed(json_t *list, const struct rpc_method *method)
{
    const struct typed_type *type = typed_type_of(method->typed);

    if (!type)
        return true;
    for (size_t i = 0; i < type->fields_count; i++)
        if (json_array_append_new(
                list,
                param_entry(type->fields[i].name, type->fields[i].required, "",
                            schema_of_typed(type->fields[i].kind))))
            return false;
    if (method->typed == TYPED_DEPOSIT)
        return true;
    return json_array_append_new(
               list,
               param_entry("signature", true, "EIP-712: r, s (low), v 27 or 28",
                           schema_of_type(RPC_PARAM_HEX))) == 0 &&
           json_array_append_new(
               list, param_entry("signer", false, "the session key that signed",
                                 schema_of_type(RPC_PARAM_ADDRESS))) == 0;
}

static json_t *method_entry(const struct rpc_method *method)
{
    json_t *params = json_array(), *entry = NULL;

    if (params && append_typed(params, method) && append_own(params, method))
        entry = json_pack("{ss ss ss sO s{ss s{ss}}}", "name", method->name,
                          "summary", method->summary, "paramStructure",
                          "by-name", "params", params, "result", "name",
                          "result", "schema", "description", method->result);
    json_decref(params);
    return entry;
}

json_t *openrpc_document(const char *version, const char *url)
{
    uint32_t count;
    const struct rpc_method *methods = rpc_methods(&count);
    json_t *list = json_array(), *document;

    for (uint32_t i = 0; list && i < count; i++)
        if (json_array_append_new(list, method_entry(&methods[i])) != 0) {
            json_decref(list);
            list = NULL;
        }
    document = json_pack(
        "{ss s{ss ss s{ss}} s[{ss ss}] so}", "openrpc", OPENRPC_VERSION, "info",
        "title", "clearingd", "version", version, "license", "name",
        "Apache-2.0", "servers", "name", "node", "url", url, "methods", list);
    return document;
}

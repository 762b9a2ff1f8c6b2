#include "engine/result.h"

static const struct result_info list[] = {
#define transient true
#define final false
#define RESULT(number, name, life, sentence) \
    {result_##name, #name, sentence, life},
#include "engine/result.def"
#undef RESULT
#undef transient
#undef final
};

static const char *const param_names[] = {
    [param_none] = "",
    [param_owner] = "owner",
    [param_subaccount] = "subaccount",
    [param_instrument_name] = "instrument_name",
    [param_amount] = "amount",
    [param_price] = "price",
    [param_trigger_price] = "trigger_price",
    [param_trigger] = "trigger",
    [param_good_til] = "good_til",
    [param_max_fee] = "max_fee",
    [param_nonce] = "nonce",
    [param_expires] = "expires",
    [param_order_id] = "order_id",
    [param_currency] = "currency",
    [param_to_subaccount] = "to_subaccount",
    [param_key] = "key",
    [param_scopes] = "scopes",
    [param_key_expires] = "key_expires",
    [param_initial_rate] = "initial_rate",
    [param_reference] = "reference",
    [param_signature] = "signature",
    [param_recipient] = "recipient",
    [param_post_only] = "post_only",
    [param_reduce_only] = "reduce_only",
    [param_orders] = "orders",
    [param_type] = "type",
    [param_payload] = "payload",
};
STATIC_CHECK(sizeof param_names / sizeof *param_names == param_count);

const struct result_info *result_list(uint32_t *count)
{
    *count = sizeof list / sizeof *list;
    return list;
}

const struct result_info *result_find(uint32_t code)
{
    for (uint32_t i = 0; i < sizeof list / sizeof *list; i++)
        if ((uint32_t)list[i].code == code)
            return &list[i];
    return NULL;
}

const char *param_name(enum param param)
{
    return (unsigned)param < param_count ? param_names[param] : "";
}

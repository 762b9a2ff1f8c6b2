/*
 * The outcomes of a command that a caller can cause: one append-only list,
 * engine/result.def. Broken invariants are no results, see check() in base.h.
 */
#ifndef CLEARINGD_ENGINE_RESULT_H
#define CLEARINGD_ENGINE_RESULT_H

#include "engine/base.h"

enum result {
#define RESULT(number, name, life, sentence) result_##name = number,
#include "engine/result.def"
#undef RESULT
};

/* The parameter a refusal is about; its text is the JSON parameter's name. */
enum param {
    param_none,
    param_owner,
    param_subaccount,
    param_instrument_name,
    param_amount,
    param_price,
    param_trigger_price,
    param_trigger,
    param_good_til,
    param_max_fee,
    param_nonce,
    param_expires,
    param_order_id,
    param_currency,
    param_to_subaccount,
    param_key,
    param_scopes,
    param_key_expires,
    param_initial_rate,
    param_reference,
    param_signature,
    param_recipient,
    param_post_only,
    param_reduce_only,
    param_orders,
    param_type,
    param_payload,
    param_count
};

struct result_info {
    enum result code;
    const char *name;
    const char *sentence;
    bool is_transient;
};

/* The list in the order of its numbers; *count entries, static storage. */
const struct result_info *result_list(uint32_t *count);

/* NULL for a number that is not in the list. */
const struct result_info *result_find(uint32_t code);

/* "" for param_none. */
const char *param_name(enum param param);

#endif

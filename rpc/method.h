/*
 * The method table: the only truth about what can be called. It drives
 * parameter checking, GET conversion, rpc.discover and docs/openrpc.json.
 */
#ifndef CLEARINGD_RPC_METHOD_H
#define CLEARINGD_RPC_METHOD_H

#include "rpc/evidence.h"
#include "rpc/message.h"

enum rpc_param_type {
    RPC_PARAM_TEXT,
    RPC_PARAM_DECIMAL,  /* decimal string */
    RPC_PARAM_INTEGER,  /* JSON integer; GET: text converted */
    RPC_PARAM_NUMBER64, /* decimal string or JSON integer up to 2^53-1 */
    RPC_PARAM_BOOLEAN,
    RPC_PARAM_ADDRESS,
    RPC_PARAM_HASH,       /* 32 bytes, 0x hex */
    RPC_PARAM_HEX,        /* any bytes, 0x hex */
    RPC_PARAM_INSTRUMENT, /* a name of get_instruments; unknown: 10020 */
    RPC_PARAM_CURRENCY,   /* a currency, "any" or absent: all */
    RPC_PARAM_INDEX,      /* an index name */
    RPC_PARAM_LIST,
    RPC_PARAM_OBJECT,
};

struct rpc_param {
    const char *name;
    enum rpc_param_type type;
    bool is_required;
    int64_t least, most; /* of integers; least = most = 0: no bound */
    const char *summary;
};

struct rpc_method {
    const char *name;
    enum rpc_call_kind kind;
    bool is_admin;         /* Unix socket only */
    enum typed_kind typed; /* RPC_SUBMIT by signature: the message's type */
    const struct rpc_param *params; /* of typed methods: those beside it */
    uint32_t param_count;
    const char *summary;
    const char *result; /* what the result is, one line */
    union {
        /* RPC_DONE: worker thread, no state. */
        void (*answer)(struct rpc_call *call);
        /* RPC_READ. */
        void (*read)(struct rpc_call *call, const struct engine *engine,
                     const struct rpc_node *node);
        /* RPC_HISTORY. */
        void (*history)(struct rpc_call *call, const struct rpc_node *node,
                        uint64_t index);
        /* RPC_SUBMIT: worker thread, fills command and evidence with
         * rpc_call_set_command or answers with an error. */
        void (*prepare)(struct rpc_call *call);
    };
    /* RPC_SUBMIT: answer from the events. */
    void (*outcome)(struct rpc_call *call, const struct rpc_outcome *outcome);
    bool checks_own_params; /* the handler does what the table can't */
};

/* All methods, sorted by name. */
const struct rpc_method *rpc_methods(uint32_t *count);
const struct rpc_method *rpc_method_find(const char *name, size_t size);

/* One table per file of handlers; methods.c lists them. */
struct rpc_method_table {
    const struct rpc_method *methods;
    uint32_t count;
};
extern const struct rpc_method_table rpc_node_methods;   /* time, status, … */
extern const struct rpc_method_table rpc_market_methods; /* markets, book */
extern const struct rpc_method_table rpc_oracle_methods; /* indexes */
extern const struct rpc_method_table rpc_report_methods; /* submitting */
extern const struct rpc_method_table rpc_account_methods;  /* private reads */
extern const struct rpc_method_table rpc_position_methods; /* and margin */
extern const struct rpc_method_table rpc_trade_methods;    /* past trades */
extern const struct rpc_method_table rpc_history_methods;  /* the past else */
extern const struct rpc_method_table rpc_block_methods;
extern const struct rpc_method_table rpc_order_methods; /* signed */
extern const struct rpc_method_table rpc_funds_methods; /* signed, deposits */
extern const struct rpc_method_table rpc_totals_methods;
extern const struct rpc_method_table rpc_admin_methods;

/* For handlers. */
const struct rpc_service *rpc_call_service(const struct rpc_call *call);
const struct rpc_method *rpc_call_method_of(const struct rpc_call *call);
/* Takes copies. */
void rpc_call_set_command(struct rpc_call *call, const struct command *command,
                          const struct evidence *evidence);
/* A refusal of the engine as the protocol's error: code, sentence, and data
 * with param and figures (those in the settlement asset's decimals). */
void rpc_call_refused(struct rpc_call *call, enum result result,
                      enum param param, struct amount required,
                      struct amount available);
/* -32602 with data {param, reason}. */
void rpc_call_bad_param(struct rpc_call *call, const char *param,
                        const char *reason);

/* Checked parameters (the table has been enforced before a handler runs);
 * false when absent. */
bool rpc_param_text(const struct rpc_call *call, const char *name,
                    const char **text, size_t *size);
bool rpc_param_integer(const struct rpc_call *call, const char *name,
                       int64_t *value);
bool rpc_param_number64(const struct rpc_call *call, const char *name,
                        uint64_t *value);
bool rpc_param_boolean(const struct rpc_call *call, const char *name,
                       bool *value);
bool rpc_param_address(const struct rpc_call *call, const char *name,
                       struct address *value);
bool rpc_param_hash(const struct rpc_call *call, const char *name,
                    struct hash32 *value);
bool rpc_param_market(const struct rpc_call *call, const char *name,
                      uint16_t *market);

#endif
